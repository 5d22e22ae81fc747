"""The figures of a page: their files in the language asked for, and what the page shows of them in every language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lstm_sym.document.document import Figure, Line, Link
from lstm_sym.document.sentences import Sentences, in_order
from lstm_sym.flow.drawing.drawings import Drawing, Shown, has_text, in_languages
from lstm_sym.flow.drawing.looks import FILES, Look, joined
from lstm_sym.ground.parallel import each

Drawn = Callable[[Sentences], Drawing]
"""A figure in the words of a language."""
FORMATS = ("svg", "png", "csv")
PAPER = "pdf"
"""What is written of every figure as well where a width for a paper is given."""


@dataclass(frozen=True)
class Pictures:
    """Files by their names, and of each figure by its name what a page shows of it, by language."""

    files: Mapping[str, bytes]
    shown: Mapping[str, Mapping[str, Shown]]

    @classmethod
    def of(cls, drawn: Mapping[str, Drawn], language: str, paper: float | None = None, workers: int = 1) -> Pictures:
        """Draw figures by their names: files in this language, PDFs of the width `paper` in inches among them.

        workers: the processes that share them. Raises FlowError for a width that the words of a figure need for
        themselves.
        """

        def one(name: str, _: object) -> tuple[dict[str, bytes], dict[str, Shown]]:
            return _drawn(drawn[name], language, paper)

        files: dict[str, bytes] = {}
        shown = {}
        for name, (found, shown[name]) in zip(drawn, each(one, [*drawn], workers), strict=True):
            files |= {f"{name}.{ending}": content for ending, content in found.items()}
        return cls(files, shown)

    def of_models(self, models: Mapping[str, str], sentences: Sentences) -> tuple[list[Figure], str]:
        """Figures of the same kind by their names, each under the label of its model; and what all of them note."""
        found = {name: self.figure(name, sentences) for name in models}
        notes = {name: _without(label, self.shown[name][sentences.language].notes) for name, label in models.items()}
        every = [note for note in dict.fromkeys(sum(notes.values(), ())) if all(note in own for own in notes.values())]
        own = {name: joined([note for note in of if note not in every]) for name, of in notes.items()}
        return [replace(found[name], title=label, note=own[name]) for name, label in models.items()], joined(every)

    def figure(self, name: str, sentences: Sentences, caption: Line = ()) -> Figure:
        """A figure of the page in a language, with links to its data and its files."""
        one = self.shown[name][sentences.language]
        links = [Link(f"{name}.{ending}", f"{name}.{ending}") for ending in ("csv", "png", "svg", PAPER)]
        files = sentences.line("figure.files", files=sentences.listed([at for at in links if at.target in self.files]))
        lacking = sentences.line("figure.as_text") if has_text(self.files[f"{name}.svg"].decode("utf-8")) else ()
        return Figure(one.svg, f"{name}.svg", (*caption, *files, *lacking), one.title, one.title, joined(one.notes))


def _drawn(draw: Drawn, language: str, paper: float | None) -> tuple[dict[str, bytes], dict[str, Shown]]:
    """The files of a figure by their endings, and what a page shows of it, by language."""
    drawing = draw(Sentences(language))
    found = drawing.files(FILES)
    if paper is not None:
        found |= drawing.files(Look.paper(paper))
    return found, in_languages({one: draw(Sentences(one)) for one in in_order(language)})


def _without(label: str, notes: tuple[str, ...]) -> tuple[str, ...]:
    """The notes without the label of the model before them."""
    return tuple(re.sub(rf"^{re.escape(label)}[:：.]\s*", "", note) for note in notes)


def names_of_files(figures: list[str], paper: float | None) -> list[str]:
    """The files that figures of these names come with."""
    endings = FORMATS if paper is None else (*FORMATS, PAPER)
    return [f"{name}.{ending}" for name in figures for ending in endings]
