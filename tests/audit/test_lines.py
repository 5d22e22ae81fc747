"""The line of a user's file that holds a mistake is found from numbers, and printed as it should be, in their names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from audit.own_files import BESIDE, JOINED, LSTM, RNN, STEP, VECTORS

import lstm_sym as ls
from lstm_sym.audit import Audit, audit
from lstm_sym.audit.lines.mistaken import OwnLine, addends_of, means_the_same
from lstm_sym.audit.lines.printing import called
from lstm_sym.audit.lines.written import fits, holds, same
from lstm_sym.audit.wording import Wording

COLUMNS = """
import numpy as np


def backward(x, h, h_prev, W, U, dy, dh_T):
    dx = np.zeros_like(x)
    gradW, gradU, gradb, carried = np.zeros_like(W), np.zeros_like(U), np.zeros(len(U)), dh_T.T
    for step in range(len(x) - 1, -1, -1):
        delta = dy[step].T + carried
        slope = 1 - h[step].T ** 2
        z = delta * slope
        gradW += z @ x[step]
        gradU += z @ h_prev[step]
        gradb += z.sum(axis=1)
        dx[step] = (W.T @ z).T
        carried = U.T @ z
    return {"x": dx, "W": gradW, "U": gradU, "b": gradb, "h0": carried.T}
"""

OUTER = (
    STEP[: STEP.index("    each =")].replace("sum(da[k]", "sum((da[k]").replace("k] for k in da)", "k]) for k in da)")
)
OUTER += """    dai, daf, dag, dao = (da[k] for k in "ifgo")
    dWi = dai.T @ x
    dWf = daf.T @ x
    dWg = dag.T @ x
    dWo = dao.T @ x
    dUi, dUf, dUg, dUo = (d.T @ h_prev for d in (dai, daf, dag, dao))
    dbi, dbf, dbg = (d.sum(axis=0) for d in (dai, daf, dag))
    dbo = dao.sum(axis=0)
    return (dx, dWi, dUi, dbi, dWf, dUf, dbf, dWg, dUg, dbg, dWo, dUo, dbo, dh_prev, dc * f)
