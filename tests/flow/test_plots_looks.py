"""What a figure is drawn for: papers, pages in several languages; sizes, letters, bytes, and maps on one scale."""

import re
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
from flow.samples import FIGURES, drawn, exponents, gate_shares, gates, laid_out, law, profile, sensitivity_map

from lstm_sym.flow import FlowError, Look, save_curves, save_fan, save_heat_map, save_saturation
from lstm_sym.flow.drawing.drawings import in_languages
from lstm_sym.flow.plots.curves import Curve
from lstm_sym.flow.plots.heatmap import heat_map_drawing, scale_of
from lstm_sym.flow.plots.profiles import profiles_drawing
from lstm_sym.flow.plots.saturation import saturation_drawing
from lstm_sym.flow.plots.shares import shares_drawing
from lstm_sym.flow.plots.spectra import spectra_drawing

COLUMN, WHOLE = 3.25, 6.75
NARROW = [name for name in FIGURES if name != "unfolded"]  # a drawing of five steps is as wide as a page


def width_of(pdf):
    """Of the page in inches."""
    return float(re.search(rb"/MediaBox \[ ?0 0 ([\d.]+)", pdf)[1]) / 72


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("width", [COLUMN, pytest.param(WHOLE, marks=pytest.mark.long)])
def test_a_figure_for_a_paper_is_a_pdf_of_that_width_without_a_title(tmp_path, name, width):
    paths = FIGURES[name][0](tmp_path, name, look=Look.paper(width))
    assert [path.suffix for path in paths] == [".pdf", ".csv"]
    pdf = paths[0].read_bytes()
    assert width_of(pdf) == pytest.approx(width, abs=0.005)
    assert b"/FontFile2" in pdf and b"Type3" not in pdf, "TrueType, which journals take"
    again = FIGURES[name][0](tmp_path, name, look=Look.paper(width))[0].read_bytes()
    assert again == pdf and b"CreationDate" not in pdf


def test_letters_on_paper_have_seven_points_or_more(monkeypatch):
    from matplotlib.text import Text

    from lstm_sym.flow.drawing import drawings, style

    with style.styled():
        (sheet,) = drawings.laid_out([profiles_drawing([profile()]).draw], Look.paper())
    sizes = [text.get_fontsize() for text in sheet.findobj(Text) if text.get_text().strip()]
    assert min(sizes) >= 7 and max(sizes) < 9
    assert sheet.texts == [] and sheet.title, "the title is told to the file, and not drawn"


def test_an_svg_holds_its_text_as_text_on_request(tmp_path):
    look = Look.paper(COLUMN, kinds=("svg",))
    shapes = save_fan(profile(), tmp_path, "a", look=look)[0].read_text(encoding="utf-8")
    words = save_fan(profile(), tmp_path, "b", look=Look(("svg",), False, COLUMN, text=True))[0].read_text("utf-8")
    assert "<text" not in shapes and ">LSTM</text>" in words and len(words) < len(shapes)


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ({"kinds": ("gif",)}, "gif"),
        ({"kinds": ()}, r"\(\)"),
        ({"kinds": "svg"}, "'svg'"),
        ({"width": 0}, "0 inches"),
        ({"width": 325.0}, "325.0 inches"),
        ({"width": float("nan")}, "nan inches"),
    ],
)
def test_what_is_no_look_is_refused(how, found):
    with pytest.raises(FlowError, match=found):
        Look(**how)


def test_a_width_that_the_words_need_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(FlowError, match=r"give 1\.\d inches or more"):
        save_curves([Curve("a", [0, 1], [0, 1])], tmp_path / "new", "f", title="", x="x", y="y", look=Look.paper(0.5))
    assert not (tmp_path / "new").exists()


PAGES = {
    "profiles": lambda words: profiles_drawing([profile()], labels=words and {"half_life": "半衰期 {steps} 步"}),
    "map": lambda words: heat_map_drawing(sensitivity_map(), labels=words and {"end": "終點步"}),
    "shares": lambda words: shares_drawing(gate_shares(), labels=words and {"step": "步"}),
    "saturation": lambda words: saturation_drawing(gates(), labels=words and {"closed": "關閉的時間比例很長"}),
    "spectra": lambda words: spectra_drawing(exponents(), labels=words and {"index": "序號", "exponent": "指數"}),
}


@pytest.mark.parametrize("name", PAGES)
def test_in_every_language_a_figure_differs_in_its_words_alone(name):
    shown = in_languages({"en": PAGES[name](None), "zh-Hant": PAGES[name](True)})
    one, other = (of.svg.split("\n") for of in shown.values())
    assert len(one) == len(other)
    different = [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1] and "dc:" not in pair[0]]
    assert different and all("<text " in line for pair in different for line in pair)
    assert shown["en"].title and "<path" in shown["en"].svg


def test_maps_on_one_scale_have_the_colours_of_one(monkeypatch):
    small, large = sensitivity_map(), sensitivity_map(12)
    large.log_norms = large.log_norms * 2 + 5
    scale = scale_of([small, large])
    found = [np.concatenate([one.log_norms[np.isfinite(one.log_norms)] for one in (small, large)]) / np.log(10)]
    assert scale == (found[0].min(), found[0].max())
    for one in (small, large):
        assert drawn(monkeypatch, save_heat_map, one, limits=scale).axes[0].images[0].get_clim() == scale
    zeros = SimpleNamespace(model="m", log_norms=np.where(np.tri(4) > 0, -np.inf, np.nan), output="h", source="x")
    assert scale_of([zeros]) == (-1.0, 0.0)


def test_gates_that_are_always_between_have_no_panel_and_are_named(monkeypatch):
    values = gates() | {"o": np.full((50, 2, 9), 0.5)}
    figure = drawn(monkeypatch, save_saturation, values)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["i", "f"]
    assert "for less than 5 % of the time either: o" in " ".join(text.get_text() for text in figure.texts)
    alone = drawn(monkeypatch, save_saturation, {"o": values["o"]})
    assert [axes.get_title(loc="left") for axes in alone.axes] == ["o"]


def test_theory_is_labelled_in_two_lines_and_not_in_bold():
    from lstm_sym.flow.plots.fan import fan_drawing

    figure = laid_out(fan_drawing(profile(), theory=[law("bound along the path, ∏ₜ ‖ Jₜ ‖", "bound")]).draw)
    weights = {text.get_text(): text.get_fontweight() for text in figure.axes[0].texts}
    assert weights["bound along the path"] == "normal" and weights["LSTM"] == "bold"
    assert "∏ₜ ‖ Jₜ ‖" in weights


def test_a_pdf_can_be_read_back(tmp_path):
    """Its streams unpack, and one of them draws."""
    (path, _) = save_fan(profile(), tmp_path, "f", look=Look.paper())
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", path.read_bytes(), re.DOTALL)
    texts = [zlib.decompress(stream) for stream in streams if stream[:1] == b"x"]
    assert any(b" l\n" in text for text in texts)
