"""What stands beside a recurrent module is read where names and shapes leave one reading, and is never guessed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from interop.test_state_dict import state_dict

import lstm_sym as ls
from lstm_sym.interop import InteropError, from_state_dict, to_state_dict
from lstm_sym.networks import CellLayer, Embedding, Network, dense

D, H = 3, 4
SAME = {f"{name}": value for name, value in state_dict("LSTM", 1, False).items()}


def weight(rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(rows).standard_normal((rows, columns))


def square() -> dict[str, np.ndarray]:
    """A module that reads as many units as it gives out."""
    rng = np.random.default_rng(0)
    shapes = {"weight_ih_l0": (4 * H, H), "weight_hh_l0": (4 * H, H), "bias_ih_l0": (4 * H,), "bias_hh_l0": (4 * H,)}
    return {f"lstm.{name}": rng.standard_normal(shape) for name, shape in shapes.items()}


def linear(name: str, rows: int, columns: int, bias: bool = True) -> dict[str, np.ndarray]:
    return {f"{name}.weight": weight(rows, columns)} | ({f"{name}.bias": weight(rows, 1)[:, 0]} if bias else {})


CASES: dict[str, tuple[dict[str, np.ndarray], tuple[str, ...], str]] = {
    "a linear layer above": (SAME | linear("head", 2, H), ("layer0", "linear"), ""),
    "a linear layer below, of all units": (
        square() | linear("inp", H, H),
        ("layer0",),
        "layers: inp",
    ),
    "one below and one above": (
        SAME | linear("inp", D, H) | linear("head", 2, H),
        ("layer0", "linear"),
        "layers: inp.weight",
    ),
    "two that fit above": (
        SAME | linear("fc1", 5, H) | linear("fc2", 6, H),
        ("layer0",),
        "layers: fc1",
    ),
    "a projection of attention": (
        SAME | {"att.in_proj_weight": weight(3 * H, H)} | linear("head", 2, H),
        ("layer0", "linear"),
        "",
    ),
    "a linear layer without a bias": (
        square() | linear("head", 2, H, False),
        ("layer0",),
        "layers: head",
    ),
    "an embedding by name": (square() | linear("emb", 9, H, False), ("embedding", "layer0"), ""),
    "an embedding by shape": (SAME | linear("words", 9, D, False), ("embedding", "layer0"), ""),
    "a matrix of all inputs": (
        SAME | linear("mix", D, D, False),
        ("layer0",),
        "layers: mix.weight",
    ),
    "two embeddings": (
        SAME | linear("pos_emb", 9, D, False) | linear("word_emb", 9, D, False),
        ("layer0",),
        "layers: pos_emb.weight, word_emb.weight",
    ),
    "a language model": (
        square() | linear("encoder", 9, H, False) | linear("decoder", 9, H),
        ("embedding", "layer0", "linear"),
        "",
    ),
    "tied weights": (
        square() | linear("embed", 9, H, False) | linear("out", 9, H, False),
        ("embedding", "layer0", "linear"),
        "",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_could_stand_elsewhere_is_not_placed_but_told(name: str) -> None:
    arrays, layers, told = CASES[name]
    model = from_state_dict(arrays)
    assert tuple(layer.name for layer in model.network.layers) == layers
    notes = [line for line in model.told if line.startswith("not read")]
    assert bool(notes) == bool(told) and told in "; ".join(notes)
    for note in notes:
        assert all(key in model.unused for key in note.partition(": ")[2].split(", "))


def lstm(name: str, size: int, **options: Any) -> CellLayer:
    return CellLayer(name, ls.cell("lstm"), size, **options)


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ((lstm("a", 4), dense("mid", 4, "relu"), lstm("b", 4)), "other layers stand between"),
        ((lstm("a", 4), lstm("b", 2)), "have 4, 2 units"),
        ((lstm("a", 4, direction="both", join="sum"),), "joined by sum"),
    ],
)
def test_what_is_no_module_of_pytorch_is_not_written_as_one(layers: tuple[Any, ...], told: str) -> None:
    network = Network(layers, D)
    with pytest.raises(InteropError, match=told):
        to_state_dict(network, network.init(0))


def test_an_embedding_below_a_stack_is_written() -> None:
    network = Network((Embedding("emb", 9, D), lstm("a", 4), lstm("b", 4)), 0)
    assert "weight_ih_l1" in to_state_dict(network, network.init(0))


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "a vector": ({"weight_ih_l0": np.ones((4, 3)), "weight_hh_l0": np.ones(4)}, "where a matrix belongs"),
    "nothing": ({"weight_ih_l0": np.ones((0, 3)), "weight_hh_l0": np.ones((0, 0))}, "where a matrix belongs"),
    "a list": ({"weight_ih_l0": [[1.0]]}, "give arrays"),
    "text": (SAME | {"name": np.array(["a"])}, "an array of <U1"),
    "weight norm": (
        {"l.weight_ih_l0": SAME["rnn.weight_ih_l0"], "l.weight_hh_l0_g": np.ones((16, 1))},
        "remove_weight_norm",
    ),
    "layers that do not chain": (
        SAME | {k.replace("l0", "l1"): v for k, v in state_dict("LSTM", 1, False).items()},
        "layer1",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_an_error_of_this_room(name: str) -> None:
    arrays, told = BROKEN[name]
    with pytest.raises(InteropError) as error:
        from_state_dict(arrays)
    assert told in str(error.value)


def test_arrays_that_no_layer_takes_may_hold_anything() -> None:
    model = from_state_dict(SAME | {"mask": np.full((2, 2), -np.inf)})
    assert model.unused == ("mask",)


def test_numbers_of_sixteen_bits_are_widened() -> None:
    model = from_state_dict({name: value.astype(np.float16) for name, value in SAME.items()})
    assert {value.dtype for value in model.params.values()} == {np.dtype(np.float32)}
    assert np.isfinite(model.network.forward(np.ones((2, 1, D), np.float32), model.params)[0]).all()
