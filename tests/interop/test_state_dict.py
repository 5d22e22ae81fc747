"""State dicts of PyTorch as networks, and back: the rows of gates, biases, directions, layers; and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.check.result import relative_error
from lstm_sym.interop import InteropError, from_state_dict, read, to_state_dict
from lstm_sym.interop.conventions import PYTORCH, from_cell, to_cell
from lstm_sym.networks import CellLayer, Network, dense

D, H = 3, 4
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1, "LSTM with proj_size": 4}
every_kind = pytest.mark.parametrize("kind", PYTORCH)
directions = pytest.mark.parametrize("both", [False, True], ids=["forward", "both"])


def state_dict(kind: str, layers: int, both: bool, prefix: str = "rnn.") -> dict[str, np.ndarray]:
    """Arrays of the shapes that PyTorch's documentation states."""
    rng, found = np.random.default_rng(0), {}
    out = H - 1 if kind == "LSTM with proj_size" else H
    rows = GATES[kind] * H
    for k in range(layers):
        for way in ("", "_reverse")[: 1 + both]:
            read = D if k == 0 else out * (1 + both)
            shapes = {"weight_ih": (rows, read), "weight_hh": (rows, out), "bias_ih": (rows,), "bias_hh": (rows,)}
            shapes |= {"weight_hr": (out, H)} if out != H else {}
            found |= {f"{prefix}{part}_l{k}{way}": rng.standard_normal(shape) / 2 for part, shape in shapes.items()}
    return found


@every_kind
@directions
def test_a_network_of_it_gives_the_arrays_back(kind: str, both: bool) -> None:
    """Biases come back as their sum, but for the candidate of the GRU."""
    given = state_dict(kind, 2, both, prefix="")
    model = from_state_dict(given)
    found = to_state_dict(model.network, model.params)
    assert found.keys() == given.keys() and model.unused == ()
    for name, value in given.items():
        if "bias" not in name:
            assert np.array_equal(found[name], value)
    again = from_state_dict(found)
    assert all(relative_error(again.params[name], value) <= 1e-15 for name, value in model.params.items())
    assert len(model.told) == 2 and ("both directions" in model.told[0]) is both


