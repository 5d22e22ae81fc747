"""The command new: a cell file of one's own to start from."""

from __future__ import annotations

from pathlib import Path

import click

from lstm_sym.cli.options import language_option


@click.command()
@click.argument("target", metavar="FILE.toml", type=click.Path(path_type=Path))
@click.option("--from", "source", default="lstm", show_default=True, metavar="CELL", help="The cell to start from.")
@click.option(
    "--name", "title", metavar="TEXT", help="The name that reports give the cell.  [default: as in the source]"
)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@language_option
def new(target: Path, source: str, title: str | None, force: bool, language: str) -> None:
    """Write a cell file of your own, to start from.

    A copy of a cell's file, its remarks with it, under a header that says what can be changed and what to try next.
    """
    from lstm_sym.cli.cells import cell_file
    from lstm_sym.cli.output import say_written
    from lstm_sym.cli.template import cell_template, check_target
    from lstm_sym.ground.output import Output
    from lstm_sym.studies.selection import files_of

    check_target(target)
    output = Output(target.parent, [target.name], files_of([source]), force=force)
    text = cell_template(cell_file(source), target=target, source=source, title=title, language=language)
    say_written(output.write({target.name: text.encode("utf-8")}))
