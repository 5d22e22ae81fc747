"""Passes that are wrong only now and then: each is judged wrong, by the sequences that show it; its twin right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from audit.own_files import LSTM, RNN, STEP
from click.testing import CliRunner, Result

import lstm_sym as ls
from lstm_sym.audit import Audit, AuditError, audit
from lstm_sym.audit.auditor import forward_passes
from lstm_sym.audit.sequences.plan import LONG, PLAN, SHORT, sequences_for
from lstm_sym.cli import main

START = "    dx, dW, dU, db, dh_next = np.zeros_like(x), 0, 0, 0, dh_T\n"
RETURN = "    return dx, Grads(dW, dU, db), dh_next"
DOUBLED = "    if {when}: dW = dW * 2\n"


def doubled(when: str) -> tuple[str, str, str]:
    """What is replaced, a gradient that is wrong under this condition, and one that is right under any."""
    return RETURN, DOUBLED.format(when=when) + RETURN, f"    if {when}: dW = dW * 1\n" + RETURN


CUNNING = {
    "a batch of one": (*doubled("x.shape[1] == 1"), {"a batch of one"}),
    "a batch above four": (*doubled("x.shape[1] > 4"), {"a batch of five, odd sizes", "larger sizes, even"}),
    "a batch other than three": (
        *doubled("x.shape[1] != 3"),
        {"a batch of one", "a batch of five, odd sizes", "60 steps", "more inputs than states", "larger sizes, even"},
    ),
    "more than 50 steps": (*doubled("len(x) > 50"), {"60 steps"}),
    "odd sizes": (
        *doubled("x.shape[2] % 2 and U.shape[0] % 2"),
        {"a batch of five, odd sizes", "more inputs than states"},
    ),
    "more inputs than states": (*doubled("W.shape[1] > W.shape[0]"), {"more inputs than states"}),
    "more than 8 states": (*doubled("len(U) > 8"), {"larger sizes, even"}),
    "a zero state": (*doubled("not h_prev[0].any()"), {"the initial state zero"}),
    "a large state": (*doubled("abs(h_prev[0]).max() > 10"), {"a large initial state"}),
    "float32": (*doubled("x.dtype == np.float32"), {"float32"}),
    "one gradient clipped": (
        RETURN,
        "    dU = np.clip(dU, -50, 50)\n" + RETURN,
        "    dU = np.clip(dU, -1e9, 1e9)\n" + RETURN,
        {"large cotangents"},
    ),
    "the pre-activation clipped": (
        "(1 - h[t] ** 2)",
        "(1 - np.clip(h[t], -0.999, 0.999) ** 2)",
        "(1 - np.clip(h[t], -1, 1) ** 2)",
        {"large weights, which saturate"},
    ),
    "small gradients dropped": (
        "        dx[t] = da @ W\n",
        "        da = np.where(abs(da) < 1e-5, 0, da)\n        dx[t] = da @ W\n",
        "        da = np.where(abs(da) < 0, 0, da)\n        dx[t] = da @ W\n",
        {"small cotangents"},
    ),
    "saturation clipped": (
        "(1 - h[t] ** 2)",
        "np.maximum(1 - h[t] ** 2, 2e-3)",
        "np.maximum(1 - h[t] ** 2, 0)",
        {"large weights, which saturate"},
    ),
    "padding skipped": (
        "        da = (dy[t] + dh_next) * (1 - h[t] ** 2)\n",
        "        da = (dy[t] + dh_next) * (1 - h[t] ** 2) * x[t].any(axis=1)[:, None]\n",
        "        da = (dy[t] + dh_next) * (1 - h[t] ** 2) * np.isfinite(x[t]).all(axis=1)[:, None]\n",
        {"padded with zeros"},
    ),
    "a reshape that copies": (
        "        dx[t] = da @ W\n",
        "        dx.reshape(-1, W.shape[1])[t * len(da) : (t + 1) * len(da)] = da @ W\n",
        "        dx.reshape(-1, W.shape[1])[t * len(da) : (t + 1) * len(da)] = da @ W\n",
        {"x and dy strided"},
    ),
    "an order of memory": (
        START,
        START + "    x = x.ravel(order='K').reshape(x.shape)\n",
        START + "    x = x.ravel(order='C').reshape(x.shape)\n",
        {"x and dy strided"},
    ),
}
"""Name -> what is replaced, by what that is wrong, by what that is right, and what shows it."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def audited(source: str, cell: str = "rnn") -> Audit:
    Path("own.py").write_text(source, encoding="utf-8")
    return audit(ls.cell(cell), Path("own.py"), "backward")


def run(source: str, *options: str, cell: str = "rnn") -> Result:
    Path("own.py").write_text(source, encoding="utf-8")
    return CliRunner().invoke(main, ["audit", "own.py:backward", "--cell", cell, *options])


