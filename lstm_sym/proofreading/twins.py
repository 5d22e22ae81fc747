r"""Two names of one quantity, d_g beside dg, δ_z beside ∂L/∂z_t, \hat c beside \tilde c: one is that of the sum."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from lstm_sym.proofreading import tree
from lstm_sym.proofreading.aliases import sums
from lstm_sym.proofreading.entries import Entry, parts_of
from lstm_sym.proofreading.lines import LineReader
from lstm_sym.proofreading.names import Names, Reading
from lstm_sym.proofreading.parser import Line
from lstm_sym.proofreading.sequence import Sequence
from lstm_sym.proofreading.tree import Node, Quantity, Symbol

_BARE = "delta"
_DEFINED = 0.5
"""What it counts, in right lines, that a name is defined by the other as that of the sum is."""


def told_apart(entries: list[Entry], names: Names, sequence: Sequence) -> tuple[list[Entry], Names]:
    """The formulas and their names, where one of two names of a quantity may be that of the sum it is a function of.

    It is if more lines are right then; of as many, if the lines define it so.
    """
    entries = _deltas_apart(_capitals_apart(_spelled_apart(entries)), names)
    called = _letters(entries, names)
    same = {letter: Quantity("forward", name) for name, letters in called.items() for letter in letters}
    names = replace(names, twins={letter: quantity for letter, quantity in same.items() if letter.startswith("_")})
    for quantity, letters in called.items():
        if len(letters) < 2:
            continue
        stages = {letter: _sum_of(letter, quantity, names) for letter in sorted(letters)}
        summed = {letter: {letter: Quantity("forward", stage)} for letter, stage in stages.items() if stage}
        tried = {letter: replace(names, twins={**names.twins, **one}) for letter, one in summed.items()}
        tried = {"": names, **tried}
        tried.pop(quantity, None)
        defined = set(_defined(entries, letters, names))
        scores = {letter: _right(entries, one, sequence) for letter, one in tried.items()}
        names = tried[max(tried, key=lambda letter: scores[letter] + _DEFINED * (letter in defined))]
    return entries, _with_bare(entries, names, sequence)


def _with_bare(entries: list[Entry], names: Names, sequence: Sequence) -> Names:
    """With what δ_t alone stands for: an adjoint of a state or of the only sum, if more lines are right then."""
    if not any(isinstance(node, Symbol) and node.key == _BARE for node in parts_of(entries)) or _BARE in names.table:
        return names
    stages = [*sums(names.derivation.forward).values()]
    adjoints = [*names.derivation.cell.states, *(stages if len(stages) == 1 else ())]
    tried = [names, *(replace(names, bare={_BARE: Quantity("adjoint", name)}) for name in adjoints)]
    return max(tried, key=lambda one: _right(entries, one, sequence))


def _spelled_apart(entries: list[Entry]) -> list[Entry]:
    """With the key "d_g" for d_g where the text has dg too."""
    symbols = [node for node in parts_of(entries) if isinstance(node, Symbol) and not node.adjoint]
    joined = {symbol.key for symbol in symbols if not symbol.form.startswith("d_")}
    apart = {symbol.key for symbol in symbols if symbol.form.startswith("d_") and symbol.key[:1] == "d"} & joined

    def spelled(node: Node) -> Node:
        if isinstance(node, Symbol) and node.key in apart and node.form.startswith("d_"):
            return replace(node, key=f"d_{node.key[1:]}")
        return node.mapped(spelled)

    return _changed(entries, spelled) if apart else entries


def _capitals_apart(entries: list[Entry]) -> list[Entry]:
    r"""With \Delta h, beside \delta h, as what of it arrives from the step after."""
    symbols = [node for node in parts_of(entries) if isinstance(node, Symbol) and node.adjoint]
    small = {symbol.key for symbol in symbols if _is_delta(symbol)}

    def marked(node: Node) -> Node:
        if isinstance(node, Symbol) and node.adjoint and node.key in small and node.form.startswith(("\\Delta", "Δ")):
            return replace(node, mark="next")
        return node.mapped(marked)

    return _changed(entries, marked)


def _changed(entries: list[Entry], change: Callable[[Node], Node]) -> list[Entry]:
    """With every side of every formula changed."""
    lines = [entry.line and Line(tuple(map(change, entry.line.sides)), entry.line.adds) for entry in entries]
    return [replace(entry, line=line) for entry, line in zip(entries, lines, strict=True)]


def _deltas_apart(entries: list[Entry], names: Names) -> list[Entry]:
    """With the key "_z" for δ_z where the text has ∂L/∂z_t too, of any letter."""
    signs: dict[Quantity | None, set[bool]] = {}
    for symbol in (node for node in parts_of(entries) if isinstance(node, Symbol) and node.adjoint):
        signs.setdefault(names.quantity(symbol.key), set()).add(_is_delta(symbol))

    def spelled(node: Node) -> Node:
        quantity = names.quantity(node.key) if isinstance(node, Symbol) and node.adjoint and _is_delta(node) else None
        if isinstance(node, Symbol) and quantity is not None and quantity.kind == "forward":
            return replace(node, key=f"_{node.key}")
        return node.mapped(spelled)

    return _changed(entries, spelled) if any(len(found) > 1 for found in signs.values()) else entries


def _is_delta(symbol: Symbol) -> bool:
    return symbol.form.startswith(("\\delta", "δ"))


def _sum_of(letter: str, quantity: str, names: Names) -> str | None:
    """The sum that a quantity is a function of; of a state, whose adjoints are its own, that with W_h."""
    before = sums(names.derivation.forward)
    if quantity in before or not letter.startswith("_"):
        return before.get(quantity)
    weight = names.quantity(f"W{letter[1:]}")
    stages = [one for one in names.derivation.forward.statements if one.target.name in before.values()]
    return next((s.target.name for s in stages if weight and weight.name in {v.name for v in s.reads()}), None)


def _letters(entries: list[Entry], names: Names) -> dict[str, set[str]]:
    """Quantity that is a function of a sum, or has a derivative -> the letters that the text has for it."""
    found: dict[str, set[str]] = {}
    before = sums(names.derivation.forward)
    for symbol in (node for node in parts_of(entries) if isinstance(node, Symbol)):
        letter = _letter(symbol, names)
        quantity = names.quantity(letter.removeprefix("_"))
        if quantity is not None and quantity.kind == "forward" and (quantity.name in before or symbol.adjoint):
            found.setdefault(quantity.name, set()).add(letter)
    return found


def _letter(symbol: Symbol, names: Names) -> str:
    """The letters of a name without a sign of a derivative."""
    return symbol.key[_is_derivative(symbol, names) and not symbol.adjoint :].lower()


def _is_derivative(symbol: Symbol, names: Names) -> bool:
    return symbol.adjoint or (symbol.key.startswith("d") and names.quantity(symbol.key) is None)


def _defined(entries: list[Entry], letters: set[str], names: Names) -> Iterator[str]:
    """The letters that lines define as that of the sum: its derivative by the other, the other as its function."""
    for line in (entry.line for entry in entries if entry.line):
        left, right = line.sides[0], line.sides[-1]
        if not isinstance(left, Symbol) or _letter(left, names) not in letters:
            continue
        inside = {_letter(node, names) for node in right.walk() if isinstance(node, Symbol)} - {_letter(left, names)}
        if inside & letters and _is_derivative(left, names):
            yield _letter(left, names)
        elif isinstance(right, tree.Call) and isinstance(right.argument, Symbol):
            yield _letter(right.argument, names)


def _right(entries: list[Entry], names: Names, sequence: Sequence) -> int:
    """How many lines are right, in the conventions of the equations."""
    readers = (LineReader(names, sequence, Reading(), entries, latex) for latex in (True, False))
    return sum(
        reader.finding(place, explain=False).status == "right" and entry.formula.latex == reader.latex
        for reader in readers
        for place, entry in enumerate(entries)
    )
