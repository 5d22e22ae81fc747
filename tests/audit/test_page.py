"""The result of an audit as a page and as data: what is wrong, where, the smallest case with its numbers, in words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from audit.own_files import BREAKS, LSTM, RNN
from click.testing import CliRunner, Result

from lstm_sym.audit.page.start import ranges
from lstm_sym.cli import main
from lstm_sym.document.sentences import LANGUAGES

START = "    dx, dW, dU, db, dh_next = np.zeros_like(x), 0, 0, 0, dh_T\n"
LATE = RNN.replace("        dx[t] = da @ W\n", "        dx[t] = da @ W * (2 if t == 0 else 1)\n")
CLIPPED = RNN.replace("    return dx,", "    dW, dU, db = (np.clip(a, -5, 5) for a in (dW, dU, db))\n    return dx,")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(source: str, *options: str, cell: str = "rnn") -> Result:
    Path("own.py").write_text(source, encoding="utf-8")
    return CliRunner().invoke(main, ["audit", "own.py:backward", "--cell", cell, *options])


def test_every_format_holds_the_result() -> None:
    for ending in (".html", ".md", ".tex"):
        result = run(LATE, "-o", f"audit{ending}")
        assert result.exit_code == 1 and f"audit{ending}" in result.output
        assert "WRONG" in result.stdout and "relative error" not in result.stdout  # the verdict, and not the table
        text = Path(f"audit{ending}").read_text(encoding="utf-8")
        assert "The smallest case that fails" in text and "How to look further" in text
    page = Path("audit.html").read_text(encoding="utf-8")
    assert all(f'lang="{language}"' in page for language in LANGUAGES) and "出錯的最小情形" in page


def test_the_equation_of_a_mistake_is_on_the_page() -> None:
    right, wrong, *_ = BREAKS["a slope left out"]
    run(LSTM.replace(right, wrong), "-o", "audit.md", cell="lstm")
    text = Path("audit.md").read_text(encoding="utf-8")
    assert r"\tag{B7}" in text and "is left out" in text and "o[t] = sigmoid(W_o @ x[t] + U_o @ h[t-1] + b_o)" in text


def test_which_part_is_wrong_is_said() -> None:
    content = json.loads(run(LATE, "--json").stdout)
    [x] = [row for row in content["outputs"] if not row["right"]]
    assert x["output"] == "x" and x["wrong_part"] == [{"axis": "steps", "places": [1], "of": 6}]
    run(LATE, "-o", "audit.md")
    assert "steps 1 of 6" in Path("audit.md").read_text(encoding="utf-8")


def test_all_numbers_of_the_smallest_case_are_there_and_true() -> None:
    """What is called right follows from what is given there; what was returned is twice that at the first step."""
    case = json.loads(run(LATE, "--json").stdout)["smallest"]
    x, dy = np.array(case["x"]), np.array(case["dy"])
    W, U, b = (np.array(case["parameters"][name]) for name in ("W", "U", "b"))
    h = [np.array(case["state"]["h"])]
    for x_t in x:
        h.append(np.tanh(x_t @ W.T + h[-1] @ U.T + b))
    carried, dx = np.array(case["dstate"]["h"]), np.zeros_like(x)
    for t in reversed(range(len(x))):
        da = (dy[t] + carried) * (1 - h[t + 1] ** 2)
        dx[t], carried = da @ W, da @ U
    assert np.allclose(case["right"]["x"], dx, rtol=1e-12)
    doubled = dx * np.where(np.arange(len(x)) == 0, 2, 1)[:, None, None]
    assert np.allclose(case["returned"]["x"], doubled, rtol=1e-12)
    assert len(x) == 1


def test_what_is_meant_is_said_first_in_three_languages_and_in_json() -> None:
    said = {"en": "clipped to ±5", "zh-Hant": "截在 ±5 之內", "zh-Hans": "截在 ±5 之内"}
    for language, words in said.items():
        result = run(CLIPPED, "--lang", language)
        assert result.exit_code == 0 and words in result.stdout.splitlines()[0]
    [meant] = json.loads(run(CLIPPED, "--json").stdout)["meant"]
    assert meant["kind"] == "clipped.elements_parameters" and meant["number"] == 5.0
    run(CLIPPED, "-o", "audit.md")
    assert "right, and meant otherwise" in Path("audit.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_nothing_of_the_result_is_left_in_english(language: str) -> None:
    wrong = RNN.replace("db + da.sum(0)", "db + da.mean(0)").replace(
        "return dx, Grads(dW, dU, db), dh_next", "return Grads(dW, dU.T, db)"
    )
    words = "".join(line for line in run(wrong, "--lang", language).stdout.splitlines() if "da" not in line)
    for english in ("output", "right", "wrong", "mistake", "mean", "not returned", "from", "sequence", "batch"):
        assert english not in words.lower(), (english, words)


def test_places_in_a_row_are_a_range() -> None:
    assert ranges((1, 2, 3, 5)) == "1–3, 5" and ranges((4,)) == "4" and ranges(()) == ""


def test_the_example_of_a_pass_that_clips_is_what_is_printed() -> None:
    page = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
    first, dots, last = page.split("lstm-sym audit clipping.py:backward --cell lstm\n")[1].split("```")[0].splitlines()
    clipped = '    grads = {name: np.clip(value, -5, 5) for name, value in grads.items()}\n    return {"dx"'
    lines = run(LSTM.replace('    return {"dx"', clipped), cell="lstm").stdout.splitlines()
    assert lines[0] == first and dots == "..." and last in lines


def test_the_page_marks_what_is_meant_and_offers_no_page() -> None:
    """A clip beside a mistake is no mistake; commands are code, without the signs of Markdown in sentences."""
    clipped = '    grads = {name: np.clip(value, -5, 5) for name, value in grads.items()}\n    return {"dx"'
    wrong = LSTM.replace("dc * c_prev * f", "dc * c * f").replace('    return {"dx"', clipped)
    run(wrong, "-o", "audit.html", cell="lstm")
    page = Path("audit.html").read_text(encoding="utf-8")
    assert "meant, not an error: every element" in page and "-o audit.html" not in page
    run(RNN.replace("dx[t] = da @ W", "dx[t] = np.sin(da) @ W"), "--seconds", "0", "-o", "audit.html", "--force")
    page = Path("audit.html").read_text(encoding="utf-8")
    assert "<code>lstm-sym show rnn --only backward</code>" in page and "`lstm-sym" not in page
    assert "where it starts" in page and "從這裡開始出錯" in page


def test_commas_and_brackets_are_those_of_the_language() -> None:
    lines = run(RNN.replace("(1 - h[t] ** 2)", "(1 - h[t])"), "--lang", "zh-Hant").stdout.splitlines()
    least = next(line for line in lines if "最小情形" in line)
    assert "T 1、B 1、D 1、H 1（最小的）" in least


def test_what_is_right_as_a_rule_is_not_sent_to_compare_lines() -> None:
    printed = run(
        RNN.replace("(dy[t] + dh_next)", "(dy[t] + dh_next * (0.5 if len(x) > 50 else 1))"), "--seconds", "1"
    ).stdout
    assert "right on the usual sequences" in printed and "60 steps" in printed
    assert "No mistake that is known" not in printed and "where it starts" not in printed


def test_a_verdict_on_no_weight_says_that() -> None:
    """Where dx alone came back, that it is right says little: the sentence of the verdict says so itself."""
    alone = RNN.replace("return dx, Grads(dW, dU, db), dh_next", 'return {"dx": dx}')
    assert alone != RNN
    found = run(alone)
    assert found.exit_code == 0 and "1 of 1 outputs right" in found.stdout
    assert "No gradient of a weight came back" in found.stdout
    assert "No gradient of a weight" not in run(RNN).stdout
