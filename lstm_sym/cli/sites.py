"""The command site: a gallery of cells with all of their pages, in a folder."""

from __future__ import annotations

from pathlib import Path

import click

from lstm_sym.cli.options import force_option, language_option, output_option, set_option


@click.command()
@click.argument("names", nargs=-1, metavar="[CELL]...")
@output_option("Folder to write.  [default: site]", Path("site"))
@click.option(
    "--package",
    "packages",
    multiple=True,
    metavar="NAME",
    help="A page of the model that this package ships, fetched and measured; may be repeated; all: of every package.",
)
@set_option
@language_option
@force_option
def site(
    names: tuple[str, ...],
    output: Path,
    packages: tuple[str, ...],
    settings: tuple[str, ...],
    language: str,
    force: bool,
) -> None:
    """Write a site of each CELL; without one of the whole catalogue, with the cells of your folder.

    A gallery with drawing, equations and half-life; of each cell its derivation, a page to move its gates on, kernels,
    LaTeX, Markdown, a notebook, and the cell beside rnn, lstm and gru; of these three together the flow of gradients.
    It opens from the folder: no server, no network.
    """
    from lstm_sym.cli.cells import cell_file, load_cells, usable
    from lstm_sym.cli.output import say_written
    from lstm_sym.cli.packages import every_opened
    from lstm_sym.cli.streams import say
    from lstm_sym.ground.progress import reporter
    from lstm_sym.report import Sentences, in_order
    from lstm_sym.site import Site
    from lstm_sym.studies.selection import file_of, files_of

    if not names:
        from lstm_sym.api import names as catalogue

        names = tuple(usable(catalogue())[0])
    cells = load_cells(names, settings)
    texts = {cell.key: cell_file(name) for name, cell in zip(names, cells, strict=True) if file_of(name)}
    chosen = Site(cells, [Sentences(one) for one in in_order(language)], texts, every_opened(packages))
    written = chosen.write(chosen.output(output, files_of(names), force=force), reporter)
    say_written(written)
    say(f"open {(output / 'index.html').resolve()}", bold=True)
