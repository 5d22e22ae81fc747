"""A file whose own forward pass is not the cell's: which it is that of is named, and the backward pass is judged so."""

from __future__ import annotations

from pathlib import Path

import pytest

import lstm_sym as ls
from lstm_sym.audit import Audit, audit
from lstm_sym.audit.forward.rewrites import RULES, changed, rewritten
from lstm_sym.audit.forward.variants import other_cells, with_more_parameters
from lstm_sym.audit.page.data import audit_data
from lstm_sym.audit.page.summary import summary_lines
from lstm_sym.audit.wording import Wording
from lstm_sym.equations.parser import read_equation
from lstm_sym.equations.source_line import lines_of

GRU = """
import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def forward(x, h0, W, U, b):
    T, B, D = x.shape
    H = h0.shape[1]
    h, hs, cache = h0, [], []
    for t in range(T):
        a = x[t] @ W + b
        r = sigmoid(a[:, :H] + h @ U[:, :H])
        z = sigmoid(a[:, H:2 * H] + h @ U[:, H:2 * H])
        n = np.tanh(a[:, 2 * H:] + (r * h) @ U[:, 2 * H:])
        cache.append((x[t], h, r, z, n))
        h = (1 - z) * n + z * h
        hs.append(h)
    return np.array(hs), (cache, W, U)


def backward(dy, cache):
    cache, W, U = cache
    H = len(U)
    dW, dU, db, dx = np.zeros_like(W), np.zeros_like(U), np.zeros(3 * H), []
    dh_next = np.zeros_like(cache[0][1])
    for t in reversed(range(len(cache))):
        x, h_prev, r, z, n = cache[t]
        dh = dy[t] + dh_next
        dan = dh * (1 - z) * (1 - n**2)
        daz = dh * (h_prev - n) * z * (1 - z)
        drh = dan @ U[:, 2 * H:].T
        dar = drh * h_prev * r * (1 - r)
        da = np.concatenate([dar, daz, dan], 1)
        dW += x.T @ da
        dU += np.concatenate([h_prev.T @ dar, h_prev.T @ daz, (r * h_prev).T @ dan], 1)
        db += da.sum(0)
        dx.append(da @ W.T)
        dh_next = dh * z + drh * r + dar @ U[:, :H].T + daz @ U[:, H:2 * H].T
    return np.array(dx[::-1]), dh_next, dW, dU, db
"""

EXCHANGED = (
    GRU.replace("h = (1 - z) * n + z * h\n", "h = z * n + (1 - z) * h\n")
    .replace("dh * (1 - z) * (1 - n**2)", "dh * z * (1 - n**2)")
    .replace("dh * (h_prev - n)", "dh * (n - h_prev)")
    .replace("dh * z + drh", "dh * (1 - z) + drh")
)
"""z and 1 - z in each other's place, and the backward pass of that."""

AFTER = (
    GRU.replace("(r * h) @ U[:, 2 * H:])", "r * (h @ U[:, 2 * H:]))")
    .replace("drh = dan @ U[:, 2 * H:].T", "drh = (dan * r) @ U[:, 2 * H:].T")
    .replace("dar = drh * h_prev *", "dar = dan * (h_prev @ U[:, 2 * H:]) *")
    .replace("(r * h_prev).T @ dan", "h_prev.T @ (dan * r)")
    .replace("drh * r +", "drh +")
)
"""The reset gate after the product."""

INSIDE = EXCHANGED.replace(
    "def backward(dy, cache):\n    cache, W, U = cache",
    "def backward(x, h0, W, U, b, dy):\n    _, (cache, W, U) = run(x, h0, W, U, b)",
).replace("def forward(", "def run(")
"""The same, and the forward pass cannot be seen."""

TWO = EXCHANGED.replace("np.tanh(a[", "sigmoid(a[")
"""Two things otherwise."""

PRINTED = "h[t] = z[t] * n[t] + (1 - z[t]) * h[t-1]"


def audited(folder: Path, text: str) -> Audit:
    path = folder / "gru.py"
    path.write_text(text, encoding="utf-8")
    return audit(ls.cell("gru"), path, "backward")


@pytest.mark.parametrize(
    ("text", "key", "fact"),
    [
        (EXCHANGED, "audit.forward.equation", PRINTED),
        (INSIDE, "audit.forward.equation", PRINTED),
        (AFTER, "audit.forward.catalogue_without", "gru_reset_after"),
    ],
    ids=["z and 1 - z", "seen in the gradients alone", "reset after"],
)
def test_another_forward_pass_is_named_and_the_backward_pass_judged_as_that_of_it(
    tmp_path: Path, text: str, key: str, fact: str
) -> None:
    found = audited(tmp_path, text)
    assert found.other_forward is not None
    assert found.other_forward.key == key
    assert fact in found.other_forward.facts.values()
    assert all(verdict.right for verdict in found.verdicts)
    assert not found.right  # it is not the cell that was asked for
    assert any(fact in line for line in summary_lines(Wording(found)))
    assert audit_data(found)["other_forward"]["key"] == key


