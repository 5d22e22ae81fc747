"""The page of some cells to explore, and the explorer as a section of a derivation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lstm_sym.document import document as d
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.cell import Cell, common_signs
from lstm_sym.explore.block import CURVES, explorer_block
from lstm_sym.explore.errors import ExploreError
from lstm_sym.explore.levers import PUSHED
from lstm_sym.explore.subject import STEPS, UNITS, Subject

AFTER = "diagram"
"""The section of a derivation that the explorer follows."""


def explorer_pages(cells: Sequence[Cell], languages: Sequence[Sentences]) -> list[d.Document]:
    """A page of nothing but the explorer, in each language.

    Raises ExploreError for no cell, too many, twice the same, or one unfit.
    """
    keys = [cell.key for cell in cells]
    if not 1 <= len(set(keys)) == len(keys) <= len(CURVES):
        raise ExploreError(
            "explore",
            f"{len(keys)} cells: {', '.join(keys) or 'none'}",
            f"a page holds up to {len(CURVES)}, a colour for each, and each once",
            "name fewer, or write a page for each",
        )
    subjects = [Subject(cell) for cell in cells]
    return [_page(subjects, sentences) for sentences in languages]


def explorable(cell: Cell) -> bool:
    """Whether a cell has something to move, in the sizes of the page."""
    try:
        Subject(cell)
    except ExploreError:
        return False
    return True


def _page(subjects: Sequence[Subject], sentences: Sentences) -> d.Document:
    cells = [subject.cell for subject in subjects]
    names = sentences.sentence("list.comma").join(cell.name_in(sentences.language) for cell in cells)
    return d.Document(
        sentences.text("explore.title", cells=names),
        sentences.language,
        (sentences.line("explore.lead"),),
        (d.Section("explore", sentences.text("section.explore"), _blocks(subjects, sentences)),),
        quantities=tuple(tuple(equation.target for equation in cell.equations) for cell in cells),
        signs=common_signs(cells),
    )


def with_explorer(documents: Sequence[d.Document], cell: Cell, languages: Sequence[Sentences]) -> list[d.Document]:
    """The derivation in each language with the explorer after its diagram; as it is, where nothing can be explored."""
    try:
        subject = Subject(cell)
    except ExploreError:
        return list(documents)
    return [_inserted(document, subject, said) for document, said in zip(documents, languages, strict=True)]


def _inserted(document: d.Document, subject: Subject, sentences: Sentences) -> d.Document:
    explorer, method = _blocks([subject], sentences)
    blocks = (d.Paragraph(sentences.line("explore.lead")), explorer, replace(method, folded=True))
    section = d.Section("explore", sentences.text("section.explore"), blocks)
    place = next((k for k, one in enumerate(document.sections, 1) if one.key == AFTER), 0)
    return replace(document, sections=(*document.sections[:place], section, *document.sections[place:]))


def _blocks(subjects: Sequence[Subject], sentences: Sentences) -> tuple[d.Live, d.Section]:
    """The explorer, and how its numbers are made."""
    title = sentences.text("section.explore_method")
    method = d.Section("explore.method", title, _method(subjects[0], sentences))
    return explorer_block(subjects, sentences), method


def _method(subject: Subject, sentences: Sentences) -> tuple[d.Block, ...]:
    """What is computed, how a gate is held, and where parameters and inputs are from."""
    sizes = "".join(f", {name}={size}" for name, size in subject.sizes.items())
    rng = "np.random.default_rng(seed)"
    lines = (
        sentences.line(
            "explore.method",
            jacobian=d.Code("J[t] = ∂s[t]/∂s[t-1]"),
            input=d.Code("X[t] = ∂s[t]/∂x[t]"),
            backward=d.Code("∂y[T]/∂x[t] = (∂y[T]/∂s[T]) J[T] ⋯ J[t+1] X[t]"),
            forward=d.Code("∂s[t]/∂x[k] = J[t] ⋯ J[k+1] X[k]"),
        ),
        sentences.line("explore.held", push=f"±{PUSHED:g}", size=f"{PUSHED:g}"),
        sentences.line(
            "explore.drawn",
            units=str(UNITS),
            inputs=str(subject.inputs),
            params=d.Code(f"kernel.init({subject.inputs}, {UNITS}{sizes}, rng={rng})"),
            x=d.Code(f"{rng}.standard_normal(({STEPS}, 1, {subject.inputs}))"),
        ),
    )
    return tuple(d.Paragraph(line) for line in lines)
