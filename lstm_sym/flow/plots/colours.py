"""The colours of all figures, distinct with every form of colour blindness. No matplotlib here."""

from __future__ import annotations

# Okabe & Ito (2008), Color Universal Design; dashes tell the rest apart.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D")
DASHES = ("solid", (0, (5, 1.6)), (0, (1.2, 1.4)))
INK, MUTED, GRID, PAPER = "#1F2328", "#5F6872", "#E4E7EB", "#FFFFFF"


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of "#RRGGBB", each 0 to 255."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def darker(colour: str, share: float = 0.7) -> str:
    """The colour with `share` of its light: for text, which is read on white less easily than a line is seen."""
    return "#" + "".join(f"{round(share * part):02X}" for part in channels(colour))
