"""What a function returns beside gradients, under a name that could be one's: the last state for the next call, say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from lstm_sym.audit.interface.convention import Convention, Recognised
from lstm_sym.audit.interface.description import Names
from lstm_sym.audit.running.child.results import is_gradient
from lstm_sym.audit.sequences.cases import ForwardPass
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.interpreter.over_time import Named


def handed_back(
    convention: Convention,
    spelled: Mapping[str, str],
    found: Sequence[Named],
    asked: Sequence[ForwardPass],
    bars: Sequence[float],
) -> dict[str, Recognised]:
    """The outputs that are no gradients, each with the sentence on it: by its name none, by its numbers a quantity of
    the first or the last step in every sequence, up to the relative error in `bars`. spelled: output -> the key of a
    dict under which it came.
    """
    interface = convention.interface
    returned = [(name, output) for output, name in spelled.items()]
    if interface is not None:
        returned += [(name, interface.outputs.get(name, "")) for name in flat(interface.backward.returns)]
    gradients = {output for name, output in returned if is_gradient(name)}
    said = {}
    for name, output in returned:
        if output in gradients or not all(output in one for one in found):
            continue
        rows = zip(found, asked, bars, strict=True)
        quantities = set.intersection(*(_equal(one[output], sequence, bar) for one, sequence, bar in rows))
        if quantities:
            said[output] = Recognised("audit.handed_back", {"name": name, "quantity": min(quantities)})
    return said


def flat(returned: Names) -> Iterator[str]:
    """The names returned, those in tuples too."""
    for name in returned:
        if isinstance(name, tuple):
            yield from flat(name)
        else:
            yield str(name)


def _equal(value: Array, sequence: ForwardPass, bar: float) -> set[str]:
    """The quantities that an array is at the first or the last step: "h[t]"."""
    steps = (sequence.steps[0], sequence.steps[-1])
    return {
        str(one) for step in steps for one, array in step.items() if one.time is not None and _is(value, array, bar)
    }


def _is(value: Array, array: Array, bar: float) -> bool:
    if value.size != array.size:
        return False
    return bool(np.abs(value.reshape(array.shape) - array).max() <= bar * np.abs(array).max())
