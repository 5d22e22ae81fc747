"""The audit of a user's own backward pass: what is right passes, and each mistake is named with its line."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from audit.own_files import BREAKS, BROKEN, LSTM, REFUSED, RNN, STEP
from click.testing import CliRunner, Result

import lstm_sym as ls
from lstm_sym.audit import Audit, AuditError, audit
from lstm_sym.audit.compare import BAR, SINGLE_BAR
from lstm_sym.audit.running.child.limits import FILE_SIZE, MEMORY
from lstm_sym.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(source: str, *options: str, cell: str = "lstm", function: str = "backward") -> Result:
    Path("own.py").write_text(source, encoding="utf-8")
    return CliRunner().invoke(main, ["audit", f"own.py:{function}", "--cell", cell, *options])


def audited(source: str, cell: str = "rnn", function: str = "backward") -> Audit:
    Path("own.py").write_text(source, encoding="utf-8")
    return audit(ls.cell(cell), Path("own.py"), function)


def test_a_right_backward_pass_passes() -> None:
    result = run(LSTM, "--seed", "7")
    assert result.exit_code == 0, result.output
    assert "15 of 15 outputs right" in result.stdout and "WRONG" not in result.stdout
    assert "running own.py" in result.stderr and "running" not in result.stdout
    assert sorted(path.name for path in Path().iterdir()) == ["own.py"]


def test_one_step_at_a_time() -> None:
    found = audited(STEP, "lstm")
    assert found.right and found.answer.by_step
    assert max(verdict.error for verdict in found.verdicts) <= 1e-14
    merged = audited(STEP.replace("dy, dh_next", "dh_next").replace("dy + dh_next", "dh_next"), "lstm")
    assert merged.right and "dy" in merged.answer.taken
    wrong = audited(STEP.replace("dc * f)", "dc)"), "lstm")
    assert wrong.explanation is not None
    assert "lstm.backward.c_prev" in wrong.explanation.mistakes[0].statements


def test_parameters_by_name_named_tuples_and_defaults() -> None:
    found = audited(RNN)
    assert found.right and found.missing == ()
    assert found.answer.taken >= {"params/W", "params/U", "tape/h", "tape/h_prev", "dstate/h"}


@pytest.mark.parametrize("name", BREAKS)
def test_a_typical_mistake_is_named_with_its_line(name: str) -> None:
    right, wrong, line, words = BREAKS[name]
    assert right in LSTM
    result = run(LSTM.replace(right, wrong))
    assert result.exit_code == 1
    assert "WRONG" in result.stdout and line in result.stdout and words in result.stdout
    assert result.stdout.count("the mistake: ") == 1


def test_the_example_of_the_page_is_what_is_printed() -> None:
    page = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
    example = page.split("```")[1].splitlines()[3:]
    right, wrong, *_ = BREAKS["a slope left out"]
    printed = {line.rstrip() for line in run(LSTM.replace(right, wrong)).stdout.splitlines()}
    assert len(example) == 10 and [line for line in example if line not in printed | {"..."}] == []


def test_two_mistakes_at_once_are_both_named() -> None:
    source = RNN.replace("* (1 - h[t] ** 2)", "* (1 - h[t])").replace("db + da.sum(0)", "db + da.mean(0)")
    found = audited(source)
    assert found.explanation is not None
    named = {(mistake.kind, *mistake.statements) for mistake in found.explanation.mistakes}
    assert named == {("slope misremembered", "rnn.backward.h_slope"), ("mean over the batch", "rnn.backward.b")}


def test_what_no_known_mistake_explains_is_said_to_be_so() -> None:
    result = run(RNN.replace("return dx,", "return np.sin(dx),"), cell="rnn")
    assert result.exit_code == 1
    assert "No mistake that is known here" in result.stdout and "the mistake:" not in result.stdout
    assert "4 of 5 outputs right" in result.stdout


def test_nobody_goes_uphill_or_clips_to_nothing() -> None:
    """Every sign wrong is no scaled loss, and nothing sent to the step before no clip at 1e-13."""
    uphill = RNN.replace("return dx, Grads(dW, dU, db), dh_next", "return -dx, Grads(-dW, -dU, -db), -dh_next")
    dropped = STEP.replace("dh_prev, dc * f)", "dh_prev, 0 * dc)")
    for wrong, right, cell in ((uphill, RNN, "rnn"), (dropped, STEP, "lstm")):
        found = audited(wrong, cell)
        assert wrong != right and not found.right and found.meant == ()


def test_digits_lost_to_single_precision_are_said() -> None:
    said = "no more than the digits of float32 agree, in b:"
    lossy = RNN.replace("db + da.sum(0)", "db + np.float64(da.sum(0).astype(np.float32))")
    assert lossy != RNN and said in run(lossy, cell="rnn").stdout
    assert "digits of float32" not in run(RNN, cell="rnn").stdout


def test_other_layouts_are_right_and_said() -> None:
    found = audited(RNN.replace("Grads(dW, dU, db)", "Grads(dW.T, dU.T, db[None])"))
    assert found.right
    assert {v.name: v.layout for v in found.verdicts if v.layout} == {"W": "transposed", "U": "transposed"}
    assert audited(RNN.replace("return dx,", "return dx.transpose(1, 0, 2),")).right
    alone = audited(RNN.replace("Grads(dW, dU, db)", "Grads(dW, dU.T, db)"))
    assert [v.equals for v in alone.verdicts if not v.right] == ["U transposed"]


def test_a_loss_that_is_a_mean_is_right_and_named() -> None:
    result = run(RNN.replace("(dy[t] + dh_next)", "(dy[t] / 3 + dh_next)").replace("dh_T=0.0", "scale=1"), cell="rnn")
    assert result.exit_code == 2  # dh_T is now no argument: a NameError of the user's own
    assert "NameError" in result.stderr
    source = RNN.replace(
        "dh_next = np.zeros_like(x), 0, 0, 0, dh_T", "dh_next = np.zeros_like(x), 0, 0, 0, dh_T / len(dh_T)"
    )
    result = run(source.replace("(dy[t] + dh_next)", "(dy[t] / len(dh_T) + dh_next)"), cell="rnn")
    assert result.exit_code == 0
    assert (
        "right, and meant otherwise: a mean over the batch where the derivation sums, in every output" in result.stdout
    )


def test_json_has_it_all() -> None:
    content = json.loads(run(RNN.replace("dh_next = da @ U", "dh_next = np.sin(da)"), "--json", cell="rnn").stdout)
    assert (
        content["right"] is False and content["cell"] == "rnn" and content["sizes"] == {"T": 6, "B": 3, "D": 2, "H": 4}
    )
    assert content["bar"] == 1e-6 and content["seed"] == 0 and content["function"] == "own.py:backward"
    assert content["mistakes"] == [] and content["also"] == []
    content = json.loads(run(RNN.replace("dy[t] + dh_next", "dy[t]"), "--json", cell="rnn").stdout)
    [mistake] = content["mistakes"]
    assert mistake["key"].startswith("rnn.backward.h: carried adjoint left out")
    assert [(line["number"], line["id"]) for line in mistake["lines"]] == [("B1", "rnn.backward.h")]
    assert mistake["lines"][0]["text"] == "δhₜ = dyₜ + δh⁺ₜ"
    assert mistake["lines"][0]["from"] == "h[t] = tanh(W @ x[t] + U @ h[t-1] + b)"
    assert all(row["relative_error"] > 1e-6 for row in content["outputs"] if not row["right"])


def test_a_cell_of_ones_own_with_options() -> None:
    Path("leaky.toml").write_text(
        'equations = """\ns[t] = a * s[t-1] + phi(W @ u[t])\n"""\n[options.phi]\nchoices = ["tanh", "sigmoid"]\n'
        'default = "tanh"\n',
        encoding="utf-8",
    )
    source = """
