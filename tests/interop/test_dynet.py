"""Models of DyNet in their text form, and its LSTM against its formulas and, where there is one, DyNet."""

from __future__ import annotations

import numpy as np
import pytest
from interop.cases import dynet_parameter as parameter
from interop.cases import same

from lstm_sym import interop
from lstm_sym.check.result import relative_error
from lstm_sym.interop import InteropError, dynet
from lstm_sym.interop.model import model_of, recurrent_layer

D, H, T = 3, 4, 6


def given(seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"/lstm/_0": (4 * H, D), "/lstm/_1": (4 * H, H), "/lstm/_2": (4 * H,)}
    return {name: np.float32(rng.standard_normal(shape)) for name, shape in shapes.items()}


def test_parameters_come_back_bit_for_bit(tmp_path):
    data = b"".join(parameter(name, value) for name, value in given().items())
    (tmp_path / "w.model").write_bytes(data)
    assert interop.file_format(tmp_path / "w.model") == "dynet" and same(interop.arrays(tmp_path / "w.model"), given())


def test_a_table_has_a_row_a_word():
    table = np.float32([[1, 2, 3], [4, 5, 6]])
    found = dynet.of_bytes(parameter("/_0", table.T, "LookupParameter"), "w")
    assert same(found, {"/_0": table})


def test_gradients_that_were_saved_are_left_out():
    data = parameter("/_0", [1.0, 2.0], gradient=True) + parameter("/_1", [3.0])
    assert same(dynet.of_bytes(data, "w"), {"/_0": np.float32([1, 2]), "/_1": np.float32([3])})


ONE = parameter("/_0", [1.0, 2.0])
DAMAGED = {
    "empty": (b"", "it is empty"),
    "another line": (ONE + b"# more\n", "no parameter is described, but b'# more"),
    "no end of a line": (b"#Parameter# " + b"a" * 3000, "at byte 0 no parameter is described"),
    "cut short": (ONE[:-1], "bytes of numbers belong at"),
    "a number too few": (ONE.replace(b"{2}", b"{3}"), "3 numbers belong to its sizes (3,), and 2 are there"),
    "a word among numbers": (ONE.replace(b"+1.0", b"a1.0"), "something among its numbers is no number"),
    "other bytes": (ONE.replace(b"+1.0", b"\xff1.0"), "something among its numbers is no number"),
    "the same name": (ONE * 2, "two of its parameters are called /_0"),
    "too many axes": (ONE.replace(b"{2}", b"{" + b"1," * 40 + b"2}"), "it has 41 axes"),
    "a shape that no array has": (
        b"#Parameter# /_0 {0,%d,%d} 1 ZERO_GRAD\n\n" % (10**17, 10**17),
        "which no array can have",
    ),
}


@pytest.mark.parametrize(("data", "found"), DAMAGED.values(), ids=DAMAGED)
def test_what_the_format_does_not_have_is_refused_in_words(data, found):
    with pytest.raises(InteropError) as error:
        dynet.of_bytes(data, "w.model")
    assert found in str(error.value) and "w.model" in str(error.value)


def test_a_file_does_not_say_how_its_layers_stand(tmp_path):
    (tmp_path / "w.model").write_bytes(ONE)
    with pytest.raises(InteropError, match="does not say which layer reads which"):
        interop.read(tmp_path / "w.model")


def model(arrays, dtype=np.float64):
    own = dict(zip(("W", "U", "b"), (value.astype(dtype) for value in arrays.values()), strict=True))
    return model_of("m", [recurrent_layer("lstm", ("DyNet", "VanillaLSTMBuilder", "lstm"), [own])], D, ())


def test_an_lstm_computes_what_its_builder_computes():
    """i, f, o = sigmoid, g = tanh of the four blocks of W x + U h + b, with 1 added to that of f."""
    arrays, x = given(), np.random.default_rng(1).standard_normal((T, D))
    found = model(arrays)
    y = found.network.forward(x[:, None], found.params)[0][:, 0]
    w, u, b = (value.astype(float) for value in arrays.values())
    h, c = np.zeros(H), np.zeros(H)
    for t in range(T):
        i, f, o, g = np.split(w @ x[t] + u @ h + b, 4)
        i, f, o = (1 / (1 + np.exp(-a)) for a in (i, f + 1, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
        assert relative_error(y[t], h) <= 1e-14
    assert "+1 to the bias of f" in found.told[0]


def test_it_computes_what_dynet_computes(tmp_path):
    peer = pytest.importorskip("dynet", reason="DyNet is the peer where there is one")
    collection = peer.ParameterCollection()
    builder = peer.VanillaLSTMBuilder(1, D, H, collection)
    table = collection.add_lookup_parameters((5, D))
    x = np.random.default_rng(2).standard_normal((T, D))
    peer.renew_cg()
    wanted = [y.npvalue() for y in builder.initial_state().transduce([peer.inputVector(row) for row in x])]
    collection.save(str(tmp_path / "w.model"))
    arrays = interop.arrays(tmp_path / "w.model")
    words = next(name for name, value in arrays.items() if value.shape == (5, D))
    assert np.array_equal(arrays.pop(words), table.as_array())
    found = model(arrays, np.float32)
    y = found.network.forward(np.float32(x)[:, None], found.params)[0][:, 0]
    assert relative_error(y, np.array(wanted)) <= 1e-6
