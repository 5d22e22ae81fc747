"""A network as a document: the chain of its layers, its parameters, and the derivation of all that it computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from lstm_sym.document import document as d
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations import Cell
from lstm_sym.equations.cell import common_signs
from lstm_sym.networks import CellLayer, Dropout, Embedding, Layer, Network, NetworkError, Pooling, Recurrence
from lstm_sym.report.checks import check_table
from lstm_sym.report.derivation import derivation_document
from lstm_sym.report.titles import cell_title

if TYPE_CHECKING:  # the checks start autograd, which showing a network does not need
    from lstm_sym.check import CheckResult

Derived = Callable[[str, Cell], d.Document]
"""The label of a cell and the cell -> its derivation."""


def network_document(
    network: Network,
    sentences: Sentences,
    *,
    derived: Derived | None = None,
    only: Sequence[str] = (),
    checks: Sequence[CheckResult] = (),
) -> d.Document:
    """The layers of a network, and the derivation of each cell, dense layer and loss in it, once.

    derived: gives the derivation of a cell; without its checks where it is left out. only: the sections that are
    shown, "chain", "parameters" and those of a derivation; all where none is named. checks: the results of
    `check_network`, shown as a table.
    """
    derived = derived or (lambda _, cell: derivation_document(cell, sentences))
    documents = {label: derived(label, cell).only(tuple(only)) for label, cell in network.cells.items()}
    tables = {
        key: [d.Section(key, sentences.text(f"network.section.{key}"), (table(network, sentences),))]
        for key, table in {"chain": _chain, "parameters": _parameters}.items()
        if key in only or not only
    }
    cells = [_section(network, label, document, sentences) for label, document in documents.items()]
    sections = [*tables.get("chain", []), *(cell for cell in cells if cell.blocks), *tables.get("parameters", [])]
    if checks:
        sections.append(d.Section("checks", sentences.text("section.checks"), tuple(check_table(checks, sentences))))
    first = next(iter(documents.values()), None)
    return d.Document(
        sentences.text("network.title", name=network.name, count=len(network.layers)),
        sentences.language,
        tuple(_lead(network, sentences)),
        tuple(sections),
        sentences.text("page.contents"),
        d.Labels() if first is None else first.labels,
        tuple(quantities for document in documents.values() for quantities in document.quantities),
        signs=common_signs(network.cells.values()),
        warning=tuple(part for document in documents.values() for part in document.warning),
    )


def _lead(network: Network, sentences: Sentences) -> list[d.Line]:
    """What stands under the title."""
    count = sum(map(prod, network.shapes.values()))
    found = [sentences.line("network.lead", parameters=f"{count:,}")]
    try:
        states = sum(Recurrence(network).sizes)
    except NetworkError:
        return found
    return [*found, sentences.line("network.recurrence", count=f"{states:,}")] if states else found


def _chain(network: Network, sentences: Sentences) -> d.Table:
    """A row a layer, from below; the loss comes last."""
    head = tuple(sentences.text(f"network.column.{c}") for c in ("layer", "computes", "reads", "gives", "count"))
    rows: list[tuple[d.Line, ...]] = []
    for layer, reads, gives in zip(network.layers, network.widths[:-1], network.widths[1:], strict=True):
        count = count_of(network, layer)
        read = f"{reads:,}" if reads else sentences.text("network.words")
        rows.append(((d.Code(layer.name),), computes(layer, sentences), (read,), (f"{gives:,}",), (f"{count:,}",)))
    if network.loss is not None:
        written = _equations(network.loss.cell, sentences)
        rows.append(((sentences.text("network.loss"),), written, (f"{network.widths[-1]:,}",), ("1",), ("0",)))
    return d.Table(head, tuple(rows), frozenset({2, 3, 4}))


def count_of(network: Network, layer: Layer) -> int:
    """How many numbers the parameters of a layer hold."""
    return sum(prod(shape) for name, shape in network.shapes.items() if name.startswith(layer.prefix))


def computes(layer: Layer, sentences: Sentences) -> d.Line:
    """What a layer does, in a line."""
    match layer:
        case CellLayer():
            cell: d.Line = (d.Code(layer.cell.key),) if layer.cell.states else _equations(layer.cell, sentences)
            if not layer.cell.states and layer.direction != "both":
                return cell
            join = sentences.text(f"network.join.{layer.join}")
            return sentences.line(f"network.direction.{layer.direction}", cell=cell, join=join)
        case Embedding():
            return sentences.line("network.embedding", count=f"{layer.tokens:,}")
        case Pooling():
            return sentences.line(f"network.pooling.{layer.over}")
        case Dropout():
            return sentences.line("network.dropout", rate=f"{layer.rate:g}")
    return (layer.name,)


def _equations(cell: Cell, sentences: Sentences) -> d.Line:
    """The equations of a cell in a line."""
    [section] = derivation_document(cell, sentences).only(("equations",)).sections
    found: list[d.Inline] = []
    for block in section.blocks:
        if isinstance(block, d.Equation):
            found += ["; "] if found else []
            found.append(d.Math(block.write))
    return tuple(found)


def _parameters(network: Network, sentences: Sentences) -> d.Table:
    """Every parameter, its shape, and how many numbers it holds."""
    head = tuple(sentences.text(f"network.column.{column}") for column in ("parameter", "shape", "numbers"))
    rows: tuple[tuple[d.Line, ...], ...] = tuple(
        ((d.Code(name),), (" × ".join(map(str, shape)),), (f"{prod(shape):,}",))
        for name, shape in network.shapes.items()
    )
    return d.Table(head, rows, frozenset({2}))


def _section(network: Network, label: str, document: d.Document, sentences: Sentences) -> d.Section:
    """The derivation of a cell as a part of the page; its anchors and lines are called after its label as well."""
    cell = network.cells[label]
    layers = [layer.name for layer in network.layers if isinstance(layer, CellLayer) and layer.cell == cell]
    kind = ("cell" if cell.states else "map") if layers else "loss"
    title = sentences.text(f"network.section.{kind}", cell=cell_title(cell, sentences), layers=", ".join(layers))
    return d.Section(label, title, tuple(_within(section, label) for section in document.sections))


def _within(block: d.Block, label: str) -> d.Block:
    """A block with the label before its anchors, which are those of one cell among several."""
    if isinstance(block, d.Section):
        return replace(block, key=f"{label}.{block.key}", blocks=tuple(_within(inner, label) for inner in block.blocks))
    if isinstance(block, d.Source):
        return replace(block, ids={number: f"{label}.{identity}" for number, identity in block.ids.items()})
    if isinstance(block, d.Diagram):
        return replace(block, prefix=f"{label}.{block.prefix}")
    if isinstance(block, d.Paragraph):
        return d.Paragraph(tuple(_led(part, label) for part in block.line))
    return replace(block, id=f"{label}.{block.id}") if isinstance(block, d.Equation) else block


def _led(part: d.Inline, label: str) -> d.Inline:
    """A link to an anchor of the page leads to that with the label."""
    if isinstance(part, d.Link) and part.target.startswith("#"):
        return replace(part, target=f"#{label}.{part.target[1:]}")
    return part


def checked_network(
    network: Network, sentences: Sentences, checks: Mapping[str, Sequence[CheckResult]], results: Sequence[CheckResult]
) -> d.Document:
    """The page with the check of every line: `checks` those of its cells by their labels, `results` its own."""
    from lstm_sym.report.checked import checked_derivation

    def derived(label: str, cell: Cell) -> d.Document:
        return checked_derivation(cell, sentences, checks[label])

    return network_document(network, sentences, derived=derived, checks=results)
