"""The cells of the catalogue: kinds of names, shapes, options, and a meaning for every symbol in each language."""

import re
from importlib.resources import files

import pytest

from lstm_sym import cells
from lstm_sym.equations import CellError, load

D, H = ("D",), ("H",)
IN, OUT = ("H", "D"), ("H", "H")


def gates(names, **kinds):
    """The parameters of every gate in `names`: W_i, U_i, b_i, ... with the shape of their kind."""
    return {f"{kind}_{name}": shape for name in names for kind, shape in kinds.items()}


GATE = {"W": IN, "U": OUT, "b": H}
LSTM = {"x": D, **dict.fromkeys("ifgoch", H), **gates("ifgo", **GATE)}
PEEPHOLES = gates("ifo", p=H)
HC = ("h", "c")


def without(shapes, gate):
    """The shapes of a cell that lacks a gate: neither the gate nor its parameters."""
    return {name: shape for name, shape in shapes.items() if gate not in (name, name.partition("_")[2])}


def gated(names, parameters):
    """The shapes of a cell with one state h."""
    return {"x": D, "h": H, **dict.fromkeys(names, H), **parameters}


BLOCK, LAYER = ("2 * M",), {f"{kind}_{gate}": H for kind in "hxuv" for gate in "ifgo"}

# name -> states in the order of first reading, output, shape of every name
EXPECTED = {
    "rnn": (("h",), "h", {"x": D, "h": H, "W": IN, "U": OUT, "b": H}),
    "lstm": (HC, "h", LSTM),
    "lstm_concat": (
        HC,
        "h",
        {"x": D, **dict.fromkeys("ifgoch", H), **gates("ifgo", W=("H", "H + D"), b=H)},
    ),
    "lstm_block": (
        HC,
        "h",
        {"x": D, "k": (), **dict.fromkeys("ifo", ("M",)), **dict.fromkeys("gch", BLOCK)}
        | gates("ifo", W=("M", "D"), U=("M", *BLOCK), b=("M",))
        | gates("g", W=(*BLOCK, "D"), U=BLOCK * 2, b=BLOCK),
    ),
    "layer_norm_lstm": (
        HC,
        "h",
        LSTM
        | LAYER
        | gates("hxc", s=H, q=H)
        | gates("hx", mu=H, m=H)
        | gates("ifgo", alpha=H, gamma=H)
        | {"u_c": H, "c_norm": H, "gamma_c": H, "b_c": H, "epsilon": ()},
    ),
    "slstm": (("h", "m", "c", "n"), "h", LSTM | dict.fromkeys(("log_f", "log_i", "s", "m", "n"), H)),
    "leaky_rnn": (("h",), "h", {"x": D, "h": H, "W": IN, "U": OUT, "b": H, "alpha": ()}),
    "antisymmetric_rnn": (("h",), "h", {"x": D, "h": H, "W": IN, "U": OUT, "b": H, "eps": (), "gamma": ()}),
    "henon": (("x", "y"), "x", {"x": H, "y": H, "a": (), "b": ()}),
    "logistic_map": (("h",), "h", {"h": H, "r": ()}),
    "lstm_peephole": (HC, "h", LSTM | PEEPHOLES),
    "lstm_output": (HC, "y", LSTM | {"y": ("K",), "V": ("K", "H"), "b_y": ("K",)}),
    "lstm_coupled": (HC, "h", without(LSTM, "f") | {"f": H}),
    "lstm_no_input_gate": (HC, "h", without(LSTM | PEEPHOLES, "i")),
    "lstm_no_forget_gate": (HC, "h", without(LSTM, "f")),
    "lstm_no_output_gate": (HC, "h", without(LSTM | PEEPHOLES, "o")),
    "lstm_no_input_activation": (HC, "h", LSTM | PEEPHOLES),
    "lstm_no_output_activation": (HC, "h", LSTM | PEEPHOLES),
    "lstm_no_peepholes": (HC, "h", LSTM),
    "lstm_full_gate_recurrence": (
        ("h", "i", "f", "o", "c"),
        "h",
        LSTM | PEEPHOLES | {f"R_{source}{target}": OUT for source in "ifo" for target in "ifo"},
    ),
    "lstm_full_peephole": (HC, "h", LSTM | gates("ifo", P=OUT)),
    "lstm_projected": (
        HC,
        "h",
        {"x": D, "h": H, **dict.fromkeys("ifgoc", ("C",)), "P": ("H", "C"), **gates("ifo", p=("C",))}
        | gates("ifgo", W=("C", "D"), U=("C", "H"), b=("C",)),
    ),
    "gru": (("h",), "h", gated("rzn", gates("rzn", **GATE))),
    "gru_reset_after": (("h",), "h", gated("rzqn", gates("rzn", **GATE) | {"b_u": H})),
    "mgu": (("h",), "h", gated("fn", gates("fn", **GATE))),
    "ugrnn": (("h",), "h", gated("zn", gates("zn", **GATE))),
    "janet": (("h",), "h", gated(("k_f", "f", "i", "n"), gates("fn", **GATE) | {"beta": ()})),
    "cfn": (("h",), "h", gated(("theta", "eta", "n"), gates(("theta", "eta"), **GATE) | {"W_n": IN})),
    "multiplicative_lstm": (HC, "h", {"x": D, **dict.fromkeys("mifgoch", H), **gates("mifgo", W=IN, U=OUT)}),
    "indrnn": (("h",), "h", {"x": D, "h": H, "W": IN, "u": H, "b": H}),
    "sru": (("c",), "h", {**dict.fromkeys("xfrgch", H), **gates("fr", W=OUT, v=H, b=H), "W_g": OUT}),
    "qrnn": (("c",), "h", {"x": D, **dict.fromkeys("gfoch", H), **gates("gfo", W=IN)}),
    "min_gru": (("h",), "h", gated("zn", gates("zn", W=IN, b=H))),
    "min_lstm": (("h",), "h", gated(("k_f", "k_i", "log_f", "log_i", "f", "i", "n"), gates("fin", W=IN, b=H))),
    "nested_lstm": (
        ("h", "c", "c_in"),
        "h",
        LSTM
        | dict.fromkeys((f"{name}_in" for name in "xhifgoc"), H)
        | gates((f"{name}_in" for name in "ifgo"), W=OUT, U=OUT, b=H),
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_names_and_shapes(name):
    cell = cells.cell(name)
    states, output, shapes = EXPECTED[name]
    defined = {e.target for e in cell.equations}
    read = "x" if "x" in shapes and "x" not in defined else ""
    assert (cell.key, cell.input, cell.states, cell.output) == (name, read, states, output)
    assert dict(cell.shapes) == shapes
    assert set(cell.constants) == {n for n, shape in shapes.items() if not shape}
    assert set(cell.parameters) == set(shapes) - {read, *defined, *cell.constants}


@pytest.mark.parametrize("name", cells.names())
def test_every_cell_is_named_and_cited(name):
    cell = cells.cell(name)
    assert cell.name
    assert re.search(r"\b(19|20)\d\d\b", cell.reference)


@pytest.mark.parametrize("name", cells.names())
def test_every_symbol_has_a_meaning_in_every_language(name):
    cell = cells.cell(name)
    assert set(cell.meanings) == set(cell.shapes)
    for symbol, meanings in cell.meanings.items():
        assert set(meanings) == {"en", "zh-Hant", "zh-Hans"}, symbol
        assert meanings["en"].isascii()
        meanings["zh-Hant"].encode("big5")  # Big5 holds no simplified character, GB 2312 no traditional one
        meanings["zh-Hans"].encode("gb2312")


@pytest.mark.parametrize("language", ["en", "zh-Hant", "zh-Hans"])
@pytest.mark.parametrize("name", cells.names())
def test_no_two_symbols_of_a_cell_mean_the_same(name, language):
    cell = cells.cell(name)
    meanings = [cell.meaning(symbol, language) for symbol in cell.shapes]
    assert len(set(meanings)) == len(meanings)


# Letters that a paper uses for something else than the rest of the catalogue.
OWN_LETTERS = {
    "lstm_concat": {"W_i", "W_f", "W_g", "W_o"},
    "layer_norm_lstm": {"v_f", "b_c"},
    "slstm": {"i", "f", "m", "n", "log_f", "log_i"},
    "henon": {"x", "y", "b"},
    "logistic_map": {"h", "r"},
}


def test_a_symbol_means_the_same_in_every_cell():
    seen: dict[str, dict[str, str]] = {}
    for name in cells.names():
        for symbol, meanings in cells.cell(name).meanings.items():
            if symbol not in OWN_LETTERS.get(name, ()):
                assert seen.setdefault(symbol, meanings) == meanings, (name, symbol)


# Cells that are one another under a second name.


def test_the_cell_without_peepholes_is_the_plain_one():
    plain, variant = cells.cell("lstm"), cells.cell("lstm_no_peepholes")
    assert [e.text for e in variant.equations] == [e.text for e in plain.equations]


def test_the_cell_without_an_output_activation_is_an_option_of_the_peephole_cell():
    option, variant = cells.cell("lstm_peephole", phi_h="identity"), cells.cell("lstm_no_output_activation")
    assert [str(e.expression) for e in variant.equations] == [str(e.expression) for e in option.equations]


@pytest.mark.parametrize("name", cells.names())
def test_every_choice_of_every_option_is_a_cell(name):
    cell = cells.cell(name)
    for option, row in cell.options.items():
        hashes = {cell.with_options(**{option: choice}).content_hash for choice in row.choices}
        assert len(hashes) == len(row.choices)
        assert cell.chosen[option] == row.default
        assert cells.cell(name, **{option: row.choices[-1]}).chosen[option] == row.choices[-1]


def test_the_options_of_the_peephole_cell():
    cell = cells.cell("lstm_peephole", phi_h="identity", phi_s="sigmoid")
    assert str(cell.equation("h").expression) == "o[t] * c[t]"
    assert str(cell.equation("g").expression) == "sigmoid(W_g @ x[t] + U_g @ h[t-1] + b_g)"


@pytest.mark.parametrize("name", cells.names())
def test_a_file_of_the_catalogue_loads_as_a_file(name):
    path = files("lstm_sym.cells").joinpath(f"{name}.toml")
    assert load(str(path)) == cells.cell(name)


def test_an_unknown_cell():
    with pytest.raises(CellError, match="did you mean lstm") as caught:
        cells.cell("lstn")
    assert "lstm_peephole" in caught.value.allowed
    assert (caught.value.line, caught.value.column) == (1, 1)


@pytest.mark.parametrize("name", [None, 3, ["lstm"]])
def test_what_is_no_text_is_no_name(name):
    with pytest.raises(CellError, match="is no name of a cell") as caught:
        cells.cell(name)
    assert 'cell("lstm")' in caught.value.fix
