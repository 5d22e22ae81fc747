"""What is read in the text of a file: names that are returned, arguments, which parameters an array holds."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import lstm_sym as ls
from lstm_sym.audit.interface.description import Arrangement, Pack
from lstm_sym.audit.interface.finding import find, partner
from lstm_sym.audit.interface.gates import blocks, gates_of, permutations_by_use, scalings, shares
from lstm_sym.audit.interface.source import Source, arguments, read_source, returned, unpacked
from lstm_sym.audit.interface.weights import readings

RETURNED = {
    "return dx, dW.T, grads['b']": ("dx", "dW", "b"),
    "return np.stack(dxs), dh.copy(), -db": ("dxs", "dh", "db"),
    "return dx, (dh0, dc0), None": ("dx", ("dh0", "dc0"), "None"),
    "return self.dW, list(reversed(dxs)), d[0]": ("dW", "dxs", "d"),
    "return 2 * dx, dh / B": ("dx", "dh"),
    "return W.T @ da, da.dot(U), np.dot(U.T, da)": ("W.T @ da", "da.dot(U)", "np.dot(U.T, da)"),
    "last = dh, dc\n    return dx, last": ("dx", ("dh", "dc")),
    "out = (dx, dW)\n    return out": ("dx", "dW"),
    "if x:\n        return None\n    return grads": ("grads",),
    "def inner():\n        return 1\n    return dx": ("dx",),
    "pass": (),
}


@pytest.mark.parametrize("body", RETURNED)
def test_names_in_a_return_statement(body: str) -> None:
    [function] = ast.parse(f"def f(x):\n    {body}\n").body
    assert isinstance(function, ast.FunctionDef)
    assert returned(function) == RETURNED[body]


def test_keys_that_are_made_as_a_file_runs_are_known() -> None:
    text = 'for k in "if":\n    p[f"W{k}"], p[f"b_{k}_x"], p["U" + k] = 0, 0, 0\nfor k in ("in", "long_words"): pass\n'
    words = Source(ast.parse(text)).words
    assert {"Wi", "Wf", "b_i_x", "Uf", "Win", "Uin"} <= {*words} and "Wlong_words" not in words


def test_a_mark_before_the_text_is_none_of_it(tmp_path: Path) -> None:
    """Editors on Windows write one, and Python reads over it."""
    file = tmp_path / "own.py"
    file.write_text("def backward(dhs, cache):\n    return dhs\n", encoding="utf-8-sig")
    source = read_source(file)
    assert source is not None and [*source.functions] == ["backward"]


def test_keys_of_a_cache_are_no_gates() -> None:
    """What a loop goes over is known where its head shows it; else every short text of the file may be meant."""
    body = "    di = 2 * kept['c'] \n    grads['b' + g] += d\nkept = dict(c_prev=0)\nkept['f']\n"
    for head in (
        "for g, d in zip('io', (di, do)):\n",
        "gates = ['i', 'o']\nfor g in gates:\n",
        "da = {'i': 1, 'o': 2}\nfor g, d in da.items():\n",
    ):
        made = {word for word in Source(ast.parse(head + body)).words if word.startswith("b")}
        assert made & {"bi", "bo", "bf", "bc", "bc_prev"} == {"bi", "bo"}
    made = {*Source(ast.parse("for g in order:\n" + body)).words}
    assert "bf" in made


def test_arguments_and_what_is_unpacked() -> None:
    text = "def f(self, x, state, *, dy, scale=1):\n    h, c = state\n    return x[0] + h\n"
    [function] = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    assert [(a.name, a.is_needed) for a in arguments(function, True)] == [
        ("x", True),
        ("state", True),
        ("dy", True),
        ("scale", False),
    ]
    assert unpacked(function) == {"state": {0: "h", 1: "c"}, "x": {0: ""}}


TAKEN_APART = {
    "h, c = state": "states/h,c",
    "c_prev, h_prev = state if state is not None else (0, 0)": "states/c,h",
    "h, c = state[0], state[1]": "states/h,c",
    "c = state[0]": "states/c,h",
    "one, other = state": "states",
    "return inner(state)": "states/c,h",
    "return state.h": "state",
    "return inner(x=state)": "state",
}


LISTED = {
    "W, U, b = params": "packs/W,U,b",
    "Wx, Wh, b = params": "packs/Wx,Wh,b",
    "b, W = params[0], params[1]": "packs/b,W",
    "W, other = params": "params",
    "return params[0]": "params",
}


@pytest.mark.parametrize("body", LISTED)
def test_parameters_that_are_taken_as_a_list(body: str) -> None:
    text = f"def backward(dy, x, params):\n    {body}\n    return grads\n"
    found = find(Source(ast.parse(text)), "backward", ls.derive(ls.cell("rnn")))
    assert found is not None and dict(found.backward.arguments)["params"] == LISTED[body]
    first = LISTED[body].partition("/")[2].partition(",")[0]
    assert found.outputs.get("grads/0", "") == (f"pack/{first}" if first else "")


@pytest.mark.parametrize("body", TAKEN_APART)
def test_states_that_are_taken_as_a_tuple(body: str) -> None:
    text = f"def backward(dy, state=None):\n    {body}\n\n\ndef inner(s=None, x=None):\n    c0, h0 = s\n"
    found = find(Source(ast.parse(text)), "backward", ls.derive(ls.cell("lstm")))
    assert found is not None and dict(found.backward.arguments)["state"] == TAKEN_APART[body]
    assert found.is_documented == (TAKEN_APART[body] == "state")


@pytest.mark.parametrize(
    ("backward", "others", "forward"),
    [
        ("lstm_backward", ["lstm_forward", "rnn_forward"], "lstm_forward"),
        ("lstm_step_backward", ["lstm_step_forward", "lstm_forward"], "lstm_step_forward"),
        ("bptt", ["forward_propagation", "loss"], "forward_propagation"),
        ("backward", ["__call__", "step"], "__call__"),
        ("backward", ["forward_one", "forward_two"], ""),
    ],
)
def test_the_forward_pass_of_a_backward_pass(backward: str, others: list[str], forward: str) -> None:
    assert partner(backward, dict.fromkeys([backward, *others])) == forward


NAMES = {
    "Wx Wh b": {"Wx": (("x",), ()), "Wh": (("h",), ()), "b": (("1",), ())},
    "W_ih W_hh b_ih b_hh": {"W_ih": (("x",), ()), "W_hh": (("h",), ()), "b_ih": (("1",), ()), "b_hh": (("1h",), ())},
    "W U b": {"W": (("x",), ()), "U": (("h",), ()), "b": (("1",), ())},
    "W b": {"W": (("h", "x"), ()), "b": (("1",), ())},
    "Wf Wi Wc Wo bf": {
        "Wf": (("h", "x"), ("f",)),
        "Wi": (("h", "x"), ("i",)),
        "Wc": (("h", "x"), ("g",)),
        "Wo": (("h", "x"), ("o",)),
        "bf": (("1",), ("f",)),
    },
    "Wf Wi Wg Wo Uf Ui Ug Uo": {
        **{f"W{gate}": (("x",), (gate,)) for gate in "figo"},
        **{f"U{gate}": (("h",), (gate,)) for gate in "figo"},
    },
    "W_xf W_xi W_xc W_xo W_hf W_hi W_hc W_ho b_c": {
        **{f"W_x{said}": (("x",), (gate,)) for said, gate in zip("fico", "figo", strict=True)},
        **{f"W_h{said}": (("h",), (gate,)) for said, gate in zip("fico", "figo", strict=True)},
        "b_c": (("1",), ("g",)),
    },
    "weight_ih_l0 weight_hh_l0 kernel_of_mine": {"weight_ih_l0": (("x",), ()), "weight_hh_l0": (("h",), ())},
    "batch x weights Wy": {},
}


@pytest.mark.parametrize("words", NAMES)
def test_names_of_parameters(words: str) -> None:
    cell = ls.cell("lstm")
    packs = readings(words.split(), gates_of(ls.derive(cell)), cell.parameters, {})[0]
    assert {name: (pack.kinds, pack.gates) for name, pack in packs.items()} == NAMES[words]


def test_names_of_the_cell_go_first_and_u_may_be_the_input() -> None:
    rnn = ls.cell("rnn")
    gates = gates_of(ls.derive(rnn))
    first, second = readings("U W b".split(), gates, rnn.parameters, {})
    assert {name: pack.parameter for name, pack in first.items()} == {"W": "W", "U": "U", "b": "b"}
    assert {name: pack.parameter for name, pack in second.items()} == {"W": "U", "U": "W", "b": "b"}


def test_the_gates_of_cells_follow_from_their_programs() -> None:
    assert gates_of(ls.derive(ls.cell("rnn"))) == {"h": {"x": "W", "h": "U", "1": "b"}}
    gru = gates_of(ls.derive(ls.cell("gru_reset_after")))
    assert gru["n"] == {"x": "W_n", "h": "U_n", "1": "b_n", "1h": "b_u"} and list(gru) == ["r", "z", "n"]
    two = Pack(("1h",), share=0.75)
    assert blocks(two, Arrangement(gates=("z", "r", "n")), gru) == (("b_z",), ("b_r",), ("b_u",))
    assert shares(two, Arrangement(gates=("z", "r", "n")), gru) == (0.75, 0.75, 1.0)
    assert blocks(Pack(("h", "x"), ("n",)), Arrangement(joined=("x", "h")), gru) == (("W_n", "U_n"),)
    assert gates_of(ls.derive(ls.cell("henon"))) == {}


def test_orders_of_gates_begin_with_those_in_use_and_are_all() -> None:
    orders = permutations_by_use(("i", "f", "g", "o"))
    assert orders[:2] == (("i", "f", "o", "g"), ("i", "f", "g", "o")) and len(set(orders)) == len(orders) == 24


def test_nothing_is_found_where_nothing_shows(tmp_path: Path) -> None:
    derivation = ls.derive(ls.cell("rnn"))
    broken = tmp_path / "broken.py"
    broken.write_text("def f(:\n", encoding="utf-8")
    assert read_source(broken) is None and read_source(tmp_path / "missing.py") is None
    source = Source(ast.parse("def backward(dy, strange): pass\nclass A:\n    def forward(self, x): pass\n"))
    assert find(source, "backward", derivation) is None
    assert find(source, "other", derivation) is None and find(source, "A", derivation) is None
    lenient = find(source, "backward", derivation, lenient=True)
    assert lenient is not None and dict(lenient.backward.arguments) == {"dy": "dy", "strange": ""}


def test_what_is_returned_of_another_function_is_what_that_returns() -> None:
    source = Source(ast.parse("def f(x):\n    return h, cache\n\n\ndef g(x):\n    return f(x)\n"))
    assert returned(source.functions["g"], source.callables) == ("h", "cache")
    assert returned(source.functions["g"]) == ("x",)


def test_a_class_that_is_called_has_its_forward_pass_so() -> None:
    assert partner("backward", {"call": 0, "backward": 0}) == "call"
    assert partner("backward", {"__call__": 0, "forward_pass": 0}) == "forward_pass"
    assert partner("backward", {"__call__": 0, "call": 0}) == ""


PEEPHOLES = ("pi pf po", "w_ci w_cf w_co", "Wic Wfc Woc", "P_i P_f P_o", "p_i p_f p_o")


@pytest.mark.parametrize("names", PEEPHOLES)
def test_what_multiplies_the_state_unit_by_unit_has_names_too(names: str) -> None:
    cell = ls.cell("lstm_peephole")
    matrices = "Wz Rz bz Wi Ri bi Wf Rf bf Wo Ro bo"
    derivation = ls.Derivation(cell)
    known = gates_of(derivation), cell.parameters, scalings(derivation)
    packs = readings(f"{matrices} {names}".split(), *known)[0]
    assert [packs[name].parameter for name in names.split()] == ["p_i", "p_f", "p_o"]
    alone = readings(f"{matrices} pi".split(), *known)[0]  # np.pi is no peephole
    assert "pi" not in alone


def test_a_bias_beside_matrices_of_the_cell_s_own_names_has_another_name() -> None:
    cell = ls.cell("rnn")
    known = gates_of(ls.Derivation(cell)), cell.parameters, dict[str, tuple[str, str]]()
    assert blocks(readings("W U bias_h".split(), *known)[0]["bias_h"], Arrangement(), known[0]) == (("b",),)
    assert [*readings("W U b bias_h".split(), *known)[0]] == ["W", "U", "b"]
