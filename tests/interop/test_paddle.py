"""Tensors of Paddle, in files and folders, and the GRU of fluid against its formulas."""

from __future__ import annotations

import os

import numpy as np
import pytest
from interop.cases import NUMBERS, same
from interop.cases import paddle_array as of_array
from interop.cases import paddle_tensor as tensor

from lstm_sym import interop
from lstm_sym.check.result import relative_error
from lstm_sym.interop import InteropError, paddle
from lstm_sym.interop.elements import TYPES
from lstm_sym.interop.model import model_of, recurrent_layer

D, H = 3, 4


@pytest.mark.parametrize("kind", [kind for kind in NUMBERS if kind not in ("BF16", "BOOL")])
def test_every_type_comes_back_bit_for_bit(tmp_path, kind):
    given = np.arange(6).reshape(2, 3).astype(TYPES[kind].stored)
    (tmp_path / "fc_0.w_0").write_bytes(of_array(given, kind))
    assert interop.file_format(tmp_path / "fc_0.w_0") == "paddle"
    assert same(interop.arrays(tmp_path / "fc_0.w_0"), {"fc_0.w_0": given})


def test_a_folder_of_tensors_is_a_model(tmp_path):
    given = {"fc_0.w_0": np.float32([[1, 2]]), "word_emb": np.float32([[3], [4]])}
    for name, value in given.items():
        (tmp_path / name).write_bytes(of_array(value))
    (tmp_path / "README").write_text("words")
    (tmp_path / "more").mkdir()
    assert interop.file_format(tmp_path) == "paddle" and same(interop.arrays(tmp_path), given)


def test_a_link_in_a_folder_is_not_followed(tmp_path):
    (tmp_path / "outside").write_bytes(of_array([1.0]))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "fc_0.w_0").write_bytes(of_array([2.0]))
    try:
        (folder / "fc_0.b_0").symlink_to(tmp_path / "outside")
    except OSError:
        pytest.skip("this system lets nobody make links")
    assert list(interop.arrays(folder)) == ["fc_0.w_0"]


def test_several_tensors_in_a_file_are_numbered():
    found = paddle.of_bytes(of_array([1.0]) + of_array([[2.0, 3.0]]), "params")
    assert same(found, {"0": np.float32([1]), "1": np.float32([[2, 3]])})


def test_what_tells_sequences_apart_is_passed_over():
    data = tensor(np.float32([1, 2]).tobytes(), levels=(bytes(24), b""))
    assert paddle.of_bytes(data, "w")["w"].tolist() == [1, 2]


def test_sizes_in_one_piece_are_the_same():
    data = tensor(np.float32([[1], [2]]).tobytes(), description=b"\x08\x05\x12\x02\x02\x01")
    assert paddle.of_bytes(data, "w")["w"].shape == (2, 1)


EIGHT = bytes(8)
DAMAGED = {
    "cut in its head": (bytes(7), "12 bytes belong there, and 7 are"),
    "cut in its numbers": (tensor(EIGHT[:7]), "8 bytes belong there, and 7 are"),
    "another version": (b"\x01" + tensor(EIGHT)[1:], "its version is 1"),
    "another version within": (tensor(EIGHT)[:12] + b"\x02" + tensor(EIGHT)[13:], "its version is 2"),
    "levels without end": (bytes(4) + b"\xff" * 8 + bytes(8), "8 bytes belong there, and 0 are"),
    "a long description": (tensor(EIGHT)[:16] + b"\xff" * 4 + tensor(EIGHT)[20:], "bytes belong there"),
    "an unknown type": (tensor(EIGHT, description=b"\x08\x17\x10\x02"), "its type is number 23"),
    "no type": (tensor(EIGHT, description=b"\x10\x02"), "its type is number -1"),
    "an unknown field": (tensor(EIGHT, description=b"\x08\x05\x18\x02"), "has a field 3"),
    "a number without end": (tensor(EIGHT, description=b"\x08" + b"\xff" * 10), "has no end"),
    "a size below 0": (tensor(EIGHT, shape=(2**64 - 1,)), "its sizes are [18446744073709551615]"),
    "too many axes": (tensor(EIGHT, shape=(1,) * 33), "its sizes are [1, 1"),
    "a shape that no array has": (tensor(b"", shape=(0, 2**62, 2**62)), "which no array can have"),
    "bytes left over": (of_array([1.0]) + b"x", "12 bytes belong there, and 1 are"),
    "nothing": (b"", "it is empty"),
}


