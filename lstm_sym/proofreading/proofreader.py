"""The audit of a derivation: every formula of a text is read, in the conventions that make most of them right."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from lstm_sym.compile.derivation import Derivation
from lstm_sym.equations.cell import Cell
from lstm_sym.ground.progress import Progress
from lstm_sym.proofreading import tree
from lstm_sym.proofreading.errors import ProofreadingError, Unreadable
from lstm_sym.proofreading.findings import Proof
from lstm_sym.proofreading.formulas import Formula, formulas_of
from lstm_sym.proofreading.lines import Entry, LineReader
from lstm_sym.proofreading.names import Names, Reading
from lstm_sym.proofreading.parser import read_line
from lstm_sym.proofreading.sequence import Sequence
from lstm_sym.proofreading.table import table_of
from lstm_sym.proofreading.tree import Symbol


def proofread(
    cell: Cell, text: str, *, tex: bool = False, seed: int = 0, progress: Progress = lambda done, total: None
) -> Proof:
    """Judge every formula of a text. Raises ProofreadingError where there is none to judge.

    tex: whether the whole text is LaTeX, as that of a .tex file; seed: of the random sequence that formulas are tried
    on; progress: hears of every line.
    """
    return proofread_on(Sequence.of(Derivation(cell), seed), text, tex=tex, progress=progress)


def proofread_on(
    sequence: Sequence, text: str, *, tex: bool = False, progress: Progress = lambda done, total: None
) -> Proof:
    """The same on a sequence that is there already, for those who judge many texts. Raises ProofreadingError."""
    derivation = sequence.derivation
    table = table_of(text, derivation)
    names = Names(derivation, table.leaves)
    found = formulas_of(table.rest, tex=tex)
    if not found:
        raise ProofreadingError(
            "",
            "no formula was found",
            "formulas as pictures, or lines without =",
            "write them between $$, in a code block, or one a line",
        )
    entries = [_entry(formula, names) for formula in found]
    names = replace(names, bars=_bars(entries, names))
    modes = sorted({entry.formula.latex for entry in entries}, reverse=True)
    readings = {latex: _reading(entries, names, sequence, latex) for latex in modes}
    readers = {latex: LineReader(names, sequence, reading, entries, latex) for latex, reading in readings.items()}
    findings = []
    for place, entry in enumerate(entries):
        of_all = {
            latex: reader.finding(place, explain=latex == entry.formula.latex) for latex, reader in readers.items()
        }
        findings.append(of_all[entry.formula.latex])
        progress(place + 1, len(entries))
    known = [leaf for reader in readers.values() for leaves in reader.known.values() for leaf in leaves]
    named = {tree.filled(leaf.form, leaf.time): leaf for leaf in known}
    writers = {latex: reader.writer for latex, reader in readers.items()}
    explained = frozenset(leaf.quantity for leaf in names.table.values())
    return Proof(derivation, readings, tuple(findings), named, writers, explained)


def _entry(formula: Formula, names: Names) -> Entry:
    try:
        return Entry(formula, read_line(formula.text, formula.latex, names.known))
    except Unreadable as problem:
        return Entry(formula, None, problem.found, problem.fix)
    except RecursionError:
        return Entry(formula, None, "brackets inside each other, too deep")


def _reading(entries: list[Entry], names: Names, sequence: Sequence, latex: bool) -> Reading:
    """The conventions in which most lines are right; those of the equations unless another is clearly better.

    latex: whether of formulas in LaTeX, or of the others; a text may have columns in those and rows in its code.
    """
    entries = [entry for entry in entries if entry.formula.latex == latex]
    order = _order(entries, names, sequence)
    best, best_score = Reading(order=order), -1e9
    for rows, transposed, before, swapped in product((False, True), repeat=4):
        reading = Reading(rows, transposed, before, swapped, order)
        found = LineReader(names, sequence, reading, entries, latex).tried()
        score = 3.0 * found["right"] - 2.0 * found["misfit"] - 0.5 * found["wrong"]
        score -= 3.0 * (transposed and not rows) + 1.5 * before + 4.0 * swapped
        if score > best_score + 1e-9:
            best, best_score = reading, score
    return best


def _bars(entries: list[Entry], names: Names) -> bool:
    """Whether a bar over a name is what marks adjoints: where nothing else does."""
    sides = [side for entry in entries if entry.line for side in entry.line.sides]
    symbols = [node for side in sides for node in side.walk() if isinstance(node, Symbol)]
    marked = [leaf for leaf in (names.leaf(symbol, Reading()) for symbol in symbols) if leaf is not None]
    kinds = {leaf.quantity.kind for leaf in marked}
    return any(symbol.key.startswith("-") for symbol in symbols) and not kinds & {"adjoint", "carried", "gradient"}


def _order(entries: list[Entry], names: Names, sequence: Sequence) -> tuple[str, ...]:
    """The order of the gates in packed arrays: that of the first array that stacks one part of each."""
    sums = names.packs.get("a", ())
    for entry in entries:
        for node in (n for side in (entry.line.sides if entry.line else ()) for n in side.walk()):
            if isinstance(node, tree.Stack) and len(node.parts) == len(sums) > 1:
                found = _named_order(node, names) or _order_by_value(node, names, sequence, entry)
                if sorted(found) == sorted(sums):
                    return found
    return ()


def _named_order(stack: tree.Stack, names: Names) -> tuple[str, ...]:
    """By the names in a stack, () where its parts are no names."""
    leaves = [names.leaf(part, Reading()) if isinstance(part, Symbol) else None for part in stack.parts]
    found = [leaf.quantity.name for leaf in leaves if leaf is not None]
    return tuple(_sum_of(names.before.get(name, name), names) for name in found) if len(found) == len(leaves) else ()


def _order_by_value(stack: tree.Stack, names: Names, sequence: Sequence, entry: Entry) -> tuple[str, ...]:
    """By the values of the parts, of which one may be wrong."""
    sums = names.packs["a"]
    reader = LineReader(names, sequence, Reading(), [entry], entry.formula.latex)
    found = [reader.adjoint_like(part, sums) for part in stack.parts]
    missing = [name for name in sums if name not in found]
    return tuple(name or (missing[0] if len(missing) == 1 else "") for name in found)


def _sum_of(name: str, names: Names) -> str:
    """a_i for W_i, U_i, b_i and a_i."""
    for part in names.packs.values():
        if name in part:
            return names.packs["a"][part.index(name)]
    return name
