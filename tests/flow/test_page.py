"""docs/gradient-flow.md: its example runs, and every name that it calls is there."""

import re
from pathlib import Path

import pytest

from lstm_sym import flow

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "gradient-flow.md").read_text(encoding="utf-8")


def test_the_example_runs(capsys):
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    names = {}
    exec(compile(block, "gradient-flow.md", "exec"), names)
    assert "half-life" in capsys.readouterr().out
    assert abs(sum(names["shares"].mean().values()) - 1) < 1e-12


def test_every_call_of_the_table_is_there():
    table = PAGE[PAGE.index("| question |") : PAGE.index("`kernel.jacobian_parts`")]
    names = {
        name
        for cell in re.findall(r"^\|[^|]*\|([^|]*)\|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", cell)
    }
    assert len(names) > 15
    assert [name for name in names if not hasattr(flow, name)] == []


@pytest.mark.parametrize("name", re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
def test_every_experiment_is_there(name):
    assert (ROOT / "analysis" / f"{name}.py").is_file()


def test_every_experiment_is_on_the_page():
    scripts = {path.stem for path in (ROOT / "analysis").glob("[!_]*.py")}
    assert scripts == set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
