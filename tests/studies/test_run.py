"""A study from Python: the files of the command line to the byte, what it finds, and what it refuses."""

from __future__ import annotations

import json
import pickle
from html import escape
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure
from matplotlib.text import Text

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.cli import main
from lstm_sym.document.document import Listing
from lstm_sym.flow.drawing import drawings
from lstm_sym.ground.output import OutputError
from lstm_sym.inputs import sunspots
from lstm_sym.studies import run
from lstm_sym.studies.errors import NothingMeasured, StudyError
from lstm_sym.studies.saving import Report

SMALL = {"input": "sunspots", "hidden": 4, "lags": 8, "ends": 2, "seeds": 2, "length": 99}
OPTIONS = [part for name, value in SMALL.items() for part in (f"--{name}", str(value))]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def rnn():
    return ls.study("rnn", **SMALL)


@pytest.fixture
def sketched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure is the texts in it: how they are drawn is asked of the figures."""

    def sketch(figure: Figure, kind: str, _: object) -> bytes:
        words = "\n".join(text.get_text() for text in figure.findobj(Text))
        return f"<svg>{kind} {escape(words)}</svg>".encode()

    monkeypatch.setattr(drawings, "_bytes", sketch)


def content(folder: str) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def by_command(monkeypatch: pytest.MonkeyPatch, there: Path, *arguments: str) -> dict[str, bytes]:
    """What the command writes into the folder out of another place."""
    there.mkdir()
    with monkeypatch.context() as patched:
        patched.chdir(there)
        result = CliRunner().invoke(main, [*arguments, "-o", "out"])
        assert result.exit_code == 0, result.output
        return content("out")


def test_a_study_writes_what_the_command_writes(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    asked = ("study", "rnn", "leaky_rnn", *OPTIONS, "--set", "alpha=0.3", "--lang", "zh-Hant")
    written = by_command(monkeypatch, folder / "there", *asked)
    found = ls.study(["rnn", "leaky_rnn"], choices={"alpha": 0.3}, language="zh-Hant", output="out", **SMALL)
    assert content("out") == written and {"out/index.html", "out/study.json", "out/kernels/rnn.py"} <= set(written)
    assert {path.as_posix(): what for path, what in found.written.items()} == dict.fromkeys(written, "wrote")
    assert capsys.readouterr() == ("", ""), "a library prints nothing"


def test_gradient_flow_writes_what_the_command_writes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, sketched: None
) -> None:
    written = by_command(
        monkeypatch, folder / "there", "flow", "rnn", "henon", "--set", "a=5", *OPTIONS, "--time-scale", "30.5"
    )
    found = ls.gradient_flow(["rnn", "henon"], choices={"a": 5}, time_scale=30.5, **SMALL)
    found.save("out")
    assert content("out") == written and "out/rnn.map.csv" in written
    assert list(found.left_out) == ["henon"] and found.surveys[0].profile is found.profiles[0]


def test_what_is_saved_later_is_what_is_written_at_once(rnn: run.Study) -> None:
    done = rnn.save("out")
    later = content("out")
    ls.study("rnn", output="out", **SMALL)
    assert content("out") == later and {path.as_posix() for path in done} == set(later)
    Path("out/index.html").write_text("edited")
    with pytest.raises(OutputError, match="edited"):
        rnn.save("out")
    rnn.save("out", force=True)
    assert content("out") == later


def test_a_folder_of_the_first_version_which_called_the_ends_starts_is_written_again(rnn: run.Study) -> None:
    rnn.save("out")
    record = json.loads(Path("out/study.json").read_text())
    assert record["settings"]["ends"] == 2 and "--ends 2" in record["command"]
    record["settings"]["starts"] = record["settings"].pop("ends")
    Path("out/study.json").write_text(json.dumps(record))
    rnn.save("out")
    assert json.loads(Path("out/study.json").read_text())["settings"]["ends"] == 2


def test_a_study_says_what_it_found(rnn: run.Study) -> None:
    assert rnn.passed and len(rnn.results) == len(rnn.checks["rnn"]) > 10
    assert [profile.model for profile in rnn.profiles] == ["rnn"]
    shown = str(rnn)
    assert repr(rnn) == "<Study of rnn>"
    assert shown.startswith(flow.table(rnn.profiles)) and rnn.conclusions[0].split()[0] in shown
    assert rnn.document.sections[0].key == "answer"
    assert rnn.record()["command"].startswith("lstm-sym study rnn --input sunspots --hidden 4")
    json.dumps(rnn.record(), allow_nan=False)


def listings(found: Report) -> list[str]:
    [section] = [section for section in found.document.sections if section.key == "reproduce"]
    return [block.text for block in section.blocks if isinstance(block, Listing)]


def test_a_command_is_told_only_where_it_gives_the_same(rnn: run.Study, sketched: None) -> None:
    """A cell of the catalogue has its name on a command line; an array, or a cell in no file, has none."""
    assert listings(rnn) == [rnn.record()["command"]]
    own = ls.parse("h[t] = tanh(W @ x[t] + U @ h[t-1])", key="rnn")
    how = SMALL | {"everything": False}
    for cells, source in ((own, "sunspots"), ("rnn", sunspots()), ("rnn", np.array(sunspots().sequences[0]))):
        found = ls.gradient_flow(cells, **how | {"input": source})
        assert found.record()["command"] is None
        assert len(found.profiles[0].median()) == 9
    named = ls.gradient_flow(ls.cell("rnn"), **how).record()["command"]
    assert named == ls.gradient_flow("rnn", **how).record()["command"].replace("study", "flow")
    whole = ls.gradient_flow("rnn", **SMALL | {"input": np.sin(np.arange(99.0))})
    assert listings(whole) == [] and "array" in str(whole.document.lead)


def test_an_array_is_measured_as_the_file_of_it(folder: Path) -> None:
    values = np.random.default_rng(0).standard_normal((99, 2))
    np.save("values.npy", values)
    how = SMALL | {"everything": False}
    arrays, files = (ls.gradient_flow("rnn", **how | {"input": source}) for source in (values, Path("values.npy")))
    np.testing.assert_array_equal(arrays.profiles[0].log_norms, files.profiles[0].log_norms)


def test_a_folder_is_refused_before_anything_is_measured(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(*_: object, **__: object) -> None:
        raise AssertionError("measured")

    monkeypatch.setattr(run, "check_cells", measured)
    Path("out").mkdir()
    Path("out/index.html").write_text("mine")
    with pytest.raises(OutputError, match="did not write it"):
        ls.study("rnn", output="out", **SMALL)
    assert content("out") == {"out/index.html": b"mine"}


@pytest.mark.parametrize(
    ("cells", "how", "error", "says"),
    [
        ([], {}, StudyError, "none is given"),
        ("lstn", {}, ls.CellError, "did you mean lstm"),
        (["rnn", ls.parse("h[t] = tanh(U @ h[t-1])", key="rnn")], {}, StudyError, "two cells are called rnn"),
        ("rnn", {"choices": {"beta": 2}}, StudyError, "option or constant beta"),
        ("rnn", {"hidden": 0}, StudyError, "hidden: 0, which is no whole number"),
        ("rnn", {"seeds": 2.0}, StudyError, "seeds: 2.0"),
        ("rnn", {"length": 1}, StudyError, "from 2 on"),
        ("rnn", {"language": "de"}, ValueError, "no language 'de'"),
        ("rnn", {"input": np.zeros((3, 2, 2))}, ValueError, r"\(T, 2\)"),
        ("henon", {"input": "sunspots", "choices": {"a": 5}}, NothingMeasured, "no longer a finite number"),
    ],
)
def test_what_cannot_be_studied_is_refused(cells, how, error, says) -> None:
    with pytest.raises(error, match=says) as refused:
        ls.gradient_flow(cells, **SMALL | how)
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)


def test_a_page_needs_everything() -> None:
    found = ls.gradient_flow("rnn", everything=False, **SMALL)
    assert str(found).startswith(flow.table(found.profiles)) and found.surveys == ()
    with pytest.raises(StudyError, match="everything=True"):
        found.save("out")
    assert not Path("out").exists()


def test_how_far_it_is_goes_to_the_reporter() -> None:
    told: list[tuple[str, int, int]] = []

    def reporter(name: str):
        return lambda done, total: told.append((name, done, total))

    ls.gradient_flow("rnn", everything=False, reporter=reporter, **SMALL)
    assert told[-1][0] == "measuring" and told[-1][1] == told[-1][2]


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"cells": 3}, "3"),
        ({"time_scale": "x"}, "time_scale"),
        ({"time_scale": 1}, "time_scale"),
        ({"hidden": True}, "hidden"),
    ],
)
def test_what_is_no_cell_and_no_number_is_refused_before_any_work(given, setting):
    with pytest.raises(ValueError, match=setting):
        ls.gradient_flow(**{"cells": "rnn", **given})


def test_maps_without_an_input_are_measured():
    found = ls.gradient_flow(["henon", "logistic_map"], hidden=4, lags=5, ends=3, seeds=2, length=60, everything=False)
    assert [one.model for one in found.profiles] == ["henon", "logistic_map"] and not found.left_out
