"""Figures as text: every block, bar and mark says what was measured."""

import numpy as np
import pytest
from flow.samples import exponents, network, sensitivity_map

from lstm_sym import flow
from lstm_sym.flow import FlowError
from lstm_sym.flow.plots.text import ASCII_SHADES, SHADES


def test_the_map_has_a_row_for_every_block_and_nothing_above_the_diagonal():
    *rows, caption = flow.heat_map_text(sensitivity_map(), side=10).split("\n")
    assert [len(row) for row in rows] == [2 * (k + 1) for k in range(10)]
    assert all(row.endswith(2 * SHADES[-1]) for row in rows)
    assert rows[-1].startswith(2 * SHADES[0])
    assert "‖dh[T]/dx[t]‖" in caption
    assert "30 steps" in caption


def test_a_block_shows_the_largest_of_it_and_zero_only_where_all_is_zero():
    given = sensitivity_map(20)
    given.log_norms[10:, :10] = -np.inf
    given.log_norms[19, 0] = -1.0
    *rows, caption = flow.heat_map_text(given, side=4).split("\n")
    assert rows[2].startswith("0000")
    assert rows[3][:2] != "00" == rows[3][2:4]
    assert caption.endswith("0: exactly 0")


def test_the_caption_has_the_values_of_the_shades():
    caption = flow.heat_map_text(sensitivity_map(4)).split("\n")[-1]
    assert "█ = 1" in caption
    given = sensitivity_map(3000 // 100)
    given.log_norms = given.log_norms * 1000
    assert "e-" in flow.heat_map_text(given).split("\n")[-1]


def test_ascii_is_ascii():
    assert flow.heat_map_text(sensitivity_map(), ascii_only=True).isascii()
    assert flow.unfolded_text(network(), ascii_only=True).isascii()
    assert ASCII_SHADES[-1] in flow.heat_map_text(sensitivity_map(), ascii_only=True)


def test_the_spectrum_has_its_ends_and_what_was_cut_off():
    head, first, cut, caption = flow.spectrum_text(exponents()).split("\n")
    assert first.split()[:7] == ["LSTM", "0.000", "±", "0.020", "-0.550", "±", "0.020"]
    assert cut.endswith("▁ 3 of −∞")
    assert "█" in cut
    assert "█ = 0.1" in caption
    assert "λ1" in head


def test_a_spectrum_of_nothing_finite_is_shown():
    exponents()[0].exponents[:] = -np.inf
    nothing = exponents()[1]
    nothing.exponents = np.full(12, -np.inf)
    assert "12 of −∞" in flow.spectrum_text([nothing])
    with pytest.raises(FlowError, match="no spectrum"):
        flow.spectrum_text([])


def test_the_unfolded_network_has_its_marks_between_its_rows():
    lines = flow.unfolded_text(network()).split("\n")
    assert [line.split("  ")[0] for line in lines[1:-1]] == [
        "output",
        "output gate",
        "hidden layer",
        "forget gate",
        "input gate",
        "input",
    ]
    assert lines[2].split()[2:] == ["-", "O", "-", "O", ".5"]
    assert lines[4].split()[2:] == ["-", "O", "O", "O", ".2"]
    assert lines[3].split()[2] == "██"
    assert lines[1].split()[3] == "·"
    assert lines[-1].endswith("O open, - closed")


def test_without_gates_there_are_three_rows():
    lines = flow.unfolded_text(flow.Unfolded("RNN", network().log_sensitivity)).split("\n")
    assert len(lines) == 5
    assert "open" not in lines[-1]


def test_words_are_those_given():
    assert "隱藏層" in flow.unfolded_text(network(), labels={"hidden": "隱藏層"})
    with pytest.raises(FlowError, match="'x'"):
        flow.spectrum_text(exponents(), labels={"x": "?"})
