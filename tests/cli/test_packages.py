"""`lstm-sym packages`, and `lstm-sym flow --package` over a package that is made here, so that nothing is fetched."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from lstm_sym import gradient_flow
from lstm_sym.cli import main
from lstm_sym.interop import from_state_dict
from lstm_sym.networks import load_params, save
from lstm_sym.shipped import Claim, Opened, ShippedError, opening, packages
from lstm_sym.shipped.models import MODELS
from lstm_sym.shipped.models.base import ShippedModel
from lstm_sym.studies.errors import StudyError


class Small(ShippedModel):
    """A GRU of 3 units over two channels, in the place of a package's model."""

    proof = (Claim("answers as of the package", 4, 4),)

    def __init__(self, package, files):
        super().__init__(package, files)
        rng = np.random.default_rng(0)
        shapes = {"weight_ih_l0": (9, 2), "weight_hh_l0": (9, 3), "bias_ih_l0": (9,), "bias_hh_l0": (9,)}
        self.model = from_state_dict(
            {name: rng.standard_normal(shape) for name, shape in shapes.items()}, name="g2p-en"
        )

    @property
    def sequences(self):
        rng = np.random.default_rng(1)
        return self.read_by_the_first_layer([rng.standard_normal((steps, 2)) for steps in (30, 40, 50)])


class AtTheEnd(Small):
    readout = np.ones(3)


@pytest.fixture(params=[Small, AtTheEnd])
def package(request, monkeypatch):
    monkeypatch.setattr(opening, "kept", lambda *_: b"")
    monkeypatch.setattr(opening, "members", lambda *_: {})
    monkeypatch.setitem(MODELS, "g2p-en", request.param)
    return request.param


def run(*arguments):
    return CliRunner().invoke(main, [*map(str, arguments)])


def test_packages_are_listed_with_licence_size_and_layers():
    listed = run("packages")
    rows = json.loads(run("packages", "--json").output)
    assert [row["name"] for row in rows] == [one.name for one in packages()]
    assert listed.exit_code == 0
    for row in rows:
        assert row["licence"] in listed.output and row["layers"] in listed.output and row["download"].endswith("MB")


def test_the_proof_comes_first_and_then_the_measures(package):
    found = run("flow", "--package", "g2p-en", "--lags", 10, "--ends", 5)
    assert found.exit_code == 0, found.output
    assert "read right: answers as of the package: 4 (at least 4)" in found.stderr
    assert found.stdout.startswith("g2p-en 2.1.0, licence Apache-2.0")
    assert "layer0: *_l0, GRU of PyTorch as gru_reset_after" in found.stdout and "half-life" in found.stdout
    assert "every 40.0 steps in the mean, 3 times" in found.stdout


def test_a_page_names_the_package_its_licence_and_its_sum(package, tmp_path):
    found = run("flow", "--package", "g2p-en", "--lags", 10, "--ends", 5, "-o", tmp_path / "out", "--lang", "zh-Hant")
    assert found.exit_code == 0, found.output
    page, record = ((tmp_path / "out" / name).read_text(encoding="utf-8") for name in ("index.html", "flow.json"))
    one = packages()[0]
    for text in (one.content.archive.sha256, "Apache-2.0", one.version, "answers as of the package: 4 (at least 4)"):
        assert text in page
    told = json.loads(record)
    assert told["package"]["name"] == "g2p-en" and told["package"]["archives"][0]["sha256"] in page
    assert told["package"]["proof"] == [{"text": "answers as of the package", "found": 4, "bound": 4, "at_most": False}]
    assert told["command"].startswith("lstm-sym flow --package g2p-en --hidden") and "--input" not in told["command"]
    again = run(*told["command"].split()[1:], "--force")
    assert again.exit_code == 0, again.output


def test_what_the_package_says_goes_before_the_usual_numbers_and_yields_to_those_given(package):
    settings = json.loads(run("flow", "--package", "g2p-en", "--lags", 10, "--json").stdout)["settings"]
    assert (settings["lags"], settings["ends"], settings["length"]) == (10, 20, 600)


def test_the_input_of_a_package_may_be_another(package):
    found = gradient_flow(package="g2p-en", input=np.random.default_rng(2).standard_normal((60, 2)), lags=10, ends=5)
    assert found.request.stream.name == "array" and len(found.profiles[0].ends) == 5


def test_a_package_stands_beside_cells_but_not_beside_weights(package, tmp_path):
    found = gradient_flow("gru", package="g2p-en", lags=10, ends=5, hidden=4, everything=False)
    assert [one.model for one in found.profiles][-1] == "g2p-en" and len(found.profiles) > 1
    opened = found.request.package
    assert isinstance(opened, Opened)
    save(tmp_path / "p.npz", opened.model.params)
    with pytest.raises(StudyError, match="given with weights"):
        gradient_flow(package=opened, weights=load_params(tmp_path / "p.npz"))


def test_a_package_that_is_not_known_is_refused():
    with pytest.raises(ShippedError, match="no package that is known"):
        gradient_flow(package="numpy")
    found = run("flow", "--package", "numpy")
    assert found.exit_code == 2 and "these are: g2p-en" in found.stderr