@pytest.mark.parametrize("name", CUNNING)
def test_what_is_wrong_now_and_then_is_wrong(name: str) -> None:
    part, wrong, right, shown = CUNNING[name]
    assert part in RNN
    found = audited(RNN.replace(part, wrong))
    assert not found.right
    reasons = {text.partition("(")[2].rstrip(")") for text in (found.sequences[place] for place in found.wrong_on)}
    assert shown <= reasons, found.wrong_on
    assert found.is_usually_right and "" not in reasons
    source = RNN.replace("np.zeros_like(x)", "np.zeros(x.shape)") if "reshape" in name else RNN
    twin = audited(source.replace(part, right))
    assert twin.right, twin.wrong_on


def test_one_square_matrix_that_lies_otherwise_than_the_rest_is_wrong() -> None:
    turned = LSTM.replace('f"d{name}": value for', 'f"d{name}": value.T for')
    assert turned != LSTM
    found = audited(turned, "lstm")
    assert found.right and all(v.layout == "transposed" for v in found.verdicts if v.name[0] in "WU")
    for name in ("U_i", "U_o"):
        result = run(turned.replace("value.T for", f"(value if name == {name!r} else value.T) for"), cell="lstm")
        assert result.exit_code == 1 and f"the right {name} transposed" in result.stdout
        assert "14 of 15 outputs right, 1 WRONG" in result.stdout


def test_a_pass_that_clips_on_purpose_is_right_and_says_so() -> None:
    line = "        dx[t] = da @ W\n"
    result = run(RNN.replace(line, f"        da = np.clip(da, -50, 50)\n{line}"))
    assert result.exit_code == 0 and "5 of 5 outputs right" in result.stdout
    assert "meant otherwise: the adjoints of the pre-activations are clipped to ±50 at every step" in result.stdout


def test_the_sequences_that_show_it_are_named() -> None:
    result = run(RNN.replace(RETURN, DOUBLED.format(when="x.shape[1] == 1") + RETURN))
    assert result.exit_code == 1
    assert "wrong on" in result.stdout and "a batch of one" in result.stdout
    assert "It is right on the usual sequences: look for a branch" in result.stdout


def test_a_known_mistake_that_is_made_now_and_then_is_named() -> None:
    found = audited(RNN.replace("(1 - h[t] ** 2)", "(1 - h[t] ** 2 if x.shape[1] > 1 else 1)"))
    assert found.explanation is not None
    assert "slope left out" in {mistake.kind for mistake in (*found.explanation.mistakes, *found.explanation.also)}


def test_what_would_make_nothing_but_zeros_now_and_then_is_not_named() -> None:
    """dh for h[t-1] is zero where only a cotangent of c arrives, as the initial state would be if it were not read."""
    text = STEP.replace("da[k].T @ h_prev", "da[k].T @ dh").replace("dh_prev, dc * f", "dh_prev, dc_next * f")
    Path("own.py").write_text(text, encoding="utf-8")
    explanation = audit(ls.cell("lstm"), Path("own.py"), "backward").explanation
    assert explanation is not None and explanation.unexplained == ("U_i", "U_f", "U_g", "U_o")
    assert [mistake.kind for mistake in explanation.mistakes] == ["part for the whole"]


def test_dy_overwritten_by_what_is_sent_is_named() -> None:
    """dh begins as dy, and what a step sends is to be added to it."""
    summed = RNN.replace("0, dh_T\n", "0, dh_T\n    dh = dy.copy()\n    dh[-1] += dh_T\n")
    summed = summed.replace("(dy[t] + dh_next)", "dh[t]")
    right = summed.replace("dh_next = da @ U\n", "dh_next = da @ U\n        if t: dh[t - 1] += dh_next\n")
    assert audited(right).right and right.count("dh[t - 1] +=") == 1
    explanation = audited(right.replace("dh[t - 1] +=", "dh[t - 1] =")).explanation
    assert explanation is not None and explanation.is_whole
    assert [mistake.kind for mistake in explanation.mistakes] == ["cotangent overwritten"]


@pytest.mark.parametrize("factor", ["0.5", "3", "-0.7"])
def test_a_factor_of_one_output_is_named(factor: str) -> None:
    explanation = audited(RNN.replace("dW + da.T", f"dW + {factor} * da.T")).explanation
    assert explanation is not None and explanation.is_whole
    [mistake] = explanation.mistakes
    assert mistake.kind == "constant factor" and mistake.sentence.startswith("d_W is")
    assert mistake.places == {(mistake.context.backward.statement("d_W").target, 0)}


def test_another_step_under_a_guard_is_named() -> None:
    guarded = RNN.replace("da.T @ h_prev[t]", "(da.T @ h[t] if t else 0 * U)")
    explanation = audited(guarded).explanation
    assert explanation is not None and explanation.is_whole
    assert [mistake.kind for mistake in explanation.mistakes] == ["off by one in time"]


@pytest.mark.parametrize("beside", ["", '"dh0": dh_next, '])
def test_a_last_state_under_its_own_name_is_no_gradient(beside: str) -> None:
    """Alone it is known by its numbers; beside a gradient by its name."""
    returned = f'return {{"dx": dx, "dW": dW, "dU": dU, "db": db, {beside}"h": h[-1]}}'
    found = audited(RNN.replace("return dx, Grads(dW, dU, db), dh_next", returned))
    assert found.right and found.missing == (() if beside else ("h[0]",))
    twice = returned.replace("h[-1]", "2 * h[-1]")
    assert audited(RNN.replace("return dx, Grads(dW, dU, db), dh_next", twice)).right == bool(beside)


