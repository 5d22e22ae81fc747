"""What a pickle of PyTorch says, read as data: nothing is imported or called but what stands in `tensors.py`.

A pickle is a program for a small machine with a stack. Python's own runs whatever function the file names. This one
knows the few steps that a dictionary of tensors needs, and a name in it is a text that is compared with a few others.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.tensors import CALLS, Name, Storage, is_known, refused, storage, unknown

MOST_STEPS = 1_000_000
MOST_BYTES = 64 * 2**20
"""Of one pickle. The numbers of tensors lie outside it."""
_PUSHED = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_PASSED = {"PROTO", "FRAME", "STOP"}
_OPCODES = {opcode.code.encode("latin-1"): opcode for opcode in pickletools.opcodes}


class Pickled(NamedTuple):
    """What a pickle holds: dictionaries, lists, tuples, text, numbers and `Tensor`; and the storages it refers to."""

    value: object
    storages: dict[str, Storage]


def read_pickle(stream: BinaryIO, where: str, most_steps: int = MOST_STEPS) -> Pickled:
    """What the next pickle of a stream holds.

    A key of a dictionary is read as text: to compare or hash others may be made to take for ever.

    Raises InteropError: a name of anything but tensors, so a whole model or code; a step that a dictionary of tensors
    does not need; arguments that are not those of tensors; a pickle that is damaged, too long or of too many steps.
    """
    machine, start = _Machine(where), stream.tell()
    try:
        for name, argument in _program(stream, where, most_steps):
            if stream.tell() - start > MOST_BYTES:
                raise refused(where, f"a pickle of more than {MOST_BYTES:,} bytes")
            machine.step(name, argument)
        return Pickled(machine.result(), machine.storages)
    except InteropError:
        raise
    except (ValueError, LookupError, TypeError, OverflowError) as error:
        missing = "it uses what it did not put down before"
        raise InteropError(
            f"{where}, byte {stream.tell() - start} of its pickle",
            f"the pickle is damaged: {missing if isinstance(error, LookupError) else str(error)[:200]}",
            "a download or a copy that was interrupted",
            "fetch or save it again",
        ) from error


def _program(stream: BinaryIO, where: str, most_steps: int) -> Iterator[tuple[str, object]]:
    """Name and argument of every step up to the end; an argument is read where the step is a known one."""
    for _ in range(most_steps):
        code = stream.read(1)
        if code not in _OPCODES:
            raise ValueError(f"no step begins with {code!r}" if code else "it ends too early")
        opcode = _OPCODES[code]
        if opcode.name not in _KNOWN:
            raise refused(where, f"its pickle has the step {opcode.name}, which no dictionary of tensors needs")
        if opcode.name == "GLOBAL":
            yield opcode.name, (_line(stream), _line(stream))
        else:
            yield opcode.name, opcode.arg.reader(stream) if opcode.arg else None
        if opcode.name == "STOP":
            return
    raise refused(where, f"a pickle of more than {most_steps:,} steps")


def _line(stream: BinaryIO) -> str:
    """Module or name of a step GLOBAL, without the end of its line."""
    return stream.readline().decode("utf-8").removesuffix("\n")


@dataclass
class _Machine:
    """The stack, what lies below each mark, and what is kept to be used again."""

    where: str
    stack: list[object] = field(default_factory=list)
    below: list[list[object]] = field(default_factory=list)
    kept: dict[object, object] = field(default_factory=dict)
    storages: dict[str, Storage] = field(default_factory=dict)

    def step(self, name: str, argument: object) -> None:
        """One step of the file's program."""
        if name in _PUSHED:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _TUPLES:
            self.stack.append(tuple(self.popped(_TUPLES[name])))
        elif name in _STEPS:
            _STEPS[name](self, argument)

    def push(self, value: object) -> None:
        """On top of the stack, as it is by now."""
        self.stack.append(value)

    def popped(self, count: int) -> list[object]:
        """The last so many of the stack, taken from it."""
        if count > len(self.stack):
            raise IndexError("it takes more from its stack than lies there")
        split = len(self.stack) - count
        taken, self.stack[split:] = self.stack[split:], []
        return taken

    def mark(self) -> None:
        """What follows belongs together."""
        self.below.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[object]:
        """What lies above the last mark, taken from the stack with it."""
        taken, self.stack = self.stack, self.below.pop()
        return taken

    def keep(self, key: object) -> None:
        """Remember the last of the stack."""
        self.kept[key] = self.stack[-1]

    def extend(self, values: list[object]) -> None:
        """Into the list below them."""
        found = self.stack[-1]
        if not isinstance(found, list):
            raise TypeError("it appends to what is no list")
        found += values

    def fill(self, values: list[object]) -> None:
        """Into the dictionary below them."""
        found = self.stack[-1]
        if not isinstance(found, dict):
            raise TypeError("it sets entries of what is no dictionary")
        for key, value in zip(values[::2], values[1::2], strict=True):
            if not isinstance(key, str | int | float | None):
                raise refused(self.where, "a dictionary in it has a key that is neither text nor a number")
            if str(key) in found:
                raise ValueError(f"a dictionary has the key {str(key)[:80]!r} twice")
            found[str(key)] = value

    def name(self, words: object) -> None:
        """Module and name are known ones, or the file is refused."""
        text = isinstance(words, tuple) and all(isinstance(word, str) for word in words)
        dotted = ".".join(words) if isinstance(words, tuple) and text else "a name that is no text"
        if not is_known(dotted):
            raise unknown(dotted, self.where)
        self.stack.append(Name(dotted))

    def call(self) -> None:
        """What is called is one of our own functions."""
        name, arguments = self.popped(2)
        if not isinstance(name, Name) or name.dotted not in CALLS or not isinstance(arguments, tuple):
            raise refused(self.where, "it calls what is no function that makes tensors")
        self.stack.append(CALLS[name.dotted](arguments, self.where))

    def refer(self) -> None:
        """To a storage, under its key; every time to the same."""
        (reference,) = self.popped(1)
        found = storage(reference, self.where)
        if self.storages.setdefault(found.key, found) != found:
            raise ValueError(f"two storages have the key {found.key[:80]!r}")
        self.stack.append(found)

    def set_attributes(self) -> None:
        """Attributes of a dictionary (versions of layers) are dropped; nothing else has any."""
        found, _ = self.popped(2)
        if not isinstance(found, dict):
            raise refused(self.where, "it sets attributes of what is no dictionary")
        self.stack.append(found)

    def result(self) -> object:
        """What is left at the end."""
        if len(self.stack) != 1 or self.below:
            raise ValueError("it does not end with one value")
        return self.stack[0]


