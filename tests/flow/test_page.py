"""docs/gradient-flow.md: its example runs, every name that it calls is there, and every name has a row and a test."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from lstm_sym import flow

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "gradient-flow.md").read_text(encoding="utf-8")
EXPERIMENTS = re.findall(r"^\| `(\w+)` \|", PAGE[PAGE.index("## The experiments") :], re.MULTILINE)


def test_the_example_runs(capsys):
    block, *_ = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
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


def documented(page: str) -> set[str]:
    """The names in code in the rows of tables."""
    rows = [line for line in page.splitlines() if line.startswith("|")]
    return {name for row in rows for name in re.findall(r"`(?:flow\.)?(\w+)`", row)}


def called(sources: list[str]) -> set[str]:
    """The names that tests read, imports not counted."""
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in nodes if isinstance(node, ast.Name)}


def given(names: set[str]) -> set[str]:
    """Classes named in the annotations of these functions, and of the fields of what they give."""
    found: set[str] = set()
    while True:
        things = [getattr(flow, name) for name in names | found if hasattr(flow, name)]
        texts = [str(part) for thing in things for part in getattr(thing, "__annotations__", {}).values()]
        more = {word for text in texts for word in re.findall(r"\w+", text)}
        if more <= found:
            return found
        found |= more


def test_every_name_has_a_row():
    assert [name for name in flow.__all__ if name not in documented(PAGE)] == []


def test_every_name_is_tested():
    """A function is called by a test of its own room; a class is that, or what such a function takes or gives."""
    names = called([path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")])
    reached = names | given({name for name in names if inspect.isfunction(getattr(flow, name, None))})
    classes = {name for name in flow.__all__ if inspect.isclass(getattr(flow, name))}
    assert [name for name in flow.__all__ if name not in (reached if name in classes else names)] == []


def test_a_name_without_a_row_or_a_test_is_noticed():
    assert documented("| `lyapunov`, `flow.theory` | `Shares` of it |\n`paths` in a sentence") == {
        "lyapunov",
        "theory",
        "Shares",
    }
    assert called(["from lstm_sym.flow import paths\nflow.table(run(1))"]) == {"flow", "table", "run"}
    assert {"MemoryCard", "Estimate"} <= given({"memory_card"}) and "Paths" not in given({"memory_card"})


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_is_there(name):
    assert (ROOT / "analysis" / f"{name}.py").is_file()


def test_every_experiment_is_on_the_page():
    scripts = {path.stem for path in (ROOT / "analysis").glob("[!_]*.py")}
    assert scripts == set(EXPERIMENTS)
