"""An interface as plain data: what is called with what, and how arrays lie. Everything here goes into JSON as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Arguments = tuple[tuple[str, str], ...]
"""Names of arguments, each beside what it is given: "x", "dy", "pack/Wx", "state/h", "states/h,c", "forward/1"..."""

Names = tuple[Any, ...]
"""The names that stand in a return statement, those of a tuple in it as a tuple."""


@dataclass(frozen=True)
class Call:
    """One callable: its name, what its arguments are given, the names in its return statement."""

    name: str
    arguments: Arguments
    returns: Names = ()


@dataclass(frozen=True)
class Pack:
    """An array of the user's that holds parameters of the cell.

    kinds: what is multiplied by them, side by side: "x" the input, "h" the state, "1" nothing, for it is a bias; gates:
    the gates that are in it, () for all, in the order of the arrangement; share: the part of the cell's parameter
    that it is, where two arrays are added; parameter: the one parameter of the cell that it is, if its name says so.
    """

    kinds: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    share: float = 1.0
    parameter: str = ""

    @property
    def is_joined(self) -> bool:
        """Whether weights of the input and of the state stand in it side by side."""
        return len(self.kinds) > 1


Packs = Mapping[str, Pack]


@dataclass(frozen=True)
class Interface:
    """What is called.

    owner: the class whose methods are called, "" for functions; is_object: an object of it is made first; construct:
    what its constructor is given; context: a context comes first, as in an autograd function; by: "batch" for the
    whole, "step" for one step at a time; packs: the user's names of arrays of parameters, more than one reading of them
    if they can be read so; globals: names of the module that are set; readout: the user's names of weights of a layer
    after the cell; guessed: arguments of the constructor of which the order tells the meaning; reached: what the
    methods read that are called; outputs: names under which gradients come back; is_documented: docs/audit.md
    has all its names.
    """

    backward: Call
    forward: Call | None = None
    owner: str = ""
    construct: Arguments = ()
    context: bool = False
    is_object: bool = False
    by: str = "batch"
    globals: Arguments = ()
    packs: tuple[Packs, ...] = ({},)
    readout: Arguments = ()
    guessed: Arguments = ()
    reached: Names = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    is_documented: bool = False

    @property
    def calls(self) -> dict[str, Arguments]:
        """All that is called, the constructor by the name of its class, and what each is given."""
        every = [call for call in (self.forward, self.backward) if call]
        made = {self.owner: self.construct} if self.is_object else {}
        return made | {call.name: call.arguments for call in every}

    @property
    def sources(self) -> frozenset[str]:
        """All that it is given."""
        return frozenset(source for arguments in (*self.calls.values(), self.globals) for _, source in arguments)

    def takes_all(self, kind: str) -> bool:
        """Whether it is given all of the states ("state") or of the adjoints of the last ("dstate")."""
        return any(source in (kind, f"{kind}s") or source.startswith(f"{kind}s/") for source in self.sources)

    @property
    def has_loss(self) -> bool:
        """Whether the loss is worked out inside."""
        return "targets" in self.sources

    @property
    def readouts(self) -> frozenset[str]:
        """What there is of a layer after the cell."""
        return frozenset(source for _, source in self.readout) | self.sources

    def request(self) -> dict[str, Any]:
        """For the child process."""
        whole = asdict(self)
        del whole["packs"], whole["is_documented"]
        return whole


@dataclass(frozen=True)
class Arrangement:
    """How arrays lie.

    sequence: the axes of x: "TBD", "BTD", "TD" of one sequence at a time, "TDB" and "DBT" of columns, "TD1" of columns
    of one sequence; turned: weights are (D, H), as x @ W wants them; vector: a bias is "H", "1H" or "H1"; last: dy is
    that of the last step alone; joined: the order of what stands side by side; gates: the order of the gates in one
    array; reading: which of the readings of the names of parameters; tokens: x is the number of the one input that is
    not zero; states: the order of the states in a tuple whose parts have no telling names.
    """

    sequence: str = "TBD"
    turned: bool = False
    vector: str = "H"
    last: bool = False
    joined: tuple[str, ...] = ("h", "x")
    gates: tuple[str, ...] = ()
    reading: int = 0
    tokens: bool = False
    states: tuple[str, ...] = ()

    @property
    def is_single(self) -> bool:
        """Whether it is one sequence at a time."""
        return "B" not in self.sequence

    @property
    def kind(self) -> tuple[object, ...]:
        """What shapes can show of it; arrangements of one kind fail together."""
        kept = self.sequence, self.turned, self.vector, self.last, self.reading, len(self.joined), self.tokens
        return *kept, self.states
