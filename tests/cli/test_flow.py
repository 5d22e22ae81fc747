"""The command flow: what it measures, prints and writes, and what it leaves out."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lstm_sym.cli import main
from lstm_sym.flow.measures import SURVEYED

MEASURING = ["--input", "sunspots", "--hidden", "6", "--lags", "8", "--starts", "4", "--seeds", "2", "--length", "120"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def fine(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: str, exit_code: int = 2) -> str:
    before = sorted(Path().rglob("*"))
    result = run(*arguments)
    assert result.exit_code == exit_code, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert sorted(Path().rglob("*")) == before, "something was written before the refusal"
    return result.stderr


def test_flow_adds_the_forget_bias_and_prints_json() -> None:
    result = run("flow", "lstm", *MEASURING, "--json", "-o", "out")
    found = json.loads(result.stdout)
    assert [model["model"] for model in found["models"]] == ["lstm", "lstm, b_f = 1"]
    assert all(len(model["half_life_by_seed"]) == 2 for model in found["models"])
    assert "wrote out/flow.json" in result.stderr
    assert found["advice"] and [card["model"] for card in found["memory"]] == ["lstm", "lstm, b_f = 1"]
    assert all(len(spectrum["exponents"]) == 12 for spectrum in found["spectra"])
    assert all(spectrum["cut_off"] == spectrum["exponents"].count(None) == 0 for spectrum in found["spectra"])
    assert all(abs(sum(shares.values()) - 1) < 1e-12 for shares in found["shares"].values())


def test_the_end_points_have_the_name_that_python_gives_them() -> None:
    """--starts, the name of the first version, says the same."""
    plain = [word for word in MEASURING if word not in ("--starts", "4")]
    assert fine("flow", "rnn", *plain, "--ends", "4", "--json") == fine("flow", "rnn", *MEASURING, "--json")


@pytest.mark.parametrize("language", ["en", "zh-Hant", "zh-Hans"])
def test_flow_writes_a_page_whose_links_lead_somewhere(language: str) -> None:
    cells = {"en": ["rnn", "lstm"], "zh-Hant": ["lstm"], "zh-Hans": ["gru"]}[language]  # a model, one and its bias
    fine("flow", *cells, *MEASURING, "--time-scale", "30", "-o", "out", "--lang", language)
    page = Path("out/index.html").read_text(encoding="utf-8")
    figures = sum(1 for row in SURVEYED.values() if row.figure)
    drawn = {path.name for path in Path("out").glob("*.svg")}
    assert page.count("<svg") == len(drawn), "a figure stands once, in all languages"
    assert len(drawn) >= 2 + 2 * (figures - 1) and f'<html lang="{language}">' in page
    for link in re.findall(r'href="([^"#:]+)"', page):
        assert (Path("out") / link).is_file()
    assert re.search("b_[fz] = 3.37", page)  # ln(30 - 1)
    if language == "zh-Hant":
        data = Path("out/lstm.fan.csv").read_text(encoding="utf-8")
        assert "c 的門乘積" in data and "沿路徑的上界" in data and "product" not in data


@pytest.mark.usefixtures("drawn")
def test_no_picture_of_a_page_loads_anything() -> None:
    """A cell with gates and none to bias: each kind of picture once."""
    fine("flow", "lstm_no_forget_gate", *MEASURING, "-o", "out", "--lang", "zh-Hant")
    page = Path("out/index.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 1 + sum(1 for row in SURVEYED.values() if row.figure)  # no gate is ever shut or open
    assert page.count("<path") > 50 and "http://" not in page and page.count("<script") == 1
    assert page.count('<text class="told"') > 10 and "font-family: 'DejaVu" not in page


@pytest.mark.parametrize("cell", ["lstm_block", "sru", "logistic_map", "lstm_output"])
def test_flow_measures_cells_of_every_kind(cell: str) -> None:
    """Blocks of cells, an input as large as the state, no input, an output that is no state."""
    drawn = ["-o", "out"] if cell in ("logistic_map", "lstm_output") else []
    assert json.loads(fine("flow", cell, *MEASURING, "--json", *drawn))["models"]


def test_flow_says_what_cannot_be_measured() -> None:
    wild, still = ("henon", "--set", "a=5"), ("indrnn",)
    for cell, words in ((wild, "no longer a finite number"), (still, "is exactly 0, and has no logarithm")):
        message = refused("flow", *cell, *MEASURING, exit_code=1)
        assert "no model could be measured" in message and words in message and "fix:" in message


@pytest.mark.parametrize("written", [(), ("-o", "out")])
def test_flow_leaves_out_a_model_that_cannot_be_measured(written: tuple[str, ...]) -> None:
    result = run("flow", "rnn", "henon", "indrnn", "--set", "a=5", *MEASURING, "--json", *written)
    assert result.exit_code == 0
    record = json.loads(result.stdout)
    assert [model["model"] for model in record["models"]] == ["rnn"]
    assert [one["model"] for one in record["left_out"] if one["part"] is None] == ["henon", "indrnn"]
    told = [result.stderr, *(path.read_text(encoding="utf-8") for path in Path().glob("out/index.html"))]
    assert len(told) == 1 + bool(written)
    for text in told:
        assert "no longer a finite number" in text and "is exactly 0, and has no logarithm" in text


def test_flow_leaves_out_a_measure_that_a_model_does_not_have() -> None:
    tiny = ["--input", "sunspots", "--length", "5", "--lags", "3", "--starts", "1", "--seeds", "1", "--hidden", "1"]
    result = run("flow", "rnn", *tiny, "-o", "out")
    assert result.exit_code == 0, result.output
    record = json.loads(Path("out/flow.json").read_text(encoding="utf-8"))
    assert "spectrum" in {one["part"] for one in record["left_out"]} and record["spectra"] == []
    assert "where a mean and its error need 16" in result.stderr
    assert "where a mean and its error need 16" in Path("out/index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("more", [(), ("-o", "out")])
def test_flow_tells_the_bias_for_a_time_scale(more: tuple[str, ...]) -> None:
    shown = fine("flow", "rnn", "gru", *MEASURING, "--time-scale", "30")
    assert "rnn\n  No bias sets a time scale of 30 steps" in shown and "set b_z = 3.37" in shown
    record = json.loads(fine("flow", "gru", *MEASURING, "--time-scale", "30", "--json", *more))
    # One of the cell as it is drawn, one of it with its forget bias.
    assert [(scale["name"], round(scale["value"], 2)) for scale in record["time_scales"]] == [("b_z", 3.37)] * 2


def test_the_command_of_a_page_gives_the_page_again() -> None:
    fine(
        "flow", "leaky_rnn", *MEASURING, "--time-scale", "30.5", "--set", "alpha=0.3", "-o", "out", "--lang", "zh-Hans"
    )
    record = json.loads(Path("out/flow.json").read_text(encoding="utf-8"))
    assert record["settings"]["time_scale"] == 30.5
    assert record["cells"][0]["constants"]["alpha"] == 0.3
    page = Path("out/index.html").read_bytes()
    shutil.rmtree("out")
    fine(*shlex.split(record["command"])[1:])
    assert Path("out/index.html").read_bytes() == page
    assert "flow.json" in page.decode() and "study.json" not in page.decode()


def test_figures_for_a_paper_are_written_beside_the_others() -> None:
    fine("flow", "rnn", *MEASURING, "-o", "out", "--paper", "3.25")
    pictures = sorted(path.stem for path in Path("out").glob("*.png"))
    assert pictures == sorted(path.stem for path in Path("out").glob("*.pdf")) and len(pictures) == 4
    record, page = (Path("out", name).read_text(encoding="utf-8") for name in ("flow.json", "index.html"))
    assert "--paper 3.25" in json.loads(record)["command"] and 'href="rnn.map.pdf"' in page
    before = Path("out/rnn.map.pdf").read_bytes()
    fine(*shlex.split(json.loads(record)["command"])[1:])
    assert Path("out/rnn.map.pdf").read_bytes() == before
    fine("flow", "rnn", *MEASURING, "-o", "out")
    assert not list(Path("out").glob("*.pdf")), "those of a run before are removed"


def test_a_width_that_is_none_is_refused() -> None:
    for width, found in (("0", "0"), ("-3", "-3"), ("325", "325"), ("3,25", "3,25")):
        assert found in refused("flow", "rnn", *MEASURING, "-o", "out", "--paper", width)


def test_intervals_of_few_draws_come_with_a_warning() -> None:
    for seeds, warned in (("2", True), ("4", False)):
        fine("flow", "rnn", *MEASURING[:-4], "--length", "120", "--seeds", seeds, "-o", seeds)
        assert ("hold less than 95 %" in Path(seeds, "index.html").read_text(encoding="utf-8")) is warned


def test_flow_says_the_same_each_time() -> None:
    first, second = (fine("flow", "rnn", *MEASURING) for _ in range(2))
    assert first == second
