"""What the lines of a user's file assign while its backward pass runs: once more in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_sym.audit.running.process import Notice, call
from lstm_sym.interpreter.evaluation import Array


@dataclass(frozen=True)
class Assigned:
    """A number or an array that a line assigned or returned, or that is there when a function begins.

    file: the name of the file, without its folder; line: where the target stands, of an entry of a literal dict that of
    the key, 0 of what no line assigned: arguments, globals, and an array of which an entry was assigned; function: the
    name of the function whose frame it was; name: as written, `grads[f"W_{k}"]`, "return[2]" of what is returned third;
    place: the same with its indices worked out, `grads['W_i']`; count: how often this line had assigned this name, from
    1 on; call: the number of the call of the function; value: as it was right after the line, so that of an update in
    place it is the sum so far.
    """

    file: str
    line: int
    function: str
    name: str
    place: str
    count: int
    call: int
    value: Array


def trace(
    file: Path,
    function: str,
    request: Mapping[str, Any],
    arrays: Mapping[str, Array],
    timeout: float,
    notice: Notice = lambda stage, seconds: None,
) -> tuple[Assigned, ...]:
    """Every assignment of a number, an array or an entry of either in the user's file, in the order of time.

    request and arrays: as `call` takes them, of one short sequence: `request(derivation, [sequence])`. Files of the
    same folder count too. Bounded: after 20,000 assignments or 1,000,000 numbers no further ones are recorded. Raises
    AuditError as `call` does.
    """
    answer = call(file, function, {**request, "trace": True}, arrays, timeout, notice)
    pairs = zip(answer.places, answer.outputs.values(), strict=True)
    return tuple(Assigned(*place, value) for place, value in pairs)
