"""Layout and schedule: a replay of every run finds each value defined before it is read, and nothing left out."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from derivation.random_cells import random_cell

import lstm_sym as ls
from lstm_sym.derivation import jvp, vjp
from lstm_sym.passes import Piece, Run, Schedule, fast, lay_out, precise, prune, save_set, schedule
from lstm_sym.program import Accumulate, Affine, Value, lower

CELLS = [ls.cell(name) for name in ls.names()] + [
    random_cell(Random(seed), plain=seed % 2 == 0).parse() for seed in range(700, 715)
]
every_cell = pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.text.replace("\n", "; ")[:60])


def schedules(cell: ls.Cell) -> list[Schedule]:
    """All programs of a kernel, scheduled as the kernel has them."""
    forward = prune(lower(cell))
    layout, reverse, tangent = lay_out(forward), prune(vjp(forward)), prune(jvp(forward))
    plans = []
    for exact in (False, True):
        ahead = precise(forward, forward) if exact else forward
        back = prune(precise(reverse, forward) if exact else fast(reverse))
        plans += [schedule(ahead, layout, frozenset(save_set(ahead, back))), schedule(back, layout)]
    return [*plans, schedule(prune(precise(tangent, forward)), layout)]


def reads(part) -> list[Value]:
    terms = part.terms if isinstance(part, Piece) else [part]
    return [value for term in terms for value in term.reads()]


def complaints(plan: Schedule) -> list[str]:
    """Everything that reads a value which is not complete where it is read, or not there any more."""
    program = plan.program
    carried = {carry.incoming for carry in program.carries}
    whole = {*program.inputs, *program.parameters, *program.constants}
    regions = {"before": plan.before, "loop": plan.loop, "after": plan.after}
    open_pieces = Counter(part.target for runs in regions.values() for run in runs for part in run.parts)
    known, found = set(whole), []
    for name, runs in regions.items():
        known = known | carried if name != "before" else known
        for run in runs:
            for part in run.parts:
                found += [f"{name}: {part.target} reads {v}" for v in reads(part) if v not in known]
                if name == "after" and program.direction < 0:
                    passing = [v for v in reads(part) if v in carried]
                    found += [f"after: {part.target} reads {v} of the last step alone" for v in passing]
            for part in run.parts:
                open_pieces[part.target] -= 1
                if not open_pieces[part.target]:
                    known.add(part.target)
    return found


@every_cell
def test_every_value_is_complete_before_it_is_read(cell):
    for plan in schedules(cell):
        assert complaints(plan) == []


@every_cell
def test_every_statement_is_scheduled_once_with_all_of_its_terms(cell):
    for plan in schedules(cell):
        parts = [part for runs in (plan.before, plan.loop, plan.after) for run in runs for part in run.parts]
        pieces = [part for part in parts if isinstance(part, Piece)]
        whole = [part for part in parts if not isinstance(part, Piece)]
        cut = {piece.statement.target: piece.statement for piece in pieces}
        assert {s.target: s for s in whole} | cut == {s.target: s for s in plan.program.statements}
        assert len(whole) + len(cut) == len(plan.program.statements)
        for target, statement in cut.items():
            terms = [term for piece in pieces if piece.target == target for term in piece.terms]
            assert Counter(terms) == Counter(statement.terms)


@every_cell
def test_the_first_piece_to_reach_a_slot_and_no_other_assigns_it(cell):
    for plan in schedules(cell):
        seen: set[Value] = set()
        for part in (part for runs in (plan.before, plan.loop, plan.after) for run in runs for part in run.parts):
            if isinstance(part, Piece):
                assert part.first == (part.target not in seen)
                seen.add(part.target)


@every_cell
def test_a_run_is_of_neighbouring_slots_of_one_row(cell):
    for plan in schedules(cell):
        for run in (run for runs in (plan.before, plan.loop, plan.after) for run in runs):
            if len(run.parts) > 1:
                places = [plan.layout.place(part.target) for part in run.parts]
                assert len({(place.group, place.row) for place in places}) == 1
                assert [p.slot for p in places] == list(range(places[0].slot, places[0].slot + len(places)))
                assert len({type(part) for part in run.parts}) == 1


@every_cell
def test_what_comes_after_the_loop_feeds_no_step(cell):
    for plan in schedules(cell):
        late = {part.target for run in plan.after for part in run.parts}
        assert not late & {carry.outgoing for carry in plan.program.carries if plan.program.direction < 0}
        assert not any(late & set(reads(part)) for run in plan.loop for part in run.parts)
        assert {s.target for s in plan.program.statements if isinstance(s, Accumulate)} <= late


def test_what_one_step_sends_back_to_the_next_is_computed_in_the_loop():
    cell = ls.parse("r[t] = V @ x[t]\nq[t] = tanh(r[t-1]) + W @ x[t]")
    for plan in schedules(cell):
        if plan.program.direction < 0:
            looped = {part.target for run in plan.loop for part in run.parts}
            assert {carry.outgoing for carry in plan.program.carries} <= looped


def test_the_checker_of_schedules_notices_what_it_is_there_for():
    plan = schedules(ls.cell("lstm"))[0]
    assert complaints(Schedule(plan.program, plan.layout, plan.loop, plan.before, (), plan.stored, plan.kept))
    backwards = tuple(reversed(plan.loop))
    assert complaints(Schedule(plan.program, plan.layout, plan.before, backwards, (), plan.stored, plan.kept))
    assert complaints(
        Schedule(plan.program, plan.layout, plan.before, (plan.loop[0], *plan.loop[2:]), (), plan.stored, plan.kept)
    )


# The layout of the catalogue.

GROUPS = {
    "rnn": [("a_h",)],
    "lstm": [("a_i", "a_f", "a_o", "a_g")],
    "lstm_peephole": [("a_i", "a_f", "a_g", "a_o")],
    "gru": [("a_r", "a_z", "a_n")],
}


@pytest.mark.parametrize("name", GROUPS)
def test_gates_stand_in_the_order_in_which_they_can_be_computed_sigmoids_together(name):
    assert [group.members for group in lay_out(lower(ls.cell(name))).groups] == GROUPS[name]


@every_cell
def test_a_slot_holds_one_pre_activation_and_everything_derived_of_it(cell):
    forward = lower(cell)
    layout = lay_out(forward)
    members = [name for group in layout.groups for name in group.members]
    assert len(members) == len(set(members))
    taken: set[tuple] = set()
    for value in forward.values():
        place = layout.place(value)
        if place is not None:
            key = (place.group, place.slot, place.row)
            assert key not in taken
            taken.add(key)


def test_what_was_derived_of_a_gate_keeps_its_slot():
    forward = lower(ls.cell("lstm"))
    layout = lay_out(forward)
    backward = vjp(forward)
    for gate, slot in {"i": 0, "f": 1, "o": 2, "g": 3}.items():
        names = (f"d_{gate}", f"{gate}_slope", f"d_a_{gate}")
        assert {layout.place(backward.statement(name).target).slot for name in names} == {slot}


def products(runs: tuple[Run, ...]) -> list[int]:
    """How many slots each product covers."""
    found = []
    for run in runs:
        first = run.parts[0]
        if (isinstance(first, Piece) and first.terms[0].is_product) or isinstance(first, Affine):
            found.append(len(run.parts))
    return found


@pytest.mark.parametrize(
    ("name", "before", "loop"), [("lstm", [4], [4]), ("lstm_peephole", [4], [4]), ("gru", [3], [2, 1])]
)
def test_gates_that_share_an_operand_are_one_product_and_input_products_leave_the_loop(name, before, loop):
    forward = lower(ls.cell(name))
    plan = schedule(forward, lay_out(forward))
    assert products(plan.before) == before and products(plan.loop) == loop
