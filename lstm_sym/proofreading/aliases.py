r"""How texts call what a cell's equations call otherwise: \tilde c for g, W_{xi} for W_i, z_i for the sum before i."""

from __future__ import annotations

from collections.abc import Iterator

from lstm_sym.compile.derivation import Derivation
from lstm_sym.equations.signs import Sign, parts_of_name, shown
from lstm_sym.ground.weight_names import PEEPHOLES
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Affine, Pointwise
from lstm_sym.program.values import Role
from lstm_sym.proofreading.dialects import Dialect
from lstm_sym.proofreading.tree import Quantity

ACCENT = {"tilde": "~", "hat": "^", "bar": "-", "dot": ".", "vec": "", "": ""}
OF_QUANTITY = {
    "g": ("~c", "~C", "^c", "^C", "-c", "-C", "ctilde", "chat", "cbar", "Ctilde", "Cbar", "Chat", "~g",
          "ccand", "j", "n"),
    "n": ("~h", "^h", "-h", "htilde", "hhat", "hbar", "hcand", "~n", "~c", "g", "k"),
    "c": ("C", "s", "S"),
    "h": ("H", "s"),
    "x": ("X", "u"),
    "tanh_c": ("tanhc", "ctanh", "hc", "thc"),
    "r_h": ("rh", "hr", "hreset", "rhprev"),
}  # fmt: skip
"""Name of a quantity in the equations of the catalogue -> keys that texts have for it."""
OF_SUBSCRIPT = {"g": ("g", "c", "~c", "C", "~C", "j"), "n": ("n", "h", "~h", "g", "c", "k")}
"""The same for a subscript, U_c."""
BEFORE = ("a{}", "z{}", "net{}", "s{}", "^{}", "{}raw", "{}pre", "{}hat", "{}a", "pre{}", "{}bar", "-{}", "u{}", "A{}")
"""Keys of the sum that a gate is a function of."""
INPUT_WEIGHTS = ("W{}", "Wx{}", "W{}x", "Wi{}", "Ux{}")
RECURRENT_WEIGHTS = ("U{}", "Wh{}", "W{}h", "R{}", "Uh{}", "U{}h")
BIASES = ("b{}", "B{}", "-b{}")


def key_of(name: str, signs: dict[str, Sign]) -> str:
    """The key under which a name of the cell is read where it is shown as in its formulas."""
    return "".join(ACCENT[sign.accent] + sign.base for sign in shown(*parts_of_name(name), signs))


def subscripts(name: str, dialect: Dialect) -> tuple[str, ...]:
    """What stands for a quantity below another letter."""
    return (*OF_SUBSCRIPT.get(name, (name,)), *((dialect.below[name],) if name in dialect.below else ()))


def sums(program: Program) -> dict[str, str]:
    """Quantity -> the sum that it is a function of: i -> a_i."""
    stages = {s.target: s for s in program.statements if isinstance(s, Affine)}
    functions = [s for s in program.statements if isinstance(s, Pointwise) and len(s.operands) == 1]
    return {s.target.name: s.operands[0].name for s in functions if s.operands[0] in stages and s.target.call is None}


def own_keys(derivation: Derivation) -> frozenset[str]:
    """The keys of the names that the cell has itself."""
    return frozenset(key for key, _ in _own(derivation))


def keys_of(derivation: Derivation, dialect: Dialect) -> dict[str, Quantity]:
    """Key -> quantity, for every name of the cell and what texts call it; names of the cell go before all others."""
    found: dict[str, Quantity] = {}
    of_texts = (*_of_quantities(derivation, dialect), *_of_parameters(derivation, dialect))
    for key, quantity in (*_own(derivation), *of_texts):
        found.setdefault(key, quantity)
    found |= {key: found[name] for name, keys in dialect.letters.items() for key in keys}
    for letter in dialect.functions_of(derivation):
        del found[letter]
    return found


def _own(derivation: Derivation) -> Iterator[tuple[str, Quantity]]:
    program, signs = derivation.forward, dict(derivation.cell.signs)
    for value in program.values():
        kind = "parameter" if value.role is Role.PARAMETER else "forward"
        if value.role is not Role.CONSTANT:
            yield value.name.replace("_", ""), Quantity(kind, value.name)
            yield key_of(value.name, signs), Quantity(kind, value.name)


def _of_quantities(derivation: Derivation, dialect: Dialect) -> Iterator[tuple[str, Quantity]]:
    program = derivation.forward
    names = {value.name for value in program.values()}
    for name, keys in OF_QUANTITY.items():
        if name in names:
            yield from ((key, Quantity("forward", name)) for key in keys)
    for name, stage in sums(program).items():
        alone = len(sums(program)) == 1
        for letter in subscripts(name, dialect):
            yield from ((form.format(letter), Quantity("forward", stage)) for form in BEFORE)
        if alone:
            yield from ((form.format(""), Quantity("forward", stage)) for form in BEFORE if form.format("").isalpha())


def peepholes(of: str) -> tuple[str, ...]:
    """The forms of the keys of what multiplies a quantity unit by unit."""
    keys = (form.replace("_", "").replace("{gate}", "{}").replace("{of}", of) for form in PEEPHOLES)
    return (*dict.fromkeys(keys), "w{}")


def _of_parameters(derivation: Derivation, dialect: Dialect) -> Iterator[tuple[str, Quantity]]:
    """By the part that a parameter plays in a sum."""
    program = derivation.forward
    of_stage = {stage: name for name, stage in sums(program).items()}
    alone = len(of_stage) == 1
    for statement in program.statements:
        if not isinstance(statement, Affine) or statement.target.name not in of_stage:
            continue
        letters = subscripts(of_stage[statement.target.name], dialect)
        single = sum(term.is_product for term in statement.terms) == 1
        for term in statement.terms:
            if term.weight is None:
                continue
            forms: tuple[str, ...] = BIASES if term.operand is None else peepholes(term.operand.name)
            further: tuple[str, ...] = ("b", "bh") if term.operand is None else ()
            if term.is_product and term.operand is not None:
                is_input = term.operand.role is Role.INPUT
                forms = INPUT_WEIGHTS if is_input or single else RECURRENT_WEIGHTS
                further = ("W", "Wih", "Win", "Whx", "U") if is_input else ("U", "Whh", "Wrec", "Wr", "R", "V")
            quantity = Quantity("parameter", term.weight.name)
            for letter in letters:
                yield from ((form.format(letter), quantity) for form in forms)
            if alone:
                yield from ((key, quantity) for key in further)
