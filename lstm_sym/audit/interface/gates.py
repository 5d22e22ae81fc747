"""The parameters of a cell by what they do: for each affine map, what multiplies the input, the state, and the bias."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from lstm_sym.audit.interface.description import Arrangement, Pack
from lstm_sym.compile.derivation import Derivation
from lstm_sym.program.statements import Affine, Term

KINDS = ("x", "h", "1")
"""What a parameter multiplies: the input, what comes of the state, or nothing."""

Gates = dict[str, dict[str, str]]
"""Gate, by what its parameters are called after, f of W_f, or by its equation -> kind -> parameter."""


def gates_of(derivation: Derivation) -> Gates:
    """The gates in the order of the equations. Of an affine map with several products of a kind there is none."""
    found: Gates = {}
    targets: dict[str, str] = {}
    for statement in derivation.forward.statements:
        if isinstance(statement, Affine) and any(term.is_product for term in statement.terms):
            weighted = [(term, term.weight.name) for term in statement.terms if term.weight]
            kinds = {kind: weight for term, weight in weighted for kind in _kinds(term, derivation)}
            target = statement.provenance.equation.partition("[")[0].strip()
            name = weighted[0][1].partition("_")[2] or target
            for term in statement.terms:  # what is scaled and then added, as a GRU may do it, is a part of the gate
                other = targets.get(term.operand.name, "") if term.operand and not term.matrix else ""
                part = found.get(other, {})
                if part and not {*part} & {*kinds} - {"1"}:
                    del found[other]
                    kinds |= {"1h" if kind == "1" else kind: parameter for kind, parameter in part.items()}
            found.setdefault(name, kinds)
            targets[target] = name
    held = {parameter for kinds in found.values() for parameter in kinds.values()}
    products = {
        t.weight.name
        for s in derivation.forward.statements
        if isinstance(s, Affine)
        for t in s.terms
        if t.is_product and t.weight
    }
    return found if products <= held else {}


def scalings(derivation: Derivation) -> dict[str, tuple[str, str]]:
    """The parameters that multiply a quantity unit by unit, peepholes: each with what it is called after, i of p_i, and
    that quantity.
    """
    affine = [s for s in derivation.forward.statements if isinstance(s, Affine)]
    terms = [term for statement in affine for term in statement.terms if term.weight and not term.is_product]
    return {t.weight.name: (t.weight.name.partition("_")[2], t.operand.name) for t in terms if t.weight and t.operand}


def _kinds(term: Term, derivation: Derivation) -> Iterator[str]:
    if term.operand is None:
        yield "1"
    elif term.is_product:
        yield "x" if term.operand.name == derivation.cell.input else "h"


def blocks(pack: Pack, arrangement: Arrangement, gates: Gates) -> tuple[tuple[str, ...], ...]:
    """The parameters in a pack: gates below each other, kinds side by side; () if the cell has not all of them."""
    if pack.parameter:
        return ((pack.parameter,),)
    kinds = arrangement.joined if pack.is_joined else pack.kinds
    names = pack.gates or arrangement.gates or tuple(gates)
    rows = [tuple(_parameter(gates[gate], kind) for kind in kinds) for gate in names]
    return tuple(rows) if all(all(row) for row in rows) else ()


def _parameter(kinds: dict[str, str], kind: str) -> str:
    return kinds.get(kind, kinds.get("1", "") if kind == "1h" else "")


def shares(pack: Pack, arrangement: Arrangement, gates: Gates) -> tuple[float, ...]:
    """The share of each gate's parameter that is in a pack: all of it where a second bias is one of the cell's own."""
    names = () if pack.parameter else pack.gates or arrangement.gates or tuple(gates)
    return tuple(1.0 if "1h" in gates[gate] else pack.share for gate in names) or (1.0,)


@cache
def permutations_by_use(gates: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Every order of the gates, those that people use first."""
    from itertools import permutations

    used = [order for order in COMMON if sorted(order) == sorted(gates)]
    return tuple(dict.fromkeys((*used, gates, *permutations(gates))))


COMMON = (
    ("i", "f", "o", "g"),
    ("i", "f", "g", "o"),
    ("f", "i", "g", "o"),
    ("f", "i", "o", "g"),
    ("i", "g", "f", "o"),
    ("g", "i", "f", "o"),
    ("r", "z", "n"),
    ("z", "r", "n"),
)
"""Orders of gates in one array: of a well-known course, of PyTorch and Keras, of books, of older libraries."""
