"""The audit of a derivation: every formula of a text is read, in the conventions that make most of them right."""

from __future__ import annotations

from lstm_sym.compile.derivation import Derivation
from lstm_sym.equations.cell import Cell
from lstm_sym.ground.progress import Progress
from lstm_sym.proofreading import tree
from lstm_sym.proofreading.conventions import (
    Convention,
    complemented_conventions,
    joined_conventions,
    unbiased_conventions,
)
from lstm_sym.proofreading.entries import parts_of
from lstm_sym.proofreading.findings import Proof
from lstm_sym.proofreading.formulas import check_text
from lstm_sym.proofreading.sequence import Sequence
from lstm_sym.proofreading.spellings import with_keys
from lstm_sym.proofreading.texts import Text


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
    check_text(text)
    read = _in_its_conventions(sequence, text, tex)
    findings = tuple(read.findings(progress))
    readers = read.readers
    known = [leaf for reader in readers.values() for leaves in reader.known.values() for leaf in leaves]
    named = {with_keys(tree.filled(leaf.form, leaf.time), text): leaf for leaf in known}
    writers = {latex: reader.writer for latex, reader in readers.items()}
    explained = frozenset(leaf.quantity for leaf in read.names.table.values())
    derivation = read.sequence.derivation
    return Proof(derivation, read.readings, findings, named, writers, explained, read.conventions)


def _in_its_conventions(sequence: Sequence, text: str, tex: bool) -> Text:
    """The text as of the cell, or of the cell in other conventions where those make clearly more of it right."""
    best = Text.of(sequence, text, tex=tex)
    parts = tuple(parts_of(best.entries))
    for conventions in (joined_conventions, unbiased_conventions, complemented_conventions):
        for convention in conventions(best.sequence.derivation.cell, parts, best.names) if best.doubtful else ():
            best = _better(best, sequence, convention, text, tex)
    return best


def _better(best: Text, sequence: Sequence, convention: Convention, text: str, tex: bool) -> Text:
    """The text in a further convention, if that is what makes more of it right; else as it was.

    An equation of the cell shows it, or shapes: one that is right with 1 - z called z and else is not says so, whatever
    the lines of its gradients are. Where none does, two mistakes may look like a convention: then the one
    is taken in which fewer changes mend all lines.
    """
    conventions = (*best.conventions, convention)
    other = Text.of(sequence.of_cell(convention.cell), text, tex=tex, conventions=conventions)
    if other.tried["equation"] < best.tried["equation"]:
        return best
    more = other.tried["right"] - best.tried["right"]
    fits = convention.kind == "joined" and other.tried["misfit"] < best.tried["misfit"]
    is_shown = other.tried["equation"] > best.tried["equation"]
    if fits or (is_shown and (more >= 1 or convention.kind == "complemented")):
        return other
    return other if more >= 2 and other.changes < best.changes else best
