"""A text as that of one cell: its formulas parsed, and the ways of writing in which most of them are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

from lstm_sym.ground.progress import Progress
from lstm_sym.proofreading import tree
from lstm_sym.proofreading.conventions import Convention
from lstm_sym.proofreading.dialects import dialect_of
from lstm_sym.proofreading.entries import Entry, parts_of
from lstm_sym.proofreading.errors import ProofreadingError, Unreadable
from lstm_sym.proofreading.families import expanded
from lstm_sym.proofreading.findings import Finding
from lstm_sym.proofreading.formulas import Formula, formulas_of
from lstm_sym.proofreading.headers import under_headers
from lstm_sym.proofreading.layers import of_the_layer
from lstm_sym.proofreading.lines import LineReader
from lstm_sym.proofreading.meanings import Meanings, changes, meanings_by_use
from lstm_sym.proofreading.names import Names, Reading, own_key
from lstm_sym.proofreading.parser import read_line
from lstm_sym.proofreading.sequence import Sequence
from lstm_sym.proofreading.table import table_of
from lstm_sym.proofreading.tree import Node, Partial, Quantity, Symbol
from lstm_sym.proofreading.twins import told_apart

_ARRIVING = ("adjoint", "carried", "packed adjoint")


@dataclass(frozen=True)
class Text:
    """The formulas of a text, read as of the cell of `sequence`; conventions: in which that cell is otherwise there.

    readings: of formulas in LaTeX (True) and of those in plain text or code. tried: how many of all are right, wrong,
    and of shapes that do not fit; how many right ones are equations of the cell.
    """

    sequence: Sequence
    names: Names
    entries: list[Entry]
    readings: Mapping[bool, Reading]
    tried: Counter[str]
    conventions: tuple[Convention, ...] = ()

    @classmethod
    def of(cls, sequence: Sequence, text: str, *, tex: bool, conventions: tuple[Convention, ...] = ()) -> Text:
        """A text and what it says at its top of its names. Raises ProofreadingError where there is no formula."""
        derivation = sequence.derivation
        table = table_of(text, derivation)
        names = Names(derivation, table.leaves, dialect=dialect_of(table.rest, derivation))
        found = formulas_of(table.rest, tex=tex)
        if not found:
            raise ProofreadingError(
                "",
                "no formula was found",
                "formulas as pictures, or lines without =",
                "write them between $$, in a code block, or one a line",
            )
        found = list(under_headers(table.rest, found, names.gates, names.known))
        entries = [_entry(formula, names) for one in found for formula in expanded(one, names.gates)]
        names = replace(names, bars=_bars(entries, names), lone=_lone(entries, names) | _outputs(entries, names))
        entries, names = told_apart(entries, names, sequence)
        readings, tried = {}, Counter[str]()
        for latex in sorted({entry.formula.latex for entry in entries}, reverse=True):
            readings[latex], found_here = _reading(entries, names, sequence, latex)
            tried += found_here
        read = cls(sequence, names, entries, readings, tried, conventions)
        judged = read.judged({}, False)
        layer = of_the_layer(entries, judged)
        return replace(read, names=replace(names, owned=read.owned(judged), layer=layer))

    def owned(self, judged: list[Finding]) -> frozenset[str]:
        """The names that the text defines itself."""
        lines = zip(self.entries, judged, strict=True)
        own = [entry.line for entry, found in lines if found.status == "own" and found.target is None]
        lefts = [line.sides[0] for line in own if line is not None]
        return frozenset(own_key(left) for left in lefts if isinstance(left, Symbol))

    @property
    def doubtful(self) -> bool:
        """Whether there are lines that are not right."""
        return bool(self.tried["wrong"] + self.tried["misfit"])

    @property
    def readers(self) -> dict[bool, LineReader]:
        """What goes through the lines, from the first on."""
        return self.readers_with({})

    def readers_with(self, meant: Meanings) -> dict[bool, LineReader]:
        """The same with lines of names of the text's own that are lines of these."""
        of_all = self.names, self.sequence
        return {
            latex: LineReader(*of_all, reading, self.entries, latex, meant) for latex, reading in self.readings.items()
        }

    def findings(self, progress: Progress = lambda done, total: None) -> list[Finding]:
        """What is found of each line, the mistakes of wrong ones sought; progress hears of every line."""
        found = self.judged({}, True, progress)
        if {"wrong", "own"} <= {finding.status for finding in found}:
            meant = meanings_by_use(self.entries, found, self.judged, [*self.sequence.values])
            return self.judged(meant, True) if meant else found
        return found

    def judged(self, meant: Meanings, explain: bool, progress: Progress = lambda done, total: None) -> list[Finding]:
        """What is found of each line with names that stand for these."""
        readers, found = self.readers_with(meant), []
        for place, entry in enumerate(self.entries):
            latex = entry.formula.latex
            of_all = {key: reader.finding(place, explain=explain and key == latex) for key, reader in readers.items()}
            found.append(of_all[latex])
            progress(place + 1, len(self.entries))
        return found

    @property
    def changes(self) -> int:
        """How many changes mend all lines."""
        return sum(changes(finding) for finding in self.findings() if finding.status == "wrong")


