"""What is called: a function whose arguments are known by their names, or what an interface describes.

A target is told values by what they are ("x", "params/W_i", "pack/Wx"), and answers with what was returned, by our
names of outputs, or by "pack/Wx" for what has the arrangement of a pack.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any, Protocol

from . import OWN_BUILTINS
from .contexts import Context, as_tensors
from .results import by_names, flat, is_gradient, mapping, of_steps, spread
from .values import Arrays, Complaint, Request, same

globals()["__builtins__"] = OWN_BUILTINS

DEPTH = 3
"""How deep parameters are looked for in an object's attributes."""

GRADIENTS = ("grad", "grads", "gradient", "gradients", "dparams", "d_params", "derivatives")
"""Attributes of an object that hold gradients by the names of the parameters."""

HELD = ("v", "value", "val", "data", "array")
HELD_GRADIENT = ("d", "grad", "dv", "deriv", "derivative", "gradient")
"""Attributes of an object that is one parameter, and of its gradient."""


class Target(Protocol):
    """Something to be called for gradients; `sources` are what it is given, by its own names."""

    by: str
    sources: list[str]
    ignored: set[str]
    left: set[str]
    spelled: dict[str, str]
    forward_parts: list[Any]

    def gradients(self, values: Arrays) -> Arrays:
        """What is returned for these values."""


class Documented:
    """A function whose arguments have names that are known, and that returns gradients under known names."""

    def __init__(self, function: Callable[..., Any], request: Request) -> None:
        self.function, self.request = function, request
        self.given = arguments_of(function, request)
        self.sources = [*self.given.values()]
        self.by = "step" if any(source.startswith("carried/") for source in self.sources) else "batch"
        self.ignored: set[str] = set()
        self.left: set[str] = set()
        self.spelled: dict[str, str] = {}
        self.forward_parts: list[Any] = []

    def gradients(self, values: Arrays) -> Arrays:
        """What it returns."""
        return self.outputs(self.function(**{name: values[source] for name, source in self.given.items()}))

    def outputs(self, result: Any) -> Arrays:
        """What was returned, by our names."""
        order = self.request["order"]
        fields = mapping(result)
        if fields is not None:
            return known(list(flat(fields)), self.request["outputs"], self)
        if not isinstance(result, list | tuple):
            if getattr(result, "ndim", 0) == 0:
                raise Complaint("wrong type", type=type(result).__name__)
            return {order[0]: result}
        inner = [fields for part in result if (fields := mapping(part)) is not None]
        rest = [part for part in result if mapping(part) is None]
        entries = [entry for fields in inner for entry in flat(fields)]
        named = known(entries, self.request["outputs"], self) if inner else {}
        states, x = [f"{name}[0]" for name in self.request["states"]], [name for name in order if name == "x"]
        orders = [x, [*x, *states], states] if inner else [order, order[: len(order) - len(states)]]
        fitting = [names for names in orders if len(names) == len(rest)] or ([[]] if not rest else [])
        if not fitting:
            raise Complaint("wrong length", length=len(result))
        for name in fitting[0]:
            if name in named:
                raise Complaint("twice", output=name, entries=["an entry of a dict", "a part of the tuple"])
        return named | dict(zip(fitting[0], rest, strict=True))


def arguments_of(function: Callable[..., Any], request: Request) -> dict[str, str]:
    """Argument -> what it is given: of those it must have, and of those with a default that are known."""
    found: dict[str, str] = {}
    table = request["arguments"]
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise Complaint("positional", argument=name)
        if name in table:
            found[name] = table[name]
        elif parameter.default is parameter.empty:
            raise Complaint("unknown argument", argument=name)
    given = set(found.values())
    if not any(source == "dy" or source.startswith(("dstate", "carried")) for source in given):
        raise Complaint("no cotangent")
    return found


