"""Curves with bands, theory and bounds: what is drawn is what was given, and what cannot be drawn is said."""

from dataclasses import replace

import numpy as np
import pytest
from flow.samples import data, laid_out
from flow.samples import drawn as figure_of

from lstm_sym.flow import Curve, FlowError, Frame, save_curves, save_panels
from lstm_sym.flow.drawing import strokes
from lstm_sym.flow.plots.curves import curves_figure, prepared

LAGS = np.arange(30.0)


def drawn(curves, **frame):
    frame = Frame("t", "s", "x", "y", **frame)
    return laid_out(lambda: curves_figure(prepared(curves, frame), frame))


def saved(curves, folder, stem="f", **options):
    return save_curves(curves, folder, stem, title="t", subtitle="s", x="x", y="y", **options)


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts] + [text.get_text() for text in figure.texts]


def inches(figure):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    return figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer())


@pytest.mark.parametrize(
    ("x", "wanted"),
    [([5, 200], ["5", "10", "20", "50", "100", "200"]), ([0.1, 1], ["0.1", "0.2", "0.5", "1"])],
)
def test_a_logarithmic_axis_of_few_decades_has_plain_numbers(x, wanted):
    figure = drawn([Curve("a", x, [1, 2])], x_scale="log")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels() if label.get_text()] == wanted
    assert not any(label.get_text() for label in axes.get_xticklabels(minor=True))


def panels(end=0.0):
    return [
        (Frame("above", "", "x", "loss", y_scale="log"), [Curve("a", LAGS, np.exp(-LAGS))]),
        (Frame("below", "", "epoch", "share"), [Curve("b", LAGS[:9] + 1, LAGS[:9] + end), Curve("c", LAGS, LAGS)]),
    ]


def test_panels_stand_one_below_the_other_over_the_same_range(monkeypatch):
    from matplotlib.axes import Axes

    figure = figure_of(monkeypatch, save_panels, panels(-np.inf), title="t")
    above, below = sorted((part for part in figure.axes if isinstance(part, Axes)), key=lambda a: -a.get_position().y0)
    assert above.get_position().y0 > below.get_position().y1 and above.get_xlim() == below.get_xlim() == (0, 29)
    assert (above.get_xlabel(), below.get_xlabel()) == ("", "epoch")
    assert {"above", "below", "t", "▼ −∞"} <= set(texts(figure))
    table = data(monkeypatch, save_panels, panels(), title="t")
    assert [(row["panel"], row["curve"]) for row in table[::30]] == [("above", "a"), ("below", "b"), ("below", "c")]
    np.testing.assert_allclose([float(row["y"]) for row in table[:30]], np.exp(-LAGS), rtol=1e-14)
    with pytest.raises(FlowError, match="above"):
        save_panels(panels()[:1] * 2, "nowhere", "f", title="t")


def test_the_data_are_what_was_given(monkeypatch):
    y = np.sin(LAGS)
    for scale, name, wanted in (("linear", "y", y), ("ln", "log10_y", y / np.log(10)), ("log", "y", y)):
        given = np.abs(y) if scale == "log" else y
        table = data(monkeypatch, saved, [Curve("a", LAGS, given, given, given)], y_scale=scale)
        wanted = np.abs(wanted) if scale == "log" else wanted
        np.testing.assert_allclose([float(row[name]) for row in table], wanted, rtol=1e-14)
        np.testing.assert_allclose(
            [float(row[name.replace("_y", "_low")]) for row in table],
            wanted if name != "y" else [float(row["y"]) for row in table],
            rtol=1e-14,
        )
        assert [row["x"] for row in table] == [str(int(lag)) for lag in LAGS]


def test_the_same_curves_give_the_same_bytes(tmp_path):
    curves = [Curve("a", LAGS, -LAGS), Curve("b", LAGS, -2 * LAGS, kind="bound")]
    once = [path.read_bytes() for path in saved(curves, tmp_path / "1", y_scale="ln")]
    assert once == [path.read_bytes() for path in saved(curves, tmp_path / "2", y_scale="ln")]


def test_theory_that_explodes_is_cut_and_has_an_arrow():
    measured = Curve("LSTM", LAGS, -0.1 * LAGS)
    with_bound = drawn([measured, Curve("bound", LAGS, 9 * LAGS, kind="bound")], y_scale="ln")
    assert "bound ↑" in texts(with_bound)
    assert with_bound.axes[0].get_ylim()[1] < 3
    assert "bound" in texts(drawn([measured, Curve("bound", LAGS, -0.11 * LAGS, kind="bound")], y_scale="ln"))


def test_an_exact_zero_is_a_triangle_and_is_noted(monkeypatch):
    y = np.where(LAGS < 20, -LAGS, -np.inf)
    figure = drawn([Curve("relu", LAGS, y)], y_scale="ln")
    triangles = [line for line in figure.axes[0].lines if line.get_marker() == "v"]
    np.testing.assert_array_equal(triangles[0].get_xdata(), LAGS[20:])
    assert "s; ▼ exactly 0" in texts(figure)
    assert "s" in texts(drawn([Curve("tanh", LAGS, -LAGS)], y_scale="ln"))
    assert data(monkeypatch, saved, [Curve("relu", LAGS, y)], y_scale="ln")[-1]["log10_y"] == "-inf"
    assert drawn([Curve("zero", LAGS, np.full(30, -np.inf))], y_scale="ln")


