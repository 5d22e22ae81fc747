"""Which layers of a model stand one above the other, as its description says: the recurrent and what is about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from lstm_sym.interop.archives import damaged
from lstm_sym.interop.errors import InteropError

RECURRENT = ("LSTM", "GRU", "SimpleRNN", "CuDNNLSTM", "CuDNNGRU", "Bidirectional")
WITHOUT_EFFECT = (
    *("InputLayer", "Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout"),
    *("ActivityRegularization", "Masking", "Identity"),
)
"""Layers that hand on what they read, where nothing is trained."""
MOST_LAYERS = 1000
LONGEST_NAME = 200


@dataclass(frozen=True, eq=False)
class Node:
    """A layer of Keras.

    Attributes:
        name: what Keras calls it.
        kind: its class.
        settings: its own, as Keras writes them; empty in a file of weights alone.
        inputs: the names of the layers that it reads.
        masks: of those that say which of its steps count.
        calls: how often the model has it, each time with the same weights.
    """

    name: str
    kind: str
    settings: Mapping[str, Any]
    inputs: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    calls: int = 1


@dataclass(frozen=True)
class Chain:
    """Layers from below, and what is said of the rest."""

    nodes: tuple[Node, ...]
    notes: tuple[str, ...] = ()


def nodes_of(description: Mapping[str, Any], where: str) -> list[Node]:
    """All layers of a model that is Sequential or functional. Raises InteropError for another."""
    kind, own = description.get("class_name"), description.get("config")
    if kind not in ("Sequential", "Functional", "Model"):
        raise InteropError(
            where,
            f"its model is a {str(kind)[:80]}",
            "a class of its own, whose layers stand in a program",
            "save the weights, and say which is which: interop.read(path, into=cell, table=...)",
        )
    entries = own.get("layers") if isinstance(own, Mapping) else own
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise damaged(where, "the description of its model has no list of layers")
    if len(entries) > MOST_LAYERS:
        raise InteropError(where, f"{len(entries):,} layers; at most {MOST_LAYERS:,} are read", "", "save its parts")
    found: list[Node] = []
    for entry in entries:
        settings = entry.get("config")
        if not isinstance(settings, Mapping) or not isinstance(entry.get("class_name"), str):
            raise damaged(where, "a layer is described without a class or settings")
        name = settings.get("name", entry.get("name"))
        if not isinstance(name, str) or len(name) > LONGEST_NAME or any(node.name == name for node in found):
            raise damaged(where, f"the name of a layer is {name!r:.80}, or two have it")
        node = Node(name, entry["class_name"], settings, tuple(node.name for node in found[-1:]))
        found.append(node if kind == "Sequential" else _called(node, entry.get("inbound_nodes")))
    return found


def _called(node: Node, calls: Any) -> Node:
    """A layer of a functional model with what each of its calls reads."""
    calls = calls if isinstance(calls, list) else []
    keywords = [call.get("kwargs") for call in calls if isinstance(call, Mapping)]
    masks = _inputs([own.get("mask") for own in keywords if isinstance(own, Mapping)])
    names, masking = (tuple(islice(found, MOST_LAYERS)) for found in (_inputs(calls), masks))
    return replace(node, inputs=names, masks=masking, calls=len(calls))


def chain_of(nodes: Sequence[Node], readable: Callable[[Node], bool], where: str) -> Chain:
    """The recurrent layers one above the other, what is readable below the lowest, and above the highest.

    readable: whether a layer can stand in a network. Raises InteropError where recurrent layers are none, or do not
    stand one above the other with readable layers between them.
    """
    known = {node.name: node for node in nodes}
    recurrent = [node for node in nodes if node.kind in RECURRENT]
    if not recurrent:
        kinds = ", ".join(dict.fromkeys(node.kind for node in nodes))[:200] or "nothing"
        raise InteropError(where, f"it has no recurrent layer that is known: {kinds}", "a model of another kind", "")
    read = _below(recurrent, known)
    _refuse_called_again([node for node in nodes if node in recurrent or (node.name in read and readable(node))], where)
    _refuse_given_states(recurrent, where)
    [top, *others] = [node for node in recurrent if node.name not in read] or recurrent[:1]
    chain, notes = _down(top, known, readable)
    apart = [node for node in recurrent if node not in chain]
    if others or apart:
        names = ", ".join(node.name for node in recurrent)[:400]
        raise InteropError(
            where,
            f"its recurrent layers {names} are no chain: {_why_apart(chain, apart, nodes)}",
            "branches, or layers between them that no network here has",
            f"cut the model in Keras, keras.Model(inputs, layer.output), and save each part: {names}",
        )
    upper, more = _up(top, nodes, readable)
    return Chain((*chain, *upper), (*notes, *more, *_beside(chain, nodes)))


def _why_apart(chain: Sequence[Node], apart: Sequence[Node], nodes: Sequence[Node]) -> str:
    """What stands between the lowest recurrent layer of a chain and those apart from it."""
    lowest = next(node for node in chain if node.kind in RECURRENT)
    below = _below([lowest], {node.name: node for node in nodes})
    above = _reached([node.name for node in apart], _readers(nodes))
    found = [node for node in nodes if node.name in below & above and node.kind not in RECURRENT]
    names = ", ".join(node.name for node in apart)[:400]
    if not found:
        return f"{names} and {lowest.name} do not stand one above the other"
    layers = ", ".join(f"{node.name} ({node.kind[:80]})" for node in found)[:400]
    return f"between {names} and {lowest.name} stand{'s' * (len(found) == 1)} {layers}"


def _refuse_given_states(recurrent: Sequence[Node], where: str) -> None:
    """Raise InteropError for a recurrent layer that reads more than its x."""
    for node in recurrent:
        if len(node.inputs) > 1:
            raise InteropError(
                f"{where}, layer {node.name[:80]}",
                f"its initial_state is given by another layer: {', '.join(dict.fromkeys(node.inputs[1:]))[:200]}",
                "an encoder and a decoder, or a state made of features",
                "cut the model in Keras, keras.Model(inputs, layer.output), and save each part",
            )


def _refuse_called_again(nodes: Sequence[Node], where: str) -> None:
    """Raise InteropError for a layer that stands in several places."""
    for node in nodes:
        if node.calls > 1:
            raise InteropError(
                f"{where}, layer {node.name[:80]}",
                f"it is called {node.calls} times with the same weights: on {', '.join(node.inputs)[:200]}",
                "one layer object at several places of a model; a layer of a network here stands in one place",
                "cut the model in Keras, keras.Model(inputs, layer.output), and save each part",
            )


def _beside(chain: Sequence[Node], nodes: Sequence[Node]) -> Iterator[str]:
    """What is said of who reads the states of recurrent layers, and of masks that no layer of the chain makes."""
    masking = any(node.kind == "Masking" or node.settings.get("mask_zero") for node in chain)
    for node in chain:
        if node.kind not in RECURRENT:
            continue
        readers = [one.name for one in nodes if any(name.startswith(f"{node.name}[") for name in one.inputs)]
        if readers:
            many = "s" * (len(readers) == 1)
            yield f"{', '.join(readers)}, which read{many} the state that {node.name} ends at: not read here"
        if node.masks and not masking:
            names = ", ".join(dict.fromkeys(node.masks))
            yield f"{node.name}: steps are not masked here as {names} says; give their number as lengths"


def _down(top: Node, known: Mapping[str, Node], readable: Callable[[Node], bool]) -> tuple[list[Node], list[str]]:
    """From this layer down, while each reads one readable layer; the lowest first."""
    chain = [top]
    while True:
        lowest = chain[0]
        below = known.get(lowest.inputs[0]) if len(lowest.inputs) == 1 else None
        if below is None or below in chain or not readable(below):
            names = "" if below is not None and below.kind == "InputLayer" else ", ".join(lowest.inputs)
            return chain, [f"x is what {names} gives out, which is not read here"] if names else []
        chain.insert(0, below)


def _up(top: Node, nodes: Sequence[Node], readable: Callable[[Node], bool]) -> tuple[list[Node], list[str]]:
    """From this layer up, while one readable layer alone reads each."""
    known, readers = {node.name: node for node in nodes}, _readers(nodes)
    chain = [top]
    while True:
        above = [node for name in readers[chain[-1].name] if (node := known[name]) not in chain]
        if not above:
            return chain[1:], []
        if len(above) > 1 or len(above[0].inputs) > 1 or not readable(above[0]):
            names = ", ".join(node.name for node in above)
            return chain[1:], [f"{names}, which read{'s' * (len(above) == 1)} {chain[-1].name}: not read here"]
        chain.append(above[0])


def _readers(nodes: Sequence[Node]) -> Mapping[str, list[str]]:
    """Name of a layer -> the names of those that read it."""
    readers: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        for name in dict.fromkeys(node.inputs):
            readers[name].append(node.name)
    return readers


def _below(nodes: Sequence[Node], known: Mapping[str, Node]) -> set[str]:
    """The names of all layers that these read, and those read."""
    return _reached([node.name for node in nodes], {name: node.inputs for name, node in known.items()}) & known.keys()


def _reached(names: Sequence[str], following: Mapping[str, Sequence[str]]) -> set[str]:
    """What follows these names, in any number of steps."""
    found: set[str] = set()
    waiting = [one for name in names for one in following.get(name, ())]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += following.get(name, ())
    return found


def _inputs(given: Any) -> Iterator[str]:
    """The names of layers in the description of what a layer reads; name[k] for another than its first output.

    Masks are no input.

    Keras 3 writes a tensor as {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}, Keras 2
    as [name, 0, 0, {...}].
    """
    waiting = [given]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            own = value.get("config")
            history = own.get("keras_history") if isinstance(own, Mapping) else None
            read = [own for key, own in value.items() if key != "mask"]
            waiting += [history] if history is not None else read[::-1]
        elif isinstance(value, list) and len(value) >= 3 and isinstance(value[0], str):
            yield value[0] if value[2] == 0 else f"{value[0]}[{value[2]!r:.20}]"
            waiting += value[:2:-1]
        elif isinstance(value, list):
            waiting += value[::-1]
