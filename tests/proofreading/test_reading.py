"""Formulas are read as they are meant, or refused with a reason; nothing of a text is ever run."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import lstm_sym as ls
from lstm_sym.document.sentences import Sentences, by_pattern
from lstm_sym.proofreading import ProofreadingError, parser, proofreader
from lstm_sym.proofreading.errors import Unreadable
from lstm_sym.proofreading.formulas import MAX_FORMULAS, MAX_TEXT, formulas_of
from lstm_sym.proofreading.parser import read_line
from lstm_sym.proofreading.symbols import MAX_DEPTH
from lstm_sym.proofreading.tokens import MAX_FORMULA
from lstm_sym.proofreading.tree import Partial, Symbol, filled
from lstm_sym.proofreading.wording import Wording
from lstm_sym.proofreading.words import Words


def left(text, latex=True):
    found = read_line(f"{text} = 1", latex, Words({"c", "h", "i", "Wi", "dh", "dWi"}.__contains__)).sides[0]
    assert isinstance(found, Symbol)
    return found


@pytest.mark.parametrize(
    ("text", "key", "time"),
    [
        (r"\delta c_t", "c", 0),
        (r"\delta c_{t-1}", "c", -1),
        (r"\delta_{c_t}", "c", None),
        (r"\delta^{c}_{t+1}", "c", 1),
        (r"\delta_c^{(t)}", "c", 0),
        (r"\frac{\partial L}{\partial c_t}", "c", 0),
        (r"\frac{\partial \mathcal{L}}{\partial c^{\langle t-1 \rangle}}", "c", -1),
        (r"\dfrac{dE}{dc_{t}}", "c", 0),
        (r"\partial L / \partial c_t", "c", 0),
        (r"\nabla_{c_t} L", "c", 0),
        (r"\nabla_{c_t} \mathcal L", "c", 0),
        (r"\mathrm{d}c_t", "c", 0),
        (r"\delta \tilde{c}_t", "~c", 0),
        (r"\delta W_{hi}", "Whi", None),
    ],
)
def test_adjoints_in_latex(text, key, time):
    found = left(text)
    assert (found.key, found.adjoint) == (key, True)
    assert found.time == time or r"\delta_{c_t}" in text or r"\nabla" in text


@pytest.mark.parametrize(
    ("text", "key", "mark", "time"),
    [
        ("dc_next", "dc", "next", None),
        ("dhnext", "dh", "next", None),
        ("dnext_h", "dh", "next", None),
        ("c_prev", "c", "prev", None),
        ("c[t-1]", "c", "", -1),
        ("c_t", "c", "", 0),
        ("c_{t+1}", "c", "", 1),
        ("cₜ₋₁", "c", "", -1),
        ("c_tm1", "c", "", -1),
        ("dW_i", "dWi", "", None),
    ],
)
def test_names_in_plain_text(text, key, mark, time):
    found = left(text, latex=False)
    assert (found.key, found.mark, found.time) == (key, mark, time)


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("c_t", "c_{t-1}"),
        (r"\delta c_{t}", r"\delta c_{t-1}"),
        (r"\nabla_{c_t} \mathcal L", r"\nabla_{c_{t-1}} \mathcal L"),
        ("h^{(t)}", "h^{(t-1)}"),
        ("cₜ", "cₜ₋₁"),
        ("h[t]", "h[t-1]"),
    ],
)
def test_a_name_is_spelled_at_another_step_as_its_writer_would(text, moved):
    assert filled(left(text, latex="\\" in text or "{" in text).form, -1) == moved


def test_a_derivative_of_one_quantity_by_another_is_one():
    assert isinstance(
        read_line(r"\frac{\partial h_t}{\partial c_t} = o_t", True, Words("hco".__contains__)).sides[0], Partial
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$$\na = b\n$$", [("a = b", 2, True)]),
        ("\\[ a = b \\qquad c = d \\]", [("a = b", 1, True), ("c = d", 1, True)]),
        ("\\begin{align}\na &= b \\\\\nc &= d\n  + e\n\\end{align}", [("a = b", 2, True), ("c = d +  e", 3, True)]),
        ("\\begin{align}\na &= b, & c &= d\n\\end{align}", [("a = b", 2, True), ("c = d", 2, True)]),
        ("\\begin{eqnarray*}\na &=& b \\\\\nc &=& d\n\\end{eqnarray*}", [("a = b", 2, True), ("c = d", 3, True)]),
        ("so $a = b$ and `c = d`.", [("a = b", 1, True), ("c = d", 1, False)]),
        ("```python\na = b  # why\nreturn a\n```", [("a = b", 2, False)]),
        ("(B2)  a = b", [("a = b", 1, False)]),
        ("- a = b\n- c = d", [("a = b", 1, False), ("c = d", 2, False)]),
        ("x δaᵀ\n\n$$x_t \\delta a_t^\\top$$", [("x δaᵀ", 1, False), ("x_t \\delta a_t^\\top", 3, True)]),
        ("It sees the product $x \\delta a^T$\n\n$$x_t \\in R^D$$", []),
        ("It holds that for large numbers of units = 4 we are slow", []),
        ("<!-- a = b -->", []),
        ("a == b", []),
    ],
)
def test_formulas_are_found_where_they_stand(text, expected):
    found = [(" ".join(f.text.split()), f.line, f.latex) for f in formulas_of(text)]
    assert found == [(" ".join(text.split()), line, latex) for text, line, latex in expected]


@pytest.mark.parametrize(
    ("formula", "why"),
    [
        ("a = " + "(" * (MAX_DEPTH + 5) + "b" + ")" * (MAX_DEPTH + 5), "brackets inside each other"),
        ("a = " + "{" * 2000 + "b", "brackets inside each other|closed|missing"),
        ("a = b" + "^T" * 500, "powers and transposes"),
        ("a = " + "\\tanh " * 500 + "b", "brackets inside each other"),
        ("a = " + "b + " * MAX_FORMULA + "b", "characters"),
        ("a = __import__('os').system('true')", "beginning of a name|not known"),
        ("a = eval('1')", "not known"),
        ("a = (lambda: 0)()", "cannot follow|missing|not known|beginning"),
        ("a = b ^ 99999999", "exponent"),
        ("a = (b", "missing"),
        ("a = b +", "ends"),
        ("a = 雪", "no formula"),
        ("a = b_", "nothing stands|where"),
        ("a = \\frac{b}", "missing"),
        ("a = \\begin{tikzpicture} b \\end{tikzpicture}", "environment"),
        ("a = softmax(b)", "not known"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(formula, why):
    with pytest.raises(Unreadable, match=why):
        read_line(formula, "\\" in formula, Words({"a", "b"}.__contains__))


def test_a_lone_outer_product_is_not_judged(judged):
    proof = judged("lstm", "dW_i = da_i x^T\n\nx da_iᵀ\n")
    assert [f.status for f in proof.findings] == ["right", "unread"]
    assert proof.findings[1].reason == "no = in it" and proof.findings[1].fix


def test_a_line_that_cannot_be_read_is_counted_and_says_why(judged):
    proof = judged("lstm", "dc = dh * mystery\nq = 3\nL = foo + bar\ndo = dh * tanh(c)\n")
    assert [f.status for f in proof.findings] == ["unread", "aside", "aside", "right"]
    assert "mystery" in proof.findings[0].reason and "top of the text" in proof.findings[0].fix


@pytest.mark.parametrize(
    "text",
    [
        "q0 = tanh(c)\n" + "\n".join(f"q{n} = q{n - 1} * q{n - 1}" for n in range(1, 80)),
        "q0 = tanh(c)\n" + "\n".join(f"q{n} = q{n - 1} + h" for n in range(1, 60)),
        "dc = dc_next\n" + "dc += dh\n" * 60,
        "dc = " + " + ".join(["dh * o"] * 60),
        r"$\delta c_t = " + r"\delta " * 500 + "c$",
        r"$\delta c_t = \delta h_t, k \in \{" + "i, " * 1200 + "$",
        r"$\delta c_t = \delta h_t " + "for all " * 400 + "k$",
        r"$\delta c_t = \delta h_t " + r"\quad" * 700 + "$",
        r"$\delta c_t = " + r"\sum_{k} (" * 30 + "a_k" + ")" * 30 + "$",
    ],
    ids=["squares", "chain", "updates", "terms", "signs", "gates", "words", "spaces", "sums"],
)
def test_no_text_takes_forever_or_too_deep(text, judged):
    """Names of names would be worked out 2^80 times, or a thousand calls deep."""
    proof = judged("lstm", text)
    assert proof.findings and proof.counts["right"] == 0


@pytest.mark.parametrize(
    "text",
    ["no formula at all", "", "a" * (MAX_TEXT + 1), "a = b\n" * (MAX_FORMULAS + 1), "a\0 = b"],
    ids=["none", "empty", "large", "many", "binary"],
)
def test_a_text_that_cannot_be_judged_is_refused(text, judged):
    with pytest.raises(ProofreadingError):
        judged("lstm", text)


def test_a_row_of_the_table_that_says_nothing_is_refused_with_its_line(judged):
    with pytest.raises(ProofreadingError, match=r"line 3[\s\S]*carried adjoint of c"):
        judged("lstm", "| symbol | meaning |\n| --- | --- |\n| q | some thing |\n\ndo = dh * tanh(c)")


def test_the_table_goes_before_what_is_guessed(judged):
    table = "u: adjoint of c\nk: pre-activation of i\n\n"
    text = table + "u = dh * o * (1 - tanh(c)^2) + dc_next\nk = W_i x + U_i h_prev + b_i\n"
    proof = judged("lstm", text)
    assert [f.status for f in proof.findings] == ["right", "right"]
    assert proof.is_explained(proof.names["u"]) and not proof.is_explained(proof.names["dh"])


def test_meanings_may_be_chinese(judged):
    table = "| 符號 | 意義 |\n| --- | --- |\n| u | c 的伴隨 |\n\nk：i 的預激活值\n\n"
    proof = judged("lstm", table + "u = dh * o * (1 - tanh(c)^2) + dc_next\nk = W_i x + U_i h_prev + b_i\n")
    assert [f.status for f in proof.findings] == ["right", "right"] and proof.is_explained(proof.names["u"])


@pytest.mark.parametrize(("language", "said"), [("en", "the slope at x"), ("zh-Hant", "x 處的斜率")])
def test_what_there_is_not_is_said_in_every_language(language, said, judged):
    proof = judged("lstm", "q: slope of x\ndc = q\n")
    [reason] = Wording(proof, Sentences(language)).said(proof.findings[0])
    assert proof.findings[0].status == "unread" and reason.endswith(said)


def test_a_name_of_the_text_is_followed_and_said_by_its_value(judged):
    proof = judged("lstm", "k = 1 - tanh(c)^2\nq = dh * o\ndc = q * k + dc_next\n")
    assert [f.status for f in proof.findings] == ["own", "own", "right"]
    assert [f.equals.quantity.kind for f in proof.findings[:2]] == ["slope", "adjoint"]


@pytest.mark.parametrize(
    ("text", "rows", "transposed", "before", "swapped"),
    [
        ("$\\delta x_t = W_i^T \\delta a_i + W_f^T \\delta a_f + W_g^T \\delta a_g + W_o^T \\delta a_o$", 0, 0, 0, 0),
        ("a = x @ W.T + h_prev @ U.T + b\ndW = da.T @ x\ndh_prev = da @ U", 1, 0, 0, 0),
        ("a = x @ W + h_prev @ U + b\ndW = x.T @ da\ndh_prev = da @ U.T", 1, 1, 0, 0),
        ("a = U x + W h_prev + b\ndU = da x^T\ndW = da h_prev^T\ndh_prev = W^T da", 0, 0, 0, 1),
        ("di = dc * g * i * (1 - i)\ndf = dc * c_prev * f * (1 - f)\ndW_i = di x^T\ndb_f = df", 0, 0, 1, 0),
    ],
)
def test_conventions_are_found_by_trial(text, rows, transposed, before, swapped, judged):
    [(_, reading)] = judged("lstm" if "_i" in text else "rnn", text).readings.items()
    assert (reading.rows, reading.transposed, reading.before, reading.swapped) == (rows, transposed, before, swapped)


@pytest.mark.parametrize(
    "line",
    [
        "dW_i = outer(da_i, x)",
        "dW_i = np.outer(da_i, x)",
        "dW_i = np.dot(da_i, x.T)",
        r"$dW_{i} = \sum_{t} \delta a_{i,t} \otimes x_{t}$",
        r"$\delta c_t = o_t \delta h_t (1 - \tanh^2 c_t) + \delta c_{t+1} f_{t+1}$",
        "dL/dc_t = dL/dh_t * o_t * (1 - tanh(c_t)^2) + dL/dc_{t+1} * f_{t+1}",
        "∂L/∂o_t = ∂L/∂h_t * tanh(c_t)",
        "dW_i = sum_t da_i x^T",
        "dW_i = sum_t=1^T (da_i x^T)",
        "dW_i = sum over t of da_i x^T",
        "δW_i = Sum over t: δa_i,t x_t^T",
        "dh_prev = sum_k U_k^T da_k",
        "df(t) = dc(t) * c(t-1)",
        r"$\delta_f(t) = \delta_c(t) \odot c(t-1)$",
        "ds = dh * o * sech(c)^2 + ds_next",
        "dzi = dc * ctilde * sigmoid'(z_i)",
        r"$\delta^{(t)}_c = \delta^{(t)}_h \circ o^{(t)} (1-\tanh^2(c^{(t)})) + \delta^{(t+1)}_c \circ f^{(t+1)}$",
        r"$dc^{<t>} = dc_{next} + o^{<t>} * (1 - \tanh(c^{<t>})^2) * dh^{<t>}$",
        r"$\delta c_t = \mathrm{diag}(o_t) \mathrm{diag}(1 - \tanh^2(c_t)) \delta h_t + \delta c^{+}_t$",
    ],
)
def test_one_line_in_many_ways(line, judged):
    assert [f.status for f in judged("lstm", line).findings] == ["right"]


def test_nothing_of_a_text_is_run():
    room = Path(proofreader.__file__).parent
    for path in room.glob("*.py"):
        calls = {
            ast.unparse(n.func)
            for n in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(n, ast.Call)
        }
        assert not calls & {"eval", "exec", "compile", "sympify", "parse_expr", "sympy.sympify", "pickle.loads"}


def test_the_audit_is_a_function_of_the_package():
    assert proofreader.proofread(ls.cell("rnn"), "dh = dy + dh_next").right


def said_in(path):
    """What a module says of a formula that it cannot read: its reasons and what to write instead, 7 in every place."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = getattr(getattr(node, "func", None), "id", "")
        given = [*node.args, *(k.value for k in node.keywords)] if name == "Unreadable" else []
        given += [k.value for k in node.keywords if k.arg == "reason"] if name == "Finding" else []
        for argument in given:
            if isinstance(argument, ast.Constant):
                yield argument.value
            elif isinstance(argument, ast.JoinedStr):
                yield "".join(part.value if isinstance(part, ast.Constant) else "7" for part in argument.values)


