"""Weights without a description: what each layer is, by the names and shapes of its arrays, and their order."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from lstm_sym.interop.archives import damaged
from lstm_sym.interop.conventions import Arrays
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.keras.chain import RECURRENT, Chain, Node
from lstm_sym.interop.keras.files import KerasFile, Parts

MOST_LAYERS = 20
"""Layers of more than one class of which every order is tried."""
NOT_SAID = (
    "weights alone: activations are taken for those of Keras, tanh and sigmoid, every step for given out, and what has "
    "no weights or is not known here (functions, Add, Concatenate, BatchNormalization) for absent"
)
BY_NUMBER = "weights alone: layers of one class follow each other by the numbers behind their names"
OLD_GATES = "before version 2.3 gates were hard_sigmoid, unless the program said otherwise"
_GATES = {4: "LSTM", 3: "GRU", 1: "SimpleRNN"}
_PLACED = {"lstm", "gru", "simple_rnn", "cu_dnnlstm", "cu_dnngru", "bidirectional"}
"""What Keras 3 calls places of recurrent layers, but for the number behind."""
Sized = tuple[Node, int, int]
"""A layer, the units that it reads, and those that it gives out."""
Order = tuple[Sized, ...]
"""Layers from below."""


def chain_of_weights(file: KerasFile, layers: Mapping[str, Parts]) -> Chain:
    """The recurrent and dense layers in their order, an embedding below them.

    The order is that of the file where it has one (Keras 2); else the one order of all of them whose widths chain.

    Raises InteropError: no recurrent layer, layers that do not chain, or that chain in several orders.
    """
    arrays = file.contents.arrays
    found = [sized for name, parts in layers.items() if (sized := _sized(name, parts, arrays, file.where))]
    if not any(_is_recurrent(sized) for sized in found):
        names = ", ".join(layers)[:200] or "none"
        raise InteropError(file.where, f"no layer in it is recurrent: {names}", "a model of another kind", "")
    upper = [sized for sized in found if sized[0].kind != "Embedding"]
    words = [sized for sized in found if sized[0].kind == "Embedding"]
    ordered = file.by_name is not None
    orders = _as_they_stand(upper) if ordered else _orders(upper, file.where)
    fitting = [(table, *order) for table in words for order in orders if table[2] == order[0][1]] or orders
    if len(fitting) != 1:
        raise _unsure(upper, fitting, file.where)
    nodes = [node for node, _, _ in fitting[0]]
    version = re.match(r"(\d{1,4})\.(\d{1,4})", file.version)
    old = version is not None and (int(version[1]), int(version[2])) < (2, 3)
    ours = any("CuDNN" not in node.kind for node in nodes if node.kind in RECURRENT)
    notes = [(BY_NUMBER, not ordered and len(upper) > 1), (NOT_SAID, True), (OLD_GATES, old and ours)]
    return Chain(tuple(nodes), tuple(note for note, there in notes if there))


def _is_recurrent(sized: Sized) -> bool:
    return sized[0].kind in RECURRENT


def _unsure(layers: Sequence[Sized], orders: Sequence[Order], where: str) -> InteropError:
    """The error for layers that chain in no order, or in several, of which it names two."""
    described = ", ".join(f"{node.name} ({reads} to {gives})" for node, reads, gives in layers)[:400]
    names = [", ".join(node.name for node, _, _ in order)[:200] for order in orders[:2]]
    found = f"chain in several orders, {'; or '.join(names)}, and the file does not tell which" if names else ""
    return InteropError(
        where,
        f"its layers {found or 'chain in no order'}: {described}",
        "a file of weights alone does not tell which layer comes first, or what stands between them",
        "save the whole model, model.save('model.keras'); or build the network and say which array is which, "
        "interop.read(path, into=cell, table=...)",
    )


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


def _as_they_stand(layers: Sequence[Sized]) -> list[Order]:
    """The layers from the lowest recurrent one to the highest, and those dense beside them as far as widths chain."""
    places = [k for k, sized in enumerate(layers) if _is_recurrent(sized)]
    chain = [*layers[places[0] : places[-1] + 1]]
    if any(lower[2] != upper[1] for lower, upper in pairwise(chain)):
        return []
    for below in layers[: places[0]][::-1]:
        if below[2] != chain[0][1]:
            break
        chain.insert(0, below)
    for above in layers[places[-1] + 1 :]:
        if above[1] == chain[-1][2]:
            chain.append(above)
    return [tuple(chain)]


def _orders(layers: Sequence[Sized], where: str) -> list[Order]:
    """Orders of all layers whose widths chain, those of one class by the numbers behind their names; some two of many.

    Of partial orders of the same layers that give out the same width, two tell as much as all.
    """
    queues: dict[str, list[Sized]] = defaultdict(list)
    for sized in sorted(layers, key=lambda sized: _number(sized[0].name)):
        queues[re.sub(r"_\d+$", "", sized[0].name)].append(sized)
    if len(layers) > MOST_LAYERS and len(queues) > 1:
        found = f"{len(layers)} layers without a description; of at most {MOST_LAYERS} every order is tried"
        raise InteropError(where, found, "weights alone", "save the whole model: model.save('model.keras')")
    partial: dict[tuple[tuple[int, ...], int | None], list[Order]] = {((0,) * len(queues), None): [()]}
    for _ in layers:
        longer: dict[tuple[tuple[int, ...], int | None], list[Order]] = defaultdict(list)
        for (taken, width), orders in partial.items():
            for k, (queue, count) in enumerate(zip(queues.values(), taken, strict=True)):
                if count < len(queue) and width in (None, queue[count][1]):
                    state = ((*taken[:k], count + 1, *taken[k + 1 :]), queue[count][2])
                    longer[state] = [*longer[state], *((*order, queue[count]) for order in orders)][:2]
        partial = longer
    return [order for orders in partial.values() for order in orders]


def _number(name: str) -> int:
    """The number behind a name; 0 for none."""
    found = re.search(r"_(\d{1,9})$", name)
    return int(found[1]) if found else 0
