"""The colours of all figures, distinct with every form of colour blindness. No matplotlib here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

DASHES = ("solid", (0, (5, 1.6)), (0, (1.2, 1.4)))
INK, MUTED, GRID, PAPER = "#1F2328", "#5F6872", "#E4E7EB", "#FFFFFF"


class GateColour(NamedTuple):
    """One colour in two forms, on white and on near black.

    Of a gate each is read with a contrast of 4.5 (WCAG 2.2, 1.4.3), of a model, a line, seen with 3 (1.4.11).
    """

    light: str  # on a light page
    dark: str  # on a dark page


# The colours of models: found by search around the hues of Okabe & Ito (2008), so that two of them are further apart
# than the nearest of theirs with every form of colour blindness, on light pages and on dark ones.
MODELS = (
    GateColour("#0072B2", "#4FA3EA"),  # blue
    GateColour("#D55E00", "#EDA083"),  # vermilion
    GateColour("#08A278", "#B9EDCB"),  # green
    GateColour("#471647", "#B976A0"),  # purple
    GateColour("#695205", "#F5D542"),  # olive
    GateColour("#295D78", "#2FD4EC"),  # petrol
)
PALETTE = tuple(colour.light for colour in MODELS)
"""The same on white; dashes tell more models than these apart."""
OWN = {"lstm": MODELS[0], "rnn": MODELS[1], "gru": MODELS[2]}
"""The colours that models of these names have in every figure."""

# Found by search around hues that are told apart by name: within one cell, two of them are further apart in OKLab, with
# and without red, green or blue blindness (Machado, Oliveira & Fernandes 2009), than the nearest two of Okabe & Ito.
GATES = {
    "i": GateColour("#4468AA", "#88B6FB"),  # input: blue
    "f": GateColour("#C5460E", "#F65B0A"),  # forget: vermilion
    "o": GateColour("#27460D", "#7FF08D"),  # output: green
    "g": GateColour("#70276F", "#D87E9C"),  # candidate: purple
    "r": GateColour("#0F7D86", "#6ED2F2"),  # reset: teal
    "z": GateColour("#6E7230", "#EBC940"),  # update: olive
    "c": GateColour("#4025C1", "#7184F2"),  # cell state: indigo
    "h": GateColour("#312231", "#D3FFF9"),  # hidden state: ink
}
# What plays the part of another letter: a candidate called n, the gates of the chaos-free network, and words.
SAME = {
    "n": "g",
    "theta": "f",
    "eta": "i",
    "input": "i",
    "forget": "f",
    "output": "o",
    "candidate": "g",
    "reset": "r",
    "update": "z",
    "cell": "c",
    "hidden": "h",
}


def gate_colours(names: Sequence[str]) -> dict[str, GateColour]:
    """A colour for every gate of a cell: the usual letters always have theirs, wherever they appear.

    A name that only stands for a letter (n for the candidate g) has that of the letter, where the cell lacks the
    letter itself. Others take what is left of `GATES`, in the order of the names; with more than that, colours repeat.
    """
    names = list(dict.fromkeys(names))
    letters = {name: name for name in names if name in GATES}
    for name in names:
        if name not in letters and SAME.get(name, name) in GATES.keys() - letters.values():
            letters[name] = SAME[name]
    free = [letter for letter in GATES if letter not in letters.values()] or list(GATES)
    others = [name for name in names if name not in letters]
    letters |= {name: free[at % len(free)] for at, name in enumerate(others)}
    return {name: GATES[letters[name]] for name in names}


def model_colours(labels: Sequence[str]) -> dict[str, str]:
    """A colour on white for every model of a page, by its label: that of `OWN`, or what is left, in their order.

    "LSTM" and "lstm" are one model, "lstm, b_f = 1" is another. With more models than colours, colours repeat.
    """
    labels = list(dict.fromkeys(labels))
    found = {label: OWN[label.lower()] for label in labels if label.lower() in OWN}
    # A model beside one of these has a colour that none of them ever has, on whichever page.
    known = sorted(MODELS, key=lambda colour: bool(found) and colour in OWN.values())
    free = [colour for colour in known if colour not in found.values()] or list(MODELS)
    others = [label for label in labels if label not in found]
    found |= {label: free[at % len(free)] for at, label in enumerate(others)}
    return {label: found[label].light for label in labels}


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of "#RRGGBB", each 0 to 255."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def darker(colour: str, share: float = 0.7) -> str:
    """The colour with `share` of its light: for text, which is read on white less easily than a line is seen."""
    return "#" + "".join(f"{round(share * part):02X}" for part in channels(colour))
