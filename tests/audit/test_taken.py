"""What a function does not take is zero, and what it takes otherwise is recognised: it is judged so, and that is said.

A function that is given a first state and does not heed it stays wrong.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.audit import Audit, AuditError, audit
from lstm_sym.audit.sequences.plan import sequences_for

LOOP = """
    dW, dU, db, dn = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), {start}
    dx = np.zeros_like(x)
    for t in range(len(x))[::-1]:
        da = ({dy} + dn) * (1 - h[t + 1] ** 2)
        dx[t] = da @ W
        dW += da.T @ x[t]
        dU += da.T @ h[t]
        db += da.sum(axis=0)
        dn = da @ U
"""

FORWARD = """
    h = [{state}]
    for row in x:
        h.append(np.tanh(row @ W.T + h[-1] @ U.T + b))
"""

ZERO = "np.zeros((x.shape[1], len(b)))"


def written(head: str, *, state: str = ZERO, start: str = "0", dy: str = "dy[t]", gives: str = "dx, dW, dU, db") -> str:
    forward, loop = FORWARD.format(state=state), LOOP.format(start=start, dy=dy)
    return f"import numpy as np\n\n\ndef backward({head}):{forward}{loop}    return {gives}\n"


TAPE = (
    """
import numpy as np


def backward(dy, params, tape{more}):
    x, W, U, b = tape["x"], params["W"], params["U"], params["b"]
    h = np.concatenate([{state}, tape["h"]])
"""
    + LOOP.format(start="0", dy="dy[t]").removeprefix("\n")
    + "    return dx, dW, dU, db\n"
)

UNSUMMED = """
import numpy as np


def backward(x, h, h_prev, W, U, dy):
    dx, dn = np.zeros_like(x), 0
    dW, dU, db = [], [], []
    for t in range(len(x))[::-1]:
        da = (dy[t] + dn) * (1 - h[t] ** 2)
        dx[t] = da @ W
        dW.append(da.T @ x[t])
        dU.append(da.T @ h_prev[t])
        db.append(da)
        dn = da @ U
    return {{"x": dx, "W": np.array(dW), "U": np.array(dU){sum}, "b": np.array(db)}}
"""

FIRST = "tape['h_prev'][:1]"
NONE = "0 * tape['h'][:1]"
CASES = {
    "no first state": (written("x, W, U, b, dy"), True, ["audit.starts_at_zero"]),
    "a first state": (written("x, h0, W, U, b, dy", state="h0", gives="dx, dW, dU, db, dn"), True, []),
    "a first state that is not heeded": (written("x, h0, W, U, b, dy"), False, []),
    "a tape without the state before": (TAPE.format(more="", state=NONE), True, ["audit.starts_at_zero"]),
    "a tape with it": (TAPE.format(more="", state=FIRST), True, []),
    "a tape with it that is not heeded": (TAPE.format(more="", state=f"0 * {FIRST}"), False, []),
    "a tape beside a state that is not heeded": (TAPE.format(more=", h0", state=NONE), False, []),
    "the last step alone": (
        written("x, h0, W, U, b, dy", state="h0", start="dy", dy="0", gives="dx, dW, dU, db, dn"),
        True,
        ["audit.last_step"],
    ),
    "gradients of each step": (UNSUMMED.format(sum=""), True, ["audit.unsummed.T", "audit.unsummed.BT"]),
    "one of them too few": (UNSUMMED.format(sum="[1:]"), False, None),
    "of each step, one wrong": (UNSUMMED.format(sum=" * 2"), False, ["audit.unsummed.T", "audit.unsummed.BT"]),
}
"""Name -> the file, whether it is right, and what is recognised, if it can be read at all."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def audited(source: str, cell: str = "rnn", function: str = "backward") -> Audit:
    Path("own.py").write_text(source, encoding="utf-8")
    return audit(ls.cell(cell), Path("own.py"), function)


@pytest.mark.parametrize("name", CASES)
def test_what_is_not_taken_is_zero_or_recognised(name: str) -> None:
    source, right, said = CASES[name]
    if said is None:
        with pytest.raises(AuditError, match="returned U of shape"):
            audited(source)
        return
    found = audited(source)
    assert found.right is right, found.verdicts
    assert [one.key for one in found.recognised] == said


def test_what_the_function_was_given_is_what_is_compared() -> None:
    zero = audited(CASES["no first state"][0])
    assert all(not one.case.state["h"].any() for one in zero.passes) and zero.unused == ()
    assert zero.dropped == ("the initial state zero", "a large initial state")
    last = audited(CASES["the last step alone"][0])
    assert all(not one.case.dy[:-1].any() for one in last.passes) and last.passes[0].case.dy[-1].any()
    for found in (zero, last):
        for place, one in enumerate(found.passes):
            right = one.backward(frozenset({"dy"})).run(found.derivation.adjoint).gradients
            assert np.allclose(right["W"], found.evidence.right[place].gradients["W"])


TORCH = """
import torch


class Cell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, h0, weight_ih, weight_hh, bias):
        hs = [h0]
        for row in x:
            hs.append(torch.tanh(row @ weight_ih.T + hs[-1] @ weight_hh.T + bias))
        hs = torch.stack(hs)
        ctx.save_for_backward(x, hs, weight_ih, weight_hh)
        return hs[1:]

    @staticmethod
    def backward(ctx, grad_output):
        x, hs, weight_ih, weight_hh = ctx.saved_tensors
        grads = [torch.zeros_like(part) for part in (x, hs[0], weight_ih, weight_hh, weight_hh[0])]
        for t in range(len(x) - 1, -1, -1):
            da = (grad_output[t] + grads[1]) * (1 - hs[t + 1] ** 2)
            grads[0][t] = da @ weight_ih
            grads[1] = da @ weight_hh
            grads[2] += da.T @ x[t]
            grads[3] += da.T @ hs[t]
            grads[4] += da.sum(0)
        return tuple(grads)
"""


STUB = """
import numpy as np
from types import SimpleNamespace


class Tensor(np.ndarray):
    def detach(self): return self
    def cpu(self): return self
    def numpy(self): return np.asarray(self)


class Function:
    pass


def from_numpy(value): return value.view(Tensor)
def stack(parts):
    assert all(isinstance(part, Tensor) for part in parts)
    return np.stack(parts).view(Tensor)


autograd = SimpleNamespace(Function=Function)
tanh, zeros_like = np.tanh, np.zeros_like
"""
"""As much of PyTorch as the function above wants, on arrays: a module of its name beside the file."""


@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("right", [True, False])
def test_a_function_of_torch_is_called_with_tensors(right: bool, real: bool) -> None:
    if real:
        pytest.importorskip("torch")
    else:
        Path("torch.py").write_text(STUB, encoding="utf-8")
    found = audited(TORCH if right else TORCH.replace("da.T @ hs[t]", "da.T @ hs[t + 1]"), function="Cell")
    assert found.right is right and len(found.verdicts) == 5
    assert [verdict.name for verdict in found.verdicts if not verdict.right] == ([] if right else ["U"])


def test_sequences_about_one_state_say_which() -> None:
    labels = [one.why for one in sequences_for(("h", "c")) if one.alone]
    assert labels[1:] == ["one step, a last cotangent alone: h", "one step, a last cotangent alone: c"]
    assert sum("last cotangent" in one.why for one in sequences_for(("h",))) == 2
