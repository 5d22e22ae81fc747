"""Equations -> Cell: what each name is, decided from how it is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from lstm_sym.equations.cell import Cell, Equation, Option
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.expressions import Name
from lstm_sym.equations.shapes import infer_shapes


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
    if not equations:
        raise CellError("no equation", source=source, allowed="name[t] = expression", fix="write at least one equation")
    _check_definitions(equations, source)
    cell_input = _input(equations, source)
    states = _states(equations, source)
    parameters = _unique(name.name for _, name in _names(equations) if name.time is None)
    if output is None:
        output = equations[-1].target
    elif output not in {equation.target for equation in equations}:
        raise CellError(f"the output `{output}` is not defined by any equation", source=source, fix="define it at [t]")
    shapes = infer_shapes(equations, cell_input, states, sizes, source)
    return Cell(
        key,
        equations,
        cell_input,
        states,
        parameters,
        output,
        shapes,
        chosen=dict(options),
        sizes=dict(sizes),
    )


def chosen_options(options: Mapping[str, Option], choices: Mapping[str, str], source: str) -> dict[str, str]:
    """Every option with the function chosen for it, else its default. Raises CellError for one that is not allowed."""
    for name, choice in choices.items():
        if name not in options:
            raise CellError(
                f"there is no option `{name}`",
                source=source,
                allowed=", ".join(options) or "no option",
                fix="drop it",
            )
        if choice not in options[name].choices:
            raise CellError(
                f"`{choice}` cannot stand for {name}",
                source=source,
                allowed=", ".join(options[name].choices),
                fix="choose one of those",
            )
    return {name: choices.get(name, option.default) for name, option in options.items()}


def _names(equations: tuple[Equation, ...]) -> Iterator[tuple[Equation, Name]]:
    for equation in equations:
        for node in equation.expression.walk():
            if isinstance(node, Name):
                yield equation, node


def _unique(names: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _error(equation: Equation, name: str, what: str, source: str, fix: str, allowed: str = "") -> CellError:
    column = max(equation.text.find(name), 0) + 1
    return CellError(
        what, source=source, line=equation.line, column=column, text=equation.text, allowed=allowed, fix=fix
    )


def _check_definitions(equations: tuple[Equation, ...], source: str) -> None:
    """Each name is defined once, before it is read at [t], and always carries an index or never does."""
    lines: dict[str, Equation] = {}
    for equation in equations:
        if equation.target in lines:
            raise _error(
                equation,
                equation.target,
                f"`{equation.target}[t]` is defined twice, first on line {lines[equation.target].line}",
                source,
                "give one of them another name",
                "one equation a quantity",
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
    equation: Equation,
    node: Name,
    lines: Mapping[str, Equation],
    defined: set[str],
    timed: set[str],
    source: str,
) -> None:
    if node.time == 0 and node.name in lines and node.name not in defined:
        own = node.name == equation.target
        raise _error(
            equation,
            f"{node.name}[t]",
            f"`{node.name}[t]` is read " + ("in its own equation" if own else "before it is defined"),
            source,
            f"read {node.name}[t-1]" if own else f"move line {lines[node.name].line} above this one, or read [t-1]",
            "names defined above, at [t]; any defined name at [t-1]",
        )
    if node.time is None and node.name in timed:
        raise _error(
            equation,
            node.name,
            f"`{node.name}` has a time index elsewhere",
            source,
            f"write {node.name}[t] or [t-1]",
        )


def _input(equations: tuple[Equation, ...], source: str) -> str:
    defined = {equation.target for equation in equations}
    free = [(e, n) for e, n in _names(equations) if n.time == 0 and n.name not in defined]
    names = _unique(node.name for _, node in free)
    if len(names) == 1:
        return names[0]
    if not names:
        raise CellError(
            "the cell reads no input",
            source=source,
            allowed="one name read at [t] and never defined",
            fix="read x[t]",
        )
    equation, node = next((e, n) for e, n in free if n.name == names[1])
    close = get_close_matches(node.name, sorted(defined | {names[0]}), 1, 0.5)
    raise _error(
        equation,
        f"{node.name}[t]",
        f"`{names[0]}` and `{node.name}` are both read at [t] and never defined",
        source,
        (f"did you mean {close[0]}[t]? " if close else "") + f"Define {node.name}[t], or stack several inputs in one x",
        "one input",
    )


def _states(equations: tuple[Equation, ...], source: str) -> tuple[str, ...]:
    defined = {equation.target for equation in equations}
    for equation, node in _names(equations):
        if node.time == -1 and node.name not in defined:
            raise _error(
                equation,
                f"{node.name}[t-1]",
                f"the state `{node.name}` is read at [t-1] but never defined",
                source,
                f"add an equation {node.name}[t] = ..., or read the input at [t]",
                "names that an equation defines: " + ", ".join(sorted(defined)),
            )
    states = _unique(node.name for _, node in _names(equations) if node.time == -1)
    if not states:
        raise CellError(
            "nothing is read at [t-1], so the cell keeps no state and is not recurrent",
            source=source,
            allowed="at least one state",
            fix="read the previous step somewhere: U @ h[t-1]",
        )
    return states
