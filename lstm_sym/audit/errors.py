"""What a user's function or file did wrong, in words: what happened, why that usually happens, how to fix it."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lstm_sym.ground.refusal import Refusal
from lstm_sym.ground.safe_text import printable_lines


class AuditError(Refusal):
    """A backward pass that cannot be audited: it could not be run, or what it returned cannot be read."""

    kind = ""
    """The kind of complaint about the function that it is, one of those of SENTENCES."""

    def shown(self, part: str) -> str:
        """A part of the message; one may hold a traceback, in lines."""
        return printable_lines(part)


SLICES = (
    "the gradient of [h, x], or of [x, h], cut in the wrong place: D numbers where H belong, or H where D belong",
    "cut it as it was joined: of [h, x] dh = d[:, :H], dx = d[:, H:]; of [x, h] dx = d[:, :D], dh = d[:, D:]",
)
"""Why the gradient of the input has the width of a state, or the other way round, and how to mend it."""

RAISED = {
    "No module named": (
        "it runs in {python}, which has not that module",
        "install it there, or audit with the lstm-sym of the environment in which your file runs",
    ),
    "null bytes": ("a file that is no text", "name the .py file itself"),
    "SyntaxError": ("a line that Python cannot read, often the one before", "mend it; python -m py_compile {file}"),
    "IndentationError": ("tabs beside spaces, or a line moved", "mend it; python -m py_compile {file}"),
    "NotImplementedError": ("a part that is still to be written", "write it, or audit another function"),
    "": (
        "an error of the function's own, or arrays that lie otherwise than it wants them",
        "run it by itself once; if it wants them otherwise, have an adapter written with --init",
    ),
}
"""What the error that a function raised has in its last line -> why that usually happens, how to mend it."""

SENTENCES = {
    "raised": ("{place} failed; this is its own traceback:\n{traceback}", "{why}", "{mend}"),
    "file size": (
        "{place} printed or wrote more than {limit} MiB, the most that a file may hold here:\n{traceback}",
        "arrays printed at every step",
        "print less, or nothing at all",
    ),
    "exit": (
        "{place} ended its process with exit code {code}:\n{traceback}",
        "sys.exit() or exit() at the end of a script",
        "put what is to run as a script under `if __name__ == '__main__':`",
    ),
    "no module": ("{file}: not a Python file", "a file without the ending .py", "name a .py file"),
    "no function": (
        "{file} has no function {function}",
        "another name, or a method of a class",
        "{hint}write FILE:FUNCTION; the functions that it has: {names}",
    ),
    "not callable": ("{file}: {function} is no function", "a variable of that name", "{hint}it has {names}"),
    "unknown argument": (
        "{place} has an argument {argument} that is not known here",
        "arguments are given by name, and each name has one meaning",
        "{hint}give it a default, or one of these names: {arguments}; or have an adapter written with --init",
    ),
    "unknown elsewhere": (
        "{place} needs {of}, which has an argument {argument} that is not known here",
        "arguments are given by name, and each name has one meaning; one with a default may have any name",
        "{hint}give {argument} a default, or call it what it is: {arguments}; or have an adapter written with --init, "
        "and fill in there what {argument} is",
    ),
    "positional": (
        "{place} takes {argument} by its position alone",
        "a / in the list of arguments",
        "arguments are given by name: leave the / out",
    ),
    "no cotangent": (
        "{place} takes no cotangent: of what should it give the gradients?",
        "another name for dL/dy",
        "add an argument dy (T, B, H); for one step at a time dh_next and the like",
    ),
    "wrong type": (
        "{place} returned {type}, and gradients were expected",
        "a missing return statement, or a loss returned instead",
        "return a dict of arrays, or a tuple in the order {order}",
    ),
    "wrong length": (
        "{place} returned {length} values, where {count} were expected",
        "a gradient forgotten, or an order of its own",
        "return a dict of arrays, or a tuple in the order {order}; initial states may be left out",
    ),
    "no known output": (
        "{place} returned {names}, none of which is a name of the cell",
        "the weights of several gates in one array, or names of its own",
        "return {order}; dW, d_W and grad_W are taken for W",
    ),
    "returned otherwise": (
        "{place} returned {length} values, and its return statement has {names}",
        "several return statements, or a tuple made elsewhere",
        "return the gradients by name in one return statement, or as a dict; of each step as a list for each name",
    ),
    "not filled": (
        "{place}: an object of the class {owner} has no parameters under a name that is known; it has {names}",
        "names of its own, or weights that are kept in a list or made when it is first called",
        "name the arrays in the text of the class, as Wx, Wh and b or W_f, U_f and b_f, say, or keys of a dict of such "
        "names; or have an adapter written with --init",
    ),
    "made inside": (
        "{place} takes no cotangent and gives functions that are made inside: {names}",
        "a closure: what is inside is not reached by a name of the file",
        "add a function that makes them and calls them: def backward(x, dy, params, ...), which returns the gradients",
    ),
    "twice": (
        "{place} returned {output} more than once: as {entries}",
        "weights returned beside their gradients, or a gradient under two names",
        "return each gradient once, and nothing else under a name of the cell",
    ),
    "nothing sent": (
        "{place} works step by step and does not return what it sends to the step before: {states}",
        "a state forgotten",
        "return dh_prev for the state h, and so on for each state",
    ),
    "not numbers": (
        "{place} returned for {output} {type} ({dtype}), not an array of real numbers",
        "None left in a dict, a list of arrays of several shapes, or complex numbers",
        "return NumPy arrays of float64",
    ),
}
"""Kind of complaint -> what happened, why that usually happens, how to mend it."""


def complaint(
    kind: str, facts: dict[str, Any], file: Path, function: str, arguments: Sequence[str], order: Sequence[str]
) -> AuditError:
    """The error for what the child process found in a function of a file."""
    wanted, pool = (facts["argument"], arguments) if "argument" in facts else (function, facts.get("names", []))
    near = difflib.get_close_matches(wanted, pool, 1)
    words = {name: _listed(value) if isinstance(value, list) else value for name, value in facts.items()}
    words |= {"names": words.get("names") or "none", "traceback": _indented(facts.get("traceback", ""))}
    words |= {
        "place": f"{file}:{function}",
        "file": file,
        "function": function,
        "order": _listed(order),
        "count": len(order),
    }
    last = words["traceback"].rpartition("\n")[2]
    why, mend = next(both for part, both in RAISED.items() if part in last)
    words |= {"why": why.format(python=sys.executable), "mend": mend.format(file=file)}
    words |= {"arguments": _listed(arguments), "hint": f"did you mean {near[0]}? " if near else ""}
    sentences = [sentence.format(**words) for sentence in SENTENCES[kind]]
    return AuditError("", *sentences)


def _listed(names: Sequence[str], most: int = 40) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines())
