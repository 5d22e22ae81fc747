"""Calls a target for a sequence: as a whole, one sequence of the batch at a time, or one step at a time."""

from __future__ import annotations

from typing import Any

from numpy import array

from . import OWN_BUILTINS
from .arranging import arranged
from .results import as_doubles
from .targets import Described, Target
from .values import Arrays, Complaint, Named, Request, apart, same

globals()["__builtins__"] = OWN_BUILTINS

APART = ("x", "dy")
"""What lies apart in memory in a case that is strided."""

AS_EQUATIONS: Request = {
    **{"sequence": "TBD", "turned": False, "vector": "H", "last": False, "tokens": False, "states": (), "packs": {}}
}
"""The arrangement of the equations: time first, then the batch; weights (H, D)."""


class Caller:
    """Calls the target for whole cases, in one arrangement, and notes what it does."""

    def __init__(self, target: Target, request: Request, arrangement: Request = AS_EQUATIONS) -> None:
        self.target, self.request, self.arrangement = target, request, arrangement
        self.output = f"carried/{request['output']}"
        self.adds_cotangent = target.by == "step" and "dy" not in target.sources and self.output in target.sources
        self.is_described = isinstance(target, Described)
        self.changed: set[str] = set()
        self.single: set[int] = set()
        self.stacked: set[str] = set()
        self.read: set[str] = set()
        self.case = 0

    def gradients(self, given: Arrays, case: int) -> Arrays:
        """All gradients of one case, by its number."""
        self.case = case
        if "B" in self.arrangement["sequence"]:
            return self.through_time(given, "TBD")
        timed, found = self.request["timed"], []
        for b in range(given["dy"].shape[1]):
            one = {name: value[:, b] if name in timed else value for name, value in given.items()}
            one |= {name: value[b] for name, value in given.items() if name.startswith(("state/", "dstate/"))}
            found.append(self.through_time(one, "TD"))
        return side_by_side(found)

    def through_time(self, given: Arrays, axes: str) -> Arrays:
        """All gradients of one case, or of one sequence of it, by one call or by a call for each step."""
        if self.target.by == "step":
            return self.stepwise(given, axes.replace("T", ""))
        return self.call(arranged(given, self.request, self.arrangement, axes))

    def stepwise(self, given: Arrays, axes: str) -> Arrays:
        """The loop t = T-1 .. 0 around a function of one step: what it sends goes on, parameters' gradients add up.

        A function that does not take dy gets it with what arrives for the state that is the output. One that is
        described is given the right states of the step before, so that its own cache is that of the step.
        """
        states = self.request["states"]
        carried = {f"carried/{name}": given[f"dstate/{name}"] for name in states}
        totals: Arrays = {}
        by_step: list[Arrays] = []
        for t in reversed(range(given["dy"].shape[0])):
            here = {name: value[t] if name in self.request["timed"] else value for name, value in given.items()}
            if self.is_described:
                here |= {f"state/{name}": here[f"tape/{name}_prev"] for name in states}
            if self.adds_cotangent:
                carried[self.output] = carried[self.output] + here["dy"]
            outputs = self.call(arranged(here | carried, self.request, self.arrangement, axes))
            missing = [name for name in states if f"{name}[0]" not in outputs]
            if missing:
                raise Complaint("nothing sent", states=missing)
            carried = {f"carried/{n}": self.sent(outputs.pop(f"{n}[0]"), given[f"dstate/{n}"]) for n in states}
            by_step.append({name: outputs.pop(name) for name in list(outputs) if is_apart(name)})
            totals = {name: totals.get(name, 0) + value for name, value in outputs.items()}
        kept = [name for name in by_step[0] if all(name in each for each in by_step)]
        totals |= {name: array([each[name] for each in by_step[::-1]]) for name in kept}
        return totals | {f"{name}[0]": carried[f"carried/{name}"] for name in states}

    def sent(self, value: Any, state: Any) -> Any:
        """What was sent to the step before, in the layout of the equations, of the type of what it is given."""
        order = [letter for letter in self.arrangement["sequence"] if letter in "BD"]
        turned = value.T if order == ["D", "B"] and value.ndim == 2 else value
        return (turned.reshape(state.shape) if turned.size == state.size else turned).astype(state.dtype)

    def call(self, given: Arrays) -> Arrays:
        """One call, with copies of its own; what it changes of them is noted."""
        strided = self.request["strided"][self.case]
        copies = {name: apart(value) if strided and name in APART else value.copy() for name, value in given.items()}
        groups = {name: self.group(name, members, copies) for name, members in self.groups().items()}
        sizes = {f"size/{name}": size for name, size in self.sizes().items()} | {"zero": 0}
        tuples = {source: self.several(source, copies) for source in self.target.sources}
        found = self.target.gradients(copies | groups | sizes | {s: t for s, t in tuples.items() if t})
        self.changed |= {name for name, value in given.items() if not same(copies[name], value)}
        return {name: self.doubles(name, value) for name, value in found.items()} | self.forward_parts()

    def several(self, source: str, copies: Arrays) -> tuple[Any, ...]:
        """All states as a tuple, of "states/h,c" in this order, of "states" as it is arranged; of the last, dstates;
        arrays of parameters, "packs/Wx,Wh,b".
        """
        kind, _, named = source.partition("/")
        if kind not in ("states", "dstates", "packs"):
            return ()
        order = named.split(",") if named else self.arrangement["states"] or self.request["states"]
        keys = [f"{kind.removesuffix('s')}/{name}" for name in order]
        return tuple(copies[key] for key in keys if key in copies)

    def groups(self) -> dict[str, dict[str, str]]:
        """What is given as a dict."""
        groups: dict[str, dict[str, str]] = self.request["groups"]
        keys = {name: f"pack/{name}" for name in self.arrangement["packs"]}
        keys |= dict(self.request["interface"]["readout"]) if self.is_described else {}
        return {**groups, "params": keys} if keys else groups

    def group(self, name: str, members: dict[str, str], copies: Arrays) -> Named:
        """A dict that notes what is read of it."""
        read = Reads(name, self.read)
        return Named({key: copies[source] for key, source in members.items() if source in copies}, read)

    def sizes(self) -> dict[str, int]:
        """T, B, D, H of the case, as one call sees them."""
        sizes: dict[str, int] = self.request["sizes"][self.case]
        return sizes if "B" in self.arrangement["sequence"] else {**sizes, "B": 1}

    def doubles(self, name: str, value: Any) -> Any:
        """An output as an array of doubles."""
        found, single = as_doubles(name, value)
        self.single |= {self.case} if single else set()
        self.stacked |= {name} if found.ndim > 1 and not hasattr(value, "shape") else set()
        return found

    def forward_parts(self) -> Arrays:
        """In a trial: the arrays that the forward pass returned, to be compared with what it should have."""
        if not self.request["trial"]:
            return {}
        found: Arrays = {}
        for place, part in enumerate(self.target.forward_parts):
            try:
                found[f"forward/{place}"] = as_doubles("", part)[0]
            except Complaint:
                continue
        return found


def is_apart(name: str) -> bool:
    """Whether an output is one of each step, and no sum over them."""
    return name == "x" or name.startswith("forward/")


def side_by_side(found: list[Arrays]) -> Arrays:
    """The outputs of each sequence of a batch as those of the batch: gradients of parameters add up."""
    totals: Arrays = {}
    for name in found[0]:
        values = [outputs[name] for outputs in found]
        if is_apart(name) or name.endswith("[0]"):
            totals[name] = array(values)
        else:
            totals[name] = sum(values[1:], values[0])
    if "x" in totals and totals["x"].ndim > 2:
        totals["x"] = totals["x"].swapaxes(0, 1)
    return totals


class Reads(set[str]):
    """What is read of a dict, noted among all that is read: "tape/h_prev"."""

    def __init__(self, name: str, noted: set[str]) -> None:
        super().__init__()
        self.name, self.noted = name, noted

    def add(self, key: str) -> None:
        """Note one."""
        self.noted.add(f"{self.name}/{key}")

    def update(self, *keys: Any) -> None:
        """Note several."""
        self.noted.update(f"{self.name}/{key}" for some in keys for key in some)
