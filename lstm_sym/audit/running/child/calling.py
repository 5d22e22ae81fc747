"""Calls the function for each sequence, and reads what it returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from numpy import array, asarray, float64

from . import OWN_BUILTINS
from .results import flat, mapping
from .values import Arrays, Complaint, Named, Request, apart, same

globals()["__builtins__"] = OWN_BUILTINS

APART = ("x", "dy")
"""What lies apart in memory in a case that is strided."""


def sources(function: Callable[..., Any], request: Request) -> dict[str, str]:
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


class Caller:
    """Calls the function, over a whole sequence or step by step."""

    def __init__(self, function: Callable[..., Any], request: Request) -> None:
        self.function, self.request = function, request
        self.sources = sources(function, request)
        self.by_step = any(source.startswith("carried/") for source in self.sources.values())
        self.output = f"carried/{request['output']}"
        self.adds_cotangent = (
            self.by_step and "dy" not in self.sources.values() and self.output in self.sources.values()
        )
        self.changed: set[str] = set()
        self.ignored: set[str] = set()
        self.single: set[int] = set()
        self.case = 0

    def gradients(self, given: Arrays, case: int) -> Arrays:
        """All gradients of one case, by its number."""
        self.case = case
        return self.stepwise(given) if self.by_step else self.call(given)

    def stepwise(self, given: Arrays) -> Arrays:
        """The loop t = T-1 .. 0 around a function of one step: what it sends goes on, parameters' gradients add up.

        A function that does not take dy gets it with what arrives for the state that is the output.
        """
        states = self.request["states"]
        carried = {f"carried/{name}": given[f"dstate/{name}"] for name in states}
        totals: Arrays = {}
        inputs = []
        for t in reversed(range(given["dy"].shape[0])):
            here = {name: value[t] if name in self.request["timed"] else value for name, value in given.items()}
            if self.adds_cotangent:
                carried[self.output] = carried[self.output] + here["dy"]
            outputs = self.call(here | carried)
            missing = [name for name in states if f"{name}[0]" not in outputs]
            if missing:
                raise Complaint("nothing sent", states=missing)
            carried = {f"carried/{name}": outputs.pop(f"{name}[0]").astype(given["dy"].dtype) for name in states}
            inputs.append(outputs.pop("x", None))
            totals = {name: totals.get(name, 0) + value for name, value in outputs.items()}
        if all(value is not None for value in inputs):
            totals["x"] = array(inputs[::-1])
        return totals | {f"{name}[0]": carried[f"carried/{name}"] for name in states}

    def call(self, given: Arrays) -> Arrays:
        """One call, with copies of its own; what it changes of them is noted."""
        strided = self.request["strided"][self.case]
        copies = {name: apart(value) if strided and name in APART else value.copy() for name, value in given.items()}
        groups = {
            name: Named({key: copies[source] for key, source in members.items() if source in copies})
            for name, members in self.request["groups"].items()
        }
        sizes = {f"size/{name}": size for name, size in self.request["sizes"][self.case].items()}
        values = copies | groups | sizes
        result = self.function(**{name: values[source] for name, source in self.sources.items()})
        self.changed |= {name for name, value in given.items() if not same(copies[name], value)}
        return {name: self.array(name, value) for name, value in self.outputs(result).items()}

    def outputs(self, result: Any) -> Arrays:
        """What was returned, by our names."""
        order = self.request["order"]
        fields = mapping(result)
        if fields is not None:
            return self.known(list(flat(fields)))
        if not isinstance(result, list | tuple):
            if getattr(result, "ndim", 0) == 0:
                raise Complaint("wrong type", type=type(result).__name__)
            return {order[0]: result}
        inner = [fields for part in result if (fields := mapping(part)) is not None]
        rest = [part for part in result if mapping(part) is None]
        named = self.known([entry for fields in inner for entry in flat(fields)]) if inner else {}
        states, x = [f"{name}[0]" for name in self.request["states"]], [name for name in order if name == "x"]
        orders = [x, [*x, *states], states] if inner else [order, order[: len(order) - len(states)]]
        fitting = [names for names in orders if len(names) == len(rest)] or ([[]] if not rest else [])
        if not fitting:
            raise Complaint("wrong length", length=len(result))
        for name in fitting[0]:
            if name in named:
                raise Complaint("twice", output=name, entries=["an entry of a dict", "a part of the tuple"])
        return named | dict(zip(fitting[0], rest, strict=True))

    def known(self, fields: list[tuple[str, Any]]) -> Arrays:
        """Entries by our names; those of other names are noted, and none may be there twice."""
        table = self.request["outputs"]
        self.ignored |= {name for name, _ in fields if name not in table}
        found: Arrays = {}
        for name, value in fields:
            if name in table and table[name] in found:
                names = [other for other, _ in fields if table.get(other) == table[name]]
                raise Complaint("twice", output=table[name], entries=names)
            found |= {table[name]: value} if name in table else {}
        if not found:
            raise Complaint("no known output", names=sorted(name for name, _ in fields))
        return found

    def array(self, name: str, value: Any) -> Any:
        """An output as an array of doubles."""
        try:
            found = asarray(value)
        except ValueError:  # a list of arrays that make no array together
            raise Complaint("not numbers", output=name, type=type(value).__name__, dtype="several shapes") from None
        if found.dtype.kind not in "fiu":
            raise Complaint("not numbers", output=name, type=type(value).__name__, dtype=str(found.dtype))
        self.single |= {self.case} if found.dtype.kind == "f" and found.dtype.itemsize < 8 else set()
        return found.astype(float64)