def known(fields: list[tuple[str, Any]], table: Mapping[str, str], target: Target) -> Arrays:
    """Entries by our names; those of other names are noted, and none may be there twice, but for the gradient of a
    first state beside the last state.
    """
    entries: dict[str, list[tuple[str, Any]]] = {}
    for name, value in fields:
        entries.setdefault(table.get(name, ""), []).append((name, value))
    target.ignored |= {name for name, _ in entries.pop("", [])}
    found: Arrays = {}
    for output, several in entries.items():
        gradients = several
        if len(several) > 1 and output.endswith("[0]"):
            gradients = [entry for entry in several if is_gradient(entry[0])]
        if len(gradients) != 1:
            raise Complaint("twice", output=output, entries=[name for name, _ in several])
        target.ignored |= {name for name, _ in several if name != gradients[0][0]}
        target.spelled[output], found[output] = gradients[0]
    if not found:
        raise Complaint("no known output", names=sorted(name for name, _ in fields))
    return found


class Described:
    """What an interface describes: a backward pass, with the forward pass, the object and the globals it needs."""

    def __init__(self, module: ModuleType, interface: Request) -> None:
        self.module, self.interface = module, interface
        self.by = interface["by"]
        calls = [interface["forward"], interface["backward"], {"arguments": interface["construct"]}]
        self.sources = [source for call in calls if call for _, source in call["arguments"]]
        self.sources += [source for _, source in interface["globals"]]
        self.ignored: set[str] = set()
        self.left: set[str] = set()
        self.spelled: dict[str, str] = {}
        self.forward_parts: list[Any] = []

    def gradients(self, values: Arrays) -> Arrays:
        """What its backward pass returns, or leaves in the object, after its forward pass."""
        interface = self.interface
        for name, source in interface["globals"]:
            setattr(self.module, name, values[source])
        for name, source in interface["readout"]:
            if hasattr(self.module, name):
                setattr(self.module, name, values[source])
        owner = self.owner(values)
        made = list(self.unknown(owner, values))
        first = [Context()] if interface["context"] else []
        if interface["forward"]:
            result = self.called(owner, interface["forward"], first, values)
            values = values | dict(parts_of(result))
            self.forward_parts = [part for _, part in parts_of(result)]
        result = self.called(owner, interface["backward"], first, values)
        self.left = {name for name, fields, value, copy in made if fields.get(name) is value and same(value, copy)}
        table = interface["outputs"]
        returned = [(name, value) for name, value in spread(self.named(result), table) if value is not None]
        told = {table.get(name) for name, _ in returned}
        left = [(n, v) for n, v in left_in(owner, self.module.__name__, DEPTH) if table.get(n) not in {*told, None}]
        return known([*returned, *left], table, self)

    def owner(self, values: Arrays) -> Any:
        """The module, the class, or an object of it that has the given parameters."""
        name = self.interface["owner"]
        if not name:
            return self.module
        kind = getattr(self.module, name)
        if not self.interface["is_object"]:
            return kind
        made = kind(**{argument: values[source] for argument, source in self.interface["construct"]})
        packs = {name.removeprefix("pack/"): value for name, value in values.items() if name.startswith("pack/")}
        packs |= {name: values[source] for name, source in self.interface["readout"]}
        filled = fill(made, packs, self.module.__name__, DEPTH)
        if not filled and not any(source.startswith(("pack/", "packs/", "params")) for source in self.sources):
            raise Complaint("not filled", owner=name, names=sorted(getattr(made, "__dict__", {})))
        return made

    def unknown(self, owner: Any, values: Arrays) -> Iterator[tuple[str, Any, Any, Any]]:
        """The arrays that an object of the user's has been made with, of the shape of a parameter, under names that are
        not known and that its methods read: the name, where it is held, the array, and a copy of it.
        """
        if not self.interface["is_object"]:
            return
        shapes = {shape_of(value) for name, value in values.items() if name.startswith(("params/", "pack/"))}
        known = {*values, *self.interface["outputs"], *(name for name, _ in self.interface["readout"])}
        known |= {name.removeprefix("pack/") for name in known}
        for name, fields in held_arrays(owner, self.module.__name__, DEPTH, known):
            value = fields[name]
            if name in self.interface["reached"] and value.dtype.kind == "f" and shape_of(value) in shapes:
                yield name, fields, value, value.copy()

    def called(self, owner: Any, call: Request, first: list[Any], values: Arrays) -> Any:
        """One call, by position where a context comes first, else by names."""
        given = {name: values[source] for name, source in call["arguments"]}
        function = getattr(owner, call["name"])
        if not first:
            return function(**given)
        torch = sys.modules.get("torch")
        is_torch = torch is not None and isinstance(owner, type) and issubclass(owner, torch.autograd.Function)
        return function(*first, *(as_tensors(torch, value) if is_torch else value for value in given.values()))

    def named(self, result: Any) -> list[tuple[str, Any]]:
        """What was returned, by the user's names."""
        names = self.interface["backward"]["returns"]
        fields = mapping(result) if not isinstance(result, list) else of_steps(result)
        if fields is not None:
            return list(flat(fields))
        if result is None:
            return []
        is_one = len(names) == 1 and self.interface["outputs"].get(names[0], "") == "x"  # a list of steps
        parts = list(result) if isinstance(result, list | tuple) and not is_one else [result]
        if len(parts) != len(names):
            raise Complaint("returned otherwise", length=len(parts), names=[str(name) for name in names])
        return list(by_names(parts, names))


