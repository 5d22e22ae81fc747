"""Which name of one cell plays the part of which name of another, whatever the two are called.

A name's role is its equation, names left out, and its places in the equations that read it, out to as many steps of
reading as the two cells agree on: as colours are refined in comparing graphs. Where roles leave a choice, or say
nothing, equal names are one.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from lstm_sym.equations.cell import Cell, parse
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.expressions import Binary, Call, Expression, MatrixProduct, Name, Negate, Number, Repeat, Stack
from lstm_sym.ground.groups import grouped

ROUNDS = 8
"""Steps of reading that a role looks out to: further than any cell of the catalogue is deep."""

Roles = dict[str, str]


def correspondence(left: Cell, right: Cell) -> dict[str, str]:
    """Name of the right cell -> the name of the left cell that plays its part; each at most once."""
    cells, found = (left, right), dict(zip(right.inputs, left.inputs, strict=False))
    moving = [[*cell.inputs, *(e.target for e in cell.equations)] for cell in cells]
    still = [[*cell.parameters, *cell.constants] for cell in cells]
    rounds = [_refined(cell) for cell in cells]
    for k in range(ROUNDS, 0, -1):
        _pair(found, moving, [roles[k] for roles in rounds], in_order=k == ROUNDS)
    _pair(found, [[cell.output] for cell in cells], [roles[0] for roles in rounds])
    shared = {*moving[0]} & {*moving[1]}
    _pair_by_neighbours(found, cells, [[name for name in names if name not in shared] for names in moving])
    _pair_by_name(found, *moving)
    _pair_by_neighbours(found, cells, moving)
    for places, in_order in (("whole", True), ("near", False)):
        anchored = zip(cells, _anchored(found, cells), strict=True)
        _pair(found, still, [_read(cell, own, places=places) for cell, own in anchored], in_order=in_order)
    _pair_by_name(found, *still)
    return found


def _anchored(found: Mapping[str, str], cells: tuple[Cell, Cell]) -> list[Roles]:
    """What each name is by itself, or the pair that it is of."""
    of = {name: f"is {name}" for name in found.values()}, {name: f"is {other}" for name, other in found.items()}
    return [_first(cell) | names for cell, names in zip(cells, of, strict=True)]


def _pair_by_neighbours(found: dict[str, str], cells: tuple[Cell, Cell], names: Sequence[Sequence[str]]) -> None:
    """Pair what is alone in its equation, or in its places, among what has been paired; and so on from there."""
    before = -1
    while before < len(found):
        before = len(found)
        for equations, places in ((True, "whole"), (False, "whole"), (True, "")):
            anchored = zip(cells, _anchored(found, cells), strict=True)
            _pair(found, names, [_read(cell, own, equations=equations, places=places) for cell, own in anchored])


def renamed(cell: Cell, names: Mapping[str, str]) -> tuple[Cell, dict[str, str]]:
    """The cell in other letters, and what each of its new names was; the cell itself where that is no cell.

    A name of its own that is taken by another gets a _ and a word behind it.
    """
    own = [*cell.inputs, *(e.target for e in cell.equations), *cell.parameters, *cell.constants]
    new = {name: names[name] for name in own if name in names}
    for name in own:
        taken = {*new.values()}
        new.setdefault(name, name if name not in taken else f"{name}_of_{cell.key}"[:32])
    if all(name == of for name, of in new.items()):
        return cell, {name: name for name in own}

    def turned(values: Mapping[str, object]) -> dict[str, object]:
        return {new.get(name, name): value for name, value in values.items()}

    text = "\n".join(in_letters(equation.text, new) for equation in cell.equations)
    settings: dict[str, Any] = {name: turned(getattr(cell, name)) for name in ("sizes", "constants", "initial")}
    settings |= {"parameters": turned(cell.declared), "inputs": [new[name] for name in cell.inputs]}
    try:
        other = parse(text, key=cell.key, options=cell.chosen, output=new[cell.output], **settings)
    except CellError:
        return cell, {name: name for name in own}
    return other, {of: name for name, of in new.items()}


def in_letters(text: str, names: Mapping[str, str]) -> str:
    """A text with its names exchanged, all at once."""
    return re.sub(r"[A-Za-z_]\w*", lambda word: names.get(word[0], word[0]), text)


def same_expression(one: Expression, other: Expression) -> bool:
    """Whether two expressions are the same, their sums and products in any order."""
    names = {node.name: node.name for part in (one, other) for node in part.walk() if isinstance(node, Name)}
    return _form(one, names, "") == _form(other, names, "")


def _first(cell: Cell) -> Roles:
    """What a name is by itself: input, state with its start, quantity, parameter of so many axes, constant."""
    kinds = {name: "quantity" for name in (e.target for e in cell.equations)}
    kinds |= {name: f"state from {cell.initial.get(name, 0)}" for name in cell.states}
    kinds |= {name: f"parameter of {len(cell.shapes[name])}" for name in cell.parameters}
    kinds |= {name: f"constant {value}" for name, value in cell.constants.items()} | dict.fromkeys(cell.inputs, "input")
    return {name: kind + " given out" * (name == cell.output) for name, kind in kinds.items() if name}


def _refined(cell: Cell) -> list[Roles]:
    """The roles of every name, looking out to 0, 1, ..., ROUNDS steps."""
    found = [_first(cell)]
    for _ in range(ROUNDS):
        found.append({name: _short(role) for name, role in _read(cell, found[-1]).items()})
    return found


def _read(cell: Cell, roles: Roles, *, equations: bool = True, places: str = "whole") -> Roles:
    """The role of each name: its own, with its equation, and with its places in the equations that read it.

    places: "whole" equations; "near", the smallest summand that holds the name; or "" for none.
    """
    own = {e.target: _form(e.expression, roles, "") for e in cell.equations if equations}
    found: dict[str, list[str]] = defaultdict(list)
    for equation in cell.equations if places else ():
        for name in {node.name for node in equation.expression.walk() if isinstance(node, Name)}:
            part = equation.expression if places == "whole" else _summand_of(equation.expression, name)
            found[name].append(f"{roles[equation.target]} = {_form(part, roles, name)}")
    return {name: f"{role} | {own.get(name)} | {sorted(found[name])}" for name, role in roles.items()}


def _summand_of(node: Expression, name: str) -> Expression:
    """The smallest summand of an expression that holds a name."""
    for part in node.walk():
        if isinstance(part, Binary) and part.operator in "+-":
            for side in (part.left, part.right):
                if any(isinstance(inner, Name) and inner.name == name for inner in side.walk()):
                    return _summand_of(side, name)
    return node


def _short(role: str) -> str:
    return hashlib.sha256(role.encode()).hexdigest()


def _form(node: Expression, roles: Roles, marked: str) -> str:
    """An expression with roles in the place of names, and a mark in that of one; sums and products in any order."""

    def form(child: Expression) -> str:
        return _form(child, roles, marked)

    match node:
        case Number():
            return str(node.value)
        case Name():
            return f"{'*' if node.name == marked else roles[node.name]}[{node.time}]"
        case Binary(operator="+" | "-"):
            return f"sum({', '.join(sorted(_summands(node, roles, marked, '')))})"
        case Binary(operator="*"):
            return f"product({', '.join(sorted(map(form, _factors(node))))})"
        case Binary():
            return f"({form(node.left)} {node.operator} {form(node.right)})"
        case Negate():
            return f"-{form(node.operand)}"
        case MatrixProduct():
            return f"{form(node.matrix)}{'T' * node.transposed} @ {form(node.operand)}"
        case Repeat():
            return f"repeat({form(node.operand)}, {node.count})"
        case Stack():
            return f"[{', '.join(map(form, node.parts))}]"
    assert isinstance(node, Call)
    return f"{node.function}({', '.join(map(form, node.arguments))})"


def _summands(node: Expression, roles: Roles, marked: str, sign: str) -> list[str]:
    if isinstance(node, Binary) and node.operator in "+-":
        turned = {"": "-", "-": ""}[sign] if node.operator == "-" else sign
        return _summands(node.left, roles, marked, sign) + _summands(node.right, roles, marked, turned)
    return [sign + _form(node, roles, marked)]


def _factors(node: Expression) -> list[Expression]:
    if isinstance(node, Binary) and node.operator == "*":
        return _factors(node.left) + _factors(node.right)
    return [node]


def _pair(
    found: dict[str, str], names: Sequence[Sequence[str]], roles: Sequence[Roles], *, in_order: bool = False
) -> None:
    """Pair the free names of each role: equal names, then those left over if there is one of each, or in order."""
    left, right = (grouped(some, role.__getitem__) for some, role in zip(names, roles, strict=True))
    for role in left:
        _pair_by_name(found, left[role], right.get(role, ()))
        ones = [name for name in left[role] if name not in found.values()]
        others = [name for name in right.get(role, ()) if name not in found]
        if len(ones) == len(others) and (in_order or len(ones) == 1):
            found.update(zip(others, ones, strict=True))


def _pair_by_name(found: dict[str, str], left: Sequence[str], right: Sequence[str]) -> None:
    free = {*left} - {*found.values()}
    found.update({name: name for name in right if name in free and name not in found})
