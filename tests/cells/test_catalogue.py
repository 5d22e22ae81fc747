"""The cells of the catalogue: kinds of names, shapes, options, and a meaning for every symbol in each language."""

import re
from importlib.resources import files

import pytest

from lstm_sym import cells
from lstm_sym.equations import CellError, load

D, H = ("D",), ("H",)
IN, OUT = ("H", "D"), ("H", "H")
LSTM = {f"{kind}_{gate}": shape for gate in "ifgo" for kind, shape in (("W", IN), ("U", OUT), ("b", H))}
QUANTITIES = {"x": D, **dict.fromkeys("ifgoch", H)}

# name -> states in the order of first reading, output, shape of every name
EXPECTED = {
    "rnn": (("h",), "h", {"x": D, "h": H, "W": IN, "U": OUT, "b": H}),
    "lstm": (("h", "c"), "h", {**QUANTITIES, **LSTM}),
    "lstm_peephole": (("h", "c"), "h", {**QUANTITIES, **LSTM, "p_i": H, "p_f": H, "p_o": H}),
    "gru": (
        ("h",),
        "h",
        {
            "x": D,
            **dict.fromkeys("rznh", H),
            **{f"{kind}_{gate}": s for gate in "rzn" for kind, s in (("W", IN), ("U", OUT), ("b", H))},
        },
    ),
}

# Characters that differ between the scripts, of those that the terms of this field use.
TRADITIONAL = set("輸隱狀態門遺細權遞迴選窺")
SIMPLIFIED = set("输隐状态门遗细权递选窥")


@pytest.mark.parametrize("name", EXPECTED)
def test_names_and_shapes(name):
    cell = cells.cell(name)
    states, output, shapes = EXPECTED[name]
    assert (cell.key, cell.input, cell.states, cell.output) == (name, "x", states, output)
    assert dict(cell.shapes) == shapes
    assert set(cell.parameters) == {n for n in shapes if n not in {"x", *(e.target for e in cell.equations)}}


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
        assert not SIMPLIFIED & set(meanings["zh-Hant"]), symbol
        assert not TRADITIONAL & set(meanings["zh-Hans"]), symbol


@pytest.mark.parametrize("language", ["en", "zh-Hant", "zh-Hans"])
@pytest.mark.parametrize("name", cells.names())
def test_no_two_symbols_of_a_cell_mean_the_same(name, language):
    cell = cells.cell(name)
    meanings = [cell.meaning(symbol, language) for symbol in cell.shapes]
    assert len(set(meanings)) == len(meanings)


def test_a_symbol_means_the_same_in_every_cell():
    seen = {}
    for cell in map(cells.cell, ("lstm", "lstm_peephole", "gru")):
        for symbol, meanings in cell.meanings.items():
            assert seen.setdefault(symbol, meanings) == meanings


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
