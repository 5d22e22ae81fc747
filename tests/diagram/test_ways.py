"""The ways on which a state is only scaled and added to: how many there are, and what all of them multiply it by."""

import pytest
import sympy
from diagram.drawn_cells import OWN

import lstm_sym as ls
from lstm_sym.derivation.linear_map import Diagonal
from lstm_sym.diagram.expansion import expanded
from lstm_sym.diagram.folding import folded


@pytest.mark.parametrize("name", ["diagonal", "doubled", "two ways", "ways of stages", "leaky_rnn", "lstm", "mgu"])
def test_what_scales_a_state_is_the_diagonal_of_its_jacobian_where_it_passes_nothing_else(name: str) -> None:
    derivation = ls.derive(ls.parse(OWN[name], key="own") if name in OWN else ls.cell(name))
    whole = expanded(derivation.forward)
    for graph in (whole, folded(whole)):
        [before] = graph.carousels
        state = graph.nodes[before].values[0].name
        diagonal = [t for t in derivation.jacobian(state, state).terms if len(t) == 1 and isinstance(t[0], Diagonal)]
        assert sympy.expand(graph.kept(before) - sum(term[0].expression for term in diagonal)) == 0
        assert (graph.count_of_ways(before) > 1) == (name in ("doubled", "two ways", "ways of stages"))
