"""Each figure shows what was measured: its data are the given numbers, and what cannot be shown is refused."""

from types import SimpleNamespace

import numpy as np
import pytest
from flow.samples import (
    data,
    drawn,
    exponents,
    gate_shares,
    gates,
    law,
    network,
    profile,
    sensitivity_map,
    singular_values,
)

from lstm_sym import flow
from lstm_sym.flow import FlowError
from lstm_sym.flow.plots import heatmap, shares


def numbers(table, name):
    return np.array([float(row[name]) for row in table])


def subtitle(figure):
    return " ".join(text.get_text() for text in figure.texts).replace("\n", " ")


def test_the_map_is_written_below_the_diagonal(monkeypatch):
    given = sensitivity_map(12)
    table = data(monkeypatch, flow.save_heat_map, given)
    found = np.full((12, 12), np.nan)
    found[numbers(table, "end").astype(int), numbers(table, "source").astype(int)] = numbers(table, "log10_norm")
    np.testing.assert_array_equal(found, given.log_norms / np.log(10))
    assert len(table) == 12 * 13 / 2


def test_the_map_is_drawn_with_hatched_zeros_and_nothing_above_the_diagonal(monkeypatch):
    given = sensitivity_map(12)
    axes = drawn(monkeypatch, flow.save_heat_map, given).axes[0]
    shown = axes.images[0].get_array()
    np.testing.assert_array_equal(np.ma.getmaskarray(shown), ~np.isfinite(given.log_norms))
    boxes = [path.get_extents() for path in axes.collections[0].get_paths()]
    area = sum(box.width * box.height for box in boxes)
    corners = [path.vertices[:4].round(9).tolist() for path in axes.collections[0].get_paths()]
    assert all({x for x, _ in four} == {1.5, 4.5} and len({y for _, y in four}) == 2 for four in corners)
    assert area == np.isneginf(given.log_norms).sum()
    assert all(box.x0 == 1.5 and box.x1 == 4.5 and box.y0 >= 8.5 for box in boxes)


def test_the_map_says_when_there_are_zeros(monkeypatch):
    assert "exactly 0" in subtitle(drawn(monkeypatch, flow.save_heat_map, sensitivity_map()))
    given = sensitivity_map()
    given.log_norms = np.where(np.isneginf(given.log_norms), -9, given.log_norms)
    assert "exactly 0" not in subtitle(drawn(monkeypatch, flow.save_heat_map, given))


def test_decades_bound_the_colours(monkeypatch):
    image = drawn(monkeypatch, flow.save_heat_map, sensitivity_map(), decades=3).axes[0].images[0]
    assert image.get_clim() == (-3, 0)


def test_maps_of_zeros_alone_and_of_one_step_are_drawn(tmp_path):
    zeros = SimpleNamespace(model="m", log_norms=np.where(np.tri(4) > 0, -np.inf, np.nan), output="h", source="x")
    assert flow.save_heat_map(zeros, tmp_path, "zeros")
    assert flow.save_heat_map(SimpleNamespace(**vars(zeros) | {"log_norms": [[0.0]]}), tmp_path, "one")


@pytest.mark.parametrize("logs", [np.zeros((3, 4)), np.zeros(3), np.zeros((0, 0)), np.full((3, 3), np.nan), [[np.inf]]])
def test_what_is_no_map_is_refused(logs):
    with pytest.raises(FlowError, match="map"):
        heatmap.checked(SimpleNamespace(model="m", log_norms=logs, output="h", source="x"))


def test_the_fan_has_the_quantiles_of_the_profile_and_the_theory(monkeypatch):
    given = profile()
    table = data(monkeypatch, flow.save_fan, given, theory=[law()])
    for name, share in (("q05", 0.05), ("q25", 0.25), ("median", 0.5), ("q75", 0.75), ("q95", 0.95)):
        wanted = np.quantile(given.log_norms - given.log_norms[:, :1], share, axis=0) / np.log(10)
        np.testing.assert_array_equal(numbers(table[:31], name), wanted + 0.0)
    np.testing.assert_allclose(numbers(table[31:], "median"), -0.19 * np.arange(31) / np.log(10), rtol=1e-14)
    assert {row["kind"] for row in table[31:]} == {"theory"}
    absolute = data(monkeypatch, flow.save_fan, given, relative=False)
    np.testing.assert_allclose(numbers(absolute, "median"), np.median(given.log_norms, axis=0) / np.log(10))
    bands = drawn(monkeypatch, flow.save_fan, given).axes[0].collections
    assert len(bands) == 2


def test_the_fan_refuses_theory_that_is_not_a_number():
    with pytest.raises(FlowError, match="forget gates"):
        flow.save_fan(
            profile(), "nowhere", "f", theory=[SimpleNamespace(**vars(law()) | {"log_values": [np.nan] * 31})]
        )


def test_spectra_are_written_with_their_errors(monkeypatch):
    table = data(monkeypatch, flow.save_spectra, exponents())
    first, cut = exponents()
    np.testing.assert_array_equal(numbers(table, "y"), [*first.exponents, *cut.exponents])
    np.testing.assert_allclose(numbers(table[:12], "high") - numbers(table[:12], "low"), 2 * first.errors)
    assert [int(row["x"]) for row in table] == 2 * list(range(1, 13))


