"""The comparison with other libraries: every peer finds our gradients, what differs is left out, tables can be made."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import lstm_sym as ls

ROOT = Path(__file__).resolve().parents[1]
SHAPE = (4, 2, 3, 5)
sys.path.append(str(ROOT / "benchmarks"))
hand, known = import_module("_cells"), import_module("_peers")
sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture
def peers(monkeypatch: Any) -> ModuleType:
    """The script as a module, its folder on the path as when it runs; what it changes there is taken back."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    return import_module("peers")


@pytest.fixture(autouse=True)
def float64(request: Any) -> Any:
    """JAX with float64, where a test is about JAX."""
    if "JAX" not in request.node.name:
        yield
        return
    with pytest.importorskip("jax").enable_x64(True):
        yield


def gradients(case: Any) -> Any:
    kernel, (x, params, dy) = case.kernel("numpy"), case.numbers()
    return kernel.backward(dy, kernel.forward(x, params)[2], params)


@pytest.mark.parametrize("peer", [peer.name for peer in known.PEERS if peer.name != "C"])
@pytest.mark.parametrize("cell", hand.CELLS)
def test_every_peer_finds_the_gradients_of_the_kernel(peers, cell, peer):
    case = known.Case(cell, "float64", SHAPE)
    chosen = next(one for one in known.PEERS if one.name == peer)
    if chosen.missing or (chosen.cells and cell not in chosen.cells):
        pytest.skip(f"{peer} is not installed, or has no {cell}")
    found, worst = peers.agreeing(case, chosen, gradients(case))
    assert found and worst < 1e-13


def test_the_cells_by_hand_have_all_parameters_of_the_catalogue():
    for name, cell in hand.CELLS.items():
        stored = {*cell.alone, *(parameter for group in cell.stacks.values() for parameter in group)}
        assert stored == {*known.cell_of(name).parameters}, name


def test_a_peer_that_differs_is_not_timed(peers, capsys):
    case = known.Case("mgu", "float64", SHAPE)

    def doubled(case: Any) -> Any:
        (timed,) = known.by_kernel(case, "numpy").values()
        return {"right": timed, "twice": timed._replace(found=lambda grads: [2 * one for one in timed.found(grads)])}

    found, worst = peers.agreeing(case, known.Peer("wrong", (), (), doubled), gradients(case))
    assert [*found] == ["right"] and worst == pytest.approx(1)
    assert "wrong twice differs by 1.0e+00: not timed" in capsys.readouterr().err


def result(peers: Any, name: str, shape: Any, **over: float) -> dict[str, Any]:
    """What a measurement gives, from times over those of C."""
    three = {peer: peers.curves.Spread(value, value, value) for peer, value in {"C": 1.0, **over}.items()}
    ratios = {peer: spread for peer, spread in three.items() if peer != "C"}
    common = {"cell": name, "dtype": "float32", "shape": shape, "differences": {"C": 1e-7}}
    return {**common, "over C": ratios, "seconds": three}


def test_a_bar_is_of_the_better_of_two_and_what_is_faster_than_c_is_named(peers):
    shape = next(iter(peers.BARS))
    rows = [
        result(peers, "mgu", shape, **{"JAX scan": 2.5, "torch loop": 90}),
        result(peers, "gru", shape, **{"JAX scan": 3.5, "torch loop": 90}),
        result(peers, "slstm", shape, **{"JAX scan": 3.5, "NumPy": 0.5}),
        result(peers, "lstm", shape, **{"JAX scan": 0.9, "torch loop": 90}),
    ]
    assert [peers.verdict(row) for row in rows] == [False, True, None, None]
    assert [len(peers.row(row)) for row in rows] == [len(peers.HEADER)] * 4
    assert peers.row(rows[0])[-1] == "3 missed" and peers.row(rows[2])[-1] == ""
    text = peers.summary(rows)
    assert (
        "1 of 2 met" in text and "NumPy at slstm float32 (0.50)" in text and "JAX scan at lstm float32 (0.90)" in text
    )


def test_the_figures_are_small_and_name_every_peer(peers):
    rows = [
        {"axis": axis, **result(peers, "lstm", shape, **{"JAX scan": 2.0, "floor": 0.5})}
        for axis, (_, shapes) in peers.curves.AXES.items()
        for shape in shapes
    ]
    files = peers.figures(rows)
    assert [path.name for path in files] == ["peers_T.svg", "peers_B.svg", "peers_H.svg"]
    assert all(b"<svg" in data and len(data) < 60_000 for data in files.values())


def test_the_page_has_a_block_for_every_part(peers):
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    for part in peers.PARTS:
        assert peers.replaced(text, f"peers {part}", "new") != text


def test_the_own_cell_is_of_no_catalogue():
    own = known.cell_of("own")
    assert (
        own.key not in ls.names()
        and np.isfinite(ls.build(own).forward(np.ones((2, 1, 3)), ls.build(own).init(3, 4))[0]).all()
    )
