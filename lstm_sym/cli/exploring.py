"""The command explore: a page on which a reader moves the gates of cells."""

from __future__ import annotations

from pathlib import Path

import click

from lstm_sym.cli.options import force_option, language_option, output_option, set_option


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="CELL...")
@output_option("File to write, .html; the standard output without it.")
@language_option
@set_option
@force_option
def explore(names: tuple[str, ...], output: Path | None, language: str, settings: tuple[str, ...], force: bool) -> None:
    """Write a page on which the gates of one CELL or several are moved by hand.

    Sliders move biases and recurrent weights, a click holds a gate open or shut at a step; how strongly the last output
    feels each input, and the network unfolded in time, follow at once. One HTML file: no server, no network.
    """
    from lstm_sym.cli.cells import load_cells
    from lstm_sym.cli.output import Destination
    from lstm_sym.explore import explorer_pages
    from lstm_sym.report import Sentences, html_page, in_order

    destination = Destination(output, names, force=force, ending=".html")
    cells = load_cells(names, settings)
    destination.deliver(html_page(*explorer_pages(cells, [Sentences(one) for one in in_order(language)])))
