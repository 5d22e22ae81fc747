"""What was found out of a user's interface: the description, the arrangement, and what it does not take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lstm_sym.audit.interface.candidates import specification
from lstm_sym.audit.interface.description import Arrangement, Interface
from lstm_sym.audit.interface.gates import Gates, blocks
from lstm_sym.audit.interface.reading import Read, read
from lstm_sym.audit.sequences.cases import ForwardPass, alone, keeps_inputs, with_loss, without
from lstm_sym.compile.derivation import Derivation
from lstm_sym.interpreter.over_time import Named

UNSUMMED = {"B": "audit.unsummed.B", "T": "audit.unsummed.T", "BT": "audit.unsummed.BT"}
"""The axes over which gradients came back unsummed -> the sentence."""


@dataclass(frozen=True)
class Recognised:
    """A sentence of what was recognised: its key among the strings, and what fills its places."""

    key: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Convention:
    """How a function is called. interface None: by the names of its arguments, as docs/audit.md has them.

    left: arrays of an object that are as its constructor made them, for their names are not known;
    zero_states: those that start at zero in the function itself; zero_parameters: those that it does not have;
    outputs_right: how many outputs were right in the trial.
    """

    derivation: Derivation
    gates: Gates
    interface: Interface | None = None
    arrangement: Arrangement = field(default_factory=Arrangement)
    zero_states: tuple[str, ...] = ()
    zero_parameters: tuple[str, ...] = ()
    recognised: tuple[Recognised, ...] = ()
    outputs_right: int = 0
    left: tuple[str, ...] = ()

    def given(self, sequences: Sequence[ForwardPass]) -> list[ForwardPass]:
        """The sequences as the function gets them: what it does not take is zero."""
        last, has_loss = self.arrangement.last, self.interface is not None and self.interface.has_loss
        if self.zero_states or self.zero_parameters or last:
            kept = [one for one in sequences if set(self.zero_states) != set(one.case.state) or one.setting.state == 1]
            lacks = self.zero_states, self.zero_parameters, last
            sequences = [without(self.derivation, one, *lacks) for one in kept]
        if self.arrangement.is_single:  # what it does with what it sums, a clip say, is done to each sequence
            sequences = [alone(self.derivation, one) for one in sequences]
        if has_loss:
            usual = [one for one in sequences if one.setting.cotangents == 1]
            kept = [one for one in usual if not one.setting.padded and not one.setting.strided]
            bias = self.interface is not None and "readout/vector" in self.interface.readouts
            kind = {"bias": bias, "tokens": self.arrangement.tokens}
            sequences = [with_loss(self.derivation, one, seed, **kind) for seed, one in enumerate(kept)]
        return list(sequences)

    def unused(self, sequences: Sequence[ForwardPass]) -> tuple[Recognised, ...]:
        """What the user's own sequences have that a function cannot be given: one of a loss of its own, or one that
        takes one sequence at a time.
        """
        own, said = [one for one in sequences if one.setting.is_own], []
        batch = max((one.case.sizes["B"] for one in own), default=1)
        if self.arrangement.is_single and batch > 1:
            said.append(Recognised("audit.first_alone", {"count": str(batch)}))
        stored = [one for one in own if one.setting.own]
        if stored and self.interface is not None and self.interface.has_loss:
            given = stored[0].setting.own
            lost = ["dy"] if "dy" in given else []
            lost += ["x"] if "x" in given and not keeps_inputs(stored[0], tokens=self.arrangement.tokens) else []
            said += [Recognised("audit.data_unused", {"names": ", ".join(lost)})] if lost else []
        return tuple(said)

    @property
    def request(self) -> dict[str, Any]:
        """What the child process is told of it."""
        if self.interface is None:
            return {}
        arrangement = specification(self.interface, self.arrangement, self.gates)
        return {"interface": self.interface.request(), "arrangement": arrangement}

    def read(self, raw: Named, right: Named, sizes: Mapping[str, int]) -> Read:
        """What came back for one sequence, by our names."""
        return read(raw, self.interface, self.arrangement, self.gates, right, sizes)


def missing_parameters(interface: Interface, arrangement: Arrangement, gates: Gates) -> tuple[str, ...]:
    """The biases that have no place in what the function is given, if it works out the forward pass itself."""
    if any(source.startswith("tape") for source in interface.sources):
        return ()
    packs = interface.packs[arrangement.reading].values()
    held = {name for pack in packs for row in blocks(pack, arrangement, gates) for name in row}
    biases = [kinds[kind] for kinds in gates.values() for kind in ("1", "1h") if kind in kinds]
    return tuple(name for name in biases if name not in held) if held else ()


def untaken_states(interface: Interface, states: Sequence[str], read_entries: frozenset[str]) -> tuple[str, ...]:
    """The states whose first value the function cannot know of."""
    sources = interface.sources
    if interface.by == "step" or interface.takes_all("state"):
        return ()
    known = {f"state/{name}" for name in states} | {f"tape/{name}_prev" for name in states}
    taken = (sources | read_entries) & known
    return tuple(name for name in states if not taken & {f"state/{name}", f"tape/{name}_prev"})


def unsummed(found: Read) -> tuple[Recognised, ...]:
    """The sentences on gradients that came back of each sequence or step."""
    said = []
    for axes in sorted(set(found.unsummed.values())):
        names = ", ".join(name for name, over in found.unsummed.items() if over == axes)
        said.append(Recognised(UNSUMMED["".join(sorted(axes))], {"names": names}))
    return tuple(said)
