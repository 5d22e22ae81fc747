"""The layers of a chain as those of a network: their arrays, directions, functions, and what is said of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from lstm_sym.equations import parse
from lstm_sym.interop.archives import damaged
from lstm_sym.interop.conventions import KERAS
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.keras.activations import activation_name, function_of, map_text, with_functions
from lstm_sym.interop.keras.alone import chain_of_weights
from lstm_sym.interop.keras.chain import RECURRENT, WITHOUT_EFFECT, Node, chain_of, nodes_of
from lstm_sym.interop.keras.files import KerasFile, Parts
from lstm_sym.interop.model import Model, ReadLayer, model_of, recurrent_layer, refuse_not_finite
from lstm_sym.kernels import Array
from lstm_sym.networks import CellLayer, Embedding, NetworkError, Pooling

_POOLS = {"GlobalAveragePooling1D": "mean", "GlobalMaxPooling1D": "max"}
_JOINS = {"concat": "concat", "sum": "sum", "ave": "mean"}


def model_of_keras(file: KerasFile, name: str) -> Model:
    """The network in a file of Keras: its chain of recurrent layers, an embedding below, dense layers above.

    Raises InteropError: no recurrent layers or no chain of them, a function or a direction that no network here has,
    arrays that are missing, do not fit, or are not finite.
    """
    weights = file.by_name
    weights = file.by_place if weights is None else weights
    if file.description is None:
        chain = chain_of_weights(file, weights)
        places = {node.name: node.name for node in chain.nodes}
    else:
        nodes = nodes_of(file.description, file.where)
        chain = chain_of(nodes, lambda node: _readable(node, file.version), file.where)
        places = _places(nodes) if file.by_name is None else {node.name: node.name for node in nodes}
    building = _Building(file, {node: weights.get(place, {}) for node, place in places.items()})
    for node in chain.nodes:
        building.add(node)
    left = [path for path in file.contents.arrays if path not in building.taken]
    if building.turned:
        building.notes.append(f"{name}: Keras gives it out from the last step to the first, here it is in their order")
    with _of_file(file.where):
        model = model_of(name, building.read, building.inputs or 0, left)
    return replace(model, told=(*model.told, *building.notes, *chain.notes))


def _places(nodes: Sequence[Node]) -> dict[str, str]:
    """Name of a layer -> what Keras 3 calls its place in a file of weights: its class, and how many came before."""
    counts: Counter[str] = Counter()
    found = {}
    for node in nodes:
        place = _snake_case(node.kind)
        found[node.name] = f"{place}_{counts[place]}" if counts[place] else place
        counts[place] += 1
    return found


def _snake_case(name: str) -> str:
    """SimpleRNN -> simple_rnn, as Keras does it."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _inner(node: Node) -> Node:
    """The layer that a layer wraps."""
    own = node.settings.get("layer")
    settings = own.get("config") if isinstance(own, Mapping) else None
    if not isinstance(own, Mapping) or not isinstance(settings, Mapping):
        return replace(node, kind="", settings={})
    return replace(node, kind=str(own.get("class_name")), settings=settings)


def _readable(node: Node, version: str) -> bool:
    """Whether a layer can stand in a network."""
    if node.kind == "TimeDistributed":
        return _inner(node).kind in ("Dense", *WITHOUT_EFFECT) and _readable(_inner(node), version)
    if node.kind == "Dense":
        name = activation_name(node.settings.get("activation"))
        return name == "softmax" or function_of(name, version) is not None
    return node.kind in (*RECURRENT, *WITHOUT_EFFECT, *_POOLS, "Embedding")


