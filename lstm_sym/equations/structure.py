"""What each name of some equations is, decided from how it is used: input, state, parameter, output; and its shape."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from lstm_sym.equations.equation import Equation, Shape
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.expressions import MatrixProduct, Name, Repeat
from lstm_sym.equations.parameters import Parameter
from lstm_sym.equations.shapes import ShapeInference
from lstm_sym.equations.sizes import added
from lstm_sym.equations.suggestions import did_you_mean, listed, unknown

_KEY = re.compile(r"\w{1,64}", re.ASCII)
_SIZE = re.compile(r"[A-Z][A-Za-z0-9]{0,31}", re.ASCII)


class Structure(NamedTuple):
    """What the names of some equations are, and their shapes."""

    input: str
    states: tuple[str, ...]
    parameters: tuple[str, ...]
    output: str
    shapes: Mapping[str, Shape]
    inputs: tuple[str, ...]


def structure_of(
    equations: tuple[Equation, ...],
    *,
    key: str,
    source: str,
    sizes: Mapping[str, str],
    constants: Mapping[str, Fraction],
    declared: Mapping[str, Parameter],
    output: str | None,
    inputs: Sequence[str],
    stateless: bool,
) -> Structure:
    """Classify every name, check the order of definition, infer shapes. Raises CellError."""
    if not _KEY.fullmatch(key):
        allowed = "letters, digits and _, at most 64"
        raise CellError(f"`{key[:64]}` is not a key", source=source, allowed=allowed, fix='name it as in "my_cell"')
    if not equations:
        fix = "write at least one equation, such as h[t] = tanh(W @ x[t] + U @ h[t-1] + b)"
        raise CellError("there is no equation", source=source, allowed="name[t] = expression, one a line", fix=fix)
    _check_definitions(equations)
    names = _inputs(equations, inputs, source)
    cell_input = _joined(names, equations)
    states = _states(equations, stateless)
    _check_constants(constants, equations, source)
    free = _unique(name.name for _, name in _names(equations) if name.time is None)
    parameters = tuple(name for name in free if name not in constants)
    _check_sizes(sizes, {*names, *parameters, *(e.target for e in equations)}, source)
    chosen = _output(equations, output, source)
    _check_reaches(equations, names, chosen)
    _check_moves(equations, names, {*states, chosen}, constants)
    scalars = [name for name in parameters if name in declared and declared[name].scalar]
    _check_scalars(scalars, equations)
    shapes = ShapeInference(equations, names, states, sizes, (*constants, *scalars)).shapes()
    if len(names) > 1:
        shapes[cell_input] = (added(shapes[name][0] for name in names),)
    return Structure(cell_input, states, parameters, chosen, shapes, names)


def _names(equations: tuple[Equation, ...]) -> Iterator[tuple[Equation, Name]]:
    for equation in equations:
        for node in equation.expression.walk():
            if isinstance(node, Name):
                yield equation, node


def _unique(names: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


_TAKEN_SIZES = frozenset(
    "T B None True False Any Array NamedTuple Params State Tape PreciseTape SecondTape Grads".split()
)


def _check_sizes(sizes: Mapping[str, str], names: set[str], source: str) -> None:
    for name, size in sizes.items():
        if not _SIZE.fullmatch(size) or size in _TAKEN_SIZES:
            raise CellError(
                f"the size of `{name[:40]}` is not a name",
                source=source,
                allowed='a capital, then letters and digits (not T or B, which count steps and sequences): x = "H"',
                fix="sizes are symbols; numbers are given when parameters are made",
            )
        if name not in names:
            what = f"[sizes] names `{name[:40]}`, which no equation uses"
            raise unknown(what, name, tuple(sorted(names)), "drop that line", source)


def _check_constants(constants: Mapping[str, Fraction], equations: tuple[Equation, ...], source: str) -> None:
    """A constant is read, without an index, and not as a matrix."""
    read = {node.name: (equation, node) for equation, node in _names(equations)}
    counts = {
        node.times.name
        for e in equations
        for node in e.expression.walk()
        if isinstance(node, Repeat) and isinstance(node.times, Name)
    }
    targets = {equation.target for equation in equations}
    matrices = {n.matrix.name for e in equations for n in e.expression.walk() if isinstance(n, MatrixProduct)}
    for name in constants:
        if name not in read and name not in counts:
            what = f"[constants] names `{name[:40]}`, which no equation reads"
            raise unknown(what, name, tuple(read), "drop that line", source)
        if name in matrices or (name in read and read[name][1].time is not None) or name in targets:
            equation, node = read[name]
            raise equation.error(
                f"`{name}` is a constant, a single number",
                node,
                "a constant beside * + - /, without an index",
                f"write {name} * v, or drop {name} from [constants] to make it a parameter or a quantity",
            )


def _check_scalars(scalars: Collection[str], equations: tuple[Equation, ...]) -> None:
    """A parameter that is one number is no matrix."""
    for equation in equations:
        for node in equation.expression.walk():
            if isinstance(node, MatrixProduct) and node.matrix.name in scalars:
                name = node.matrix.name
                raise equation.error(
                    f"`{name}` is one number, as [parameters] says, and stands to the left of @",
                    node,
                    "a scalar beside * + - /",
                    f"write {name} * v, or take the word scalar from its line",
                )


def _output(equations: tuple[Equation, ...], output: str | None, source: str) -> str:
    """The quantity that the cell gives out: the one asked for, else the one defined last."""
    defined = tuple(equation.target for equation in equations)
    if output is not None and output not in defined:
        what = f"the output `{output[:40]}` is not defined by any equation"
        raise unknown(what, output, defined, "name a quantity that is defined at [t], without its index", source)
    return output or defined[-1]


def _check_definitions(equations: tuple[Equation, ...]) -> None:
    """Each name is defined once, before it is read at [t], and always carries an index or never does."""
    lines: dict[str, Equation] = {}
    for equation in equations:
        if equation.target in lines:
            raise equation.error(
                f"`{equation.target}[t]` is defined twice, first on line {lines[equation.target].line}",
                None,
                "one equation a quantity",
                "give one of them another name",
            )
        lines[equation.target] = equation
    timed = {name.name for _, name in _names(equations) if name.time is not None} | set(lines)
    for equation, node in _names(equations):
        _check_reading(equation, node, lines, timed)


def _check_reading(equation: Equation, node: Name, lines: Mapping[str, Equation], timed: set[str]) -> None:
    if node.time == 0 and node.name in lines and lines[node.name].line >= equation.line:
        own = node.name == equation.target
        above = f"move line {lines[node.name].line} above this one, or read {node.name}[t-1]"
        raise equation.error(
            f"`{node.name}[t]` is read " + ("in its own equation" if own else "before it is defined"),
            node,
            "names defined above, at [t]; any defined name at [t-1]",
            f"read the step before: {node.name}[t-1]" if own else above,
        )
    if node.time is None and node.name in timed:
        raise equation.error(
            f"`{node.name}` has a time index elsewhere",
            node,
            "a quantity with [t] or [t-1] everywhere; a parameter never",
            f"write {node.name}[t] or {node.name}[t-1]",
        )


def _check_reaches(equations: tuple[Equation, ...], inputs: tuple[str, ...], output: str) -> None:
    """The output depends on every input, in this step or through the states; a cell may have no input."""
    reads: dict[str, set[str]] = {equation.target: set() for equation in equations}
    for equation, node in _names(equations):
        reads[equation.target].add(node.name)
    reached, waiting = set(), [output]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += reads.get(name, ())
    for cell_input in inputs:
        if cell_input in reached:
            continue
        equation = next(equation for equation in equations if equation.target == output)
        raise equation.error(
            f"the output `{output}` never depends on the input `{cell_input}`",
            None,
            "an output that the input reaches, in this step or through the states",
            'the output is the quantity defined last; say output = "h" if another is meant',
        )


def _check_moves(
    equations: tuple[Equation, ...], inputs: Collection[str], kept: Collection[str], constants: Collection[str]
) -> None:
    """The output and the states, `kept`, depend on the input or on a state; nothing is made of numbers alone."""
    moving = set(inputs)
    for equation in equations:
        names = [node for node in equation.expression.walk() if isinstance(node, Name)]
        if any(name.time == -1 or (name.time == 0 and name.name in moving) for name in names):
            moving.add(equation.target)
        elif equation.target in kept or {name.name for name in names} <= set(constants):
            raise equation.error(
                f"`{equation.target}[t]` never changes: neither the input nor a state takes part in it",
                equation.expression,
                "states and outputs that depend on the input at [t] or on a state at [t-1]",
                f"write its right side wherever {equation.target} stands; a parameter or constant needs no time",
            )


def _inputs(equations: tuple[Equation, ...], declared: Sequence[str], source: str) -> tuple[str, ...]:
    """What is read at [t] and never defined: one name, or those declared; none in a cell that runs by itself."""
    defined = {equation.target for equation in equations}
    free = [(e, n) for e, n in _names(equations) if n.time == 0 and n.name not in defined]
    names = _unique(node.name for _, node in free)
    for name in declared:
        if name not in names:
            what = f"`{name[:40]}` is declared an input, and no equation reads it at [t] without defining it"
            raise unknown(what, name, names, "read it, or drop it from inputs", source)
    others = [name for name in names if name not in declared] if declared else names[1:]
    if not others and names:
        return tuple(dict.fromkeys(declared)) or names
    forgotten = _index_forgotten(equations, "[t]")
    if not names and forgotten:
        allowed = "one name read at [t] and never defined"
        raise equations[-1].error("the cell reads no input", None, allowed, forgotten)
    if not names:
        return ()
    equation, node = next((e, n) for e, n in free if n.name == others[0])
    known = declared or names[:1]
    guess = did_you_mean(node.name, tuple(sorted(defined | {*known})))
    both = ", ".join(f'"{name}"' for name in (*known, node.name))
    raise equation.error(
        f"`{known[0]}` and `{node.name}` are both read at [t] and never defined",
        node,
        "one input, or several that are declared",
        f"{guess} Define {node.name}[t] above, stack them in one x, or declare them: inputs = [{both}]".lstrip(),
    )


def _joined(inputs: tuple[str, ...], equations: tuple[Equation, ...]) -> str:
    """What the kernel's x is called: the input, or all of several one behind the other; empty where there is none."""
    taken = {name.name for _, name in _names(equations)} | {equation.target for equation in equations}
    joined = "_".join(inputs)
    while len(inputs) > 1 and joined in taken:
        joined += "_x"
    return joined


