"""The gradient of [h, x] cut in the wrong place: dx and dh that are other columns of it than they should be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lstm_sym.audit.interface.convention import Convention, Recognised
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.interpreter.over_time import Named

NEAR = 1e-6
"""Relative error up to which columns are the same."""


def wrong_cuts(convention: Convention, found: Sequence[Named], right: Sequence[Named]) -> tuple[Recognised, ...]:
    """What is cut in the wrong place, a sentence each, as one step shows it: there it is all that is wrong with it."""
    interface, arrangement = convention.interface, convention.arrangement
    packs = interface.packs[arrangement.reading].values() if interface else ()
    output = f"{convention.derivation.cell.output}[0]"
    if not any(pack.is_joined for pack in packs):
        return ()
    for outputs, expected in zip(found, right, strict=True):
        if output not in expected or len(expected["x"]) != 1 or expected["x"].shape[2] == expected[output].shape[1]:
            continue
        if not expected["x"].any():
            continue
        parts = {"x": expected["x"][0], "h": expected[output]}
        order = [kind for kind in arrangement.joined if kind in parts]
        given = {"x": outputs["x"][0] if "x" in outputs else None, "h": outputs.get(output)}
        return tuple(_cuts(given, parts, order, ", ".join(arrangement.joined)))
    return ()


def _cuts(given: dict[str, Array | None], parts: Named, order: list[str], said: str) -> Iterator[Recognised]:
    whole = np.concatenate([parts[kind] for kind in order], axis=1)
    named = {0: "0", parts["x"].shape[1]: "D", parts["h"].shape[1]: "H"}
    for kind, value in given.items():
        width = parts[kind].shape[1]
        begins = 0 if kind == order[0] else whole.shape[1] - width
        if value is None or value.shape != parts[kind].shape:
            continue
        starts = [s for s in range(whole.shape[1] - width + 1) if _is(value, whole[:, s : s + width])]
        if starts and begins not in starts:
            facts = {"name": f"d{kind}", "order": said, "start": named.get(starts[0], str(starts[0]))}
            yield Recognised("audit.cut", {**facts, "right": named[begins]})


def _is(one: Array, other: Array) -> bool:
    return bool(np.abs(one - other).max() <= NEAR * np.abs(other).max() and other.any())
