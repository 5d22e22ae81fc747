"""What every figure keeps: three files, the same bytes anywhere, words in any language, nothing cut or half done."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from flow.samples import FIGURES, drawn
from matplotlib.text import Text

from lstm_sym.flow import FlowError
from lstm_sym.flow.drawing import drawings, fonts, style

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import hashlib
from flow.samples import FIGURES
for name in {names!r}:
    for path in FIGURES[name][0]({out!r}, name):
        print(hashlib.sha256(path.read_bytes()).hexdigest())
"""
each = pytest.mark.parametrize("name", FIGURES)
# One of each way to lay a figure out: curves, and a drawing of its own.
some = pytest.mark.parametrize(
    "name", [name if name in ("fan", "unfolded") else pytest.param(name, marks=pytest.mark.long) for name in FIGURES]
)


@pytest.mark.parametrize(
    "names", [("fan", "map", "shares", "unfolded"), pytest.param(tuple(FIGURES), marks=pytest.mark.long)], ids=len
)
def test_three_files_and_nothing_else_with_the_same_bytes_as_in_another_process(tmp_path, names):
    """Lines and bands, an image, stacked areas, a drawing of its own; and all of them."""
    paths = [path for name in names for path in FIGURES[name][0](tmp_path / "here", name)]
    assert [path.name for path in paths] == [f"{name}.{end}" for name in names for end in ("svg", "png", "csv")]
    assert set((tmp_path / "here").iterdir()) == set(paths)
    here = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    script = SCRIPT.format(names=names, out=str(tmp_path / "there"))
    environment = os.environ | {"PYTHONHASHSEED": "4", "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert printed.stdout.split() == here


@each
def test_every_word_can_be_another(monkeypatch, name):
    save, words = FIGURES[name]
    figure = drawn(monkeypatch, save, labels=dict.fromkeys(words, "Ω"))
    shown = [text.get_text() for text in figure.findobj(Text) if text.get_visible()]
    # What is left in English is the names of models, gates and theory, and numbers.
    allowed = {"LSTM", "RNN", "relu", "forget gates", "bound", "Ω", "Ω; Ω", "Ω; Ω; Ω", *"ifog", *[".4", ".2", ".5"], ""}
    assert not [text for text in shown if text not in allowed and not set(text) <= set("10⁻⁰¹²³⁴⁵⁶⁷⁸⁹−-.23456789 ½")]
    assert sum(text.count("Ω") for text in shown) >= 4


@each
def test_a_word_that_is_none_of_its_own_is_refused(tmp_path, name):
    with pytest.raises(FlowError, match="'titel'"):
        FIGURES[name][0](tmp_path, "f", labels={"titel": "?"})


@some
def test_a_character_that_is_in_no_font_stays_text(tmp_path, name, monkeypatch):
    """Gothic, and characters that may not stand in an SVG."""
    monkeypatch.setattr(fonts, "INSTALLED", ())
    paths = FIGURES[name][0](tmp_path, "f", labels={"title": "靈敏度 \U00010330\x00\x1b"})
    svg = paths[0].read_text(encoding="utf-8")
    assert drawings.has_text(svg) and "靈敏度 \U00010330\ufffd\ufffd</text>" in svg
    assert ElementTree.fromstring(svg).tag.endswith("svg") and len(paths) == 3


@each
def test_chinese_needs_no_installed_font_and_is_written_as_its_readers_do(tmp_path, name, monkeypatch):
    monkeypatch.setattr(fonts, "INSTALLED", ())
    for title, family in (("靈敏度與時間差", "lstm_sym TC"), ("灵敏度与时间差", "lstm_sym SC")):
        figure = drawn(monkeypatch, FIGURES[name][0], labels={"title": title})
        fonts.choose(figure)
        written = next(text for text in figure.findobj(Text) if text.get_text().startswith(title))
        assert written.get_fontfamily()[:2] == ["DejaVu Sans", family]
        assert not fonts.without_font(title)
    if name != "profiles":  # how all are written
        return
    monkeypatch.undo()
    svg = FIGURES[name][0](tmp_path, "f", labels={"title": "灵敏度与时间差"})[0].read_text(encoding="utf-8")
    assert not drawings.has_text(svg)


@each
def test_nothing_is_cut_off(name, monkeypatch):
    """A margin of an eighth of an inch is paper on all sides."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    long = {key: f"{text} and some more words" for key, text in FIGURES[name][1].items()}
    canvas = FigureCanvasAgg(drawn(monkeypatch, FIGURES[name][0], labels=long))
    with style.styled():
        fonts.choose(canvas.figure)
        canvas.draw()
    image, edge = np.asarray(canvas.buffer_rgba())[..., :3], style.DPI // 8
    inner = image[edge:-edge, edge:-edge]
    assert image.size - inner.size > 0
    assert (image == 255).sum() - (inner == 255).sum() == image.size - inner.size
    assert (inner != 255).any()
