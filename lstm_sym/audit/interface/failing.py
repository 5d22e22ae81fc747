"""What is said of a function that fails in every arrangement of its arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations

from lstm_sym.audit import names
from lstm_sym.audit.errors import SLICES, AuditError, complaint
from lstm_sym.audit.interface import vocabulary
from lstm_sym.audit.interface.description import Interface
from lstm_sym.audit.interface.finding import forward_names
from lstm_sym.audit.interface.subject import Subject
from lstm_sym.audit.running.answer import Answer
from lstm_sym.equations.cell import Cell

FRAME = re.compile(r'File "(.*?)", line (\d+), in (\w+)')
SHAPE = re.compile(r"\((\d+(?:, ?\d+)*),?\)")

OWN = "an arrangement of its own, or a mistake that does not let it run at all"
HOLDER = (
    "{0} is a dict of arrays by their names, which are its attributes too; another thing is wanted: dicts in a dict, "
    "keys that are tuples, one flat array, objects that hold a value and its gradient"
)
OTHER_PARAMETERS = ("KeyError", "AttributeError", "TypeError", "IndexError")
"""Errors of a function that is given its parameters otherwise than it wants them."""

ADAPT = "have an adapter written, `lstm-sym audit FILE:FUNCTION --cell CELL --init -o adapter.py`, and fill it in"


def nothing_came(
    answer: Answer, subject: Subject, interface: Interface, cell: Cell, sizes: Mapping[str, int]
) -> AuditError:
    """The error: what is wrong with what came back, if it ran at all; else one of its own, the likeliest."""
    if answer.complaints:
        kind, facts = answer.complaints[0]
        return complaint(kind, facts, subject.file, subject.function, names.offered(cell), names.order(cell))
    said = likeliest([*answer.refused.values()], str(subject.file.resolve()), interface.backward.name)
    text = "\n".join(f"    {line}" for line in said.rstrip().splitlines())
    there = ", ".join(f"{name} {size}" for name, size in sizes.items())
    where = f"{subject.file}:{subject.function}"
    what = f"{where} failed in every arrangement of its arrays that was tried, in one of them so ({there}):\n{text}"
    is_cut = is_joined(interface) and mixes(said.rstrip().rpartition("\n")[2], sizes.get("D", 0), sizes.get("H", 0))
    why, fix = SLICES if is_cut else (OWN, ADAPT)
    asked = [name for name, role in interface.backward.arguments if role == "params"]
    if asked and said.rstrip().rpartition("\n")[2].startswith(OTHER_PARAMETERS):
        why = HOLDER.format(asked[0])
    return with_forward_missing(AuditError("", what, why, fix), interface)


def with_forward_missing(error: AuditError, interface: Interface) -> AuditError:
    """The same error, and why, where a function wants what a forward pass keeps and there is none to run first."""
    caches = [name for name, role in interface.backward.arguments if role == "tape" and name in vocabulary.CACHE]
    if interface.forward or not (caches or interface.is_object):
        return error
    function = interface.backward.name
    wanted = " or ".join(forward_names(function))
    if caches:
        what = f"{caches[0]} is what a forward pass keeps, and the file has none for {function}: no function {wanted}; "
        what += "so it was given a dict of the quantities of the cell by their names"
    else:
        what = f"nothing was kept for {function}: the class has no forward pass that goes with it, no method {wanted}"
    read = f", or read quantities by name, {caches[0]}['i']" if caches else ""
    fix = f"put the forward pass into the same file under such a name{read}; or have an adapter written with --init"
    taught = AuditError(error.where, error.found, what, fix)
    taught.kind = error.kind
    return taught


def is_joined(interface: Interface) -> bool:
    """Whether one array of weights multiplies the input and the state together."""
    return any(pack.is_joined for packs in interface.packs for pack in packs.values())


def likeliest(errors: Sequence[str], file: str, function: str) -> str:
    """The traceback that has least to do with how arrays lie: of another kind than those of shapes, from the backward
    pass rather than from what runs before it, and from far down in the file.
    """

    def rank(error: str) -> tuple[bool, bool, int]:
        own = [(int(line), name) for where, line, name in FRAME.findall(error) if where == file]
        is_shape = error.rstrip().rpartition("\n")[2].startswith(("ValueError", "IndexError"))
        return is_shape, all(name != function for _, name in own), -own[-1][0] if own else 0

    return min(errors, key=rank) if errors else "no error"


def mixes(error: str, inputs: int, hidden: int) -> bool:
    """Whether an error is of two shapes that are the same but for D in the place of H."""
    shapes = {tuple(map(int, found.split(","))) for found in SHAPE.findall(error)}
    both = {(inputs, hidden), (hidden, inputs)}
    pairs = [[*zip(one, other, strict=True)] for one, other in combinations(shapes, 2) if len(one) == len(other)]
    return any({(a, b) for a, b in pair if a != b} <= both for pair in pairs)
