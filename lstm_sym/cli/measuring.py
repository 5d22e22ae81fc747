"""The commands that measure: flow, and study, which does everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lstm_sym.cli.options import (
    Decimal,
    force_option,
    json_option,
    language_option,
    measuring_options,
    output_option,
    set_option,
)
from lstm_sym.cli.tool import FAILED


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="CELL...")
@measuring_options(fewest_lags=3)  # fewer fit no law of decay
@click.option(
    "--time-scale",
    type=Decimal(min=1, min_open=True),
    metavar="STEPS",
    help="Steps that the cells should remember: advise the bias of the gate that keeps the state.",
)
@output_option("Folder for the page, its figures and data; without it the tables alone are printed.")
@set_option
@language_option
@json_option
@force_option
def flow(
    names: tuple[str, ...],
    settings: tuple[str, ...],
    as_json: bool,
    **measuring: Any,
) -> None:
    """Measure how far back each CELL feels its input, and why.

    The norm of the derivative of the output at T with respect to the input at T - lag, by lag, and the memory card.
    With -o all of it: the map of all pairs of steps, shares of the gates, saturation, Lyapunov spectra, bounds, advice.

    What cannot be measured of a model is left out, and said why. Exit code 1 if no model could be measured.
    """
    from lstm_sym.cli.studying import run_flow

    run_flow(names, settings, measuring, as_json=as_json)


@click.command()
@click.argument("names", nargs=-1, metavar="[CELL]...")
@measuring_options(fewest_lags=1)
@output_option("Folder to write.  [default: study]", Path("study"))
@set_option
@language_option
@json_option
@force_option
@click.pass_context
def study(
    context: click.Context,
    /,
    names: tuple[str, ...],
    settings: tuple[str, ...],
    as_json: bool,
    **measuring: Any,
) -> None:
    """Do all of it for each CELL, into one report.

    Derives, checks, generates and measures; without a CELL it does so for rnn and lstm.
    """
    from lstm_sym.cli.studying import run_study

    if not run_study(names or ("rnn", "lstm"), settings, measuring, as_json=as_json):
        context.exit(FAILED)