def test_every_reason_is_said_in_three_languages():
    said = {text for path in Path(parser.__file__).parent.glob("*.py") for text in said_in(path)}
    assert len(said) > 40 and {text for text in said if by_pattern("proofreading.reason", text) is None} == set()


def test_a_reason_in_chinese_keeps_what_stands_in_the_text(judged):
    [finding] = judged("lstm", "dc = dh * mystery").findings
    reason, fix = Wording(judged("lstm", "dc = dh * mystery"), Sentences("zh-Hant")).said(finding)
    assert reason == "mystery 不是 lstm 的名稱，也不是文章中慣用的名稱"
    assert fix == "請在文章開頭說明：| mystery | ... |"
    assert by_pattern("proofreading.reason", "what nobody says") is None


@pytest.mark.parametrize(
    "formula",
    [r"\theta = (W, U, b)", r"L = \frac12 \sum_t \|h_t - y_t\|^2", r"\frac{\partial L_t}{\partial h_t} = h_t - y_t"],
)
def test_what_is_not_about_the_cell_is_set_aside(formula, judged):
    assert [f.status for f in judged("lstm", f"${formula}$").findings] == ["aside"]


JOINED = """z = np.concatenate([h_prev, x])
f = sigmoid(Wf @ z + bf)
daf = df * f * (1 - f)
dWf += np.outer(daf, z)
dz = Wf.T @ daf + Wi.T @ dai + Wg.T @ dag + Wo.T @ dao
dh_prev = dz[:H]
dx = dz[H:]
"""


