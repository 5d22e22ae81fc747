"""Weights without a description: what each layer is, by the names and shapes of its arrays, and their order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from lstm_sym.interop.archives import damaged
from lstm_sym.interop.conventions import Arrays
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.keras.chain import Chain, Node
from lstm_sym.interop.keras.files import KerasFile, Parts

MOST_RECURRENT = 7
"""Recurrent layers of which every order is tried."""
NOT_SAID = "weights alone: activations are taken for those of Keras, tanh and sigmoid, and every step for given out"
OLD_GATES = "before version 2.3 gates were hard_sigmoid, unless the program said otherwise"
_GATES = {4: "LSTM", 3: "GRU", 1: "SimpleRNN"}
_PLACED = {"lstm", "gru", "simple_rnn", "cu_dnnlstm", "cu_dnngru", "bidirectional"}
"""What Keras 3 calls places of recurrent layers, but for the number behind."""
Sized = tuple[Node, int, int]
"""A layer, the units that it reads, and those that it gives out."""


def chain_of_weights(file: KerasFile, layers: Mapping[str, Parts]) -> Chain:
    """The recurrent layers in their order, an embedding below them, and dense layers above, as far as widths chain.

    Raises InteropError: no recurrent layer, layers that do not chain, or that chain in several orders.
    """
    arrays = file.contents.arrays
    found = [sized for name, parts in layers.items() if (sized := _sized(name, parts, arrays, file.where))]
    recurrent = [sized for sized in found if sized[0].kind not in ("Embedding", "Dense")]
    if not recurrent:
        names = ", ".join(layers)[:200] or "none"
        raise InteropError(file.where, f"no layer in it is recurrent: {names}", "a model of another kind", "")
    ordered = file.by_name is not None
    orders = [recurrent] if ordered else list(_orders(recurrent, file.where))
    fitting = [order for order in orders if all(lower[2] == upper[1] for lower, upper in pairwise(order))]
    words = {gives for node, _, gives in found if node.kind == "Embedding"}
    fitting = [order for order in fitting if order[0][1] in words] or fitting
    if len(fitting) != 1:
        described = ", ".join(f"{node.name} ({reads} to {gives})" for node, reads, gives in recurrent)
        raise InteropError(
            file.where,
            f"its recurrent layers chain in {len(fitting)} orders: {described}",
            "a file of weights alone does not tell what stands between them, or which comes first",
            "save the whole model: model.save('model.keras')",
        )
    [chain] = fitting
    lowest = [node for node, _, gives in found if node.kind == "Embedding" and gives == chain[0][1]]
    start = next((k for k, (node, _, _) in enumerate(found) if node is chain[-1][0]), 0) if ordered else -1
    above = _dense(found[start + 1 :], chain[-1][2])
    version = re.match(r"(\d{1,4})\.(\d{1,4})", file.version)
    old = version is not None and (int(version[1]), int(version[2])) < (2, 3)
    notes = (NOT_SAID, OLD_GATES) if old and any("CuDNN" not in node.kind for node, _, _ in chain) else (NOT_SAID,)
    return Chain((*lowest[:1], *(node for node, _, _ in chain), *above), notes)


def _sized(name: str, parts: Parts, arrays: Arrays, where: str) -> Sized | None:
    """What a layer is, and its widths; None for one that is not known."""
    paths = [path for own in parts.values() for path in own]
    shapes = [arrays[path].shape for path in paths]
    if name_is_recurrent(name, paths):
        return _recurrent(name, shapes, where)
    words = re.fullmatch(r"embedding(_\d+)?", name) or (paths and "embeddings" in paths[0])
    if len(shapes) == 1 and len(shapes[0]) == 2 and words:
        return Node(name, "Embedding", {}), 0, shapes[0][1]
    dense = len(paths) in (1, 2) and len(shapes[0]) == 2 and shapes[1:] in ([], [shapes[0][1:]])
    return (Node(name, "Dense", {}), *shapes[0]) if dense and _is_dense(name, paths) else None


def name_is_recurrent(name: str, paths: Sequence[str]) -> bool:
    """Whether the arrays of a layer are those of a recurrent one: by their names, or by its place."""
    place = re.sub(r"_\d+$", "", name)
    return any(re.search(r"recurrent_kernel(:\d+)?$", path) for path in paths) or (
        place in _PLACED and all(re.search(r"/vars/\d+$", path) for path in paths)
    )


def _is_dense(name: str, paths: Sequence[str]) -> bool:
    return bool(re.search(r"/kernel(:\d+)?$", paths[0]) or re.fullmatch(r"(dense|time_distributed)(_\d+)?", name))


def _recurrent(name: str, shapes: Sequence[tuple[int, ...]], where: str) -> Sized:
    """By the columns that the recurrent matrix has for each of its rows; twice as many arrays are two directions."""
    both = len(shapes) > 3
    matrices = shapes[:2]
    if len(shapes) not in (2, 3, 4, 6) or any(len(shape) != 2 for shape in matrices):
        raise damaged(f"{where}, {name}", f"the shapes of its arrays are {', '.join(map(str, shapes))[:200]}")
    (reads, _), (units, columns) = matrices
    kind = _GATES.get(columns // units) if units and columns % units == 0 else None
    if kind is None:
        counts = ", ".join(f"{count} in a {kind}" for count, kind in _GATES.items())
        raise InteropError(
            f"{where}, {name}",
            f"the shape of its recurrent kernel is {(units, columns)}",
            "a layer of one's own",
            f"its columns are so many times its rows: {counts}; or give read(path, into=cell, table=...) a table",
        )
    settings = {"layer": {"class_name": kind, "config": {}}} if both else {}
    return Node(name, "Bidirectional" if both else kind, settings), reads, units * (1 + both)


def _orders(recurrent: Sequence[Sized], where: str) -> Iterator[list[Sized]]:
    """The orders of layers in which those of one class follow each other by the numbers behind their names."""
    if len(recurrent) > MOST_RECURRENT:
        found = f"{len(recurrent)} recurrent layers without a description"
        raise InteropError(where, found, "weights alone", "save the whole model: model.save('model.keras')")
    queues: dict[str, list[Sized]] = {}
    for sized in sorted(recurrent, key=lambda sized: _number(sized[0].name)):
        queues.setdefault(re.sub(r"_\d+$", "", sized[0].name), []).append(sized)
    yield from _merged(list(queues.values()))


def _merged(queues: Sequence[list[Sized]]) -> Iterator[list[Sized]]:
    if not any(queues):
        yield []
    for k, queue in enumerate(queues):
        if queue:
            rest = [*queues[:k], queue[1:], *queues[k + 1 :]]
            yield from ([queue[0], *more] for more in _merged(rest))


def _dense(found: Sequence[Sized], width: int) -> list[Node]:
    """Dense layers one above the other, as far as each reads what the one below gives out."""
    chain: list[Node] = []
    for node, reads, gives in sorted(found, key=lambda sized: _number(sized[0].name)):
        if node.kind == "Dense" and reads == width:
            chain.append(node)
            width = gives
    return chain


def _number(name: str) -> int:
    """The number behind a name; 0 for none."""
    found = re.search(r"_(\d{1,9})$", name)
    return int(found[1]) if found else 0
