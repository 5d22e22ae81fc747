"""The packages themselves: what their tables say, and that their models give out what the packages do."""

import numpy as np
import pytest

from lstm_sym.shipped import Claim, Package, ShippedError, catalogue, open_package, opening, package, packages
from lstm_sym.shipped.fetching import Archive
from lstm_sym.shipped.models import MODELS

SMALL = 4 * 2**20
"""Bytes that may be fetched for a test that always runs."""


def sized():
    """Every package; those that are large are left out unless asked for."""
    for one in packages():
        yield pytest.param(one, id=one.name, marks=[] if one.size <= SMALL else [pytest.mark.long])


def test_every_package_of_the_list_has_a_model_and_a_table():
    assert list(MODELS) == [one.name.lower() for one in packages()] == list(catalogue.ORDER)
    for one in packages():
        assert isinstance(one, Package) and one.version in one.content.archive.file
        for content in one.contents:
            assert isinstance(content.archive, Archive) and len(content.archive.sha256) == 64 and content.members
            assert content.licence and content.citation and content.source.startswith("https://")


@pytest.mark.parametrize("name", ["g2p-en", "G2P_en"])
def test_a_package_is_found_as_pip_finds_it(name):
    assert package(name).version == "2.1.0"


@pytest.mark.parametrize(("name", "told"), [("g2pen", "did you mean g2p-en"), ("numpy", "lstm-sym flow --weights")])
def test_a_package_that_is_not_known_is_refused(name, told):
    with pytest.raises(ShippedError, match="no package that is known") as refused:
        package(name)
    assert told in refused.value.fix


@pytest.mark.parametrize("given", [*sized()])
def test_a_model_gives_out_what_its_package_does(given):
    """Fetched from the package index; without one, or without pip, there is nothing to look at."""
    try:
        found = open_package(given.name)
    except ShippedError as error:
        if "is not read right" in str(error):
            raise
        pytest.skip(f"it is not to be had here: {error.found}")
    assert found.proof and all(claim.holds for claim in found.proof)
    network, values = found.model.network, found.sequences.sequences[0]
    assert network.inputs == values.shape[1] and np.isfinite(values).all()
    assert found.sequences.source.licence and package(given.name).input in found.sequences.notes


@pytest.mark.parametrize(("at_most", "holds"), [(True, False), (False, True)])
def test_a_claim_is_held_against_its_bound(at_most, holds):
    claim = Claim("what is compared", 2.0, 1.0, at_most)
    assert claim.holds is holds
    assert claim.line == f"what is compared: 2 ({'at most' if at_most else 'at least'} 1)"
    assert Claim("", float("nan"), 1.0, at_most).holds is False


def test_a_model_that_gives_out_something_else_is_not_measured(monkeypatch):
    class Wrong(MODELS["g2p-en"]):
        def __init__(self, package, files):
            self.package, self.files = package, files

        proof = (Claim("words", 3, 4),)

    monkeypatch.setattr(opening, "kept", lambda *_: b"")
    monkeypatch.setattr(opening, "members", lambda *_: {})
    monkeypatch.setitem(MODELS, "g2p-en", Wrong)
    with pytest.raises(ShippedError, match=r"not read right: words: 3 \(at least 4\)"):
        open_package("g2p-en")