@dataclass
class _Building:
    """A network that is being made, layer by layer.

    Attributes:
        file: where it comes from.
        weights: name of a layer -> the paths of its arrays.
        read: its layers so far.
        taken: the paths of their arrays.
        notes: what else there is to say.
        inputs: the units that the first layer reads; 0 for words.
        turned: whether what the last layer gives out runs from the last step to the first.
        pooled: whether of each sequence one vector is left.
    """

    file: KerasFile
    weights: Mapping[str, Parts]
    read: list[ReadLayer] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    inputs: int | None = None
    turned: bool = False
    pooled: bool = False

    def add(self, node: Node) -> None:
        """The next layer from below."""
        where = f"{self.file.where}, layer {node.name[:80]}"
        node = _inner(node) if node.kind == "TimeDistributed" else node
        if node.kind in WITHOUT_EFFECT:
            if node.kind == "Masking":
                self.notes.append(f"{node.name}: steps are not masked here; give their number as lengths")
        elif node.kind == "Embedding":
            self._embedding(node, where)
        elif node.kind in _POOLS:
            self._pool(node.name, _POOLS[node.kind], node.kind)
        elif node.kind == "Dense":
            self._dense(node, where)
        else:
            self._recurrent(node, where)

    def _arrays(self, node: Node, where: str) -> list[Array]:
        """The arrays of a layer, in the order of Keras. Raises InteropError where one is not finite."""
        paths = [path for paths in self.weights.get(node.name, {}).values() for path in paths]
        self.taken |= {*paths}
        found = {path: self.file.contents.arrays[path] for path in paths}
        refuse_not_finite({f"{where}, {path}": value for path, value in found.items()})
        for path, value in found.items():
            if value.dtype.kind != "f":
                raise damaged(f"{where}, {path}", f"its numbers are {value.dtype}")
        return list(found.values())

    def _free(self, name: str) -> str:
        """A name of a layer here, made of that of Keras."""
        found = re.sub(r"\W", "_", name, flags=re.ASCII) or "_"
        found = f"layer_{found}" if found[0].isdigit() else found
        while any(layer.name == found for layer, _, _ in self.read):
            found += "_"
        return found

    def _put(self, layer: ReadLayer, reads: int) -> None:
        self.inputs = reads if self.inputs is None else self.inputs
        self.read.append(layer)

    def _embedding(self, node: Node, where: str) -> None:
        arrays = self._arrays(node, where)
        if len(arrays) != 1 or arrays[0].ndim != 2:
            raise _missing(where, "a table of vectors", arrays)
        if self.read:
            raise InteropError(where, "it reads words, and stands above another layer", "", "cut the model there")
        name, table = self._free(node.name), arrays[0]
        told = f"{name}: {node.name}, {len(table)} words, {table.shape[1]} units each"
        if node.settings.get("mask_zero"):
            self.notes.append(f"{node.name}: word 0 is not masked here; give the numbers of words as lengths")
        self._put(ReadLayer(Embedding(name, *table.shape), {f"{name}.E": table}, told), 0)

    def _dense(self, node: Node, where: str) -> None:
        arrays = self._arrays(node, where)
        if len(arrays) not in (1, 2) or arrays[0].ndim != 2 or any(a.shape != arrays[0].shape[1:] for a in arrays[1:]):
            raise _missing(where, "a kernel (N, M), and a bias (M,) or none", arrays)
        name, kernel = self._free(node.name), arrays[0]
        activation = activation_name(node.settings.get("activation"))
        text = map_text(f"V @ x[t]{' + b' * (len(arrays) > 1)}", activation, self.file.version)
        cell = parse(text, key=name, stateless=True)
        params = dict(zip((f"{name}.V", f"{name}.b"), (kernel.T, *arrays[1:]), strict=False))
        described = [f"{kernel.shape[0]} to {kernel.shape[1]}", activation, *["no bias"] * (len(arrays) < 2)]
        told = f"{name}: {node.name}, {', '.join(described)}"
        self._put(ReadLayer(CellLayer(name, cell, kernel.shape[1]), params, told), kernel.shape[0])

    def _pool(self, name: str, over: str, told: str) -> None:
        if self.pooled:
            raise InteropError(f"{self.file.where}, layer {name}", "it pools what has one step", "", "cut the model")
        name = self._free(name)
        self._put(ReadLayer(Pooling(name, over), {}, f"{name}: {told}"), 0)
        self.turned, self.pooled = False, True

    def _recurrent(self, node: Node, where: str) -> None:
        both = node.kind == "Bidirectional"
        own = _inner(node) if both else node
        if own.kind not in RECURRENT or own.kind == "Bidirectional":
            raise InteropError(where, f"it wraps {own.kind[:80] or 'nothing'}", "", f"{', '.join(RECURRENT)} are read")
        if self.pooled:
            found = "it reads one vector of the layer below, which gives out its last step alone"
            raise InteropError(where, found, "a RepeatVector, or return_sequences=False", "cut the model there")
        arrays = self._arrays(node, where)
        ways = [arrays[: len(arrays) // 2], arrays[len(arrays) // 2 :]] if both else [arrays]
        if any(len(way) not in (2, 3) for way in ways):
            raise _missing(where, "a kernel, a recurrent kernel, and a bias or none in each direction", arrays)
        backward = bool(own.settings.get("go_backwards"))
        if both:
            self._check_both(node, own, where)
        direction = "both" if both else "backward" if backward != self.turned else "forward"
        row = _row(own, ways[0])
        cell = with_functions(KERAS[row].cell, *self._functions(own, where), self.file.version)
        join = _JOINS[node.settings.get("merge_mode", "concat")] if both else "concat"
        named, notes = [_named(way, row) for way in ways], self._notes(own, ways[0])
        source = ("Keras", row, node.name)
        with _of_file(self.file.where):
            layer = recurrent_layer(
                self._free(node.name), source, named, direction=direction, join=join, cell=cell, notes=notes
            )
        self._put(layer, len(ways[0][0]))
        if own.settings and not own.settings.get("return_sequences"):
            self._last(node, layer.layer.name, direction, where)
        else:
            self.turned ^= backward

    def _last(self, node: Node, name: str, direction: str, where: str) -> None:
        """The step that a direction ends at, where Keras gives out no other."""
        if direction == "both" and node.settings.get("merge_mode", "concat") != "concat":
            found = f"merge_mode={node.settings['merge_mode']!r:.20} of the last step of each direction"
            raise InteropError(
                where, found, "the two last steps lie at both ends", "set return_sequences=True, or concat"
            )
        over = {"forward": "last", "backward": "first", "both": "ends"}[direction]
        self._pool(f"{name}_{over}", over, f"the step that {name} ends at")

    def _check_both(self, node: Node, own: Node, where: str) -> None:
        """Raise InteropError for two directions that no layer here has."""
        other = node.settings.get("backward_layer")
        given = other.get("config", {}) if isinstance(other, Mapping) else own.settings
        same = ("activation", "recurrent_activation", "reset_after", "use_bias", "return_sequences")
        wrong = [
            ("go_backwards=True in it", bool(own.settings.get("go_backwards"))),
            ("two directions that differ", any(given.get(key) != own.settings.get(key) for key in same)),
            ("two directions above a layer that runs backward", self.turned),
            (
                f"merge_mode={node.settings.get('merge_mode')!r:.20}",
                node.settings.get("merge_mode", "concat") not in _JOINS,
            ),
        ]
        for found, there in wrong:
            if there:
                raise InteropError(where, found, "", f"merge_mode is one of {', '.join(_JOINS)}, of equal directions")

    def _functions(self, own: Node, where: str) -> tuple[str, str]:
        """The function of the gates and that of the state. Raises InteropError for one that is not known."""
        gate = activation_name(own.settings.get("recurrent_activation", "sigmoid"))
        activation = activation_name(own.settings.get("activation", "tanh"))
        for name in (gate, activation):
            if function_of(name, self.file.version) is None:
                raise InteropError(
                    where,
                    f"the activation {name[:80]!r} is none that is known",
                    "a function of one's own, which stands in a program",
                    "write the cell with it, docs/cell-files.md: interop.read(path, into='my.toml', table=...)",
                )
        return gate, activation

    def _notes(self, own: Node, arrays: Sequence[Array]) -> list[str]:
        settings = own.settings
        gate, activation = (activation_name(settings.get(key)) for key in ("recurrent_activation", "activation"))
        found = [
            (f"{activation} in place of tanh", "activation" in settings and activation != "tanh"),
            (f"{gate} in place of sigmoid", "recurrent_activation" in settings and gate != "sigmoid"),
            (f"dropout {settings.get('dropout')}, without effect here", bool(settings.get("dropout"))),
            (
                f"recurrent dropout {settings.get('recurrent_dropout')}, without effect here",
                bool(settings.get("recurrent_dropout")),
            ),
            ("stateful: give the state that an earlier call gave", bool(settings.get("stateful"))),
            ("reset after the product, as in Keras", own.kind == "GRU" and not settings and len(arrays) < 3),
        ]
        return [note for note, there in found if there]


def _row(own: Node, arrays: Sequence[Array]) -> str:
    """The row of the layouts; of CuDNN by the biases, as Keras itself tells them apart."""
    kind = own.kind.removeprefix("CuDNN")
    biases = arrays[2].size if len(arrays) > 2 else 0
    flat = len(arrays) > 2 and arrays[2].ndim == 1
    if flat and kind != "SimpleRNN" and biases == 2 * arrays[1].shape[-1]:
        return f"CuDNN{kind}"
    if kind == "GRU":
        after = not flat if biases else own.settings.get("reset_after", not own.settings)
        return "GRU" if after else "GRU, reset before"
    return kind


def _named(arrays: Sequence[Array], row: str) -> dict[str, Array]:
    """The arrays of a direction by their names, those of CuDNN turned as Keras turns them.

    CuDNN keeps each block of a kernel as its transpose, column by column: of the recurrent kernel the transpose, of the
    input kernel the same numbers row by row.
    """
    found = dict(zip(("kernel", "recurrent_kernel", "bias"), arrays, strict=False))
    if not row.startswith("CuDNN") or any(value.ndim != 2 for value in arrays[:2]):
        return found
    count = len(KERAS[row].gates)
    if any(value.shape[1] % count for value in arrays[:2]):
        return found
    blocks = (np.split(found["kernel"], count, axis=1), np.split(found["recurrent_kernel"], count, axis=1))
    kernel = [block.T.reshape(block.shape, order="F") for block in blocks[0]]
    recurrent = [block.T for block in blocks[1]]
    if len({block.shape for block in recurrent}) > 1 or recurrent[0].shape[0] != recurrent[0].shape[1]:
        return found
    return found | {"kernel": np.concatenate(kernel, axis=1), "recurrent_kernel": np.concatenate(recurrent, axis=1)}


def _missing(where: str, wanted: str, arrays: Sequence[Array]) -> InteropError:
    shapes = ", ".join(str(value.shape) for value in arrays)[:200] or "none"
    return InteropError(
        where, f"it has {wanted}; the shapes in the file are {shapes}", "a file that was cut", "save it anew"
    )


@contextmanager
def _of_file(where: str) -> Iterator[None]:
    """Let an error of a layer or a network name the file."""
    try:
        yield
    except (InteropError, NetworkError) as error:
        raise InteropError(f"{where}, {error.where}", error.found, error.why, error.fix) from error
