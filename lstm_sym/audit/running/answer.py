"""The answer of the process that ran a user's function: read with care, for a user's file may have spoilt it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym.interpreter.evaluation import Array

Place = tuple[str, int, str, str, str, int, int]
"""File, line, function, name as written, the same with its indices worked out, how often so far, number of the call."""


@dataclass(frozen=True)
class Answer:
    """What came back.

    outputs: "case/name" -> array, as it was returned; taken: what the function asked for ("dy", "params",
    "dstate/h"); by_step: it was called step by step; changed: arguments it wrote into; ignored: entries of other
    names; spelled: output -> the name under which it came, if any; unstable: outputs that differ when the same is
    asked again; left: arrays of an object that are as its constructor made them; single: the cases in which float32
    came back; refused: those of a type or a layout that it refused -> its error; complaints: in a trial, what was
    wrong with what it returned; stacked: outputs that came as lists of arrays; replaced: names of NumPy and of
    Python's library that the file has replaced; printed: the end of what it printed; read: entries of dicts that it
    read, "tape/h_prev"; places: of a trace, where the arrays among the outputs were assigned.
    """

    outputs: dict[str, Array]
    taken: frozenset[str]
    by_step: bool
    changed: tuple[str, ...]
    ignored: tuple[str, ...]
    spelled: dict[str, str]
    unstable: tuple[str, ...]
    left: tuple[str, ...]
    single: tuple[int, ...]
    refused: dict[int, str]
    complaints: tuple[tuple[str, dict[str, Any]], ...]
    stacked: tuple[str, ...]
    replaced: tuple[str, ...]
    printed: str
    read: frozenset[str]
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Complained:
    """A complaint about the function instead: its kind, and what fills its sentence."""

    kind: str
    facts: dict[str, Any]
    replaced: tuple[str, ...]


def read_answer(data: bytes, printed: str) -> Answer | Complained:
    """What the child process wrote. Raises ValueError for anything else."""
    try:
        head, outputs = _unpacked(data)
        replaced = _names(head["replaced"])
        if "complaint" in head:
            return Complained(head["complaint"], dict(head["facts"]), replaced)
        return Answer(
            outputs=outputs,
            taken=frozenset(_names(head["taken"])),
            by_step=bool(head["by_step"]),
            changed=_names(head["changed"]),
            ignored=_names(head["ignored"]),
            spelled={str(output): str(name) for output, name in dict(head["spelled"]).items()},
            unstable=_names(head["unstable"]),
            left=_names(head["left"]),
            single=tuple(map(int, head["single"])),
            refused={int(case): str(error) for case, error in head["refused"]},
            complaints=tuple((str(kind), dict(facts)) for kind, facts in head["complaints"]),
            stacked=_names(head["stacked"]),
            replaced=replaced,
            printed=printed,
            read=frozenset(_names(head["read"])),
            places=tuple(_place(row) for row in head["places"]),
        )
    except (TypeError, KeyError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _unpacked(data: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    start = 8 + int.from_bytes(data[:8], "little")
    head = json.loads(data[8:start])
    outputs: dict[str, Array] = {}
    for name, shape in head["arrays"]:
        count = math.prod(shape)
        outputs[name] = np.frombuffer(data, "<f8", count, start).reshape(shape).copy()
        start += 8 * count
    if start != len(data):
        raise ValueError("more or less than what it lists")
    return head, outputs


def _names(found: Any) -> tuple[str, ...]:
    return tuple(str(name) for name in found)


def _place(row: Any) -> Place:
    file, line, function, name, place, count, call = row
    return str(file), int(line), str(function), str(name), str(place), int(count), int(call)