def test_theory_has_the_colour_of_what_it_is_about():
    figure = drawn([Curve("a", LAGS, LAGS), Curve("of a", LAGS, LAGS, kind="theory", of="a"), Curve("b", LAGS, LAGS)])
    colours = [line.get_color() for line in figure.axes[0].lines if len(line.get_xdata()) == len(LAGS)]
    assert colours[0] == colours[1] != colours[2]


@pytest.mark.parametrize(
    ("curve", "options", "found"),
    [
        (Curve("a", LAGS, np.where(LAGS < 3, np.nan, 1.0)), {}, "cannot be drawn"),
        (Curve("a", LAGS, np.full(30, np.inf)), {}, "cannot be drawn"),
        (Curve("a", LAGS, np.full(30, np.inf)), {"y_scale": "ln"}, "cannot be drawn"),
        (Curve("a", LAGS, -LAGS), {"y_scale": "log"}, "cannot be drawn"),
        (Curve("a", LAGS, LAGS[:4]), {}, r"shape \(4,\)"),
        (Curve("a", LAGS, LAGS), {"x_scale": "log"}, "not above 0"),
        (Curve("a", LAGS[::-1], LAGS), {}, "ascending"),
        (Curve("a", [], []), {}, "0 values"),
        (Curve("a", LAGS, LAGS, kind="guess"), {}, "'guess'"),
        (Curve("a", LAGS, LAGS), {"y_scale": "decades"}, "'decades'"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_nothing_is_written(tmp_path, curve, options, found):
    with pytest.raises(FlowError, match=found):
        saved([curve], tmp_path / "new", **options)
    assert not (tmp_path / "new").exists()


def test_all_texts_are_within_the_figure_and_the_axes_keep_their_size():
    long = Curve("a " * 30, LAGS, 1e6 * LAGS, note="n" * 50)
    frame = Frame("A title that is long enough to be wrapped " * 4, "and a subtitle " * 20, "x", "y" * 30)
    figure = laid_out(lambda: curves_figure(prepared([long], frame), frame))
    box, size = inches(figure), figure.get_size_inches()
    assert box.x0 > 0.1
    assert box.y0 > 0.1
    assert (np.array([box.x1, box.y1]) < size - 0.1).all()
    place = figure.axes[0].get_position()
    np.testing.assert_allclose(np.array([place.width, place.height]) * size, [5.5, 3.4], rtol=1e-9)


def test_a_vertical_line_and_a_logarithmic_axis():
    figure = drawn(
        [Curve("a", [0.1, 1.0, 10.0], [1.0, 2.0, 3.0], dots=True)], x_scale="log", verticals=[(1.0, "g = 1")]
    )
    assert figure.axes[0].get_xscale() == "log"
    assert "g = 1" in texts(figure)


@pytest.mark.parametrize("kind", ["measured", "theory", "bound"])
def test_curves_that_coincide_are_dashed_each_in_another_way(kind):
    """The first is seen through the gaps of those on top; what lies apart, or crosses, is not dashed."""
    same = [Curve(f"c{k}", LAGS, -LAGS + 0.02 * k, kind=kind) for k in range(4)]
    apart = [Curve("apart", LAGS, -2 * LAGS, kind=kind), Curve("crosses", LAGS, LAGS - 40, kind=kind)]
    looks = strokes.stroked(same + apart, (-60.0, 0.0))
    dashes = [look["linestyle"] for look in looks]
    assert len(set(dashes[:4])) == 4 and dashes[0] == dashes[4] == dashes[5] == strokes.KINDS[kind]
    figure = drawn([replace(curve, kind="measured") for curve in same])
    shown = [line for line in figure.axes[0].lines if len(line.get_xdata()) == len(LAGS)]
    assert [line.get_linestyle() for line in shown] == ["-", "--", "--", "--"]


def test_exact_zeros_and_curves_of_other_lags_do_not_coincide():
    zero, early = Curve("zero", LAGS, np.full(30, -np.inf)), Curve("early", LAGS[:3] + 50, LAGS[:3])
    looks = strokes.stroked([Curve("a", LAGS, -LAGS), zero, early], (-30.0, 0.0))
    assert [look["linestyle"] for look in looks] == ["solid"] * 3


def test_a_curve_that_ends_early_is_led_to_its_label_by_dots():
    def dotted(first, second):
        figure = drawn([Curve("a", LAGS[:first], LAGS[:first]), Curve("b", LAGS[:second], -LAGS[:second])])
        return [line for line in figure.axes[0].lines if line.get_linestyle() == ":"]

    assert len(dotted(30, 10)) == 1
    assert not dotted(30, 30)
