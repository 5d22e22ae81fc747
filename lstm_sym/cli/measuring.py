"""The commands that measure: flow, and study, which does everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lstm_sym.cli.options import (
    Decimal,
    cache_option,
    force_option,
    json_option,
    language_option,
    measuring_options,
    output_option,
    paper_option,
    set_option,
)
from lstm_sym.cli.streams import say
from lstm_sym.cli.tool import FAILED


class NoModel(click.ClickException):
    """No model could be measured; the message says of each why."""

    exit_code = FAILED


@click.command()
@click.argument("names", nargs=-1, metavar="[CELL]...")
@measuring_options(fewest_lags=3)  # fewer fit no law of decay
@click.option(
    "--time-scale",
    type=Decimal(min=1, min_open=True),
    metavar="STEPS",
    help="Steps that the cells should remember: advise the bias of the gate that keeps the state.",
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Trained parameters: of the network named, or a model of PyTorch (.pt, .safetensors, .npz), Keras or ONNX.",
)
@click.option(
    "--cell",
    "weights_cell",
    metavar="NAME|FILE",
    help="The cell whose parameters --weights holds, where no framework has it.",
)
@click.option(
    "--map",
    "weights_map",
    type=click.Path(path_type=Path),
    metavar="TABLE",
    help="TOML that says which array of --weights is which parameter of the cell or network.",
)
@click.option(
    "--node",
    "weights_node",
    metavar="NAME",
    help="Of --weights of several networks in one ONNX file, the highest recurrent node of that to be measured.",
)
@click.option(
    "--package",
    metavar="NAME",
    help="A package that ships a trained model, fetched and read; `lstm-sym packages` lists them.",
)
@output_option("Folder for the page, its figures and data; without it the tables alone are printed.")
@paper_option
@set_option
@language_option
@json_option
@force_option
@cache_option
@click.pass_context
def flow(
    context: click.Context,
    /,
    names: tuple[str, ...],
    settings: tuple[str, ...],
    as_json: bool,
    **measuring: Any,
) -> None:
    """Measure how far back each CELL feels its input, and why; of a network also each of its layers.

    The norm of the derivative of the output at T with respect to the input at T - lag, by lag, and the memory card.
    With -o all of it: the map of all pairs of steps, shares of the gates, saturation, Lyapunov spectra, bounds, advice.

    What cannot be measured of a model is left out, and said why. Exit code 1 if no model could be measured.
    """
    from lstm_sym.cli.cells import choices_of, note_hidden
    from lstm_sym.cli.output import print_json, say_written
    from lstm_sym.cli.packages import opened
    from lstm_sym.ground.parallel import processors
    from lstm_sym.ground.progress import reporter
    from lstm_sym.studies.errors import NothingMeasured
    from lstm_sym.studies.flow_run import gradient_flow

    if not names and measuring["weights"] is None and measuring["package"] is None:
        raise click.UsageError("name a CELL, the file of a network, --weights or --package")
    note_hidden(names)
    if measuring["package"] is not None:
        measuring |= {"package": opened(measuring["package"]), **dict.fromkeys(_not_given(context))}
    measuring |= {"choices": choices_of(settings), "everything": measuring["output"] is not None}
    try:
        found = gradient_flow(names, reporter=reporter, workers=processors(), **measuring)
    except NothingMeasured as error:
        raise NoModel(str(error)) from error
    # Of whole models all that there is to say, of parts of them a line.
    parts = dict.fromkeys(f"{error.where}: {error.found}" for error in found.reasons)
    for reason in (*found.left_out.values(), *parts):
        say(found.request.sentences.text("flow.left_out", reason=reason), err=True)
    if as_json:
        print_json(found.record(measuring["output"]))
    else:
        say(str(found))
    say_written(found.written, quiet=as_json)


def _not_given(context: click.Context) -> list[str]:
    """What a package says itself, where the command line does not."""
    default = click.core.ParameterSource.DEFAULT
    return [name for name in ("input", "length", "lags", "ends") if context.get_parameter_source(name) == default]


@click.command()
@click.argument("names", nargs=-1, metavar="[CELL]...")
@measuring_options(fewest_lags=1)
@output_option("Folder to write.  [default: study]", Path("study"))
@paper_option
@set_option
@language_option
@json_option
@force_option
@cache_option
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
    from lstm_sym.cli.cells import choices_of, note_hidden
    from lstm_sym.cli.output import print_json, say_written
    from lstm_sym.ground.progress import reporter
    from lstm_sym.studies.run import study as studied

    names = names or ("rnn", "lstm")
    note_hidden(names)
    found = studied(names, choices=choices_of(settings), reporter=reporter, **measuring)
    if as_json:
        print_json(found.record(measuring["output"]))
    say_written(found.written, quiet=as_json)
    if not as_json:
        say(f"\n{found}\n")
        page = next(path for path in found.written if path.name == "index.html")
        say(f"open {page.resolve()}", bold=True)
    if not found.passed:
        context.exit(FAILED)
