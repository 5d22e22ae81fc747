"""The command diagram: the data flow of a cell as an SVG file."""

from __future__ import annotations

from pathlib import Path

import click

from lstm_sym.cli.options import force_option, output_option, set_option


@click.command()
@click.argument("name", metavar="CELL")
@output_option("File to write, .svg; the standard output without it.")
@click.option("--gradients", is_flag=True, help="Draw the lines on which gradients run back, too.")
@set_option
@force_option
def diagram(name: str, output: Path | None, gradients: bool, settings: tuple[str, ...], force: bool) -> None:
    """Draw one step of CELL as an SVG file, for light and dark pages.

    States run from left to right; a thick line is a state that is only scaled and added to. In the report that
    `lstm-sym derive` writes, every part of the drawing is a link to its equation.
    """
    from lstm_sym.cli.cells import load_cells
    from lstm_sym.cli.output import Destination
    from lstm_sym.report.diagram import diagram_file

    destination = Destination(output, [name], force=force, ending=".svg")
    [cell] = load_cells([name], settings)
    destination.deliver(diagram_file(cell, gradients=gradients))