_STEPS: dict[str, Callable[[_Machine, object], object]] = {
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "MARK": lambda machine, _: machine.mark(),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.since_mark())),
    "APPEND": lambda machine, _: machine.extend(machine.popped(1)),
    "APPENDS": lambda machine, _: machine.extend(machine.since_mark()),
    "SETITEM": lambda machine, _: machine.fill(machine.popped(2)),
    "SETITEMS": lambda machine, _: machine.fill(machine.since_mark()),
    "BINPUT": lambda machine, key: machine.keep(key),
    "LONG_BINPUT": lambda machine, key: machine.keep(key),
    "MEMOIZE": lambda machine, _: machine.keep(len(machine.kept)),
    "BINGET": lambda machine, key: machine.stack.append(machine.kept[key]),
    "LONG_BINGET": lambda machine, key: machine.stack.append(machine.kept[key]),
    "GLOBAL": lambda machine, words: machine.name(words),
    "STACK_GLOBAL": lambda machine, _: machine.name(tuple(machine.popped(2))),
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.set_attributes(),
    "BINPERSID": lambda machine, _: machine.refer(),
}
"""Step -> what it does, beside those that push a value."""
_KNOWN = frozenset({*_PUSHED, *_CONSTANTS, *_TUPLES, *_STEPS, *_PASSED})
