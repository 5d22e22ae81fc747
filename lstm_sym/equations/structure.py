"""Equations -> Cell: what each name is, decided from how it is used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from lstm_sym.equations.cell import Cell, Equation, Option
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.expressions import Name
from lstm_sym.equations.shapes import infer_shapes

_KEY = re.compile(r"\w{1,64}", re.ASCII)
_SIZE = re.compile(r"[A-Z][A-Za-z0-9]{0,31}", re.ASCII)
_LISTED = 12


def assemble(
    equations: tuple[Equation, ...],
    *,
    key: str,
    source: str,
    sizes: Mapping[str, str],
    output: str | None,
    options: Mapping[str, str],
) -> Cell:
    """Classify every name, check the order of definition, infer shapes. Raises CellError."""
    if not _KEY.fullmatch(key):
        allowed = "letters, digits and _, at most 64"
        raise CellError(f"`{key[:64]}` is not a key", source=source, allowed=allowed, fix='name it as in "my_cell"')
    if not equations:
        fix = "write at least one equation, such as h[t] = tanh(W @ x[t] + U @ h[t-1] + b)"
        raise CellError("there is no equation", source=source, allowed="name[t] = expression, one a line", fix=fix)
    _check_definitions(equations, source)
    cell_input = _input(equations, source)
    states = _states(equations, source)
    parameters = _unique(name.name for _, name in _names(equations) if name.time is None)
    _check_sizes(sizes, {cell_input, *parameters, *(e.target for e in equations)}, source)
    chosen = _output(equations, output, source)
    _check_reaches(equations, cell_input, chosen, source)
    shapes = infer_shapes(equations, cell_input, states, sizes, source)
    return Cell(key, equations, cell_input, states, parameters, chosen, shapes, chosen=dict(options), sizes=dict(sizes))


def chosen_options(options: Mapping[str, Option], choices: Mapping[str, str], source: str) -> dict[str, str]:
    """Every option with the function chosen for it, else its default. Raises CellError for one that is not allowed."""
    for name, choice in choices.items():
        if name not in options:
            raise CellError(
                f"there is no option `{name[:40]}`",
                source=source,
                allowed=listed(options) or "no option: this cell has none",
                fix=did_you_mean(name, options) or "drop it",
            )
        if choice not in options[name].choices:
            raise CellError(
                f"`{choice[:40]}` cannot stand for {name}",
                source=source,
                allowed=listed(options[name].choices),
                fix=did_you_mean(choice, options[name].choices) or "choose one of those",
            )
    return {name: choices.get(name, option.default) for name, option in options.items()}


def did_you_mean(word: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """The question after the nearest known word, or nothing."""
    close = get_close_matches(word[:40], list(known)[:200], 1)
    return f"did you mean {close[0]}?" if close else ""


def listed(names: Mapping[str, object] | tuple[str, ...]) -> str:
    """The first names of many, with commas."""
    return ", ".join(list(names)[:_LISTED]) + (f", and {len(names) - _LISTED} more" if len(names) > _LISTED else "")


def _names(equations: tuple[Equation, ...]) -> Iterator[tuple[Equation, Name]]:
    for equation in equations:
        for node in equation.expression.walk():
            if isinstance(node, Name):
                yield equation, node


def _unique(names: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


_TAKEN_SIZES = frozenset(
    "T B None True False Any Array NamedTuple Params State Tape PreciseTape SecondTape Grads".split()  # noqa: SIM905
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
            known = tuple(sorted(names))
            raise CellError(
                f"[sizes] names `{name[:40]}`, which no equation uses",
                source=source,
                allowed=listed(known),
                fix=did_you_mean(name, known) or "drop that line",
            )


def _output(equations: tuple[Equation, ...], output: str | None, source: str) -> str:
    """The quantity that the cell gives out: the one asked for, else the one defined last."""
    defined = tuple(equation.target for equation in equations)
    if output is not None and output not in defined:
        raise CellError(
            f"the output `{output[:40]}` is not defined by any equation",
            source=source,
            allowed=listed(defined),
            fix=did_you_mean(output, defined) or "name a quantity that is defined at [t], without its index",
        )
    return output or defined[-1]


def _check_definitions(equations: tuple[Equation, ...], source: str) -> None:
    """Each name is defined once, before it is read at [t], and always carries an index or never does."""
    lines: dict[str, Equation] = {}
    for equation in equations:
        if equation.target in lines:
            raise equation.error(
                f"`{equation.target}[t]` is defined twice, first on line {lines[equation.target].line}",
                None,
                source,
                "one equation a quantity",
                "give one of them another name",
            )
        lines[equation.target] = equation
    defined: set[str] = set()
    timed = {name.name for _, name in _names(equations) if name.time is not None} | set(lines)
    for equation in equations:
        for node in equation.expression.walk():
            if isinstance(node, Name):
                _check_reading(equation, node, lines, defined, timed, source)
        defined.add(equation.target)


def _check_reading(
    equation: Equation, node: Name, lines: Mapping[str, Equation], defined: set[str], timed: set[str], source: str
) -> None:
    if node.time == 0 and node.name in lines and node.name not in defined:
        own = node.name == equation.target
        above = f"move line {lines[node.name].line} above this one, or read {node.name}[t-1]"
        raise equation.error(
            f"`{node.name}[t]` is read " + ("in its own equation" if own else "before it is defined"),
            node,
            source,
            "names defined above, at [t]; any defined name at [t-1]",
            f"read the step before: {node.name}[t-1]" if own else above,
        )
    if node.time is None and node.name in timed:
        raise equation.error(
            f"`{node.name}` has a time index elsewhere",
            node,
            source,
            "a quantity with [t] or [t-1] everywhere; a parameter never",
            f"write {node.name}[t] or {node.name}[t-1]",
        )


def _check_reaches(equations: tuple[Equation, ...], cell_input: str, output: str, source: str) -> None:
    """The output depends on the input, in this step or through the states."""
    reads: dict[str, set[str]] = {equation.target: set() for equation in equations}
    for equation, node in _names(equations):
        reads[equation.target].add(node.name)
    reached, waiting = set(), [output]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += reads.get(name, ())
    if cell_input not in reached:
        equation = next(equation for equation in equations if equation.target == output)
        raise equation.error(
            f"the output `{output}` never depends on the input `{cell_input}`",
            None,
            source,
            "an output that the input reaches, in this step or through the states",
            'the output is the quantity defined last; say output = "h" if another is meant',
        )


def _input(equations: tuple[Equation, ...], source: str) -> str:
    defined = {equation.target for equation in equations}
    free = [(e, n) for e, n in _names(equations) if n.time == 0 and n.name not in defined]
    names = _unique(node.name for _, node in free)
    if len(names) == 1:
        return names[0]
    if not names:
        raise equations[-1].error(
            "the cell reads no input",
            None,
            source,
            "one name read at [t] and never defined",
            _index_forgotten(equations, "[t]") or "read x[t] somewhere: W @ x[t]",
        )
    equation, node = next((e, n) for e, n in free if n.name == names[1])
    guess = did_you_mean(node.name, tuple(sorted(defined | {names[0]})))
    raise equation.error(
        f"`{names[0]}` and `{node.name}` are both read at [t] and never defined",
        node,
        source,
        "one input",
        f"{guess} Define {node.name}[t] above, or stack several inputs in one x".lstrip(),
    )


def _states(equations: tuple[Equation, ...], source: str) -> tuple[str, ...]:
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
                source,
                "names that an equation defines: " + listed(defined),
                fix,
            )
    states = _unique(node.name for _, node in _names(equations) if node.time == -1)
    if not states:
        raise equations[-1].error(
            "nothing is read at [t-1], so the cell keeps no state and is not recurrent",
            None,
            source,
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
