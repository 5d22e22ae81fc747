"""Make the Chinese fonts of figures and PDFs: Noto Sans, cut down to the characters of the word lists and the cells.

Usage, with the two archives in the current folder:

    npm pack @expo-google-fonts/noto-sans-tc@0.4.3 @expo-google-fonts/noto-sans-sc@0.4.3
    python -m lstm_sym.document.fonts
"""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
from typing import NamedTuple

from lstm_sym.cells import cell, names
from lstm_sym.document.sentences import table
from lstm_sym.flow.drawing.fonts import LATIN, font_file, written_by
from lstm_sym.ground.files import write_whole

ARCHIVE = "expo-google-fonts-noto-sans-{}-0.4.3.tgz"


class Source(NamedTuple):
    """Where a font comes from: its archive, its name and SHA-256 in it; and the language that it is cut down to."""

    archive: str
    member: str
    sha256: str
    language: str


_SUMS = {
    ("TC", "zh-Hant", "400Regular"): "add35d53f70727657b4509531677c4e3712b67df3d54661efdee5d3a0c16d954",
    ("TC", "zh-Hant", "700Bold"): "ed4ae6ed781e34d0beee896e9be5d835a938ac7adabbcc1b6b6904290006f372",
    ("SC", "zh-Hans", "400Regular"): "d45f67f0a7c0ca3f256950777ce6a61cc7ce5f9696d02900cbbaac25f8aa7d16",
    ("SC", "zh-Hans", "700Bold"): "9a38ae0ab28cd5a256f9ea8e00dedc688aac17f7915fcb000572990afa956b96",
}
SOURCES = {
    (f"lstm_sym {script}", weight[3:]): Source(
        ARCHIVE.format(script.lower()), f"package/{weight}/NotoSans{script}_{weight}.ttf", sha256, language
    )
    for (script, language, weight), sha256 in _SUMS.items()
}
"""Family and weight -> source."""


def needed(language: str) -> set[str]:
    """The characters of the sentences of a language, and of the catalogue, that Matplotlib's own font has not."""
    catalogue = [cell(name) for name in names()]
    told = [row[language] for row in table().values()]
    told += [meaning.get(language, "") for one in catalogue for meaning in (*one.meanings.values(), one.names)]
    return {character for text in told for character in text} - written_by(LATIN) - {"\n"}


def subset(data: bytes, characters: set[str], family: str) -> bytes:
    """A TrueType font cut down to these characters, under the name of a family of its own.

    The same data give the same bytes. Raises ValueError: a character that the font has not.
    """
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    font = TTFont(io.BytesIO(data), recalcTimestamp=False)
    absent = {character for character in characters if ord(character) not in font.getBestCmap()}
    if absent:
        raise ValueError(f"this font has no {', '.join(sorted(absent))}: write the sentence without")
    options = Options(layout_features=[], hinting=False, name_IDs=[0, 1, 2, 4, 6, 13, 14], notdef_outline=True)
    options.drop_tables += ["BASE", "GDEF", "GPOS", "GSUB", "STAT", "vhea", "vmtx", "gasp"]
    cut = Subsetter(options)
    cut.populate(unicodes=map(ord, characters))
    cut.subset(font)
    style = font["name"].getDebugName(2)
    # An installed Noto Sans of another version must not be taken for this one.
    names = {1: family, 4: f"{family} {style}", 6: f"{family}-{style}".replace(" ", "")}
    for record in font["name"].names:
        record.string = names.get(record.nameID, str(record))
    made = io.BytesIO()
    font.save(made)
    return made.getvalue()


def main() -> None:
    """Read the archives of the current folder, check every sum, and rewrite the fonts."""
    for (family, weight), source in SOURCES.items():
        try:
            with tarfile.open(source.archive) as archive:
                member = archive.extractfile(source.member)
                data = member.read() if member else b""
        except (OSError, KeyError, tarfile.TarError) as error:
            sys.exit(f"{source.archive}: {error}\n{__doc__}")
        if hashlib.sha256(data).hexdigest() != source.sha256:
            sys.exit(f"{source.archive}, {source.member}: another SHA-256 than {source.sha256}\n{__doc__}")
        path = font_file(family, weight)
        made = subset(data, needed(source.language), family)
        write_whole(path, made)
        print(f"wrote {path.name}: {len(made)} bytes")


if __name__ == "__main__":
    main()
