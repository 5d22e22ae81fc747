"""How well a colour is read on another: the contrast of WCAG 2.2, which the tests of figures and of pages ask for."""

from __future__ import annotations

from lstm_sym.flow.drawing.colours import channels


def contrast(one: str, other: str) -> float:
    """(L1 + 0.05) / (L2 + 0.05) of the relative luminances, L1 the larger (WCAG 2.2): 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of "#RRGGBB" in sRGB (IEC 61966-2-1): 0 black, 1 white."""
    parts = (part / 255 for part in channels(colour))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