"""

WRONG = {
    ("rnn", VECTORS, "1 - hs[t + 1] ** 2", "1 - hs[t + 1]"): "da = dh * (1 - hs[t + 1]**2)",
    ("rnn", VECTORS, "np.outer(da, hs[t])", "np.outer(da, hs[t + 1])"): "dU += np.outer(da, hs[t])",
    ("rnn", VECTORS, "dh = U.T @ da", "dh = U @ da"): "dh = U.T @ da",
    ("gru_reset_after", BESIDE, "dz, dg * r]", "dz, dg]"): "ds = np.concatenate([dr, dz, dg * r], axis=1)",
    ("lstm", LSTM, "dh * tanh_c * o * (1 - o)", "dh * tanh_c * o"): "da['o'] = dh * o * tanh_c * (1 - o)",
    ("lstm", LSTM, "dh * tanh_c * o * (1 - o)", "dh * tanh_c"): "da['o'] = dh * o * tanh_c * (1 - o)",
    ("lstm", LSTM, "dc = dc_next + dh", "dc = dh"): "dc = dc_next + dh * o * (1 - tanh_c**2)",
    ("lstm", LSTM, "dc * c_prev * f", "dc * c * f"): "da['f'] = dc * c_prev * f * (1 - f)",
    (
        "lstm",
        LSTM,
        "d.T @ h_prev",
        "d.T @ (h_prev if gate != 'g' else tape['h'][t])",
    ): "grads['U_g'] += da['g'].T @ h_prev",
    (
        "lstm",
        STEP,
        "dh * o * (1 - np.tanh(c) ** 2)",
        "dh * o * (1 - c**2)",
    ): "dc = dc_next + dh * o * (1 - np.tanh(c)**2)",
    ("lstm", STEP, "dc * c_prev * f", "dc * c * f"): "da['f'] = dc * c_prev * f * (1 - f)",
    ("lstm", OUTER, "dWf = daf.T @ x", "dWf = dai.T @ x"): "dWf = daf.T @ x",
    ("lstm", OUTER, "dbo = dao.sum(axis=0)", "dbo = dao.mean(axis=0)"): "dbo = dao.sum(axis=0)",
    ("rnn", RNN, "(dy[t] + dh_next)", "dy[t]"): "da = (dy[t] + dh_next) * (1 - h[t]**2)",
    ("rnn", RNN, "dh_next = da @ U", "dh_next = da @ U.T"): "dh_next = da @ U",
    ("rnn", RNN, "db + da.sum(0)", "db + da.mean(0)"): "db = db + da.sum(axis=0)",
    ("rnn", RNN, "dW + da.T @ x[t]", "da.T @ x[t]"): "dW += da.T @ x[t]",
    ("rnn", RNN, "dU + da.T @ h_prev[t]", "dU + da.T @ h[t]"): "dU = dU + da.T @ h_prev[t]",
    ("rnn", RNN, "dx[t] = da @ W", "dx[t] = -da @ W"): "dx[t] = da @ W",
    ("rnn", COLUMNS, "1 - h[step].T ** 2", "1 - h[step].T"): "slope = 1 - h[step].T**2",
    ("rnn", COLUMNS, "z = delta * slope", "z = delta"): "z = delta * slope",
    ("rnn", COLUMNS, "carried = U.T @ z\n", "carried = U @ z\n"): "carried = U.T @ z",
    ("rnn", COLUMNS, "gradb += z.sum", "gradb = z.sum"): "gradb += z.sum(axis=1)",
    ("rnn", COLUMNS, "gradU += z @ h_prev[step]", "gradU += z @ h[step]"): "gradU += z @ h_prev[step]",
}
"""The cell, a pass, what is right in it and what is written instead -> the right line."""


WIDE = {
    ("lstm", "passes/course_lstm.py:lstm_backward", "do * o * (1 - o)", "do"): (
        "da = np.hstack([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])"
    ),
    ("lstm", "passes/course_lstm.py:lstm_backward", "df * f * (1 - f)", "df * i * (1 - i)"): (
        "da = np.hstack([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])"
    ),
    ("lstm", "passes/course_lstm.py:lstm_backward", "dprev_c = dc * f", "dprev_c = dnext_c * f"): "dprev_c = dc * f",
    ("lstm", "passes/course_lstm.py:lstm_backward", "db += db_t", "db = db_t"): "db += db_t",
    ("lstm", "passes/course_lstm.py:lstm_backward", "dh[:, t] + dprev_h", "dh[:, t]"): ("dnext_h = dh[:, t] + dprev_h"),
    (
        "lstm",
        "passes/object_lstm.py:LSTM.backward",
        "self.dU += da.T",
        "self.dU = da.T",
    ): "self.dU += da.T @ h_prev",
    ("lstm", "passes/concat_lstm.py:backward", "dW += hin.T @ dA", "dW = hin.T @ dA"): "dW += hin.T @ dA",
    ("lstm", "passes/concat_lstm.py:backward", "3 * H] = do * o * (1 - o)", "3 * H] = do * o"): (
        "dA[:, 2 * H : 3 * H] = do * o * (1 - o)"
    ),
    ("lstm", "passes/lectures_lstm.py:lstm_backward", "dc * cct * it", "dc * it * it"): (
        "dit = dc * it * cct * (1 - it)"
    ),
    ("rnn", "passes/loss_rnn.py:loss_and_grads", "dz @ states[t - 1].T", "dz @ states[t].T"): (
        "dWhh += dz @ states[t - 1].T"
    ),
}
"""The same for passes with gates beside each other, attributes, inner functions, a loss inside."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def audited(cell: str, source: str) -> Audit:
    Path("own.py").write_text(source, encoding="utf-8")
    return audit(ls.cell(cell), Path("own.py"), "backward")


def first_line(found: Audit) -> OwnLine:
    assert found.explanation is not None and found.own_lines
    return found.own_lines[0][0]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case[3])