def test_an_exponent_that_is_cut_off_is_a_triangle(monkeypatch):
    figure = drawn(monkeypatch, flow.save_spectra, exponents())
    assert "−∞" in subtitle(figure)
    triangles = [line.get_xdata() for line in figure.axes[0].lines if line.get_marker() == "v"]
    np.testing.assert_array_equal(np.concatenate(triangles), [10, 11, 12])


@pytest.mark.parametrize(
    ("values", "errors", "found"),
    [([np.nan], [0.0], "cannot be drawn"), ([0.1], [-1.0], "error below 0"), ([0.1, 0.0], [0.1], "different runs")],
)
def test_what_is_no_spectrum_is_refused(values, errors, found):
    with pytest.raises(FlowError, match=found):
        flow.save_spectra([SimpleNamespace(model="m", exponents=values, errors=errors)], "nowhere", "f")


def test_singular_values_beyond_float64_are_written_exactly(monkeypatch):
    table = data(monkeypatch, flow.save_singular_values, singular_values())
    one, many = singular_values()
    np.testing.assert_array_equal(numbers(table[:10], "log10_y"), one.log_values / np.log(10))
    np.testing.assert_array_equal(numbers(table[10:], "log10_y"), many.log_values[1] / np.log(10))
    np.testing.assert_array_equal(numbers(table[10:], "log10_low"), many.log_values[2] / np.log(10))


def test_shares_are_written_and_stacked(monkeypatch):
    given = gate_shares()
    table = data(monkeypatch, flow.save_shares, given)
    np.testing.assert_array_equal(np.stack([numbers(table, name) for name in given.names], axis=1), given.values)
    axes = drawn(monkeypatch, flow.save_shares, given).axes[0]
    up, down = (
        [band.get_paths()[0].get_extents() for band in part] for part in np.split(np.array(axes.collections), 2)
    )
    assert max(box.y1 for box in up) == pytest.approx(given.values.clip(0).sum(axis=1).max())
    assert min(box.y0 for box in down) == pytest.approx(given.values.clip(None, 0).sum(axis=1).min())
    np.testing.assert_allclose(axes.lines[0].get_ydata(), 1, rtol=1e-12)


def test_a_step_of_huge_shares_does_not_stretch_the_axis_and_is_counted(monkeypatch):
    given = gate_shares()
    assert "beyond" not in subtitle(drawn(monkeypatch, flow.save_shares, given))
    given.values[7] = [1e6, -1e6, 2.0, -1.0]
    figure = drawn(monkeypatch, flow.save_shares, given)
    assert "1 of 50 steps reach beyond the axis" in subtitle(figure)
    assert figure.axes[0].get_ylim()[1] < 3


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"values": np.full((50, 4), 0.3)}, r"sum to 1.2, not to 1"),
        ({"values": np.full((50, 4), np.nan)}, "not all finite"),
        ({"values": np.zeros((49, 4))}, r"\(49, 4\)"),
        ({"names": ("f", "f", "o", "g")}, "two gates are called 'f'"),
        ({"steps": [], "values": np.zeros((0, 4))}, "0 steps"),
    ],
)
def test_what_are_no_shares_is_refused(change, found):
    with pytest.raises(FlowError, match=found):
        flow.save_shares(SimpleNamespace(**vars(gate_shares()) | change), "nowhere", "f")


def test_limits_hold_all_shares_where_none_stands_out():
    values = gate_shares().values
    up, down = shares._limits(values)
    assert up >= values.clip(0).sum(axis=1).max()
    assert down <= values.clip(None, 0).sum(axis=1).min()


def test_saturation_counts_values(monkeypatch):
    given = gates()
    table = data(monkeypatch, flow.save_saturation, given, low=0.2, high=0.7)
    for row in table:
        values = given[row["gate"]][..., int(row["unit"])]
        assert float(row["closed"]) == np.count_nonzero(values < 0.2) / values.size
        assert float(row["open"]) == np.count_nonzero(values > 0.7) / values.size
    assert len(table) == 27


def test_saturation_has_one_panel_a_gate_in_its_colour(monkeypatch):
    given = {**gates(), "r": gates()["i"], "z": gates()["o"]}
    figure = drawn(monkeypatch, flow.save_saturation, given)
    assert [axes.get_title("left") for axes in figure.axes] == list(given)
    rings = [next(line for line in axes.lines if line.get_marker() == "o") for axes in figure.axes]
    assert [ring.get_color() for ring in rings] == [flow.gate_colours([name])[name].light for name in given]


@pytest.mark.parametrize("values", [np.full((3, 2), 1.1), np.full((3, 2), np.nan), np.zeros(3), np.zeros((0, 2, 3))])
def test_what_is_no_gate_is_refused(values):
    with pytest.raises(FlowError, match="gate 'i'"):
        flow.save_saturation({"i": values}, "nowhere", "f")


def test_thresholds_out_of_order_are_refused():
    for save, given in ((flow.save_saturation, gates()), (flow.save_unfolded, network())):
        with pytest.raises(FlowError, match="exchanged"):
            save(given, "nowhere", "f", low=0.9, high=0.1)
