"""The command diff: two cells side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_sym.cli.options import Whole, force_option, json_option, language_option, output_option, set_option
from lstm_sym.cli.streams import echo, say
from lstm_sym.cli.tool import Refused
from lstm_sym.ground.safe_text import printable

if TYPE_CHECKING:
    from lstm_sym.document.document import Document
    from lstm_sym.document.sentences import Sentences
    from lstm_sym.equations import Cell

POSITIVE = Whole(min=1)


@click.command()
@click.argument("left", metavar="CELL")
@click.argument("right", metavar="OTHER")
@set_option
@click.option("--set-right", multiple=True, metavar="NAME=CHOICE", help="The same, for OTHER alone.")
@click.option("--input-size", type=POSITIVE, default=32, show_default=True, help="Size D of the input.")
@click.option("--hidden-size", type=POSITIVE, default=64, show_default=True, help="Hidden units H.")
@click.option("--size", "sizes", multiple=True, metavar="NAME=NUMBER", help="Any further size.  [default: as H]")
@output_option("Destination to write, .html, .md, .tex or .pdf; without it the terminal.")
@language_option
@json_option
@force_option
def diff(
    left: str,
    right: str,
    settings: tuple[str, ...],
    set_right: tuple[str, ...],
    input_size: int,
    hidden_size: int,
    sizes: tuple[str, ...],
    output: Path | None,
    language: str,
    as_json: bool,
    force: bool,
) -> None:
    """Show two cells, or two networks, side by side: what is the same, and what differs.

    Equations, states, parameters, operations, Jacobians block by block, and what the backward pass reads. Names are
    paired by the part that they play, so two cells in other letters do not differ. Of networks it is layer by layer.
    """
    from lstm_sym.cli.networks import compared, is_network
    from lstm_sym.cli.output import Destination, in_terminal, page_format, print_json
    from lstm_sym.report import PAGES, Sentences, in_order

    kind = page_format(output)
    is_page = kind == "html" and output is not None
    rendered = PAGES[kind]
    destination = Destination(output, [left, right], force=force, quiet=as_json)
    sentences = [Sentences(one) for one in (in_order(language) if is_page else (language,))]
    if is_network(left) or is_network(right):
        given = {"--set": settings, "--set-right": set_right, "--size": sizes}
        found = [compared(left, right, given, one) for one in sentences]
    else:
        chosen = input_size, hidden_size, sizes
        found = _cells_compared((left, right), (settings, set_right), chosen, sentences)
    documents, data = [document for document, _ in found], found[0][1]
    if output is not None and not (as_json and str(output) == "-"):
        destination.deliver(rendered(*documents))
    if as_json:
        print_json(data)
    elif output is None:
        echo(in_terminal(documents[0], prose=True, coloured=True))


def _cells_compared(
    names: tuple[str, str],
    settings: tuple[tuple[str, ...], tuple[str, ...]],
    chosen: tuple[int, int, tuple[str, ...]],
    languages: Sequence[Sentences],
) -> list[tuple[Document, dict[str, Any]]]:
    """Two cells with these settings, at these sizes of input, state and others: page, data for JSON, by language."""
    from lstm_sym.cli.cells import load_pair
    from lstm_sym.report.comparison import comparison_data, comparison_document, side, size_for_all

    input_size, hidden_size, sizes = chosen
    cells = load_pair(*names, *settings)
    given = _sizes(sizes, cells)
    units = size_for_all((cell for cell in cells if not set(given) & set(_first_size(cell))), hidden_size)
    if units != hidden_size:
        say(f"note: compared at {units} hidden units, not {hidden_size}: units come in whole blocks", err=True)
    one, other = (
        side(label, cell, input_size=input_size, hidden_size=units, sizes=given)
        for label, cell in zip(_labels(names, cells), cells, strict=True)
    )
    documents = [comparison_document(one, other, sentences) for sentences in languages]
    return [(document, comparison_data(document, one, other)) for document in documents]


def _labels(names: tuple[str, str], cells: tuple[Cell, Cell]) -> tuple[str, str]:
    """What the two are called here: their keys, else what was typed, else with their functions."""
    one, other = cells
    if one.key != other.key:
        return one.key, other.key
    if names[0] != names[1]:
        return printable(names[0]), printable(names[1])
    if one.content_hash == other.content_hash:
        raise Refused(
            f"{names[0]} and {names[1]}: the same cell twice\n"
            "  fix: name another cell, or choose another function or number for the second: --set-right NAME=CHOICE"
        )
    chosen = ({**cell.chosen, **{name: float(value) for name, value in cell.constants.items()}} for cell in cells)
    shown = [", ".join(f"{name}={choice}" for name, choice in choices.items()) for choices in chosen]
    return f"{one.key} ({shown[0]})", f"{other.key} ({shown[1]})"


def _first_size(cell: Cell) -> list[str]:
    """The names in the size of the first state, which is the number of hidden units."""
    from lstm_sym.equations.sizes import parts_of

    return list(parts_of(cell.shapes[cell.states[0]][0]))


def _sizes(given: tuple[str, ...], cells: tuple[Cell, Cell]) -> dict[str, int]:
    known = list(dict.fromkeys(name for cell in cells for name in cell.size_names))
    found = {}
    for text in given:
        name, _, number = text.partition("=")
        if name.strip() not in known or not re.fullmatch(r"\d{1,9}", number.strip(), re.ASCII) or int(number) < 1:
            raise Refused(
                f"--size {text}: not NAME=NUMBER with a size of these cells and a number from 1\n"
                f"  allowed: {', '.join(known)}\n"
                f"  fix: write, for instance, --size {known[-1]}=10"
            )
        found[name.strip()] = int(number)
    return found