def test_the_wrong_line_is_found_and_the_right_one_is_in_its_own_names(case: tuple[str, str, str, str]) -> None:
    cell, source, right, wrong = case
    assert right in source
    text = source.replace(right, wrong, 1)
    own = first_line(audited(cell, text))
    assert wrong.strip() in text.splitlines()[own.line - 1] and own.text == text.splitlines()[own.line - 1].strip()
    assert own.right == WRONG[case] and own.unnamed == ()


def test_the_right_line_mends_the_file() -> None:
    """Put in the place of the wrong one, it makes the pass right, where it is a line of its own."""
    for cell, source, right, wrong in WRONG:
        text = source.replace(right, wrong, 1)
        line = text.splitlines()[text[: text.index(wrong.strip())].count("\n")]
        if source is not COLUMNS:
            continue
        own = first_line(audited(cell, text))
        mended = text.splitlines()
        indent = line[: len(line) - len(line.lstrip())]
        mended[own.line - 1] = indent + own.right
        assert audited(cell, "\n".join(mended)).right, own


@pytest.mark.parametrize("case", WIDE, ids=lambda case: f"{case[1]} {case[3]}")
def test_the_wrong_line_is_found_where_arrays_hold_several_values(case: tuple[str, str, str, str]) -> None:
    cell, place, right, wrong = case
    file, _, function = place.partition(":")
    text = (Path(__file__).parent / file).read_text(encoding="utf-8")
    assert text.count(right) == 1
    Path("own.py").write_text(text.replace(right, wrong), encoding="utf-8")
    found = audit(ls.cell(cell), Path("own.py"), function)
    own = first_line(found)
    assert wrong in own.text and own.right == WIDE[case] and own.unnamed == ()
    assert all(len(lines) == 1 for lines in found.own_lines)


def test_mistakes_in_the_very_same_line_are_one() -> None:
    """A mean in the line of the gradients of all gates: four mistakes of the derivation, one of the file."""
    text = (Path(__file__).parent / "passes" / "course_lstm.py").read_text(encoding="utf-8")
    wrong = text.replace("dWh = prev_h.T @ da\n", "dWh = prev_h.T @ da / len(x)\n")
    Path("own.py").write_text(wrong, encoding="utf-8")
    found = audit(ls.cell("lstm"), Path("own.py"), "lstm_backward")
    assert wrong != text and found.explanation is not None and len(found.explanation.mistakes) == 4
    assert Wording(found).together == [[0, 1, 2, 3]] and Wording(found).called(0) == "the mistake"
    apart = replace(found, own_lines=())
    assert Wording(apart).together == [[0], [1], [2], [3]] and Wording(apart).called(1) == "mistake 2 of 4"


def test_an_inner_function_is_told_nothing_of_the_names_around_another() -> None:
    """`delta` of the loop is no name in the function that is called, and what is called `delta` there is another."""
    inner = RNN.replace(
        "da = (dy[t] + dh_next) * (1 - h[t] ** 2)", "delta = dy[t] + dh_next\n        da = sloped(delta, h[t])"
    )
    inner += (
        "\n\ndef sloped(carried, out):\n    delta = 1 - out ** 2\n    slope = 1 - out\n    return carried * slope\n"
    )
    own = first_line(audited("rnn", inner))
    assert own.text == "slope = 1 - out" and own.right == "slope = 1 - out**2"


@pytest.mark.parametrize(
    ("after", "returned"),
    [
        ("dW, dU, db = np.clip(dW, -1, 1), np.clip(dU, -1, 1), np.clip(db, -1, 1)", "dW, dU, db"),
        ("dW, dU = dW + 0.02 * W, dU + 0.02 * U", "dW, dU, db"),
        ("", "dW / x.shape[1], dU / x.shape[1], db / x.shape[1]"),
    ],
    ids=["clip", "decay", "mean"],
)
def test_what_is_meant_after_the_loop_is_not_blamed_for_a_mistake_in_it(after: str, returned: str) -> None:
    text = RNN.replace("dU + da.T @ h_prev[t]", "dU + da.T @ h[t]")
    assert text != RNN and "return dx, Grads(dW, dU, db)" in text
    text = text.replace("return dx, Grads(dW, dU, db)", f"{after}\n    return dx, Grads({returned})")
    found = audited("rnn", text)
    assert [len(lines) for lines in found.own_lines] == [1] and found.meant
    assert first_line(found).right == "dU = dU + da.T @ h_prev[t]"


