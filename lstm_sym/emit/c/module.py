"""The C source of a cell: one function for the loop over time of each function of its kernel."""

from __future__ import annotations

import textwrap

from lstm_sym.compile.plan import Plan
from lstm_sym.emit import nodes as n
from lstm_sym.emit.c.functions import STREAM, CompiledFunctions, forms
from lstm_sym.emit.c.loop import LoopPrinter
from lstm_sym.emit.c.words import support
from lstm_sym.emit.functions import FunctionWriter
from lstm_sym.emit.scalar import in_braces

_HEAD = """{name}: the loops over time of a kernel, generated from the equations by lstm_sym; not written by hand.

{equations}

Every function computes the sequences [first, last) of a batch of B, T steps, and gives 0, or 1 if there was no memory.
Arrays are contiguous, (T, B, N), (T + 1, B, N) of states, (B, N) or parameters as in the equations; what is computed
outside of the loop, products of whole sequences, is there when it is called: the kernel's NumPy code does that.
Signs in comments are those of the derivation report; (B1) is its equation B1. precise: slopes from the pre-activations.
With -DPART=1 the fast form alone is compiled, with 2 the precise one, with 3 forward mode and second order, with 4
`stream`: a step whose matrices are packed once, in memory that the caller keeps. It says how many numbers that holds
where `kept` is 0, packs where `ready` is 0, and is a step otherwise.

Compile with -std=gnu11 -O3 -fopenmp-simd -fno-math-errno -fno-trapping-math -ffp-contract=fast, and with -DDOUBLE for
float64; never with -ffast-math, which flushes subnormal numbers to zero in the whole process."""
_INCLUDES = "\n#include <math.h>\n#include <stdlib.h>\n#include <string.h>\n"
_STEPS = """INLINE int {name}_steps(const int precise, {arguments}) {{
{body}
}}"""
_FUNCTION = """#if !defined(PART) || PART == {part}
int {name}({arguments}) {{ return {steps}_steps({precise}, {passed}); }}
#endif"""


def c_source(plan: Plan) -> str:
    """The text: deterministic, byte for byte, on every machine."""
    return c_text(CompiledFunctions(plan if plan.fused else Plan(plan.derivation, fused=True)))


def c_text(functions: CompiledFunctions) -> str:
    """The text of all loops of these functions."""
    cell = functions.plan.cell
    head = _HEAD.format(name=cell.name or cell.key, equations=textwrap.indent(cell.text, "    "))
    texts = [text for loop in functions.loops() for text in _function(*loop)]
    return "\n".join([*comment_lines(head), _INCLUDES, support(), *texts]) + "\n"


def comment_lines(text: str) -> list[str]:
    """A text as a comment; no line of it ends in a backslash, with which the next one would be part of it."""
    return [f"// {line}".rstrip(" \\") for line in text.split("\n")]


def _function(function: FunctionWriter, compiled: n.Compiled) -> list[str]:
    """One loop, and a function for each form of it: what is in the other form falls away when it is compiled."""
    printer = LoopPrinter(function, compiled)
    memory, handed_on = printer.memory, printer.memory.places.handed_on
    names = [node.text for node in compiled.arrays]
    arrays = [memory.received(name) if name in handed_on else memory.array(name) for name in names]
    sizes = ("first", "last", "T", "B", *compiled.sizes)
    kept = {"real *kept": "kept", "long ready": "ready"} if compiled.function == STREAM else {}
    arguments = ", ".join([*(f"long {size}" for size in sizes), *(f"real *{name}" for name in arrays), *kept])
    passed = ", ".join([*sizes, *arrays, *kept.values()])
    body = "\n".join(in_braces(printer.lines()))
    texts = [_STEPS.format(name=compiled.function, arguments=arguments, body=body)]
    for form in forms(compiled):
        parts = {"part": form.part, "precise": int(form.precise), "steps": compiled.function}
        texts.append(_FUNCTION.format(name=form.name, arguments=arguments, passed=passed, **parts))
    return texts