def step(kind: str, x: Any, h: Any, c: Any, arrays: Any) -> tuple[Any, Any]:
    """One step as PyTorch's documentation writes it."""
    sigmoid = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    a, b = arrays["weight_ih_l0"] @ x + arrays["bias_ih_l0"], arrays["weight_hh_l0"] @ h + arrays["bias_hh_l0"]
    if kind == "RNN":
        return np.tanh(a + b), c
    if kind == "GRU":
        (ar, az, an), (br, bz, bn) = np.split(a, 3), np.split(b, 3)
        r, z = sigmoid(ar + br), sigmoid(az + bz)
        return (1 - z) * np.tanh(an + r * bn) + z * h, c
    i, f, g, o = np.split(a + b, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return (arrays["weight_hr_l0"] @ h if "proj" in kind else h), c


@every_kind
def test_each_row_of_the_table_is_what_the_documentation_of_pytorch_says(kind: str) -> None:
    arrays = state_dict(kind, 1, False, prefix="")
    model = from_state_dict(arrays)
    x = np.random.default_rng(1).standard_normal((6, 1, D))
    y, _, _ = model.network.forward(x, model.params)
    h, c = np.zeros(arrays["weight_hh_l0"].shape[1]), np.zeros(H)
    for t in range(6):
        h, c = step(kind, x[t, 0], h, c, arrays)
        assert relative_error(y[t, 0], h) <= 1e-14


@every_kind
@directions
def test_it_computes_what_pytorch_computes(kind: str, both: bool) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch, of the extra bench, is the peer where there is one")
    options = {"proj_size": H - 1} if "proj" in kind else {}
    module = getattr(torch.nn, kind.partition(" ")[0])(D, H, 2, bidirectional=both, dtype=torch.float64, **options)
    model = from_state_dict({name: value.numpy() for name, value in module.state_dict().items()})
    x = np.random.default_rng(2).standard_normal((7, 5, D))
    with torch.no_grad():
        assert relative_error(model.network.forward(x, model.params)[0], module(torch.tensor(x))[0].numpy()) <= 1e-12
        back = to_state_dict(model.network, model.params)
        module.load_state_dict({name: torch.tensor(value) for name, value in back.items()})
        assert relative_error(model.network.forward(x, model.params)[0], module(torch.tensor(x))[0].numpy()) <= 1e-12


def test_an_embedding_below_and_a_linear_layer_above_are_found() -> None:
    arrays = state_dict("LSTM", 1, True, "lstm.") | {
        "words.weight": np.ones((50, D)),
        "head.weight": np.ones((2, 2 * H)),
        "head.bias": np.ones(2),
        "norm.running_mean": np.zeros(2),
    }
    model = from_state_dict(arrays, name="tagger")
    assert [layer.name for layer in model.network.layers] == ["embedding", "layer0", "linear"]
    assert model.network.widths == (0, D, 2 * H, 2) and model.unused == ("norm.running_mean",)
    assert model.told[0] == "embedding: words.weight, 50 words, 3 units each"
    assert model.told[2] == "linear: head.weight, 8 to 2"
    assert model.network.forward(np.ones((4, 1), int), model.params)[0].shape == (4, 1, 2)


def test_without_biases_they_are_zero() -> None:
    arrays = {name: value for name, value in state_dict("GRU", 1, False).items() if "bias" not in name}
    model = from_state_dict(arrays)
    assert not model.params["layer0.b_n"].any() and "no bias" in model.told[0]


def test_a_cell_and_its_layout_are_inverse() -> None:
    for kind, row in PYTORCH.items():
        arrays = {name.removesuffix("_l0"): value for name, value in state_dict(kind, 1, False, "").items()}
        assert set(to_cell(row, arrays)) == set(ls.cell(row.cell).parameters)
        assert from_cell(row, to_cell(row, arrays)).keys() == arrays.keys()


BROKEN = {
    "no recurrent module": (lambda a: {"fc.weight": np.ones((2, 2))}, "no array is called weight_ih_l0"),
    "two modules": (lambda a: a | {f"other.{k}": v for k, v in a.items()}, "2 in it"),
    "a layer is missing": (lambda a: {k: v for k, v in a.items() if "_l0" not in k}, "weight_ih_l0: it is missing"),
    "a direction is missing": (lambda a: a | {"rnn.weight_ih_l0_reverse": a["rnn.weight_ih_l0"]}, "l0_reverse"),
    "no module has such rows": (lambda a: a | {"rnn.weight_hh_l0": np.ones((20, H))}, "4 in a LSTM, 3 in a GRU"),
    "a bias of another length": (lambda a: a | {"rnn.bias_ih_l0": np.ones(3)}, "its shape is (3,) beside (16, 4)"),
    "a matrix that is none": (lambda a: a | {"rnn.weight_ih_l0": np.ones(16)}, "weight_ih"),
    "layers that do not chain": (lambda a: a | {"rnn.weight_ih_l1": np.ones((16, 9))}, "its shape is (4, 9)"),
    "NaN": (lambda a: a | {"rnn.bias_hh_l1": np.full(16, np.nan)}, "NaN or infinity"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_arrays_that_are_no_model_are_refused(name: str) -> None:
    change, told = BROKEN[name]
    with pytest.raises(ValueError) as error:
        from_state_dict(change(state_dict("LSTM", 2, False)))
    assert told in str(error.value) and type(error.value).__module__.startswith("lstm_sym.")


@pytest.mark.parametrize("file", ["lstm.pt", "lstm_old.pt", "lstm.npz"])
def test_a_file_is_read_as_its_arrays_are(file: str) -> None:
    folder = Path(__file__).parent / "data"
    model = read(folder / file)
    with np.load(folder / "lstm.npz") as arrays:
        expected = from_state_dict(dict(arrays))
    assert model.network.name == Path(file).stem and model.told == expected.told and model.network.widths == (2, 6, 6)
    assert all(np.array_equal(model.params[name], value) for name, value in expected.params.items())


def test_a_file_without_a_recurrent_module_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", weight=np.ones((2, 2)))
    with pytest.raises(InteropError, match=r"other\.npz, recurrent modules: 0 in it"):
        read(tmp_path / "other.npz")


def test_a_network_that_no_module_computes_is_refused() -> None:
    peepholes = Network((CellLayer("p", ls.cell("lstm_projected"), 3, {"C": 4}),), 2)
    with pytest.raises(InteropError, match="peepholes"):
        to_state_dict(peepholes, peepholes.init(0))
    for layers in (
        (CellLayer("a", ls.cell("lstm"), 3), CellLayer("b", ls.cell("gru"), 3)),
        (CellLayer("a", ls.cell("gru"), 3),),
        (dense("out", 2),),
        (CellLayer("a", ls.cell("lstm"), 3, direction="backward"),),
    ):
        network = Network(layers, 2)
        with pytest.raises(InteropError):
            to_state_dict(network, network.init(0))