def test_a_sequence_of_what_is_not_taken_alone_is_not_said_to_be_right() -> None:
    """All of it is zero, and so everything is right on it: where no last cotangent is taken, that says nothing."""
    wrong = RNN.replace("(dy[t] +", "(2 * dy[t] +")
    assert any("right on" in note for note in Wording(audited("rnn", wrong.replace("dh_T=0.0", "dh_T"))).notes())
    less = wrong.replace(", dh_T=0.0", "").replace("0, dh_T", "0, 0.0")
    assert not any("right on" in note for note in Wording(audited("rnn", less)).notes())


def test_what_stands_in_the_return_statement_alone_is_mended_there() -> None:
    """What stands beside it stays as it is."""
    own = first_line(audited("lstm", STEP.replace("dc * f)", "dc)")))
    assert own.text == "return (dx, *each, dh_prev, dc)" and own.right == "return (dx, *each, dh_prev, dc * f)"


def test_a_right_line_is_not_blamed_for_one_that_transposes_later() -> None:
    own = first_line(audited("rnn", RNN.replace("Grads(dW, dU, db)", "Grads(dW, dU.T, db)")))
    assert own.text == "return dx, Grads(dW, dU.T, db), dh_next" and own.right == ""


def test_a_right_pass_has_no_wrong_lines() -> None:
    assert audited("rnn", RNN).own_lines == ()


def test_a_value_without_a_name_is_called_with_its_step() -> None:
    """h at the place of h[t-1] would be a wrong name, which is worse than none."""
    values = {called(value) for value in ls.Derivation(ls.cell("lstm")).forward.values()}
    assert {"h", "h_prev", "c", "c_prev", "U_f"} <= values


def test_a_part_that_the_line_reads_has_the_name_that_stands_there() -> None:
    """Weights of [h, x] in one array: the part that multiplies h is called as it is on the line."""
    whole = JOINED.replace("all_W[:, :n].T @ da", "all_W[:, :n] @ da")
    assert whole != JOINED and audited("rnn", JOINED).right
    assert first_line(audited("rnn", whole)).right == "dh = all_W[:, :n].T @ da"


def test_the_row_of_one_sequence_may_be_a_vector() -> None:
    row = np.arange(1.0, 4)
    assert holds(row, row[None], (False, None)) and not holds(row, row[:, None], (False, None))
    assert list(fits(np.arange(8.0), row[None])) == [(False, ((0, 1), (1, 8)))]


def test_what_is_the_same() -> None:
    value = np.arange(6.0).reshape(2, 3)
    assert same(value, value) is False and same(value.T, value) is True
    assert same(value + 1e-3, value) is None and same(value, None) is None and same(value[:1], value) is None


def test_a_part_of_an_array_is_found_where_it_lies() -> None:
    whole = np.arange(1.0, 25).reshape(4, 6)
    assert list(fits(whole, whole[:, 2:4])) == [(False, ((0, 4), (2, 6)))]
    assert list(fits(whole.T, whole[:, 2:4])) == [(True, ((0, 4), (2, 6)))]
    assert list(fits(whole, whole + 1)) == [] and list(fits(whole, np.zeros((4, 2)))) == []
    assert holds(whole, whole[:, 2:4], (False, ((0, 4), (2, 6)))) and not holds(whole, whole[:, 2:4], (False, None))
    assert not holds(whole, whole[:, 2:4], (False, ((0, 4), (3, 6))))
    assert list(fits(np.ones((4, 1)), np.ones(4))) == [(True, None)]