def _entry(formula: Formula, names: Names) -> Entry:
    try:
        return Entry(formula, read_line(formula.text, formula.latex, names.words))
    except Unreadable as problem:
        return Entry(formula, None, problem.found, problem.fix, _left(formula, names))
    except RecursionError:
        return Entry(formula, None, "brackets inside each other, too deep")


def _left(formula: Formula, names: Names) -> Node | None:
    """The left side of a formula of which the right one cannot be read, None if that cannot either."""
    try:
        left = formula.text.partition("=")[0].rstrip(" */@+-")
        return read_line(f"{left} = 1", formula.latex, names.words).sides[0]
    except (Unreadable, RecursionError):
        return None


def _reading(entries: list[Entry], names: Names, sequence: Sequence, latex: bool) -> tuple[Reading, Counter[str]]:
    """The ways in which most lines are right, those of the equations unless others are clearly better; what they give.

    latex: whether of formulas in LaTeX, or of the others; a text may have columns in those and rows in its code.
    """
    entries = [entry for entry in entries if entry.formula.latex == latex]
    order = _order(entries, names, sequence)
    best, best_score, best_tried = Reading(order=order), -1e9, Counter[str]()
    either = (False, True)
    layouts = either if _has_partials(entries) else (False,)
    for rows, transposed, before, swapped, denominators in product(either, either, either, either, layouts):
        reading = Reading(rows, transposed, before, swapped, order, denominators)
        found = LineReader(names, sequence, reading, entries, latex).tried()
        score = 3.0 * found["right"] - 2.0 * found["misfit"] - 0.5 * found["wrong"]
        score -= 4.0 * (transposed and not rows) + 1.5 * before + 4.0 * swapped + 1.5 * denominators
        if score > best_score + 1e-9:
            best, best_score, best_tried = reading, score, found
    return best, best_tried


def _has_partials(entries: list[Entry]) -> bool:
    """Whether there are derivatives of one quantity of the cell by another."""
    return any(isinstance(node, Partial) for node in parts_of(entries))


def _bars(entries: list[Entry], names: Names) -> bool:
    """Whether a bar over a name is what marks adjoints: where nothing else does."""
    symbols = [node for node in parts_of(entries) if isinstance(node, Symbol)]
    marked = [leaf for leaf in (names.leaf(symbol, Reading()) for symbol in symbols) if leaf is not None]
    kinds = {leaf.quantity.kind for leaf in marked}
    return any(symbol.key.startswith("-") for symbol in symbols) and not kinds & {"adjoint", "carried", "gradient"}


def _lone(entries: list[Entry], names: Names) -> dict[str, Quantity]:
    """W, U, b -> the parameter of the one sum that has no letter of its own below it: all others have, or W, U or b
    stands in the equation of one gate alone.
    """
    symbols = {node.key.removeprefix("d"): node for node in parts_of(entries) if isinstance(node, Symbol)}
    named = {leaf.quantity.name for symbol in symbols.values() if (leaf := names.leaf(symbol, Reading())) is not None}
    found = {}
    for part, parameters in names.packs.items():
        without = [name for name in parameters if name not in named]
        if part not in symbols or part == "a" or len(parameters) < 2:
            continue
        sums = without if len(without) == 1 else [parameters[place] for place in _defined_with(part, entries, names)]
        if len(sums) == 1:
            found[part] = Quantity("parameter", sums[0])
    return found


def _outputs(entries: list[Entry], names: Names) -> dict[str, Quantity]:
    """y, out -> the output of the cell, where a line makes its derivative of what arrives from the step after too, so
    that it is not what the loss gives alone.
    """
    found = {}
    for line in (entry.line for entry in entries if entry.line):
        left = line.sides[0]
        leaf = names.leaf(left, Reading()) if isinstance(left, Symbol) and left.adjoint else None
        if isinstance(left, Symbol) and leaf is not None and leaf.quantity.kind == "dy":
            inside = [names.leaf(part, Reading()) for part in line.sides[-1].walk() if isinstance(part, Symbol)]
            arrives = any(one is not None and one.quantity.kind in _ARRIVING for one in inside)
            if arrives and names.quantity(left.key) is None and isinstance(line.sides[-1], tree.Sum):
                found[left.key] = Quantity("forward", names.derivation.cell.output)
    return found


def _defined_with(part: str, entries: list[Entry], names: Names) -> set[int]:
    """The places of the sums in the equations of whose gates a letter stands."""
    found = set()
    for line in (entry.line for entry in entries if entry.line):
        leaf = names.leaf(line.sides[0], Reading()) if isinstance(line.sides[0], Symbol) else None
        inside = {node.key for side in line.sides[1:] for node in side.walk() if isinstance(node, Symbol)}
        if (
            leaf is not None
            and leaf.quantity.kind == "forward"
            and leaf.quantity.name in names.before
            and part in inside
        ):
            found.add(names.packs["a"].index(names.before[leaf.quantity.name]))
    return found


def _order(entries: list[Entry], names: Names, sequence: Sequence) -> tuple[str, ...]:
    """The order of the gates in packed arrays: that of the first array that stacks one part of each."""
    sums = names.packs.get("a", ())
    for entry in entries:
        for node in parts_of([entry]):
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
