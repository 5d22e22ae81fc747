"""The fonts that come with the package: they have every character of every sentence, and stay small."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from lstm_sym.document import fonts
from lstm_sym.document.sentences import LANGUAGES, Sentences, table
from lstm_sym.flow.drawing.drawings import Shown
from lstm_sym.flow.drawing.fonts import CHINESE, FOLDER, LATIN, WEIGHTS, font_file, written_by
from lstm_sym.studies.pictures import Pictures

FONTS = [(family, weight) for family in CHINESE for weight in WEIGHTS]


def characters(path: Path) -> set[str]:
    from matplotlib.font_manager import get_font

    return set(map(chr, get_font(path).get_charmap()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_can_be_written_without_an_installed_font(language: str) -> None:
    sentences = [row[language] for row in table().values()]
    files = [font_file(*font) for font, source in fonts.SOURCES.items() if source.language == language]
    for path in files or [None]:
        there = written_by(LATIN) | {"\n"} | (characters(path) if path else set())
        lacking = sorted(set("".join(sentences)) - there)
        assert not lacking, f"{path and path.name} has no {''.join(lacking)}: make it again\n{fonts.__doc__}"


def test_there_is_a_source_for_every_font_and_no_font_without() -> None:
    assert sorted(fonts.SOURCES) == sorted(FONTS)
    assert {path.name for path in FOLDER.glob("*.ttf")} == {font_file(*font).name for font in FONTS}
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FOLDER / "OFL.txt").read_text(encoding="utf-8")


def test_the_fonts_are_small_and_have_names_that_no_installed_font_has() -> None:
    from matplotlib.font_manager import get_font

    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 2**20
    for family, weight in FONTS:
        font = get_font(font_file(family, weight))
        assert (font.family_name, font.style_name) == (family, weight)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_says_where_a_character_is_in_no_font(language: str) -> None:
    sentences = Sentences(language)
    shown = {"f": {language: Shown("<svg/>", "title", ())}}
    for svg, said in (("<svg><text >a</text></svg>", True), ("<svg><path/></svg>", False)):
        caption = Pictures({"f.svg": svg.encode()}, shown).figure("f", sentences, ("Caption.",)).caption
        assert (sentences.text("figure.as_text") in caption) is said and caption[0] == "Caption."


def test_a_font_is_cut_down_to_what_is_asked_for_the_same_each_time() -> None:
    data = font_file("lstm_sym TC", "Regular").read_bytes()
    once, again = (fonts.subset(data, {"步", "度"}, "a family") for _ in range(2))
    assert once == again and len(once) < len(data) / 20
    with pytest.raises(ValueError, match="this font has no ⿕"):
        fonts.subset(data, {"步", "⿕"}, "a family")


def test_the_script_refuses_an_archive_that_is_not_there_or_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = [hashlib.sha256(font_file(*font).read_bytes()).hexdigest() for font in FONTS]
    with pytest.raises(SystemExit, match=r"(?s)No such file.*npm pack"):
        fonts.main()
    source = fonts.SOURCES[FONTS[0]]
    with tarfile.open(source.archive, "w:gz") as archive:
        member = tarfile.TarInfo(source.member)
        member.size = 3
        archive.addfile(member, io.BytesIO(b"abc"))
    with pytest.raises(SystemExit, match=r"(?s)another SHA-256.*npm pack"):
        fonts.main()
    assert before == [hashlib.sha256(font_file(*font).read_bytes()).hexdigest() for font in FONTS]