@pytest.mark.parametrize("letter", ["z", "X", "v"])
def test_a_name_that_the_text_defines_is_its_own(letter, judged):
    found = judged("lstm", JOINED.replace("z", letter)).counts
    assert found == {"own": 2, "right": 5}


@pytest.mark.parametrize(("wrong", "status"), [("dz[D:]", "wrong"), ("dz[:D]", "right"), ("dz[: H]", "wrong")])
def test_parts_of_a_vector_begin_at_a_size(wrong, status, judged):
    text = JOINED.replace("[h_prev, x]", "[x, h_prev]").replace("dz[:H]", "dz[D:]").replace("dz[H:]", wrong)
    assert judged("lstm", text).findings[-1].status == status


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("rnn", "$\\delta_t = \\frac{\\partial L}{\\partial a_t}$\n$\\delta W = \\sum_t \\delta_t x_t^T$"),
        ("rnn", r"$h_t = \tanh(Wx_t + Uh_{t-1} + b)$"),
        ("lstm", "s = dh * o * (1 - tanh(c)**2)\ndc = s + dc_next"),
        ("lstm", "$u_t = \\delta h_t o_t (1 - \\tanh^2(c_t))$\n$\\delta c_t = u_t + \\delta c_{t+1} f_{t+1}$"),
        ("lstm", "$a^{(t)} = \\tanh(W_ah^{(t-1)} + U_ax^{(t)} + b_a)$\n$C_t = C_{t-1} f_t + i_t a_t$"),
        ("lstm", r"$\delta W_f = \sum_t \delta a_{f,t} x_t^{\mathsf T}$"),
        ("lstm", "dc_{t-1} = dc_t * f_t"),
        ("gru", r"$\tilde{\mathbf{H}}_t = \tanh(W_h x_t + U_h (r_t \odot h_{t-1}) + b_h)$"),
        ("lstm", "| a | $\\delta o_t = \\delta h_t \\odot \\tanh(c_t)$ |"),
    ],
)  # fmt: skip
def test_lines_of_well_known_texts_are_right(cell, text, judged):
    found = judged(cell, text).counts
    assert found["right"] >= 1 and not found["wrong"] + found["unread"]