def backward(u, s, s_prev, a, W, d_s, ds_T):
    import numpy as np
    v = s - a * s_prev
    dW, da, dx = 0, 0, np.zeros_like(u)
    for t in range(len(u))[::-1]:
        ds = d_s[t] + ds_T
        dz = ds * SLOPE
        dx[t], dW, da, ds_T = dz @ W, dW + dz.T @ u[t], da + (ds * s_prev[t]).sum(0), ds * a
    return {"u": dx, "grad_W": dW, "d_a": da, "s0": ds_T}
"""
    tanh, sigmoid = source.replace("SLOPE", "(1 - v[t]**2)"), source.replace("SLOPE", "v[t] * (1 - v[t])")
    assert run(tanh, cell="leaky.toml").exit_code == 0
    assert run(sigmoid, "--set", "phi=sigmoid", cell="leaky.toml").exit_code == 0
    result = run(sigmoid, cell="leaky.toml")
    assert result.exit_code == 1 and "slope of σ stands where that of tanh belongs" in result.stdout


@pytest.mark.parametrize("function", REFUSED)
def test_a_broken_function_is_refused_in_words(function: str) -> None:
    timeout = "3" if "--timeout" in REFUSED[function] else "30"
    result = run(BROKEN, "--timeout", timeout, cell="rnn", function=function)
    assert result.exit_code == 2 and result.stdout == ""
    assert REFUSED[function] in result.stderr
    assert "fix: " in result.stderr and "usual cause: " in result.stderr
    assert (function not in ("endless", "dying")) or "while computing sequence 1 of 25" in result.stderr
    assert "child.py" not in result.stderr and "Error: own.py" in result.stderr


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def backward(x, dy:\n", "SyntaxError"),
        ("def backward(x, dy:\n", "fix: mend it; python -m py_compile own.py"),
        ("import no_such_module\n", "No module named 'no_such_module'"),
        ("import no_such_module\n", "which has not that module"),
        ("import sys\nsys.exit('bye')\n", "exit code bye"),
        ("", "no function backward"),
    ],
)
def test_a_broken_file_is_refused_in_words(source: str, said: str) -> None:
    result = run(source, cell="rnn")
    assert result.exit_code == 2 and said in result.stderr and "own.py" in result.stderr


@pytest.mark.parametrize("seconds", ["inf", "nan", "1e9"])
def test_a_time_without_an_end_is_refused(seconds: str) -> None:
    result = run(RNN, "--timeout", seconds, cell="rnn")
    assert result.exit_code == 2 and "running" not in result.stderr
    assert ("86400" if seconds == "1e9" else "--timeout") in result.stderr
    with pytest.raises(AuditError, match="which is a day"):
        audit(ls.cell("rnn"), Path("own.py"), "backward", timeout=float(seconds))


def test_the_page_states_the_bars_and_limits() -> None:
    page = " ".join((Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8").split())
    assert "is at most 1e-6 in every sequence; 1e-4 if" in page and (BAR, SINGLE_BAR) == (1e-6, 1e-4)
    assert f"memory ({MEMORY >> 30} GiB)" in page and f"({FILE_SIZE >> 20} MiB each" in page


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the state of a process is read from /proc")
def test_a_process_of_the_group_is_ended() -> None:
    start = "import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    run(start + f"open({str(Path('pid').resolve())!r}, 'w').write(str(child.pid))\n" + RNN, cell="rnn")
    pid = int(Path("pid").read_text(encoding="utf-8"))
    for _ in range(200):  # until whoever inherits it has taken note of its end
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except OSError:
            state = "gone"
        if state in ("Z", "X", "gone"):
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} goes on")


@pytest.mark.parametrize("place", ["own.py", "own.py:", "own.py:a.b", "missing.py:backward", ".:backward"])
def test_a_place_that_is_none_is_refused(place: str) -> None:
    Path("own.py").write_text(RNN, encoding="utf-8")
    result = CliRunner().invoke(main, ["audit", place, "--cell", "rnn"])
    assert result.exit_code == 2 and "fix: " in result.stderr and "running" not in result.stderr


def test_a_cell_that_is_not_finite_itself_is_refused() -> None:
    Path("log.toml").write_text('equations = """\nh[t] = log(W @ x[t]) + h[t-1]\n"""\n', encoding="utf-8")
    result = run(RNN, cell="log.toml")
    assert result.exit_code == 2 and "the forward pass itself" in result.stderr


def test_what_is_not_finite_is_wrong_and_told() -> None:
    result = run(RNN.replace("return dx,", "dx[0, 0, 0] = np.nan\n    return dx,"), "--json", cell="rnn")
    content = json.loads(result.stdout)
    assert result.exit_code == 1 and content["mistakes"] == []
    assert "NaN" in content["outputs"][0]["what_it_is"] and content["outputs"][0]["relative_error"] is None


def test_printing_writing_into_arguments_and_keeping_state_are_told() -> None:
    source = RNN.replace("    return dx,", "    print('here I am')\n    dy[:] = 0\n    return dx,", 1)
    result = run(source, cell="rnn")
    assert "here I am" in result.stderr and "here I am" not in result.stdout
    assert "it writes into what it is given: dy" in result.stdout
    kept = RNN.replace("    return dx,", "    calls.append(1)\n    return dx * len(calls),") + "\ncalls = []\n"
    assert "asked the same again" in run(kept, cell="rnn").stdout


def test_single_precision_is_measured_by_its_own_bar() -> None:
    source = RNN.replace(
        "    dx, dW,", "    x, h, h_prev, W, U, dy = (a.astype('f4') for a in (x, h, h_prev, W, U, dy))\n    dx, dW,", 1
    )
    found = audited(source)
    assert found.right and found.bar == 1e-4
    assert 1e-9 < max(verdict.error for verdict in found.verdicts) <= 1e-5


def test_the_same_is_found_each_time() -> None:
    source = RNN.replace("db + da.sum(0)", "da.sum(0)")
    first, second = (run(source, "--json", cell="rnn").stdout for _ in range(2))
    assert first == second != ""


def test_generated_kernels_pass() -> None:
    source = """
from lstm_sym.kernels import gru as kernel

def backward(x, params, state, dy, dstate):
    p = kernel.Params(**params)
    _, _, tape = kernel.forward(x, p, kernel.State(**state))
    return kernel.backward(dy, tape, p, kernel.State(**dstate))
"""
    found = audited(source, "gru")
    assert found.right and len(found.verdicts) == 11
    assert np.max([verdict.error for verdict in found.verdicts]) <= 1e-14
