"""The explorer as a part of a page: its sliders, the places of its pictures, its data and its scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from lstm_sym.document.colours import colour_class
from lstm_sym.document.document import Live
from lstm_sym.document.sentences import Sentences
from lstm_sym.explore.subject import SEEDS, STEPS, UNITS, Subject, drawn_input, packed
from lstm_sym.flow.drawing.colours import GATES

SCRIPTS = ("measure.js", "pictures.js", "page.js")
CURVES = [GATES[letter] for letter in "ifrgzo"]
"""Colours of the curves, one a cell."""
PREFIX = "explorer."
"""What the anchors of the explorer begin with."""

Words = Mapping[str, str]


@dataclass(frozen=True)
class Slider:
    """A number that the reader moves: its name in the settings, and the key of what it is called."""

    name: str
    word: str
    least: float
    most: float
    step: float
    value: float


SHARED = (
    Slider("steps", "steps", 2, STEPS, 1, 20),
    Slider("scale", "scale", 0, 4, 0.05, 1),
    Slider("seed", "seed", 0, SEEDS - 1, 1, 0),
    Slider("source", "source", 1, STEPS, 1, 1),
)


def explorer_block(subjects: Sequence[Subject], sentences: Sentences) -> Live:
    """The explorer of some cells, in one plot. Same cells, same bytes."""
    words = sentences.under("explore.words")
    for subject in subjects:
        words |= dict(_words_of(subject, sentences))
    scripts = [files(__package__).joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS]
    kernels = ",\n".join(f"{json.dumps(one.cell.key)}: {one.script}" for one in subjects)
    script = f"{''.join(scripts[:-1])}const kernels = {{\n{kernels}\n}};\n{scripts[-1]}"
    return Live(words, lambda told, said: _Markup(subjects, told).html(said), _style(), _inert(script))


def _words_of(subject: Subject, sentences: Sentences) -> Iterator[tuple[str, str]]:
    """What a cell and each of its gates is called, and what cannot be moved."""
    cell, levers = subject.cell, subject.levers
    yield _name_of(cell.key), cell.name_in(sentences.language)
    comma = sentences.sentence("list.comma")
    for lever in levers.gates:
        yield f"{cell.key}.{lever.gate.name}", cell.meaning(lever.gate.name, sentences.language)
    unheld = [lever.gate.name for lever in levers.gates if not lever.holds]
    for key, names in (("fixed", levers.fixed), ("unheld", unheld)):
        if names:
            yield f"{cell.key}.{key}", sentences.text(f"explore.words.{key}", gates=comma.join(names))
    if not levers.gates and not levers.fixed:
        yield f"{cell.key}.no_gate", sentences.text("explore.words.no_gate")
    if not levers.roles.recurrent:
        yield f"{cell.key}.unscaled", sentences.text("explore.words.unscaled")


def _name_of(key: str) -> str:
    """The key of the word that is the name of a cell; no gate of it can have it."""
    return f"name of {key}"


def _style() -> str:
    curves = [f".curve-{k} {{ color: {colour.light}; }}\n" for k, colour in enumerate(CURVES)]
    dark = [f"  .curve-{k} {{ color: {colour.dark}; }}\n" for k, colour in enumerate(CURVES)]
    text = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    return f"{text}{''.join(curves)}@media screen and (prefers-color-scheme: dark) {{\n{''.join(dark)}}}\n"


def _inert(script: str) -> str:
    """The script without what would end its element: a name may hold it, in a comment or a string."""
    return re.sub(r"<(?=[/!])", r"\\x3c", script)


class _Markup:
    """Writes the elements; `told` are the words in all languages of the page."""

    def __init__(self, subjects: Sequence[Subject], told: Words) -> None:
        self.subjects, self.told = subjects, told

    def html(self, said: Mapping[str, Words]) -> str:
        """All of it; `said`: the words by language, for what scripts write."""
        return (
            f'<div class="explorer" id="{PREFIX}all">\n<p class="asleep">{self.told["asleep"]}</p>\n'
            f'<div class="desk" hidden>\n{self.curves()}'
            f'<form class="levers">\n{self.shared()}\n{"".join(map(self.of_cell, self.subjects))}</form></div>\n'
            f'<div class="networks" hidden>\n{self.networks()}</div>\n'
            f'<script type="application/json" id="{PREFIX}data">{self.data(said)}</script>\n</div>'
        )

    def shared(self) -> str:
        """What all cells have in common."""
        units = "".join(f'<option value="{k}">{k}</option>' for k in range(1, UNITS + 1))
        return (
            f"<fieldset><legend>{self.told['shared']}</legend>\n{''.join(map(self.slider, SHARED))}"
            f'<p class="lever"><label for="{PREFIX}unit">{self.told["unit"]}</label>'
            f'<select id="{PREFIX}unit" name="unit"><option value="0"></option>{units}</select></p>\n'
            f'<p><button type="reset">{self.told["reset"]}</button></p></fieldset>'
        )

    def slider(self, slider: Slider, label: str = "") -> str:
        """A slider with its name and its value; one that says what it moves is a gate's."""
        identity = f"{PREFIX}{slider.name}"
        numbers = f'min="{slider.least:g}" max="{slider.most:g}" step="{slider.step:g}" value="{slider.value:g}"'
        return (
            f'<p class="lever"><label for="{identity}">{label or self.told[slider.word]}</label>'
            f'<output for="{identity}"></output>'
            f'<input type="range" id="{identity}" name="{slider.name}" {numbers}></p>\n'
        )

    def of_cell(self, subject: Subject) -> str:
        """The sliders of a cell's gates, and the buttons for all of them."""
        cell, levers = subject.cell, subject.levers
        sliders = []
        for lever in levers.gates:
            name = lever.gate.name
            meaning = self.told[f"{cell.key}.{name}"]
            letter, index = map(escape, subject.sign(name))
            below = f"<sub>{index}</sub>" if index else ""
            sign = f'<b class="{colour_class(name)}">{letter}{below}</b>'
            label = f"{sign} {meaning} <small>{self.told['bias']}</small>"
            sliders.append(self.slider(Slider(f"{cell.key}.{name}", "bias", -6, 6, 0.1, 0), label))
        notes = [
            self.told[key] for word in ("no_gate", "fixed", "unscaled") if (key := f"{cell.key}.{word}") in self.told
        ]
        body = "".join(sliders) + "".join(f'<p class="note-of-cell">{note}</p>' for note in notes)
        return f"<fieldset><legend>{self.told[_name_of(cell.key)]}</legend>\n{body}</fieldset>\n"

    def curves(self) -> str:
        """The place of the curves of all cells."""
        return (
            f'<figure class="curves"><p class="title">{self.told["curves"]}</p><div class="plot"></div>'
            f'<ul class="legend"></ul></figure>\n'
        )

    def networks(self) -> str:
        """The places of the networks, and what is said of all."""
        figures = "".join(map(self.unfolded, self.subjects))
        gates = f"<p>{self.told['gates']}</p>" if any(one.levers.gates for one in self.subjects) else ""
        said = f'<div class="caption"><p>{self.told["shading"]}</p>{gates}<p class="settings"></p></div>\n'
        return f'<p class="title">{self.told["unfolded"]}</p>\n{figures}{said}'

    def unfolded(self, subject: Subject) -> str:
        """The place of a cell's network, and of its gates below it."""
        key, holds = escape(subject.cell.key), any(lever.holds for lever in subject.levers.gates)
        name, english = self.told[_name_of(subject.cell.key)], escape(subject.cell.name_in("en"))
        unheld = self.told.get(f"{subject.cell.key}.unheld", "")
        kept = any(lever.holds and lever.keeps is not None for lever in subject.levers.gates)
        presets = "".join(
            f'<button type="button" data-preset="{preset}">{self.told[preset]}</button>'
            for preset in (*(("keep",) if kept else ()), "free_all")
        )
        caption = f"<figcaption>{unheld}</figcaption>" if unheld else ""
        return (
            f'<figure class="unfolded" data-cell="{key}">'
            f'<div class="head"><b>{name}</b>{presets if holds else ""}</div>'
            f'<div class="strip" tabindex="0" role="group" aria-label="{english}"><div class="network"></div>'
            f'<table class="held"></table></div>{caption}</figure>\n'
        )

    def data(self, said: Mapping[str, Words]) -> str:
        """What the scripts read, as JSON that ends no element."""
        numbers = {one.inputs for one in self.subjects}
        inputs = {str(n): [packed(drawn_input(n, seed)) for seed in range(SEEDS)] for n in sorted(numbers)}
        cells = [one.data for one in self.subjects]
        content = {"words": said, "inputs": inputs, "cells": cells}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