def test_an_equation_that_is_right_decides_the_convention(judged):
    text = r"""$h_t = (1 - z_t) \odot \tilde h_t + z_t \odot h_{t-1}$
$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - z_t)$
$\frac{\partial h_t}{\partial z_t} = \mathrm{diag}(\tilde h_t - h_{t-1})$"""
    assert [f.status for f in judged("gru", text).findings] == ["right", "wrong", "wrong"]


@pytest.mark.parametrize(
    ("line", "formula"),
    [
        ("反向傳播（記 δh_t = dy_t + δh_next）：", "δh_t = dy_t + δh_next"),
        ("輸出門 δo_t = δh_t ⊙ tanh(c_t)。", "δo_t = δh_t ⊙ tanh(c_t)"),
        ("δo_t = δh_t ⊙ tanh（c_t）（輸出門）", "δo_t = δh_t ⊙ tanh（c_t）"),
    ],
)
def test_a_formula_may_stand_between_chinese_words(line, formula, judged):
    [found] = judged("lstm", line).findings
    assert (found.status, found.formula.text) == ("right", formula)


@pytest.mark.parametrize("line", ["dag = dg * (1 - np.square(g))", "dag = dg * dtanh(g)", "dao = do * dsigmoid(o)",
                                  "dao = do * dsigmoid(ao)", "dc = dh * o * dtanh(np.tanh(c)) + dc_next"])  # fmt: skip
def test_slopes_by_the_value_of_the_function_or_by_its_argument(line, judged):
    assert [found.status for found in judged("lstm", line).findings] == ["right"]
