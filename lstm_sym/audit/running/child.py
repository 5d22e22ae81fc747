"""The process that runs a user's backward pass: `python -I child.py FOLDER PARENT`. NumPy is all that it needs.

It reads `request.json` and `cases.npz` from the folder, calls the function once for each case, and writes `answer`
there. In between, `stage` says what it is at, for whoever has to end it. A `Complaint` is about the function; anything
else that is raised is the user's own, and goes back with its traceback.

A file may replace whatever it finds in NumPy or in Python's library. So all that is read is read before it is loaded,
and what is used afterwards is bound here by name, or is a method of an array.
"""

from __future__ import annotations

import builtins
import contextlib
import dataclasses
import errno
import importlib.util
import inspect
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from json import JSONEncoder
from os import O_CREAT, O_TRUNC, O_WRONLY, _exit, close, getpid, write
from os import open as opened
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy import array, asarray, empty, float64, nan

BINARY = getattr(os, "O_BINARY", 0)
encode = JSONEncoder().encode
globals()["__builtins__"] = dict(
    vars(builtins)
)  # those of every function below, whatever a file makes of the shared ones

FILE_SIZE = 64 << 20
MEMORY = 8 << 30
APART = ("x", "dy")
"""What lies apart in memory in a case that is strided."""

DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux: the signal that a process gets when its parent ends."""

WATCHED = {"builtins": builtins, "json": json, "numpy": np, "numpy.linalg": np.linalg, "os": os}
"""Modules of which it is said what a file replaces in them."""

Arrays = dict[str, Any]
Request = dict[str, Any]


class Complaint(Exception):
    """What is wrong with the function or with what it returns; `facts` fill the sentence that the parent has for it."""

    def __init__(self, kind: str, **facts: Any) -> None:
        super().__init__(kind)
        self.kind, self.facts = kind, facts


class Named(dict[str, Any]):
    """A dict whose entries are attributes too: params["W_i"] is params.W_i."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def load(request: Request) -> Callable[..., Any]:
    """The function, from the user's file: its folder comes first on the path, as if it were run there."""
    path = Path(request["file"])
    sys.path[:0] = [str(path.parent)]
    sys.path += request["path"]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise Complaint("no module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    function = getattr(module, request["function"], None)
    if not callable(function):
        names = [n for n, v in vars(module).items() if inspect.isfunction(v) and v.__module__ == path.stem]
        raise Complaint("not callable" if hasattr(module, request["function"]) else "no function", names=names)
    return function  # type: ignore[no-any-return]


def sources(function: Callable[..., Any], request: Request) -> dict[str, str]:
    """Argument -> what it is given: of those it must have, and of those with a default that are known."""
    found: dict[str, str] = {}
    table = request["arguments"]
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise Complaint("positional", argument=name)
        if name in table:
            found[name] = table[name]
        elif parameter.default is parameter.empty:
            raise Complaint("unknown argument", argument=name)
    given = set(found.values())
    if not any(source == "dy" or source.startswith(("dstate", "carried")) for source in given):
        raise Complaint("no cotangent")
    return found


def in_case(arrays: Mapping[str, Any], case: int) -> Arrays:
    """The arrays of one case as they are named beside those of the others: "0/x", "0/params/W_i"."""
    return {f"{case}/{name}": value for name, value in arrays.items()}


def of_case(arrays: Mapping[str, Any], case: int) -> Arrays:
    """Those of one case among the arrays of all, by the names that they have by themselves."""
    start = f"{case}/"
    return {name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)}