def test_a_mistake_is_found_beside_another_forward_pass(tmp_path: Path) -> None:
    found = audited(tmp_path, EXCHANGED.replace("dar = drh * h_prev *", "dar = drh *"))
    assert found.other_forward is not None
    assert found.explanation is not None
    assert [mistake.kind for mistake in found.explanation.mistakes] == ["factor left out"]


def test_a_cell_with_a_second_bias_is_known_where_the_file_has_two() -> None:
    """A GRU as libraries have it, audited as one with a bias for each gate: it is gru_reset_after, and right."""
    file = Path(__file__).parent / "passes" / "two_bias_gru.py"
    found = audit(ls.cell("gru"), file, "GRU")
    assert found.other_forward is not None and found.other_forward.facts["cell"] == "gru_reset_after"
    assert all(verdict.right for verdict in found.verdicts) and not found.right
    assert "b_u" in {verdict.name for verdict in found.verdicts}
    assert [variant.cell.key for variant in with_more_parameters(ls.cell("gru"))].count("gru_reset_after") == 1


def test_of_a_forward_pass_that_is_not_known_no_mistakes_are_sought(tmp_path: Path) -> None:
    found = audited(tmp_path, TWO)
    assert (found.other_forward, found.explanation) == (None, None)
    assert "forward pass" in Wording(found).unexplained()[0][0]


@pytest.mark.parametrize("returned", ["hs", "[h0, *hs]"], ids=["as it is", "the first state first"])
def test_the_forward_pass_of_the_cell_is_not_called_another(tmp_path: Path, returned: str) -> None:
    found = audited(tmp_path, GRU.replace("np.array(hs)", f"np.array({returned})"))
    assert found.right
    assert not any("differs" in said.key for said in found.recognised)


def test_a_wrong_backward_pass_of_the_right_forward_pass_is_no_other_cell(tmp_path: Path) -> None:
    found = audited(tmp_path, GRU.replace("dar = drh * h_prev *", "dar = drh *"))
    assert found.other_forward is None
    assert found.explanation is not None
    assert found.explanation.is_whole


MADE = {
    "another_function": "h[t] = sigmoid(W @ x[t] + U @ (r[t] * h[t-1]) + b)",
    "one_more": "h[t] = tanh(W @ x[t] + U @ (r[t] * h[t-1]) + b + 1)",
    "product_first": "h[t] = tanh(W @ x[t] + r[t] * (U @ h[t-1]) + b)",
    "another_step": "h[t] = tanh(W @ x[t] + U @ (r[t] * h[t]) + b)",
    "another_sign": "h[t] = tanh(W @ x[t] - U @ (r[t] * h[t-1]) + b)",
    "one_side": "h[t] = tanh(W @ x[t] + b)",
    "transposed": "h[t] = tanh(W @ x[t] + U.T @ (r[t] * h[t-1]) + b)",
}
"""Rule -> one of the lines that it makes of the first."""


def expression_of(text: str) -> ls.equations.expressions.Expression:
    [line] = lines_of(text, "a test", 1)
    return read_equation(line, {}, {}).expression


def test_every_rule_makes_its_line() -> None:
    right = expression_of("h[t] = tanh(W @ x[t] + U @ (r[t] * h[t-1]) + b)")
    assert {rule.__name__ for rule in RULES} == {*MADE}
    for rule in RULES:
        lines = {f"h[t] = {new}" for new in changed(right, rule)}
        assert MADE[rule.__name__] in lines, rule.__name__


def test_quantities_and_complements_change_places() -> None:
    right = expression_of("h[t] = (1 - z[t]) * n[t] + z[t] * h[t-1]")
    lines = [f"h[t] = {new}" for new in rewritten(right)]
    assert lines[0] == PRINTED
    assert "h[t] = (1 - n[t]) * z[t] + n[t] * h[t-1]" in lines


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn", "lstm_peephole", "lstm_concat", "lstm_projected"])
def test_every_variant_is_a_cell_with_the_same_parameters_that_can_be_derived(name: str) -> None:
    cell = ls.cell(name)
    found = list(other_cells(cell))
    assert len(found) > 5
    for variant in found:
        assert {*variant.cell.parameters} == {*cell.parameters}
        assert ls.derive(variant.cell).adjoint.statements
