"""Two networks side by side, layer by layer: what each computes, its sizes, its parameters, how they are drawn."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from lstm_sym import cells
from lstm_sym.document import document as d
from lstm_sym.document.sentences import Sentences
from lstm_sym.networks import CellLayer, Layer, Network
from lstm_sym.notation.text import TextNotation
from lstm_sym.report.network import computes, count_of

Sides = tuple[Network, Network]


def compared_networks(labels: tuple[str, str], networks: Sides, sentences: Sentences) -> d.Document:
    """A row a layer, one content where both have the same; then what else differs, and the cells that do.

    Layers of one name stand in one row; between two such rows they are paired in their order.
    """
    sections = [
        d.Section(key, sentences.text(f"network.section.{key}"), (d.Comparison(labels, tuple(rows)),))
        for key, rows in {"chain": _layers(networks, sentences), "parameters": _totals(networks, sentences)}.items()
    ]
    title = sentences.text("diff.title", left=labels[0], right=labels[1])
    return d.Document(title, sentences.language, tuple(_lead(networks, sentences)), tuple(sections))


def network_rows(document: d.Document) -> dict[str, Any]:
    """The rows of the page for JSON, by section."""

    def text(content: d.Content) -> str | None:
        return d.content_text(content, TextNotation()) or None

    return {
        section.key: [
            {"of": pair.key, "same": pair.same, "left": text(pair.left), "right": text(pair.right)}
            for block in section.blocks
            if isinstance(block, d.Comparison)
            for pair in block.pairs
        ]
        for section in document.sections
    }


def _layers(networks: Sides, sentences: Sentences) -> list[d.Pair]:
    """A row a layer."""
    found = []
    for one, other in _paired(networks):
        left, right = (
            () if layer is None else _described(network, layer, sentences)
            for network, layer in zip(networks, (one, other), strict=True)
        )
        cells = [layer.cell for layer in (one, other) if isinstance(layer, CellLayer)]
        same = left == right and (len(cells) < 2 or cells[0] == cells[1])
        present = one or other
        assert present is not None
        found.append(d.Pair(present.name, left, right, same))
    return found


def _paired(networks: Sides) -> list[tuple[Layer | None, Layer | None]]:
    """The layers in pairs, None where the other side has one more."""
    left, right = (network.layers for network in networks)
    names = [layer.name for layer in left], [layer.name for layer in right]
    blocks = SequenceMatcher(None, names[0], names[1], autojunk=False).get_opcodes()
    return [pair for _, a, b, c, e in blocks for pair in zip_longest(left[a:b], right[c:e])]


def _described(network: Network, layer: Layer, sentences: Sentences) -> d.Line:
    """A layer in a line of plain text."""
    place = network.layers.index(layer)
    reads, gives = network.widths[place : place + 2]
    text = sentences.line(
        "network.layer",
        name=layer.name,
        computes=computes(layer, sentences),
        reads=f"{reads:,}" if reads else sentences.text("network.words"),
        gives=f"{gives:,}",
        count=f"{count_of(network, layer):,}",
    )
    drawn = sentences.text("network.drawn", scheme=layer.initial) if isinstance(layer, CellLayer) else ""
    chrono = f", chrono {layer.chrono:g}" if isinstance(layer, CellLayer) and layer.chrono else ""
    return (d.line_text((*text, drawn, chrono), TextNotation()),)


def _totals(networks: Sides, sentences: Sentences) -> list[d.Pair]:
    """What they read and their loss; how many parameters all layers have."""
    found = []
    for key in ("inputs", "loss", "total"):
        left, right = ((_total(network, key, sentences),) for network in networks)
        found.append(d.Pair(key, left, right, left == right))
    return found


def _total(network: Network, key: str, sentences: Sentences) -> str:
    none = sentences.text("network.words") if key == "inputs" else "—"
    values = {
        "inputs": f"{network.inputs:,}" if network.inputs else none,
        "loss": network.loss.name if network.loss else none,
        "total": f"{sum(count_of(network, layer) for layer in network.layers):,}",
    }
    return sentences.text(f"network.total.{key}", value=values[key])


def _lead(networks: Sides, sentences: Sentences) -> list[d.Line]:
    """Which cells stand across from each other and differ: what compares them."""
    lines: list[d.Line] = []
    for one, other in _paired(networks):
        if not (isinstance(one, CellLayer) and isinstance(other, CellLayer)) or one.cell == other.cell:
            continue
        if all(layer.cell.key in cells.names() and cells.cell(layer.cell.key) == layer.cell for layer in (one, other)):
            command = d.Code(f"lstm-sym diff {one.cell.key} {other.cell.key}")
            lines.append(sentences.line("network.cells_differ", layer=d.Code(one.name), command=command))
    return lines
