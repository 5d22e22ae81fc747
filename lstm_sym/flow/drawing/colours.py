"""The colours of all figures, distinct with every form of colour blindness. No matplotlib here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# Okabe & Ito (2008), Color Universal Design; dashes tell the rest apart.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D")
DASHES = ("solid", (0, (5, 1.6)), (0, (1.2, 1.4)))
INK, MUTED, GRID, PAPER = "#1F2328", "#5F6872", "#E4E7EB", "#FFFFFF"


class GateColour(NamedTuple):
    """One colour in two forms, each read with a contrast of 4.5 (WCAG 2.2, 1.4.3): on white, and on near black."""

    light: str  # on a light page
    dark: str  # on a dark page


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


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of "#RRGGBB", each 0 to 255."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def darker(colour: str, share: float = 0.7) -> str:
    """The colour with `share` of its light: for text, which is read on white less easily than a line is seen."""
    return "#" + "".join(f"{round(share * part):02X}" for part in channels(colour))
