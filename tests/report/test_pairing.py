"""Names are paired by the part that they play: two cells in other letters do not differ."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import lstm_sym as ls
from lstm_sym.cells import built_in_names
from lstm_sym.cli import main
from lstm_sym.equations import Cell
from lstm_sym.report import LANGUAGES, Sentences, terminal_text
from lstm_sym.report.comparison import SECTIONS, comparison_data, comparison_document, side
from lstm_sym.report.pairing import correspondence, in_letters, renamed, same_expression


def letters_of(cell: Cell, seed: int, *, fresh: bool = False) -> dict[str, str]:
    """Other names for all, given at random; old ones are among them unless they are fresh: an i may be an f now."""
    names = [*filter(None, [cell.input]), *(e.target for e in cell.equations), *cell.parameters, *cell.constants]
    rng = random.Random(seed)
    new = [name if k % 2 and not fresh else f"v{k}" for k, name in enumerate(names)]
    rng.shuffle(new)
    return dict(zip(names, new, strict=True))


@pytest.mark.parametrize("name", built_in_names())
def test_a_cell_in_other_letters_is_the_same_cell(name: str) -> None:
    cell = ls.cell(name)
    new = letters_of(cell, 1)
    other, was = renamed(cell, new)
    assert was == {of: name for name, of in new.items()}
    found = correspondence(cell, other)
    assert set(found) == set(new.values()) and set(found.values()) == set(new)
    back, _ = renamed(other, found)
    for one, again in zip(cell.equations, back.equations, strict=True):
        assert one.target == again.target and same_expression(one.expression, again.expression)


@pytest.mark.parametrize("name", ["lstm", "gru", "lstm_peephole", "slstm", "lstm_projected", "lstm_block", "henon"])
def test_no_row_differs_but_for_names(name: str) -> None:
    cell = ls.cell(name)
    other, _ = renamed(cell, letters_of(cell, 2))
    one, two = (side(label, c, input_size=3, hidden_size=6) for label, c in (("one", cell), ("two", other)))
    data = comparison_data(comparison_document(one, two, Sentences("en")), one, two)
    assert not [row for key in SECTIONS for row in data.get(key, []) if not row["same"]]
    assert data["names"] and all(name != of for name, of in data["names"].items())


def test_what_differs_differs_in_other_letters_too() -> None:
    plain, peephole = ls.cell("lstm"), ls.cell("lstm_peephole")
    other, _ = renamed(peephole, letters_of(peephole, 3, fresh=True))
    rows = []
    for right in (peephole, other):
        one, two = (side(c.key + label, c, input_size=3, hidden_size=4) for label, c in (("", plain), ("*", right)))
        rows.append(comparison_data(comparison_document(one, two, Sentences("en")), one, two))
    assert [(r["of"], r["same"]) for r in rows[0]["equations"]] == [(r["of"], r["same"]) for r in rows[1]["equations"]]
    assert [r["same"] for r in rows[0]["jacobian"]] == [r["same"] for r in rows[1]["jacobian"]]


def test_equal_names_of_another_part_are_two() -> None:
    """What is called f here is the input gate there: the part counts, not the name."""
    lstm = ls.cell("lstm")
    swapped, _ = renamed(lstm, {"f": "i", "i": "f"})
    found = correspondence(lstm, swapped)
    assert (found["i"], found["f"], found["W_f"], found["W_i"]) == ("f", "i", "W_f", "W_i")


def test_cells_that_share_names_and_little_else_are_paired_by_name() -> None:
    found = correspondence(ls.cell("lstm"), ls.cell("gru"))
    assert (
        all(name == of for name, of in found.items()) and {"x", "h"} <= set(found) and not {"r", "z", "n"} & set(found)
    )


def test_the_order_of_a_sum_is_no_difference() -> None:
    first = ls.parse("h[t] = tanh(W @ x[t] + U @ h[t-1]) * g[t]".replace("g[t]", "x[t]"), sizes={"x": "H"}, key="a")
    second = ls.parse("h[t] = x[t] * tanh(U @ h[t-1] + W @ x[t])", sizes={"x": "H"}, key="b")
    one, two = (side(c.key, c, input_size=3, hidden_size=3) for c in (first, second))
    assert comparison_data(comparison_document(one, two, Sentences("en")), one, two)["equations"][0]["same"]
    minus = ls.parse("h[t] = x[t] * tanh(U @ h[t-1] - W @ x[t])", sizes={"x": "H"}, key="c")
    assert not same_expression(second.equations[0].expression, minus.equations[0].expression)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letters_are_told(language: str, tmp_path: Path) -> None:
    text = "p[t] = sigmoid(A @ z[t] + C @ s[t-1])\ns[t] = p[t] * s[t-1] + (1 - p[t]) * z[t]"
    cells = (
        ls.parse(text, key="one", sizes={"z": "H"}),
        ls.parse(in_letters(text, {"p": "f", "z": "x", "s": "h", "A": "W", "C": "U"}), key="two", sizes={"x": "H"}),
    )
    one, two = (side(c.key, c, input_size=2, hidden_size=2) for c in cells)
    shown = terminal_text(comparison_document(one, two, Sentences(language)), width=100, prose=True)
    assert all(f"{name} = {of}" in re.sub(r"\s+", " ", shown) for name, of in {"p": "f", "s": "h", "A": "W"}.items())
    assert "≠" not in "".join(line[:3] for line in shown.split("\n"))


def test_json_says_which_names_are_one(tmp_path: Path) -> None:
    text = ls.cell("rnn").text
    (tmp_path / "mine.toml").write_text(f'equations = "{in_letters(text, {"h": "s", "U": "R"})}"\n', "utf-8")
    result = CliRunner().invoke(main, ["diff", "rnn", str(tmp_path / "mine.toml"), "--json"])
    assert json.loads(result.stdout)["names"] == {"h": "s", "U": "R"}
