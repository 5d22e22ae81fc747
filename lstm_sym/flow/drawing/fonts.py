"""The fonts of the figures: those that come with the package, which need no installed one, and what they can write."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = Path(__file__).with_name("fonts")
LATIN = "DejaVu Sans"
"""The font that comes with Matplotlib; it writes all that it can."""
CHINESE = {"lstm_sym TC": "chinese_tc", "lstm_sym SC": "chinese_sc"}
"""Family -> stem of its files: Chinese as it is written in Taiwan, and in China. fonts/SOURCES.md tells of them."""
WEIGHTS = {"Regular": "", "Bold": "_bold"}
"""Weight -> ending of the stem."""
INSTALLED = (
    "Noto Sans CJK TC",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans TC",
    "Microsoft JhengHei",
    "PingFang TC",
    "Heiti TC",
    "WenQuanYi Zen Hei",
)
"""Whichever of them the machine has writes what the others cannot."""


def font_file(family: str, weight: str) -> Path:
    """The file of a font that comes with the package: a family of `CHINESE`, a weight of `WEIGHTS`."""
    return FOLDER / f"{CHINESE[family]}{WEIGHTS[weight]}.ttf"


def families() -> list[str]:
    """The families that figures are written with, in their order; those of the package are made known to Matplotlib.

    By path, so that no cached list of fonts matters.
    """
    from matplotlib.font_manager import fontManager

    known = {font.name for font in fontManager.ttflist}
    for family in CHINESE:
        if family not in known:
            for weight in WEIGHTS:
                fontManager.addfont(str(font_file(family, weight)))
    return [LATIN, *CHINESE, *(name for name in INSTALLED if name in known)]


@lru_cache
def written_by(family: str) -> frozenset[str]:
    """The characters that a family has."""
    from matplotlib.font_manager import FontProperties, fontManager, get_font

    return frozenset(map(chr, get_font(fontManager.findfont(FontProperties(family=[family]))).get_charmap()))


def without_font(text: str) -> set[str]:
    """The characters of a text that no family has; line breaks are none."""
    return set(text) - {"\n"} - frozenset().union(*map(written_by, families()))


def choose(figure: Figure) -> None:
    """Write a figure in the Chinese that it is in: characters of one code have other shapes in Taiwan than in China."""
    from matplotlib.text import Text

    written = figure.findobj(Text)
    chinese = {character for text in written for character in text.get_text()} - written_by(LATIN)
    order = sorted(CHINESE, key=lambda family: not chinese <= written_by(family))
    others = [name for name in families() if name not in CHINESE and name != LATIN]
    for text in written:
        text.set_fontfamily([LATIN, *order, *others])
