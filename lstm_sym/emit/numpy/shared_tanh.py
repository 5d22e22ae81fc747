"""Neighbouring gates, a sigmoid and a tanh, as one call of tanh: in small cells calls are what costs."""

from __future__ import annotations

from itertools import pairwise

from lstm_sym.emit import nodes as n
from lstm_sym.emit.regions import RegionWriter
from lstm_sym.passes import Run
from lstm_sym.program.statements import Pointwise


def share_tanh(writer: RegionWriter) -> None:
    """Put one node in the place of two neighbouring statements of the loop, where the fast form can share a tanh."""
    loop = writer.regions.loop
    for runs in pairwise(writer.plan.schedule.loop):
        functions = [_function(run) for run in runs]
        targets = [_slots(writer, run) for run in runs]
        places = [k for k, node in enumerate(loop) if isinstance(node, n.Fill) and node.target == targets[0]]
        if set(functions) != {"sigmoid", "tanh"} or not _neighbours(writer, runs) or not places:
            continue
        first = min((run.parts[0].target for run in runs), key=lambda value: writer.place(value).slot)
        slots = writer.slots(first, sum(len(run.parts) for run in runs), in_loop=True)
        apart = tuple(loop[places[0] : places[0] + 2])
        loop[places[0] : places[0] + 2] = [n.SharedTanh(slots, targets[functions.index("sigmoid")], apart)]


def _function(run: Run) -> str:
    """The name of the function of one value that a run is, nothing for any other."""
    first = run.parts[0]
    if not isinstance(first, Pointwise) or not first.expression.args or not first.expression.args[0].is_Symbol:
        return ""
    return type(first.expression).__name__


def _slots(writer: RegionWriter, run: Run) -> n.Node:
    """The slots of a run as the loop reads them, nothing for one that has none."""
    first = run.parts[0].target
    return n.Name("") if writer.storage.place(first) is None else writer.slots(first, len(run.parts), in_loop=True)


def _neighbours(writer: RegionWriter, runs: tuple[Run, Run]) -> bool:
    """Whether two runs fill slots side by side, in an array that holds their pre-activations in the fast form."""
    spans = []
    for run in runs:
        first = run.parts[0]
        assert isinstance(first, Pointwise)
        source, target = (writer.storage.place(value) for value in (first.operands[0], first.target))
        if source is None or target is None or (source.group, source.slot) != (target.group, target.slot):
            return False
        read, filled = (writer.storage.row_home((place.group, place.row)).name for place in (source, target))
        if read != filled and writer.plan.aliases.get(read) != filled:
            return False
        spans.append((target.slot, target.slot + len(run.parts), filled))
    (low, middle, array), (start, _, other) = sorted(spans)
    return array == other and middle == start and low < start