class Caller:
    """Calls the function, over a whole sequence or step by step."""

    def __init__(self, function: Callable[..., Any], request: Request) -> None:
        self.function, self.request = function, request
        self.sources = sources(function, request)
        self.by_step = any(source.startswith("carried/") for source in self.sources.values())
        self.output = f"carried/{request['output']}"
        self.adds_cotangent = (
            self.by_step and "dy" not in self.sources.values() and self.output in self.sources.values()
        )
        self.changed: set[str] = set()
        self.ignored: set[str] = set()
        self.single: set[int] = set()
        self.case = 0

    def gradients(self, given: Arrays, case: int) -> Arrays:
        """All gradients of one case, by its number."""
        self.case = case
        return self.stepwise(given) if self.by_step else self.call(given)

    def stepwise(self, given: Arrays) -> Arrays:
        """The loop t = T-1 .. 0 around a function of one step: what it sends goes on, parameters' gradients add up.

        A function that does not take dy gets it with what arrives for the state that is the output.
        """
        states = self.request["states"]
        carried = {f"carried/{name}": given[f"dstate/{name}"] for name in states}
        totals: Arrays = {}
        inputs = []
        for t in reversed(range(given["dy"].shape[0])):
            here = {name: value[t] if name in self.request["timed"] else value for name, value in given.items()}
            if self.adds_cotangent:
                carried[self.output] = carried[self.output] + here["dy"]
            outputs = self.call(here | carried)
            missing = [name for name in states if f"{name}[0]" not in outputs]
            if missing:
                raise Complaint("nothing sent", states=missing)
            carried = {f"carried/{name}": outputs.pop(f"{name}[0]").astype(given["dy"].dtype) for name in states}
            inputs.append(outputs.pop("x", None))
            totals = {name: totals.get(name, 0) + value for name, value in outputs.items()}
        if all(value is not None for value in inputs):
            totals["x"] = array(inputs[::-1])
        return totals | {f"{name}[0]": carried[f"carried/{name}"] for name in states}

    def call(self, given: Arrays) -> Arrays:
        """One call, with copies of its own; what it changes of them is noted."""
        strided = self.request["strided"][self.case]
        copies = {name: apart(value) if strided and name in APART else value.copy() for name, value in given.items()}
        groups = {
            name: Named({key: copies[source] for key, source in members.items() if source in copies})
            for name, members in self.request["groups"].items()
        }
        sizes = {f"size/{name}": size for name, size in self.request["sizes"][self.case].items()}
        values = copies | groups | sizes
        result = self.function(**{name: values[source] for name, source in self.sources.items()})
        self.changed |= {name for name, value in given.items() if not same(copies[name], value)}
        return {name: self.array(name, value) for name, value in self.outputs(result).items()}

    def outputs(self, result: Any) -> Arrays:
        """What was returned, by our names."""
        order = self.request["order"]
        fields = mapping(result)
        if fields is not None:
            return self.known(list(flat(fields)))
        if not isinstance(result, list | tuple):
            if getattr(result, "ndim", 0) == 0:
                raise Complaint("wrong type", type=type(result).__name__)
            return {order[0]: result}
        inner = [fields for part in result if (fields := mapping(part)) is not None]
        rest = [part for part in result if mapping(part) is None]
        named = self.known([entry for fields in inner for entry in flat(fields)]) if inner else {}
        states, x = [f"{name}[0]" for name in self.request["states"]], [name for name in order if name == "x"]
        orders = [x, [*x, *states], states] if inner else [order, order[: len(order) - len(states)]]
        fitting = [names for names in orders if len(names) == len(rest)] or ([[]] if not rest else [])
        if not fitting:
            raise Complaint("wrong length", length=len(result))
        for name in fitting[0]:
            if name in named:
                raise Complaint("twice", output=name, entries=["an entry of a dict", "a part of the tuple"])
        return named | dict(zip(fitting[0], rest, strict=True))

    def known(self, fields: list[tuple[str, Any]]) -> Arrays:
        """Entries by our names; those of other names are noted, and none may be there twice."""
        table = self.request["outputs"]
        self.ignored |= {name for name, _ in fields if name not in table}
        found: Arrays = {}
        for name, value in fields:
            if name in table and table[name] in found:
                names = [other for other, _ in fields if table.get(other) == table[name]]
                raise Complaint("twice", output=table[name], entries=names)
            found |= {table[name]: value} if name in table else {}
        if not found:
            raise Complaint("no known output", names=sorted(name for name, _ in fields))
        return found

    def array(self, name: str, value: Any) -> Any:
        """An output as an array of doubles."""
        try:
            found = asarray(value)
        except ValueError:  # a list of arrays that make no array together
            raise Complaint("not numbers", output=name, type=type(value).__name__, dtype="several shapes") from None
        if found.dtype.kind not in "fiu":
            raise Complaint("not numbers", output=name, type=type(value).__name__, dtype=str(found.dtype))
        self.single |= {self.case} if found.dtype.kind == "f" and found.dtype.itemsize < 8 else set()
        return found.astype(float64)


def apart(value: Any) -> Any:
    """A copy of an array whose elements lie apart in memory, the first axis fastest, NaN between them."""
    whole = empty((*value.shape[::-1], 2), value.dtype)
    whole.fill(nan)
    view = whole[..., 0].T
    view[...] = value
    return view


def same(first: Any, second: Any) -> bool:
    """Whether two arrays hold the same numbers, NaN beside NaN too."""
    equal = (first == second) | ((first != first) & (second != second)) if first.shape == second.shape else None
    return equal is not None and bool(equal.all())


def mapping(value: Any) -> Mapping[str, Any] | None:
    """A dict, named tuple, dataclass or namespace as a dict; None for anything else."""
    if isinstance(value, Mapping):
        return {str(key): entry for key, entry in value.items()}
    if hasattr(value, "_asdict"):
        return dict(value._asdict())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return vars(value) if isinstance(value, SimpleNamespace) else None