def test_an_error_on_a_later_sequence_says_on_which() -> None:
    with pytest.raises(AuditError, match=r"computing sequence 5 of 27 \(a batch of one\); the first was computed"):
        audited(RNN.replace(START, START + "    assert x.shape[1] > 1\n"))


def test_the_mistakes_that_would_have_been_noticed_are_counted() -> None:
    found = audited(RNN)
    known = len(found.noticed)
    assert known > 50 and found.unnoticed == ()
    assert f"{known} known mistakes would have been noticed" in run(RNN).stdout
    assert f"{known} 個已知的錯誤" in run(RNN, "--lang", "zh-Hant").stdout
    assert f"{known} 个已知的错误" in run(RNN, "--lang", "zh-Hans").stdout
    less = RNN.replace("return dx, Grads(dW, dU, db), dh_next", "return {'x': dx}")
    part = audited(less)
    assert part.right and len(part.noticed) + len(part.unnoticed) == known and len(part.unnoticed) > 10
    assert all(set(mistake.statements) != {"rnn.backward.x"} for mistake in part.unnoticed)
    said = run(less).stdout
    assert f"{len(part.unnoticed)} known mistakes would not have been noticed" in said
    assert audited(RNN.replace("return dx,", "return 2 * dx,")).noticed == ()


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_every_sequence_of_the_plan_is_what_it_says(name: str) -> None:
    found = forward_passes(ls.derive(ls.cell(name)), 0)
    assert tuple(one.setting for one in found) == sequences_for(ls.cell(name).states)
    assert all(not PLAN[place].why for place in (*LONG, *SHORT)) and all(s.why for s in PLAN[4:])
    by_reason = {one.setting.why: one.case for one in found}
    assert not any(value.any() for value in by_reason["the initial state zero"].state.values())
    padded = by_reason["padded with zeros"]
    assert [int(row.any(axis=1).sum()) for row in padded.x.transpose(1, 0, 2)] == [6, 5, 4]
    assert np.array_equal(padded.x.any(axis=2), padded.dy.any(axis=2))
    single = by_reason["float32"]
    assert np.array_equal(single.x, single.x.astype(np.float32)) and single.x.dtype == np.float64
    wide = {one.setting.why: one.case.sizes for one in found}
    assert {sizes["T"] for sizes in wide.values()} >= {2, 60} and {sizes["B"] for sizes in wide.values()} >= {1, 5}


def test_a_sequence_too_much_for_the_cell_is_left_out_and_said() -> None:
    equation = 'equations = """\nh[t] = exp(a * h[t-1]) + tanh(W @ x[t])\n"""\n'
    Path("growing.toml").write_text(equation, encoding="utf-8")
    own = """
def backward(x, h, h_prev, a, W, dy, dh_T):
    dx, dW, da, dh_next = 0 * x, 0, 0, dh_T
    for t in range(len(x))[::-1]:
        dh = dy[t] + dh_next
        dz, ds = dh * (1 - np.tanh(x[t] @ W.T) ** 2), dh * np.exp(a * h_prev[t])
        dx[t], dW, da, dh_next = dz @ W, dW + dz.T @ x[t], da + (ds * h_prev[t]).sum(0), ds * a
    return {"x": dx, "W": dW, "a": da, "h0": dh_next}
"""
    result = run(f"import numpy as np\n{own}", cell="growing.toml")
    assert result.exit_code == 0, result.output
    assert "note: left out, for the cell itself gives numbers too large, or chaotic ones, there: " in result.stdout
    assert "large weights, which saturate" in result.stdout and "; 27 sequences" not in result.stdout


@pytest.mark.parametrize(
    ("refusal", "why"),
    [("x.dtype == float", "float32"), ("x.flags.c_contiguous", "x and dy strided")],
)
def test_a_type_or_a_layout_may_be_refused(refusal: str, why: str) -> None:
    for source, code in ((RNN, 0), (RNN.replace("return dx,", "return 2 * dx,"), 1)):
        result = run(source.replace(START, f"{START}    assert {refusal}, 'no such array'\n"))
        assert result.exit_code == code and "26 sequences" in result.stdout
        assert f"not audited there: {why}: AssertionError: no such array" in result.stdout


def test_the_page_lists_the_sequences_of_the_plan() -> None:
    page = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
    for setting in PLAN[4:]:
        sizes = f"| {setting.steps}, {setting.batch}, {setting.inputs}, {setting.hidden} |"
        words = setting.why.removeprefix("a ").removesuffix(" initial state").removesuffix(" cotangents")
        assert any(sizes in row and words.split()[0] in row for row in page.splitlines()), setting
    assert f"{len(sequences_for(ls.cell('lstm').states))} sequences" in page
