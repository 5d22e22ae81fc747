"""The commands: cells, show, check, generate, derive; diagram, explore; and flow and study, which measure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_sym import __version__
from lstm_sym.cli.auditing import audit
from lstm_sym.cli.caching import cache as cache_command
from lstm_sym.cli.comparing import diff
from lstm_sym.cli.drawing import diagram
from lstm_sym.cli.exploring import explore
from lstm_sym.cli.measuring import flow, study
from lstm_sym.cli.options import cache_option, force_option, json_option, language_option, output_option, set_option
from lstm_sym.cli.packages import list_packages
from lstm_sym.cli.sites import site
from lstm_sym.cli.starting import new
from lstm_sym.cli.tool import FAILED, REFUSED, Tool, names_folders

if TYPE_CHECKING:
    from lstm_sym.document.document import Document
    from lstm_sym.ground.cache import Cache

SECTIONS = ("symbols", "equations", "stages", "jacobian", "backward", "tangent", "cost", "signs")
OF_NETWORKS = ("chain", "parameters")


@click.group(cls=Tool, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="lstm-sym")
def main() -> None:
    """Derive, check, generate and measure the gradients of recurrent cells.

    A CELL is a name that `lstm-sym cells` lists, or the path of a cell file (.toml) of your own. The cells of a folder
    of yours are listed too if LSTM_SYM_CELLS or --cells names it. show, check, derive, diff and flow take the file of a
    network as well.
    """


@main.command()
@json_option
def cells(as_json: bool) -> None:
    """List the catalogue, with states and options.

    The built-in cells, and yours: every .toml file in a folder that --cells or the variable LSTM_SYM_CELLS names.
    """
    from lstm_sym.cli.listing import listed, print_cells
    from lstm_sym.cli.output import print_json

    found = listed()
    if as_json:
        print_json([entry.row() for entry in found])
    else:
        print_cells(found)


@main.command()
@click.argument("name", metavar="CELL")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice((*SECTIONS, *OF_NETWORKS)),
    help="Show this section alone; may be repeated.",
)
@click.option("--explain", is_flag=True, help="Say in a sentence what each part and each rule does.")
@click.option("--toml", is_flag=True, help="Print the cell file.")
@set_option
@language_option
@json_option
@click.pass_context
def show(
    context: click.Context,
    /,
    name: str,
    only: tuple[str, ...],
    explain: bool,
    toml: bool,
    settings: tuple[str, ...],
    language: str,
    as_json: bool,
) -> None:
    """Show the derivation of CELL in the terminal.

    Equations, Jacobians, the backward pass line by line, forward mode, cost; of a network its layers and the equations
    of each, and with --only any part of their derivation.
    """
    from lstm_sym.cli.output import in_terminal, print_json
    from lstm_sym.cli.streams import echo, hand_out
    from lstm_sym.document.shown import AS_WRITTEN, shown_document

    as_it_is = not (toml or settings or as_json or names_folders(context)) and language == "en"
    if as_it_is and (written := shown_document(name)):
        echo(in_terminal(written.only(only or SECTIONS), prose=explain, notation=AS_WRITTEN))
        return
    if toml:
        from lstm_sym.cli.cells import cell_file
        from lstm_sym.cli.networks import is_network, network_file

        text = network_file(name) if is_network(name) else cell_file(name)
        hand_out(text.rstrip("\n") + "\n")
        return
    document = _shown(name, only, settings, language)
    if as_json:
        print_json([_equation(equation, document.signs) for equation in document.equations()])
        return
    echo(in_terminal(document, prose=explain))


def _shown(name: str, only: tuple[str, ...], settings: tuple[str, ...], language: str) -> Document:
    """What is shown of a cell, or of a network."""
    from lstm_sym.cli.cells import load_cells
    from lstm_sym.cli.networks import SHOWN, is_network, load_network
    from lstm_sym.report import Sentences, derivation_document

    if is_network(name):
        from lstm_sym.report.network import network_document

        return network_document(load_network(name, settings), Sentences(language), only=only or SHOWN)
    [cell] = load_cells([name], settings)
    return derivation_document(cell, Sentences(language)).only(only or SECTIONS)


def _equation(equation: Any, signs: Any) -> dict[str, Any]:
    from lstm_sym.notation.latex import LatexNotation
    from lstm_sym.notation.text import TextNotation

    return {
        "number": equation.number,
        "id": equation.id,
        "rule": equation.rule,
        "from": equation.origin,
        "text": equation.write(TextNotation(signs=signs)),
        "latex": equation.write(LatexNotation(signs=signs)),
    }


@main.command()
@click.argument("names", nargs=-1, metavar="CELL...")
@click.option("--all", "everything", is_flag=True, help="Check every cell of the catalogue.")
@click.option("--quick", is_flag=True, help="Leave out the long checks.")
@set_option
@json_option
@cache_option
@click.pass_context
def check(
    context: click.Context,
    /,
    names: tuple[str, ...],
    everything: bool,
    quick: bool,
    settings: tuple[str, ...],
    as_json: bool,
    cache: Cache,
) -> None:
    """Check every gradient of each CELL in other ways; of a network also those of its cells.

    With --all also a cell of every function there is. A file of a folder of cells that gives no cell is told, and the
    others are checked. Exit code 1 if one check fails, or a file gives no cell.
    """
    from lstm_sym.check.all_functions import every_function
    from lstm_sym.check.several import check_cells, check_rows
    from lstm_sym.cli.cells import load_cells, usable
    from lstm_sym.cli.checking import print_checks, unusable_rows
    from lstm_sym.cli.networks import checked, is_network, load_network
    from lstm_sym.cli.output import print_json
    from lstm_sym.cli.streams import say
    from lstm_sym.ground.progress import reporter

    unusable: dict[str, str] = {}
    if everything:
        from lstm_sym.api import names as catalogue

        every, unusable = usable(catalogue())
        names = (*every, *names)
    if not names:
        raise click.UsageError("name a CELL, or --all for the whole catalogue")
    networks = [load_network(name) for name in dict.fromkeys(names) if is_network(name)]
    names = tuple(name for name in names if not is_network(name))
    chosen = load_cells(names, settings) if names or settings else []
    cells = [*chosen, *([every_function()] if everything else [])]
    found = check_cells(cells, quick=quick, reporter=reporter, cache=cache) if cells else {}
    for network in networks:
        found |= checked(network, quick, reporter(f"checking {network.name}"), cache)
    if as_json:
        print_json(check_rows(found) + unusable_rows(unusable))
    else:
        print_checks(found, apart=[network.name for network in networks])
    for why in unusable.values():
        say(why, err=True, fg="red")
    if unusable or not all(result.passed for results in found.values() for result in results):
        context.exit(FAILED)


@main.command()
@click.argument("name", metavar="CELL")
@output_option("File to write, .py, .c, .mjs or .onnx; the standard output without it.")
@click.option(
    "--target",
    type=click.Choice(["numpy", "c", "javascript", "js", "torch", "jax", "onnx"]),
    default="numpy",
    show_default=True,
    help="Language.",
)
@click.option("--plain", is_flag=True, help="One step and one step back in NumPy, as a teacher writes them.")
@click.option("--explain", is_flag=True, help="What a call of the NumPy kernel costs, and no kernel.")
@click.option(
    "--weights",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Of onnx: the parameters that the file is to hold, .npz or another file of arrays, named as in the equations; "
    "without it they are inputs.",
)
@click.option(
    "--dtype", type=click.Choice(["float32", "float64"]), help="Of onnx.  [default: of weights, else float32]"
)
@click.option("--quantities", is_flag=True, help="Of onnx: hand out all that equations define, not y and states alone.")
@click.option("--lengths", is_flag=True, help="Of onnx: a further input, the steps of each sequence of a batch.")
@click.option("--resets", is_flag=True, help="Of onnx: a further input, the steps at which sequences begin anew.")
@set_option
@force_option
def generate(
    name: str,
    output: Path | None,
    target: str,
    plain: bool,
    explain: bool,
    weights: Path | None,
    dtype: str | None,
    quantities: bool,
    lengths: bool,
    resets: bool,
    settings: tuple[str, ...],
    force: bool,
) -> None:
    """Write the kernel of CELL.

    One Python file that stands alone on NumPy, or with a layer of PyTorch around it, or on JAX; its loops over time in
    C; forward, step and backward as one JavaScript module; forward as an ONNX model (with the extra weights).
    """
    from lstm_sym.cli.cells import load_cells
    from lstm_sym.cli.generating import Asked, destination_of, file_of

    asked = Asked(plain, explain, weights, dtype, quantities, lengths, resets)
    destination = destination_of(output, name, target, asked, force=force)
    [cell] = load_cells([name], settings)
    destination.deliver(file_of(cell, target, asked))


@main.command()
@click.argument("name", metavar="CELL")
@output_option("File to write; the standard output without it. Its ending chooses the format.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["html", "md", "tex", "pdf", "ipynb"]),
    help="HTML, Markdown as GitHub reads it, LaTeX, PDF or notebook.  [default: by the ending of the file, else html]",
)
@language_option
@click.option("--exercises", is_flag=True, help="The exercises alone, as a sheet to print.")
@click.option("--answers", is_flag=True, help="With --exercises: their answers too, after them.")
@set_option
@force_option
@cache_option
@click.pass_context
def derive(
    context: click.Context,
    /,
    name: str,
    output: Path | None,
    kind: str | None,
    language: str,
    exercises: bool,
    answers: bool,
    settings: tuple[str, ...],
    force: bool,
    cache: Cache,
) -> None:
    """Write the derivation of CELL as a report; of a network that of its layers, its cells and its loss.

    -o NAME.html, .md, .tex, .pdf (with the extra pdf) or, of a cell alone, .ipynb, a notebook that runs.
    --exercises writes a sheet to print in the other formats: the equations of a cell, and questions without answers.

    Every line stands with its number in the kernel and with the error of its numeric check. Exit code 1 if one fails.
    """
    from lstm_sym.cli.checking import failures
    from lstm_sym.cli.deriving import Sheet, derived_page, refuse_no_sheet
    from lstm_sym.cli.output import FORMATS, NOTEBOOK, Destination, page_format
    from lstm_sym.cli.streams import say

    found = page_format(output, kind, {**FORMATS, **NOTEBOOK})
    destination = Destination(output, [name], force=force)
    refuse_no_sheet(name, found, exercises, answers)
    page, checks = derived_page(name, settings, found, language, cache, Sheet(exercises, answers))
    destination.deliver(page)
    if told := [line for key, results in checks.items() if (line := failures(key, results))]:
        say("\n".join(told), err=True)
        context.exit(FAILED)


for command in (audit, cache_command, diagram, explore, diff, new, flow, list_packages, site, study):
    main.add_command(command)

__all__ = ["REFUSED", "main"]