@pytest.mark.parametrize(("data", "found"), DAMAGED.values(), ids=DAMAGED)
def test_what_the_format_does_not_have_is_refused_in_words(data, found):
    with pytest.raises(InteropError) as error:
        paddle.of_bytes(data, "fc_0.w_0")
    assert found in str(error.value) and "fc_0.w_0" in str(error.value)


def test_a_damaged_tensor_in_a_folder_is_named(tmp_path):
    (tmp_path / "fc_0.w_0").write_bytes(tensor(EIGHT)[:-1])
    with pytest.raises(InteropError, match=r"fc_0\.w_0: 8 bytes belong there"):
        interop.arrays(tmp_path)
    os.remove(tmp_path / "fc_0.w_0")
    with pytest.raises(InteropError, match="a folder without tensors of Paddle"):
        interop.arrays(tmp_path)


def test_a_folder_does_not_say_how_its_layers_stand(tmp_path):
    (tmp_path / "fc_0.w_0").write_bytes(of_array([1.0]))
    with pytest.raises(InteropError, match="does not say which layer reads which") as error:
        interop.read(tmp_path)
    assert "recurrent_layer" in str(error.value)


def given(seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"fc_0.w_0": (D, 3 * H), "fc_0.b_0": (3 * H,), "gru_0.w_0": (H, 3 * H), "gru_0.b_0": (1, 3 * H)}
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


def fluid_gru(x, arrays):
    """dynamic_gru of fluid, with origin_mode=False as by default.

    u = sigmoid(xu + h W_u), r = sigmoid(xr + h W_r), c = tanh(xc + (r h) W_c), h' = (1 - u) h + u c. In memory the
    weight is W_u and W_r side by side, (H, 2 H), and after both W_c, (H, H).
    """
    flat = arrays["gru_0.w_0"].ravel()
    gates, candidate = flat[: 2 * H * H].reshape(H, 2 * H), flat[2 * H * H :].reshape(H, H)
    h, found = np.zeros(H), []
    for row in x:
        xu, xr, xc = np.split(row @ arrays["fc_0.w_0"] + arrays["fc_0.b_0"] + arrays["gru_0.b_0"][0], 3)
        hu, hr = np.split(h @ gates, 2)
        u, r = 1 / (1 + np.exp(-xu - hu)), 1 / (1 + np.exp(-xr - hr))
        h = (1 - u) * h + u * np.tanh(xc + (r * h) @ candidate)
        found.append(h)
    return np.array(found)


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_gru_computes_what_the_operator_of_fluid_computes(direction):
    arrays, x = given(), np.random.default_rng(1).standard_normal((6, D))
    ways = [paddle.gru_arrays(arrays, "fc_0", "gru_0")]
    read = recurrent_layer("gru", ("Paddle", "dynamic_gru", "gru_0"), ways, direction=direction)
    model = model_of("m", [read], D, ())
    y = model.network.forward(x[:, None], model.params)[0][:, 0]
    wanted = fluid_gru(x[::-1], arrays)[::-1] if direction == "backward" else fluid_gru(x, arrays)
    assert relative_error(y, wanted) <= 1e-14
    assert "1 - z as z" in model.told[0]


@pytest.mark.parametrize("name", ["fc_0.w_0", "gru_0.w_0"])
def test_a_gru_without_its_matrices_is_refused(name):
    arrays = given()
    arrays.pop(name)
    with pytest.raises(InteropError, match=f"{name}: it is missing"):
        paddle.gru_arrays(arrays, "fc_0", "gru_0")


@pytest.mark.parametrize("shape", [(), (H,), (H, 2 * H), (H, 3 * H, 1)])
def test_a_matrix_of_no_gru_is_refused(shape):
    with pytest.raises(InteropError, match="no GRU"):
        paddle.gru_arrays(given() | {"gru_0.w_0": np.zeros(shape)}, "fc_0", "gru_0")


def test_a_gru_without_biases_has_none():
    arrays = {name: value for name, value in given().items() if ".w_0" in name}
    assert paddle.gru_arrays(arrays, "fc_0", "gru_0").keys() == {"input_weight", "weight"}
