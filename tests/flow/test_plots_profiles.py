"""The figure and its data: the same bytes, whole or not there, and the numbers of the profile."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from flow.samples import data
from hypothesis import given
from hypothesis import strategies as st

from lstm_sym.flow import FlowError, Profile, save_profile_figure
from lstm_sym.flow.drawing.colours import PALETTE
from lstm_sym.flow.drawing.labels import spread
from lstm_sym.ground import files


def profiles(*rates: float, lags: int = 30) -> list[Profile]:
    rng = np.random.default_rng(0)
    curves = [-rate * np.arange(lags + 1) * rng.uniform(0.8, 1.2, (20, 1)) for rate in rates or (0.5, 0.1)]
    ends, seeds = np.zeros((20, 2), int), np.full(20, -1)
    return [Profile(f"model {k}", curve, ends, seeds, "h", "x", "frobenius") for k, curve in enumerate(curves)]


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return save_profile_figure(profiles(), tmp_path_factory.mktemp("at") / "new" / "folder", "sensitivity")


def test_three_files_are_written_and_named(paths):
    assert [path.name for path in paths] == ["sensitivity.svg", "sensitivity.png", "sensitivity.csv"]
    assert sorted(path.name for path in paths[0].parent.iterdir()) == sorted(path.name for path in paths)
    assert ElementTree.parse(paths[0]).getroot().tag.endswith("svg")
    assert paths[1].read_bytes().startswith(b"\x89PNG")


def test_other_profiles_give_another_figure(paths, tmp_path):
    other = save_profile_figure(profiles(0.6, 0.1), tmp_path, "other")[0].read_bytes()
    assert paths[0].read_bytes() != other


@pytest.mark.parametrize("rate", [0.3, 40.0])
def test_the_data_are_the_quantiles_of_the_profile(monkeypatch, rate):
    given = profiles(0.1, rate, lags=300)
    rows = data(monkeypatch, save_profile_figure, given)
    assert list(rows[0]) == ["model", "lag", "median", "q10", "q90"]
    for profile in given:
        mine = [row for row in rows if row["model"] == profile.model]
        assert [int(row["lag"]) for row in mine] == profile.lags.tolist()
        for column, share in (("q10", 0.1), ("median", 0.5), ("q90", 0.9)):
            wanted = np.quantile(profile.log_norms - profile.log_norms[:, :1], share, axis=0) / np.log(10.0)
            np.testing.assert_array_equal([float(row[column]) for row in mine], wanted)


def test_every_curve_its_ring_and_its_colour_are_drawn(tmp_path):
    svg = save_profile_figure(profiles(0.5, 0.1, 0.3), tmp_path, "f")[0].read_text(encoding="utf-8").lower()
    assert all(colour.lower() in svg for colour in PALETTE[:3])
    assert PALETTE[3].lower() not in svg


def test_curves_that_grow_end_early_or_are_many_are_drawn(tmp_path):
    mixed = [*profiles(*np.linspace(-0.1, 3.0, 16)), *profiles(0.2, lags=5)]
    renamed = [
        Profile(f"{k} a $name_ of {'x' * k}", p.log_norms, p.ends, p.seeds, "h", "x", "frobenius")
        for k, p in enumerate(mixed)
    ]
    assert all(path.stat().st_size for path in save_profile_figure(renamed, tmp_path, "many"))


def test_labels_are_those_given(paths, tmp_path):
    german = save_profile_figure(profiles(), tmp_path, "de", labels={"lag": "Abstand (Schritte)"})[0].read_bytes()
    assert paths[0].read_bytes() != german
    with pytest.raises(FlowError, match="'lags'"):
        save_profile_figure(profiles(), tmp_path, "x", labels={"lags": "?"})


def test_a_failure_leaves_the_older_file_as_it_was(tmp_path, monkeypatch):
    paths = save_profile_figure(profiles(0.5), tmp_path, "figure")
    before = [path.read_bytes() for path in paths]

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_profile_figure(profiles(0.9), tmp_path, "figure")
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    assert [path.read_bytes() for path in paths] == before


@pytest.mark.parametrize("stem", ["", "a/b", "../a", ".."])
def test_a_stem_that_is_a_path_is_refused(tmp_path, stem):
    with pytest.raises(FlowError, match="the stem"):
        save_profile_figure(profiles(), tmp_path, stem)


def test_no_profile_and_two_of_one_name_are_refused(tmp_path):
    with pytest.raises(FlowError, match="no profile"):
        save_profile_figure([], tmp_path, "a")
    with pytest.raises(FlowError, match="two profiles are called 'model 0'"):
        save_profile_figure([*profiles(0.1), *profiles(0.2)], tmp_path, "a")


def test_the_settings_of_matplotlib_are_left_as_they_were(tmp_path):
    import matplotlib

    before = dict(matplotlib.rcParams)
    save_profile_figure(profiles(), tmp_path, "figure")
    assert dict(matplotlib.rcParams) == before


def test_measuring_imports_neither_matplotlib_nor_sympy():
    script = "import sys; from lstm_sym import flow; from lstm_sym.kernels import lstm; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "lstm_sym.flow.plots.profiles" in loaded
    assert not {"matplotlib", "sympy", "autograd"} & set(loaded)


@given(heights=st.lists(st.floats(0, 1), min_size=1, max_size=25), gap=st.floats(0.01, 0.3))
def test_labels_stand_apart_within_the_axes_and_in_their_order(heights, gap):
    given_heights = np.array(heights)
    moved = spread(given_heights, gap)
    order = np.argsort(given_heights, kind="stable")
    gap = min(gap, 1 / max(len(heights) - 1, 1))
    assert (np.diff(moved[order]) >= gap - 1e-9).all()
    assert moved.min() >= -1e-9
    assert moved.max() <= 1 + 1e-9


def test_labels_that_stand_apart_are_not_moved():
    np.testing.assert_allclose(spread(np.array([0.9, 0.1, 0.5]), 0.2), [0.9, 0.1, 0.5], rtol=1e-12)
