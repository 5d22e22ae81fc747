"""What the commands do with a network file in the place of a cell: show, check, derive, compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_sym.cli.tool import Refused
from lstm_sym.networks.file import is_network_file, load
from lstm_sym.studies.selection import is_path

if TYPE_CHECKING:
    from lstm_sym.check import CheckResult
    from lstm_sym.document.document import Document
    from lstm_sym.document.sentences import Sentences
    from lstm_sym.ground.cache import Cache
    from lstm_sym.ground.progress import Progress
    from lstm_sym.networks import Network

SHOWN = ("chain", "equations")
"""What `show` prints of a network where no section is asked for: its layers, and the equations of each."""


def is_network(name: str) -> bool:
    """Whether what was typed is the path of a network file."""
    return is_path(name) and is_network_file(name)


def load_network(name: str, settings: Sequence[str] = ()) -> Network:
    """The network of a file. Raises Refused where a function or a number is chosen for it, and what `load` raises."""
    if settings:
        raise Refused(
            f"--set {settings[0]}: {name} is a network\n"
            '  fix: choose it in the file, under the layer: options = { phi_h = "identity" }'
        )
    return load(name)


def network_file(name: str) -> str:
    """The text of a network file, after it was read. Raises what `load` raises."""
    load(name)
    return Path(name).read_text(encoding="utf-8-sig").replace("\r\n", "\n")


def checked(network: Network, quick: bool, progress: Progress, cache: Cache) -> dict[str, tuple[CheckResult, ...]]:
    """Its checks, then those of each of its cells: by its name, and by the labels of `Network.cells`."""
    from lstm_sym.check.networks.suite import check_network
    from lstm_sym.check.several import kept_checks
    from lstm_sym.check.suite import check_cell
    from lstm_sym.ground.progress import part_of

    of: dict[str, tuple[Any, Any]] = {network.name: (check_network, network)}
    of |= {f"{network.name}, {label}": (check_cell, cell) for label, cell in network.cells.items()}
    return {
        key: kept_checks(check, one, quick, cache, part_of(progress, place, len(of)))
        for place, (key, (check, one)) in enumerate(of.items())
    }


def derived(network: Network, sentences: Sentences, results: Mapping[str, tuple[CheckResult, ...]]) -> Document:
    """The page of a network with all that was checked."""
    from lstm_sym.report.network import checked_network

    own = {label: results[f"{network.name}, {label}"] for label in network.cells}
    return checked_network(network, sentences, own, results[network.name])


def compared(left: str, right: str, given: Mapping[str, Any], sentences: Sentences) -> tuple[Document, dict[str, Any]]:
    """Two networks side by side: the page, and its rows for JSON.

    given: the options that are of cells, which networks refuse. Raises Refused, also for a network beside a cell.
    """
    from lstm_sym.report.network_comparison import compared_networks, network_rows

    for name in (left, right):
        if not is_network(name):
            raise Refused(
                f"{name}: a cell, and {left if name == right else right} is a network\n"
                "  fix: compare two networks, or two cells"
            )
    for option, value in given.items():
        if value:
            raise Refused(f"{option}: networks say their sizes and functions themselves\n  fix: leave it out")
    networks = load(left), load(right)
    names = networks[0].name, networks[1].name
    document = compared_networks((left, right) if names[0] == names[1] else names, networks, sentences)
    return document, network_rows(document)
