"""What the child process makes of a function and of what it returns, without the process."""

from __future__ import annotations

import ast
import builtins
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.audit.errors import SENTENCES, complaint
from lstm_sym.audit.running import child
from lstm_sym.audit.running.child.calling import Caller
from lstm_sym.audit.running.child.targets import Documented
from lstm_sym.audit.running.child.values import Complaint, of_case
from lstm_sym.audit.sequences.cases import arrays, forward_passes, request

DERIVATION = ls.derive(ls.cell("rnn"))
SEQUENCES = forward_passes(DERIVATION, 0)
REQUEST = request(DERIVATION, SEQUENCES)
GIVEN = of_case(arrays(DERIVATION, SEQUENCES), 0)
T, B, D, H = 6, 3, 2, 4
W, U, b, x, h = np.ones((H, D)), np.ones((H, H)), np.ones(H), np.ones((T, B, D)), np.ones((B, H))


def called(function: Any) -> dict[str, np.ndarray]:
    return Caller(Documented(function, REQUEST), REQUEST).gradients(GIVEN, 0)


def returning(value: Any) -> dict[str, np.ndarray]:
    return called(lambda dy: value)


def by_position(dy: Any, /) -> Any:
    return dy


BAD: dict[str, tuple[Any, str]] = {
    "nothing": (lambda dy: None, "NoneType"),
    "a number": (lambda dy: 3.0, "float"),
    "text": (lambda dy: {"W": "abc"}, "not an array of real numbers"),
    "ragged": (lambda dy: {"W": [np.zeros(2), np.zeros(3)]}, "several shapes"),
    "objects": (lambda dy: {"W": [None, None]}, "list (object)"),
    "complex": (lambda dy: {"W": 1j * W}, "complex128"),
    "other names": (lambda dy: {"foo": W}, "foo"),
    "empty": (lambda dy: {}, "none of which is a name of the cell"),
    "two": (lambda dy: (x, W), "order x, W, U, b, h[0]"),
    "misspelt": (lambda dy, parms: 1, "did you mean params? "),
    "far from any": (lambda dy, qqq: 1, "one of these names: x, dy, params"),
    "by position": (by_position, "leave the / out"),
    "no cotangent": (lambda x, params: x, "dh_next"),
    "two names": (lambda dy: {"W": W, "dW": W}, "as W, dW"),
    "two dicts": (lambda dy: {"params": {"W": W}, "grads": {"W": W}}, "as W, W"),
    "a dict and a tuple": (lambda dy: (x, {"x": x, "W": W}), "returned x more than once"),
    "sends nothing": (lambda x, dh_next: {"x": x}, "dh_prev"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_told_in_words(name: str) -> None:
    function, said = BAD[name]
    with pytest.raises(Complaint) as caught:
        called(function)
    found, place = caught.value, (Path("own.py"), "f")
    text = str(complaint(found.kind, found.facts, *place, REQUEST["offered"], REQUEST["order"]))
    assert said in text and "{" not in text and "  fix: " in text


def test_every_complaint_has_its_sentences() -> None:
    assert all(len(sentences) in (1, 3) for sentences in SENTENCES.values())


@pytest.mark.parametrize(
    "value",
    [
        {"x": x, "W": W, "U": U, "b": b, "h0": h},
        {"dx": x, "dW": W, "d_U": U, "grad_b": b, "dh_0": h},
        {"params": {"W": W, "U": U, "b": b}, "state": {"h": h}, "inputs": x, "loss": 3.0},
        SimpleNamespace(dx=x, dW=W, dU=U, db=b, dprev_h=h),
        (x, W, U, b, h),
        [x, {"W": W, "dU": U, "b": b}, h],
        ({"W": W, "dU": U, "b": b, "h[0]": h, "x": x},),
    ],
)
def test_ways_to_return_gradients(value: Any) -> None:
    found = returning(value)
    assert found.keys() == {"x", "W", "U", "b", "h[0]"}
    assert [found[name].shape for name in ("x", "W", "U", "b", "h[0]")] == [x.shape, W.shape, U.shape, b.shape, h.shape]


def test_initial_states_may_be_left_out_and_one_array_is_the_input() -> None:
    assert returning((x, W, U, b)).keys() == {"x", "W", "U", "b"}
    assert returning(x).keys() == {"x"}


def test_arguments_are_given_by_name() -> None:
    seen: dict[str, Any] = {}

    def backward(x, y, h, h_prev, h0, params, tape, W, dy, dstate, dh_T, T, H, scale=2.0, *rest, **more):  # type: ignore[no-untyped-def]
        seen.update(locals())
        return {"x": x}

    called(backward)
    assert seen["params"].W is seen["params"]["W"]
    assert np.array_equal(seen["W"], SEQUENCES[0].case.params["W"])
    assert (seen["T"], seen["H"], seen["scale"]) == (T, H, 2.0)
    assert np.array_equal(seen["h"][:-1], seen["h_prev"][1:]) and np.array_equal(seen["h_prev"][0], seen["h0"])
    assert np.array_equal(seen["tape"].h, seen["y"]) and seen["tape"]["a_h"].shape == (T, B, H)
    assert np.array_equal(seen["dstate"].h, seen["dh_T"]) and seen["dy"].shape == (T, B, H)
    with pytest.raises(AttributeError):
        _ = seen["params"].nothing


def test_a_step_without_dy_gets_it_with_what_arrives() -> None:
    seen: list[np.ndarray] = []

    def backward(dnext_h, cache):  # type: ignore[no-untyped-def]
        seen.append(dnext_h.copy())
        return {"x": cache.x, "dprev_h": 0 * dnext_h}

    called(backward)
    assert np.array_equal(seen[0], GIVEN["dstate/h"] + GIVEN["dy"][-1])
    assert all(np.array_equal(mine, dy) for mine, dy in zip(seen[1:], GIVEN["dy"][-2::-1], strict=True))


def test_step_by_step_arrays_are_of_one_step() -> None:
    seen: list[tuple[int, ...]] = []

    def backward(x, h_prev, tape, W, dy, dh_next):  # type: ignore[no-untyped-def]
        seen.append((*x.shape, *tape.h.shape, *W.shape))
        return {"x": x, "W": W, "dh_prev": dh_next + 1}

    found = called(backward)
    assert seen == [(B, D, B, H, H, D)] * T
    assert np.array_equal(found["x"], GIVEN["x"]) and np.allclose(found["W"], T * GIVEN["params/W"])
    assert np.allclose(found["h[0]"], GIVEN["dstate/h"] + T)


def test_every_module_of_the_child_has_builtins_of_its_own() -> None:
    """What a file makes of the shared ones reaches none of their functions."""
    modules = {path.stem: path for path in Path(child.__file__).parent.glob("*.py") if path.stem[0] != "_"}
    assert {"answering", "calling", "loading"} <= set(modules)
    for name in modules:
        module = import_module(f"{child.__name__}.{name}")
        assert vars(module)["__builtins__"] is child.OWN_BUILTINS is not vars(builtins), name


def test_the_child_imports_python_and_numpy_alone() -> None:
    for path in Path(child.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            tops = {name.partition(".")[0] for name in names}
            assert tops <= {*sys.stdlib_module_names, "numpy"}, (path, tops)
