"""Reads `request.json` and `cases.npz` in a folder, calls the function once for each case, and writes `answer` there.

In between, `stage` says what it is at, for whoever has to end it. A `Complaint` is about the function; anything else
that is raised is the user's own, and goes back with its traceback.
"""

from __future__ import annotations

import builtins
import errno
import json
import os
import sys
import traceback
from json import JSONEncoder
from os import O_CREAT, O_TRUNC, O_WRONLY, _exit, close, getpid, write
from os import open as opened
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from . import OWN_BUILTINS, ROOM
from .calling import AS_EQUATIONS, Caller
from .limits import FILE_SIZE, die_with, limit
from .loading import function_of, load
from .targets import Described, Documented, Target
from .tracing import Tracer
from .values import Arrays, Complaint, Request, in_case, of_case, same

globals()["__builtins__"] = OWN_BUILTINS

BINARY = getattr(os, "O_BINARY", 0)
encode = JSONEncoder().encode

WATCHED = {"builtins": builtins, "json": json, "numpy": np, "numpy.linalg": np.linalg, "os": os}
"""Modules of which it is said what a file replaces in them."""


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
    target = loaded(request)
    if request["trial"]:
        put(stage, b"being tried in several arrangements")
        return tried(target, request, of_case(arrays, 0))
    caller = Caller(target, request, request["arrangement"] or AS_EQUATIONS)
    if request["trace"]:
        put(stage, b"tracing its lines")
        tracer = traced(caller, request, of_case(arrays, 0))
        return {**told(caller), "places": tracer.places}, {f"{k}": found for k, found in enumerate(tracer.arrays)}
    outputs: Arrays = {}
    refused: list[list[Any]] = []
    for case, label in enumerate(request["labels"]):
        put(stage, f"computing sequence {case + 1} of {len(request['labels'])}{label}".encode())
        try:
            outputs |= in_case(caller.gradients(of_case(arrays, case), case), case)
        except (TypeError, ValueError, AssertionError) as error:
            if not request["may_be_refused"][case]:
                raise
            refused.append([case, f"{type(error).__name__}: {error}"])
    again, first = caller.gradients(of_case(arrays, 0), 0), of_case(outputs, 0)
    unstable = sorted(n for n, value in again.items() if n not in first or not same(value, first[n]))
    return {**told(caller), "refused": refused, "unstable": unstable}, outputs


def loaded(request: Request) -> Target:
    """What is to be called: a function by the names of its arguments, or what an interface describes."""
    module = load(request)
    if request["interface"]:
        return Described(module, request["interface"])
    return Documented(function_of(module, request["function"]), request)


def told(caller: Caller) -> dict[str, Any]:
    """What was noticed in the calls."""
    return {
        "taken": sorted({*caller.target.sources, *(["dy"] if caller.adds_cotangent else [])}),
        "by_step": caller.target.by == "step",
        "changed": sorted(caller.changed),
        "ignored": sorted(caller.target.ignored),
        "left": sorted(caller.target.left),
        "spelled": caller.target.spelled,
        "single": sorted(caller.single),
        "read": sorted(caller.read),
        "stacked": sorted(caller.stacked),
        "refused": [],
        "complaints": [],
        "unstable": [],
        "places": [],
    }


def tried(target: Target, request: Request, given: Arrays) -> tuple[dict[str, Any], Arrays]:
    """The first case in one arrangement after the other, as long as there is time; why those failed that did.

    Arrangements that differ in what no shape shows, the order of gates say, are of one kind: where the first of a kind
    fails, the others do.
    """
    outputs: Arrays = {}
    refused: list[list[Any]] = []
    complaints: list[list[Any]] = []
    until = monotonic() + request["trial_seconds"]
    caller = Caller(target, request)
    for kind in request["trial"]["kinds"]:
        for offset, packs in enumerate(kind["packs"]):
            place = kind["first"] + offset
            caller = Caller(target, request, {**kind, "packs": request["trial"]["packs"][packs]})
            try:
                outputs |= in_case(caller.gradients(given, 0), place)
            except Exception as error:
                if isinstance(error, Complaint):
                    complaints.append([error.kind, error.facts])
                else:
                    refused.append([place, own_traceback(error)])
                if not offset:
                    break
            if monotonic() > until:
                return {**told(caller), "refused": refused, "complaints": complaints}, outputs
    return {**told(caller), "refused": refused, "complaints": complaints}, outputs


def traced(caller: Caller, request: Request, given: Arrays) -> Tracer:
    """One call, with all that the lines of the user's files assign in it."""
    tracer = Tracer(os.path.dirname(request["file"]))
    tracer.start()
    try:
        caller.gradients(given, 0)
    finally:
        tracer.stop()
    return tracer


def own_traceback(error: BaseException) -> str:
    """The traceback from the user's first line on."""
    frames = traceback.extract_tb(error.__traceback__)
    here = {"<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>"}
    theirs = [f for f in frames if f.filename not in here and os.path.dirname(f.filename) != ROOM]
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