def flat(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The entries of a dict and of the dicts in it."""
    for name, value in fields.items():
        inner = mapping(value)
        if inner is None:
            yield name, value
        else:
            yield from flat(inner)


def limit(seconds: float) -> None:
    """Bound processor time, memory and the size of files, where the system offers it."""
    try:
        import resource
    except ImportError:
        return
    limits = {"RLIMIT_CPU": int(seconds) + 5, "RLIMIT_FSIZE": FILE_SIZE, "RLIMIT_CORE": 0, "RLIMIT_AS": MEMORY}
    if hasattr(signal, "alarm"):
        signal.alarm(int(seconds) + 15)  # should nobody be left to end it
    for name, value in limits.items():
        which = getattr(resource, name, None)
        if which is None:
            continue
        hard = resource.getrlimit(which)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(which, (bound, hard))
        except (OSError, ValueError):  # a system that has the name but not the limit
            continue


def die_with(parent: int) -> None:
    """Have this process killed when its parent ends, where the system offers it; at once if it has ended already."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            _exit(1)


def put(path: str, data: bytes) -> None:
    """Write a file, by the system's own calls."""
    handle = opened(path, O_WRONLY | O_CREAT | O_TRUNC | BINARY, 0o600)
    try:
        while data:
            data = data[write(handle, data) :]
    finally:
        close(handle)


def packed(answer: dict[str, Any], outputs: Arrays) -> bytes:
    """The length of the head in 8 bytes, the head in JSON, which lists the arrays, and their doubles one by one."""
    listed = [[name, list(value.shape)] for name, value in outputs.items()]
    head = encode({**answer, "arrays": listed}).encode()
    return len(head).to_bytes(8, "little") + head + b"".join(v.astype("<f8").tobytes() for v in outputs.values())


def contents() -> dict[str, Any]:
    """What stands in the modules that are watched, by full name."""
    return {f"{name}.{key}": value for name, module in WATCHED.items() for key, value in vars(module).items()}


def run(folder: str, request: Request, arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """Call the function for every case, the first one twice; the rest of the answer, and the outputs."""
    stage = f"{folder}/stage"
    put(stage, b"loading its file")
    caller = Caller(load(request), request)
    outputs: Arrays = {}
    refused: list[list[Any]] = []

    def called(case: int) -> Arrays:
        return caller.gradients(of_case(arrays, case), case)

    for case, label in enumerate(request["labels"]):
        put(stage, f"computing sequence {case + 1} of {len(request['labels'])}{label}".encode())
        try:
            outputs |= in_case(called(case), case)
        except (TypeError, ValueError, AssertionError) as error:
            if not request["may_be_refused"][case]:
                raise
            refused.append([case, f"{type(error).__name__}: {error}"])
    again, first = called(0), of_case(outputs, 0)
    told = {
        "taken": sorted({*caller.sources.values(), *(["dy"] if caller.adds_cotangent else [])}),
        "by_step": caller.by_step,
        "changed": sorted(caller.changed),
        "ignored": sorted(caller.ignored),
        "single": sorted(caller.single),
        "refused": refused,
        "unstable": sorted(n for n, value in again.items() if n not in first or not same(value, first[n])),
    }
    return told, outputs


def own_traceback(error: BaseException) -> str:
    """The traceback from the user's first line on."""
    frames = traceback.extract_tb(error.__traceback__)
    here = {__file__, "<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>"}
    theirs = [frame for frame in frames if frame.filename not in here]
    return "".join([*traceback.format_list(theirs), *traceback.format_exception_only(error)])


def answered(folder: str, request: Request, arrays: Arrays) -> bytes:
    """The answer to the request, whatever the user's file does."""
    outputs: Arrays = {}
    before = contents()
    try:
        answer, outputs = run(folder, request, arrays)
    except Complaint as complaint:
        answer = {"complaint": complaint.kind, "facts": complaint.facts}
    except SystemExit as error:
        answer = {"complaint": "exit", "facts": {"code": str(error.code), "traceback": own_traceback(error)}}
    except BaseException as error:  # whatever a user's file may raise is told as theirs
        kind = "file size" if isinstance(error, OSError) and error.errno == errno.EFBIG else "raised"
        answer = {"complaint": kind, "facts": {"limit": FILE_SIZE >> 20, "traceback": own_traceback(error)}}
    after = contents()
    replaced = sorted(name for name, value in before.items() if callable(value) and after.get(name) is not value)
    return packed({**answer, "replaced": replaced}, outputs)


def main(folder: str, parent: int) -> None:
    """Answer the request in this folder. A process that the file split off by a fork says nothing."""
    die_with(parent)
    request = json.loads(Path(folder, "request.json").read_text(encoding="utf-8"))
    with np.load(Path(folder, "cases.npz"), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    limit(request["timeout"])
    own = getpid()
    try:
        answer = answered(folder, request, arrays)
        if getpid() == own:
            put(f"{folder}/answer", answer)
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
    except BaseException as error:  # too much was printed, or what answers was replaced: then there is no answer
        write(2, repr(error).encode("utf-8", "replace"))
    finally:
        _exit(0)  # no thread and no handler that the file left behind is waited for


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