def test_a_line_that_says_what_it_should_is_not_blamed() -> None:
    assert means_the_same("d = a * b * (1 - c)", "d = b * (1 - c) * a") and means_the_same("d = a + b", "d = b + a")
    assert not means_the_same("d = a - b", "d = b - a") and not means_the_same("d = a @ b", "d = b @ a")
    assert not means_the_same("d = a", "") and not means_the_same("d = (a", "d = a")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("dc = dn + dh * o * (1 - tc**2)", 2),
        ("dc = dh * o", 1),
        ("dc += dh * o", 2),
        ("d = (a + b) * c - e", 3),
        ("if x:", 0),
    ],
)
def test_the_terms_of_a_line_are_counted(text: str, count: int) -> None:
    """A line that has all of them is not blamed for one that is left out: what arrives is made elsewhere."""
    assert addends_of(text) == count


GATES = """
        do, di, dg = dh * tanh_c, dc * g, dc * i
        df = dc * c_prev
        da = {"o": do * o * (1 - o), "g": dg * (1 - g**2), "f": df * f * (1 - f), "i": di * i * (1 - i)}
"""

APART = LSTM[: LSTM.index("        da = {")] + GATES + LSTM[LSTM.index("        dh_next = 0") :]


@pytest.mark.parametrize(
    ("written", "blamed"),
    [
        ("dc *= f\n        df = dc * c_prev", "dc *= f"),
        ("df = dc * c_prev * f\n        dc *= f", "df = dc * c_prev * f"),
    ],
)
def test_a_variable_multiplied_in_place_is_blamed_above_what_reads_it_alone(written: str, blamed: str) -> None:
    """Both give the same: f is a factor too many of what df is."""
    found = audited("lstm", APART.replace("df = dc * c_prev", written).replace("dc_next = dc * f", "dc_next = dc"))
    assert found.explanation is not None
    [mistake], [others] = found.explanation.mistakes, found.explanation.alternatives
    kinds = {one.kind for one in (mistake, *others)}
    assert kinds >= {"factor too many", "overwritten too early"}
    is_early = mistake.kind == "overwritten too early"
    assert is_early == (blamed == "dc *= f") and (first_line(found).text == blamed) == is_early


CALLED = """
import numpy as np


class Elman:
    def __init__(self, n_x, n_h):
        self.Wxh, self.Whh, self.bh = np.random.randn(n_h, n_x), np.random.randn(n_h, n_h), np.zeros((n_h, 1))

    def __call__(self, x):
        self.x, T = x, x.shape[2]
        self.a = np.zeros((len(self.bh), x.shape[1], T + 1))
        for t in range(T):
            self.a[:, :, t] = np.tanh(self.Wxh @ x[:, :, t] + self.Whh @ self.a[:, :, t - 1] + self.bh)
        return self.a[:, :, :T]

    def backward(self, da):
        self.dWxh, self.dWhh, self.dbh, dx, later = 0, 0, 0, np.zeros_like(self.x), 0
        for t in reversed(range(self.x.shape[2])):
            dz = (da[:, :, t] + later) * (1 - self.a[:, :, t] ** 2)
            self.dWxh += dz @ self.x[:, :, t].T
            self.dWhh += dz @ self.a[:, :, t - 1].T
            self.dbh += dz.sum(axis=1, keepdims=True)
            dx[:, :, t] = self.Wxh.T @ dz
            later = self.Whh.T @ dz
        return dx
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("self.dWhh += dz @ self.a[:, :, t - 1].T", "self.dWhh += dz @ self.a[:, :, t].T"),
        ("later = self.Whh.T @ dz", "later = self.Whh @ dz"),
    ],
)
def test_what_an_object_that_can_be_called_holds_has_its_name(right: str, wrong: str) -> None:
    """Steps last, t - 1 too."""
    assert right in CALLED
    Path("own.py").write_text(CALLED.replace(right, wrong), encoding="utf-8")
    own = first_line(audit(ls.cell("rnn"), Path("own.py"), "Elman"))
    assert (own.text, own.right, own.unnamed) == (wrong, right, ())