def parts_of(result: Any) -> Iterator[tuple[str, Any]]:
    """The whole and the parts of what a forward pass returned, as they are asked for: "forward", "forward/0", ..."""
    yield "forward", result
    for place, part in enumerate(result if isinstance(result, list | tuple) else ()):
        yield f"forward/{place}", part


def fill(made: Any, packs: Arrays, module: str, depth: int) -> int:
    """Put the given parameters into an object, its dicts and the objects in it, where it has any of these names; how
    many were put there.
    """
    fields = made if isinstance(made, dict) else getattr(made, "__dict__", None)
    if fields is None or not depth:
        return 0
    filled = 0
    for name, value in list(fields.items()):
        if name in packs:
            if held := held_in(value, module, HELD):
                setattr(value, held, packs[name])
            else:
                fields[name] = packs[name]
            filled += 1
        elif isinstance(value, dict) or type(value).__module__ == module:
            filled += fill(value, packs, module, depth - 1)
    return filled


def held_arrays(made: Any, module: str, depth: int, known: set[str]) -> Iterator[tuple[str, Any]]:
    """The names of the arrays in an object, its dicts and the objects in it, but for those that are known, each with
    the dict that holds it.
    """
    fields = made if isinstance(made, dict) else getattr(made, "__dict__", None)
    for name, value in list(fields.items()) if fields and depth else ():
        if name in known:
            continue
        if hasattr(value, "dtype") and hasattr(value, "shape"):
            yield str(name), fields
        elif isinstance(value, dict) or type(value).__module__ == module:
            yield from held_arrays(value, module, depth - 1, known)


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of an array without axes of size 1, a matrix as its transpose too."""
    return tuple(sorted(size for size in value.shape if size != 1))


def held_in(value: Any, module: str, names: tuple[str, ...]) -> str:
    """The attribute of these names of an object that is one parameter, of a class of the file; "" if it has none."""
    if type(value).__module__ != module:
        return ""
    return next((name for name in names if hasattr(getattr(value, name, None), "shape")), "")


def left_in(owner: Any, module: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Gradients that a method left in its object, or in one in it: attributes called d..., dicts and lists
    of gradients.
    """
    if isinstance(owner, ModuleType | type) or not depth:
        return
    for name, value in getattr(owner, "__dict__", {}).items():
        fields = mapping(value)
        if name in GRADIENTS and fields is not None:
            yield from ((f"d{key.removeprefix('d')}", entry) for key, entry in flat(fields))
        elif name in GRADIENTS and isinstance(value, list | tuple):
            yield from ((f"{name}/{place}", entry) for place, entry in enumerate(value))
        elif held := held_in(value, module, HELD_GRADIENT):
            yield f"d{name}", getattr(value, held)
        elif type(value).__module__ == module:
            yield from left_in(value, module, depth - 1)
        elif fields is None and name.startswith(("d", "grad")) and hasattr(value, "shape"):
            yield name, value