def _states(equations: tuple[Equation, ...], stateless: bool) -> tuple[str, ...]:
    defined = tuple(equation.target for equation in equations)
    read_now = {node.name for _, node in _names(equations) if node.time == 0}
    known = set(defined)
    for equation, node in _names(equations):
        if node.time == -1 and node.name not in known:
            fix = did_you_mean(node.name, defined) or f"add an equation {node.name}[t] = ..., or read the input at [t]"
            if node.name in read_now:
                fix = f"to keep the input a step, add previous[t] = {node.name}[t] and read previous[t-1]"
            raise equation.error(
                f"the state `{node.name}` is read at [t-1] but never defined",
                node,
                "names that an equation defines: " + listed(defined),
                fix,
            )
    states = _unique(node.name for _, node in _names(equations) if node.time == -1)
    if not states and not stateless:
        raise equations[-1].error(
            "nothing is read at [t-1], so the cell keeps no state and is not recurrent",
            None,
            "at least one state",
            _index_forgotten(equations, "[t-1]") or f"read the step before somewhere: U @ {defined[-1]}[t-1]",
        )
    return states


def _index_forgotten(equations: tuple[Equation, ...], index: str) -> str:
    """The fix for x_t, which is a parameter's name, where x[t] was meant."""
    for _, node in _names(equations):
        if node.time is None and node.name.endswith("_t"):
            return f"write {node.name[:-2]}{index} for {node.name}, which reads as a parameter"
    return ""
