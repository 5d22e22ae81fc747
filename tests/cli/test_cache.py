"""The cache of the commands: a second run gives the same bytes, measures nothing, and says so in a line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from lstm_sym.check import several
from lstm_sym.cli.commands import main
from lstm_sym.studies import kept, pictures
from lstm_sym.studies import run as studies_run

SMALL = ["--hidden", "4", "--lags", "4", "--ends", "4", "--seeds", "2", "--length", "60"]
CELL = """
equations = '''
z[t] = sigmoid(W_z @ x[t] + U_z @ h[t-1] + b_z)
h[t] = z[t] * h[t-1] + gain * (1 - z[t]) * tanh(W_h @ x[t] + U_h @ h[t-1])
'''
constants = { gain = 0.9 }
"""
NETWORK = """
inputs = 2
[[layers]]
cell = "rnn"
size = 3
"""


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A folder to work in, with a cell, data, and a cache that is used."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LSTM_SYM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("lstm_sym.ground.parallel.processors", lambda: 1)
    Path("own.toml").write_text(CELL)
    Path("net.toml").write_text(NETWORK)
    data = np.random.default_rng(0).standard_normal((80, 2))
    np.savetxt("data.csv", data, delimiter=",")
    return tmp_path


@pytest.fixture
def counted(monkeypatch):
    """How often something was checked, measured, drawn or derived, by its name."""
    times: dict[str, int] = {}

    def count(module: object, name: str) -> None:
        own: Callable[..., object] = getattr(module, name)

        def called(*arguments: object, **options: object) -> object:
            times[name] = times.get(name, 0) + 1
            return own(*arguments, **options)

        monkeypatch.setattr(module, name, called)

    for module, name in (
        (several, "check_cell"),
        (kept, "run"),
        (kept, "survey"),
        (kept, "memory_card"),
        (pictures, "_drawn"),
        (studies_run, "derivation_pages"),
        (studies_run, "generate"),
    ):
        count(module, name)
    return times


def ran(*arguments: str) -> tuple[str, str]:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def files(folder: str) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}


COMMANDS = {
    "study": ["study", "rnn", "own.toml", "-o", "out", "--input", "data.csv", *SMALL],
    "flow": ["flow", "rnn", "own.toml", "-o", "out", "--input", "data.csv", "--time-scale", "9", *SMALL],
    "flow of a network": ["flow", "net.toml", "-o", "out", "--input", "data.csv", *SMALL],
    "flow, tables": ["flow", "rnn", "own.toml", "--input", "data.csv", *SMALL],
    "check": ["check", "rnn", "own.toml", "--quick"],
    "check of a network": ["check", "net.toml", "--quick"],
    "derive": ["derive", "own.toml", "-o", "out/own.html"],
    "derive, Markdown": ["derive", "own.toml", "-o", "out/own.md"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_second_run_gives_the_same_bytes_and_measures_nothing(command, work, counted, monkeypatch):
    first, noted = ran(*COMMANDS[command])
    written = files("out")
    assert "note: measured before" not in noted
    assert counted or "network" in command
    counted.clear()
    second, noted = ran(*COMMANDS[command])
    assert (second, files("out")) == (first, written)
    assert counted == {}
    assert noted.count("note: measured before, since 20") == 1
    monkeypatch.setenv("LSTM_SYM_CACHE", "off")
    assert ran(*COMMANDS[command])[0] == first
    assert files("out") == written


def test_what_is_measured_does_not_depend_on_the_folder(work, counted):
    ran(*COMMANDS["study"])
    counted.clear()
    ran(*["other" if word == "out" else word for word in COMMANDS["study"]])
    assert counted == {}
    page = Path("other/index.html").read_text(encoding="utf-8")
    assert "-o other" in page
    assert "-o out" not in page


def test_fresh_measures_all_of_it_again(work, counted):
    ran(*COMMANDS["study"])
    every = dict(counted)
    counted.clear()
    _, noted = ran(*COMMANDS["study"], "--fresh")
    assert counted == every
    assert "note" not in noted


@pytest.mark.parametrize(
    ("more", "again"),
    [
        (["--hidden", "5"], {"run", "_drawn"}),
        (["--lags", "5"], {"run", "_drawn"}),
        pytest.param(["--ends", "5"], {"run", "_drawn"}, marks=pytest.mark.long),
        pytest.param(["--seeds", "1"], {"run", "_drawn"}, marks=pytest.mark.long),
        pytest.param(["--length", "61"], {"run", "_drawn"}, marks=pytest.mark.long),
        (["--lang", "zh-Hant"], {"_drawn", "derivation_pages", "generate"}),
        (["--paper", "6.5"], {"_drawn"}),
        (["--set", "gain=0.5"], {"check_cell", "run", "_drawn", "derivation_pages", "generate"}),
    ],
)
def test_another_setting_measures_what_it_decides(more, again, work, counted):
    ran(*COMMANDS["study"])
    counted.clear()
    ran(*COMMANDS["study"], *more)
    assert set(counted) == again


def test_another_value_of_the_data_measures_again(work, counted):
    ran(*COMMANDS["study"])
    counted.clear()
    data = np.loadtxt("data.csv", delimiter=",")
    data[7, 1] = np.nextafter(data[7, 1], 9)
    np.savetxt("data.csv", data, delimiter=",", fmt="%.17g")
    ran(*COMMANDS["study"])
    assert set(counted) == {"run", "_drawn"}


def test_another_cell_is_checked_and_measured_alone(work, counted):
    ran(*COMMANDS["study"])
    counted.clear()
    Path("own.toml").write_text(CELL.replace("(1 - z[t])", "(2 - z[t])"))
    ran(*COMMANDS["study"])
    assert counted == {"check_cell": 1, "run": 1, "_drawn": 1, "derivation_pages": 1, "generate": 1}


def test_another_source_of_the_tool_measures_again(work, counted, monkeypatch):
    ran(*COMMANDS["study"])
    every = dict(counted)
    counted.clear()
    monkeypatch.setattr("lstm_sym.ground.cache.tool_fingerprint", lambda: "another")
    ran(*COMMANDS["study"])
    assert counted == every


def test_a_check_that_failed_fails_again(work, monkeypatch):
    own = several.check_cell

    def failing(*arguments: object, **options: object) -> object:
        first, *others = own(*arguments, **options)
        return (type(first)(**{**vars(first), "error": 1.0}), *others)

    monkeypatch.setattr(several, "check_cell", failing)
    codes = [CliRunner().invoke(main, ["check", "rnn", "--quick"]).exit_code for _ in range(2)]
    assert codes == [1, 1]


def test_checks_serve_every_command(work, counted):
    ran("check", "rnn")
    counted.clear()
    ran("derive", "rnn", "-o", "rnn.html")
    ran("study", "rnn", "-o", "out", "--input", "data.csv", *SMALL)
    assert "check_cell" not in counted


def test_processes_find_what_one_finds(work, monkeypatch):
    one, _ = ran(*COMMANDS["flow"], "--fresh")
    written = files("out")
    monkeypatch.setattr("lstm_sym.ground.parallel.processors", lambda: 3)
    several_of_them, _ = ran(*COMMANDS["flow"], "--fresh")
    assert (several_of_them, files("out")) == (one, written)


def test_a_home_that_cannot_be_written_is_passed_over(work, monkeypatch):
    Path("cache").write_text("no folder")
    assert ran(*COMMANDS["check"]) == ran(*COMMANDS["check"])


def test_the_command_says_where_it_is_and_empties_it(work):
    assert ran("cache")[0] == f"0 results, 0.0 MiB, in {work / 'cache' / 'lstm_sym' / 'results'}\n"
    ran(*COMMANDS["check"])
    assert ran("cache")[0].startswith("2 results")
    assert ran("cache", "--clear")[0].startswith("removed 2 results")
    assert ran("cache")[0].startswith("0 results")


def test_the_command_says_that_there_is_none(work, monkeypatch):
    monkeypatch.setenv("LSTM_SYM_CACHE", "off")
    assert ran("cache")[0].startswith("no cache: LSTM_SYM_CACHE")
