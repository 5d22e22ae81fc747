"""The packages that ship trained models: their list, and opening one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from lstm_sym.cli.options import json_option

if TYPE_CHECKING:
    from lstm_sym.shipped import Opened, Package


@click.command("packages")
@json_option
def list_packages(as_json: bool) -> None:
    """List the packages that ship trained recurrent models.

    `lstm-sym flow --package NAME` fetches one, shows that its model was read right, and measures it.
    """
    from lstm_sym.cli.output import print_json, say_table
    from lstm_sym.shipped import packages

    found = packages()
    if as_json:
        print_json([_row(one) for one in found])
        return
    head = ["package", "version", "licence", "download", "kept", "recurrent layers", "task"]
    say_table([head, *([str(value) for value in _row(one).values()] for one in found)])


def opened(name: str) -> Opened:
    """A package opened; told are its licence, what is fetched from where, and what was proved."""
    from lstm_sym.cli.streams import say
    from lstm_sym.ground.progress import reporter
    from lstm_sym.shipped import open_package, package

    one = package(name)
    for content in one.contents:
        archive = content.archive
        fetched = "" if archive.is_kept else f", {_megabytes(archive.size)} from the package index"
        say(f"{archive.project} {archive.version}, licence {content.licence}{fetched}", err=True)
    found = open_package(one.name, reporter(f"fetching {one.name}"))
    for claim in found.proof:
        say(f"read right: {claim.line}", err=True)
    return found


def every_opened(names: Sequence[str]) -> list[Opened]:
    """The packages of these names, each once; every package that is known where one name is "all"."""
    from lstm_sym.shipped import package, packages

    known = packages() if "all" in names else [package(name) for name in names]
    return [opened(name) for name in dict.fromkeys(one.name for one in known)]


def _row(one: Package) -> dict[str, Any]:
    """A line of the list."""
    return {
        "name": one.name,
        "version": one.version,
        "licence": one.content.licence,
        "download": _megabytes(one.size),
        "kept": "yes" if one.is_kept else "no",
        "layers": one.layers,
        "task": one.task,
    }


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
