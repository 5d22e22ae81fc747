"""Make the font of formulas on pages: STIX Two Math, cut down to the letters and signs that the notation prints.

Browsers stretch brackets and place indices by the MATH table of a font; where a machine has no such font, formulas look
crude. Usage, with the archive in the current folder, and fontTools and brotli installed:

    pip download --no-deps ziamath==0.13
    python -m lstm_sym.document.maths_font
"""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import zipfile
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from lstm_sym.ground.files import write_whole

ARCHIVE, MEMBER = "ziamath-0.13-py3-none-any.whl", "ziamath/fonts/STIXTwoMath-Regular.ttf"
SHA256 = "8f42cb183a85043a4dc3f8e41ac3821eb27bf178d68ace929ba439523622323c"
FAMILY, FILE = "lstm_sym Math", "maths.woff2"
SIGNS = "⊙∂∑√∞′″˙∘⊤⋯…−±×·⟨⟩‖∏≤≥≠≈∈ℝ¯ˆ˜→₀₁₊"
ITALIC_LETTERS, ITALIC_GREEK = range(0x1D434, 0x1D468), range(0x1D6E2, 0x1D716)


def characters() -> set[int]:
    """Letters of Latin and Greek, upright and italic (<mi> of one letter is drawn italic), digits, signs."""
    latin, greek = range(0x20, 0x7F), range(0x391, 0x3CA)
    return {*latin, *greek, *ITALIC_LETTERS, *ITALIC_GREEK, 0x210E, *map(ord, SIGNS)}


@lru_cache(maxsize=1)
def font_rule() -> str:
    """The rule of a style sheet with the font in it."""
    data = base64.b64encode(files(__package__).joinpath(FILE).read_bytes()).decode("ascii")
    return f'@font-face {{ font-family: "{FAMILY}"; src: url(data:font/woff2;base64,{data}) format("woff2"); }}\n'


def subset(data: bytes) -> bytes:
    """The font cut down, as WOFF2, under a name of its own; the same data give the same bytes."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    font = TTFont(io.BytesIO(data), recalcTimestamp=False)
    options = Options(layout_features=["ssty"], hinting=False, name_IDs=[0, 1, 2, 4, 6, 13, 14], notdef_outline=True)
    options.drop_tables += ["STAT", "gasp", "DSIG", "GPOS", "GDEF"]
    cut = Subsetter(options)
    cut.populate(unicodes=characters() & set(font.getBestCmap()))
    cut.subset(font)
    names = {1: FAMILY, 4: FAMILY, 6: FAMILY.replace(" ", "")}
    for record in font["name"].names:
        record.string = names.get(record.nameID, str(record))
    font.flavor = "woff2"
    made = io.BytesIO()
    font.save(made)
    return made.getvalue()


def main() -> None:
    """Read the archive of the current folder, check its sum, and rewrite the font."""
    try:
        data = zipfile.ZipFile(ARCHIVE).read(MEMBER)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        sys.exit(f"{ARCHIVE}: {error}\n{__doc__}")
    if hashlib.sha256(data).hexdigest() != SHA256:
        sys.exit(f"{ARCHIVE}, {MEMBER}: another SHA-256 than {SHA256}\n{__doc__}")
    made = subset(data)
    path = Path(str(files(__package__).joinpath(FILE)))
    write_whole(path, made)
    print(f"wrote {path.name}: {len(made)} bytes")


if __name__ == "__main__":
    main()
