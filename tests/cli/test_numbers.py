"""Numbers are read in the digits 0 to 9, wherever text gives one: no other script, no underscore, no nan."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

import lstm_sym as ls
from lstm_sym.cli import main

WRONG = ("\u0661\u0662", "\uff11\uff12", "1_2", "nan", "\u00b2", "0x1", "1e", "twelve", "")


def numeric() -> list[tuple[str, str]]:
    """Every option of every command that reads a number."""
    found = []
    for name, command in main.commands.items():
        for option in command.params:
            kinds = click.types.IntParamType | click.types.FloatParamType
            if isinstance(option, click.Option) and isinstance(option.type, kinds):
                found.append((name, option.opts[0]))
    return found


def test_there_are_options_that_read_numbers() -> None:
    assert {("flow", "--lags"), ("flow", "--time-scale"), ("diff", "--hidden-size"), ("audit", "--timeout")} <= {
        *numeric()
    }


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("command", "option"), numeric())
def test_options_read_digits_alone(command: str, option: str, wrong: str) -> None:
    result = CliRunner().invoke(main, [command, "rnn", option, wrong])
    assert result.exit_code == 2 and "Invalid value" in result.stderr and "digits 0 to 9" in result.stderr


@pytest.mark.parametrize("wrong", WRONG)
def test_constants_read_digits_alone(wrong: str) -> None:
    with pytest.raises(ls.CellError, match="the constant `alpha` is"):
        ls.cell("leaky_rnn", alpha=wrong)
    assert CliRunner().invoke(main, ["show", "leaky_rnn", "--set", f"alpha={wrong}"]).exit_code == 2
    assert CliRunner().invoke(main, ["diff", "rnn", "gru", "--size", f"H={wrong}"]).exit_code == 2


@pytest.mark.parametrize("text", ["0.5", " 0.5 ", "5e-1", ".5", "+0.5", "0.50"])
def test_plain_decimal_numbers_are_read(text: str) -> None:
    assert ls.cell("leaky_rnn", alpha=text).constants == ls.cell("leaky_rnn", alpha=0.5).constants
