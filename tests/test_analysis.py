"""Every experiment of analysis/ runs in its short form, writes a figure with its data, and says what it wrote."""

import csv
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(path.stem for path in (ROOT / "analysis").glob("*.py") if not path.stem.startswith("_"))
APART = "conveyor_belt"
EXPECTED = {
    "adding_problem",
    "bidirectional",
    "conveyor_belt",
    "dependency_gap",
    "digits",
    "flow_during_training",
    "forget_bias",
    "gate_shares",
    "lyapunov",
    "next_word",
    "precision_horizon",
    "preprocessing",
    "sensitivity_decay",
    "sentiment",
    "shaded_unfolding",
    "shipped_models",
    "spectral_radius",
    "temporal_order",
    "truncation",
}


def test_every_question_has_a_script():
    assert set(SCRIPTS) == EXPECTED


def whole(folder, printed):
    """Check that there are figures, each with its data, and that all of it was named."""
    figures = {path.stem for path in folder.glob("*.svg")}
    assert figures and figures == {path.stem for path in folder.glob("*.png")}
    data = {path.stem for path in folder.glob("*.csv")}
    assert figures <= data
    assert all(str(path) in printed for path in folder.iterdir())
    for stem in data:
        rows = list(csv.reader((folder / f"{stem}.csv").read_text(encoding="utf-8").splitlines()))
        assert len(rows) > 1 and {len(row) for row in rows} == {len(rows[0])}
        assert not any(value == "nan" for row in rows for value in row)


def test_an_experiment_is_a_script_of_its_own(tmp_path):
    """One of them; the others run as the main script of this process below."""
    script = ROOT / "analysis" / f"{APART}.py"
    warnings = ["-W", "error", "-W", "ignore::DeprecationWarning"]  # those are of what is newer than a package knows
    command = [sys.executable, *warnings, str(script), "--quick", "-o", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    whole(tmp_path, done.stdout)


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != APART])
def test_an_experiment_writes_figures_with_their_data(name, tmp_path, monkeypatch, capsys):
    script = str(ROOT / "analysis" / f"{name}.py")
    monkeypatch.setattr(sys, "argv", [script, "--quick", "-o", str(tmp_path)])
    monkeypatch.setattr(sys, "path", [str(ROOT / "analysis"), *sys.path])
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as error:
        if "pip" not in str(error):
            raise
        pytest.skip(f"its data are not to be had here: {error}")
    whole(tmp_path, capsys.readouterr().out)
