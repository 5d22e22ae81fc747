"""A user's file as its text says: functions and classes, their arguments, what they return. Nothing of it is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lstm_sym.audit.interface.description import Names
from lstm_sym.audit.interface.made_texts import made_up

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Argument:
    """An argument of a function, and whether it must be given."""

    name: str
    is_needed: bool


@dataclass(frozen=True)
class Source:
    """The file, read."""

    tree: ast.Module

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Those at the top of the file."""
        return {node.name: node for node in self.tree.body if isinstance(node, Function)}

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """Those at the top of the file."""
        return {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

    def methods(self, owner: str) -> dict[str, Function]:
        """The functions of a class; for "" those of the file."""
        if not owner:
            return self.functions
        return {node.name: node for node in self.classes[owner].body if isinstance(node, Function)}

    @cached_property
    def callables(self) -> dict[str, Function]:
        """Functions and methods by their names; a function goes before a method."""
        return {name: method for owner in self.classes for name, method in self.methods(owner).items()} | self.functions

    @cached_property
    def globals(self) -> list[str]:
        """The names that the file assigns at its top."""
        targets = [
            target
            for node in self.tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        ]
        return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]

    @cached_property
    def words(self) -> list[str]:
        """Every argument, attribute, text and global that may name an array, in the order of the file, each once."""
        return [word for word in self.names if word in self._places]

    @cached_property
    def names(self) -> list[str]:
        """All of these, and the names of variables too."""
        return list(dict.fromkeys(_words(self.tree)))

    @cached_property
    def all_names(self) -> set[str]:
        """Whatever may name something in it: also what is defined or imported, "*" for all of another file."""
        nodes = list(ast.walk(self.tree))
        defined = {node.name for node in nodes if isinstance(node, Function | ast.ClassDef)}
        imported = {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
        return {*self.names, *self.texts, *defined, *imported}

    @cached_property
    def texts(self) -> set[str]:
        """The texts that may be keys."""
        return {n.value for n in ast.walk(self.tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}

    @cached_property
    def _places(self) -> set[str]:
        return {*self.globals, *_words(self.tree, variables=False)}


def read_source(file: Path) -> Source | None:
    """The file, or None if it is no Python: what is wrong with it is told when it is run."""
    try:
        return Source(ast.parse(file.read_text(encoding="utf-8-sig")))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _words(tree: ast.AST, *, variables: bool = True) -> Iterator[str]:
    found: list[tuple[int, int, str]] = []
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=word) if variables:
                found.append((node.lineno, node.col_offset, word))
            case ast.Attribute(attr=word) | ast.arg(arg=word) | ast.keyword(arg=str(word)):
                found.append((node.lineno, node.col_offset, word))
            case ast.Constant(value=str(word)) if word.isidentifier():
                found.append((node.lineno, node.col_offset, word))
    yield from (word for _, _, word in sorted(found))
    yield from made_up(tree)


def arguments(function: Function, is_method: bool = False) -> list[Argument]:
    """The arguments by name, but for self."""
    given = function.args
    several = [*given.posonlyargs, *given.args]
    first_default = len(several) - len(given.defaults)
    found = [Argument(argument.arg, place < first_default) for place, argument in enumerate(several)]
    pairs = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    found += [Argument(argument.arg, default is None) for argument, default in pairs]
    return found[1:] if is_method and not is_static(function) else found


def reached(methods: Mapping[str, Function], first: Sequence[str]) -> set[str]:
    """The attributes and keys in these methods, and in those that they call."""
    found: set[str] = set()
    waiting = [name for name in first if name in methods]
    while waiting:
        nodes = list(ast.walk(methods[waiting.pop()]))
        new = {node.attr for node in nodes if isinstance(node, ast.Attribute)} - found
        found |= new | {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        waiting += [name for name in new if name in methods]
    return found


SHAPERS = "zeros ones empty full randn rand random uniform normal standard_normal eye orthogonal xavier glorot".split()
"""Functions that are given the shape of an array."""


def in_shapes(owner: ast.AST) -> set[str]:
    """The names and attributes in a class or a function that arrays are made with."""
    found = set()
    for node in ast.walk(owner):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in SHAPERS:
            inner = [part for argument in (*node.args, *node.keywords) for part in ast.walk(argument)]
            found |= {part.id for part in inner if isinstance(part, ast.Name)}
            found |= {part.attr for part in inner if isinstance(part, ast.Attribute)}
    for node in ast.walk(owner):
        match node:
            case ast.Assign(targets=[ast.Attribute(attr=kept)], value=ast.Name(id=name)) if kept in found:
                found.add(name)
    return found


def functions_inside(source: Source, function: str) -> list[str]:
    """The functions that are made in a function of the file."""
    nodes = source.functions[function].body if function in source.functions else []
    return [node.name for node in nodes if isinstance(node, Function)]


def reads_by_name(function: Function, name: str) -> bool:
    """Whether an argument is read as a dict: cache["i"]."""
    nodes = [node for node in own_nodes(function) if isinstance(node, ast.Subscript)]
    keys = [node.slice for node in nodes if isinstance(node.value, ast.Name) and node.value.id == name]
    return any(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in keys)


def is_no_array(function: Function, name: str, fields: Sequence[str]) -> bool:
    """Whether an argument is read by key, state["h"], or one of these attributes, state.h, or is a size that an array
    is made with.
    """
    nodes = [node for node in own_nodes(function) if isinstance(node, ast.Attribute)]
    read = [node.attr for node in nodes if isinstance(node.value, ast.Name) and node.value.id == name]
    is_read = any(attribute in (*fields, "get", "items", "keys", "values") for attribute in read)
    return is_read or reads_by_name(function, name) or name in in_shapes(function)


def is_static(function: Function) -> bool:
    """Whether a method is one of the class: its first argument is no object."""
    return any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in function.decorator_list)


def returned(function: Function, others: Mapping[str, Function] | None = None) -> Names:
    """The names in the last return statement that returns something: of a call, of what it is given first; of one of
    these other functions, what that returns.
    """
    values = [node.value for node in own_nodes(function) if isinstance(node, ast.Return) and node.value is not None]
    if not values:
        return ()
    value = values[-1]
    called = getattr(value.func, "attr", getattr(value.func, "id", "")) if isinstance(value, ast.Call) else ""
    if others and called in others:
        return returned(others[called])
    if isinstance(value, ast.Name):
        value = assigned_tuple(function, value.id) or value
    parts = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
    tuples = [assigned_tuple(function, part.id) if isinstance(part, ast.Name) else None for part in parts]
    return tuple(_name(inner or part) for inner, part in zip(tuples, parts, strict=True))


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function in the order of the text, but for those of functions in it."""
    stack: list[ast.AST] = list(reversed(function.body))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, Function | ast.Lambda | ast.ClassDef):
            stack.extend(reversed(list(ast.iter_child_nodes(node))))


def assigned_tuple(function: Function, name: str) -> ast.Tuple | None:
    """The tuple that a name was last given."""
    found = [
        node.value
        for node in own_nodes(function)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Tuple)
        and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    ]
    return found[-1] if found else None


def unpacked(function: Function) -> dict[str, dict[int, str]]:
    """The names that are taken apart as tuples, h, c = state or h = state[0], and what their parts are then called."""
    found: dict[str, dict[int, str]] = {}
    for node in own_nodes(function):
        if isinstance(node, ast.Assign):
            for target, value in _pairs(node.targets[0], node.value):
                _note_parts(target, value, found)
        elif isinstance(node, ast.Subscript):
            _note_parts(None, node, found)
    return found


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Each target beside what it may be given: of a, b = c, d two; of a = b if c else d, and of b or d, either."""
    match target, value:
        case (ast.Tuple(elts=targets), ast.Tuple(elts=values)) if len(targets) == len(values):
            for inner, given in zip(targets, values, strict=True):
                yield from _pairs(inner, given)
        case _, ast.IfExp(body=first, orelse=second):
            yield from _pairs(target, first)
            yield from _pairs(target, second)
        case _, ast.BoolOp(values=values):
            for given in values:
                yield from _pairs(target, given)
        case _:
            yield target, value


def _note_parts(target: ast.expr | None, value: ast.expr, found: dict[str, dict[int, str]]) -> None:
    match target, value:
        case ast.Tuple(elts=parts), ast.Name(id=name):
            found.setdefault(name, {}).update(enumerate(map(str, map(_name, parts))))
        case _, ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=int(place))) if place >= 0:
            known = found.setdefault(name, {})
            known[place] = target.id if isinstance(target, ast.Name) else known.get(place, "")


def handed_on(function: Function, methods: Mapping[str, Function]) -> Iterator[tuple[str, str, str]]:
    """The names that are given to other functions of the file as they are: name, the other function, its argument."""
    for node in own_nodes(function):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in methods or methods[name] is function:
            continue
        other = methods[name]
        wanted = [a.name for a in arguments(other, isinstance(node.func, ast.Attribute))]
        given = [*zip(node.args, wanted, strict=False), *((k.value, k.arg) for k in node.keywords if k.arg)]
        yield from ((value.id, name, argument) for value, argument in given if isinstance(value, ast.Name))


PRODUCTS = ("dot", "matmul", "outer", "einsum", "tensordot")
"""Functions of several arrays: what they give has the name of none of these."""


def _name(node: ast.expr) -> object:
    """What a returned expression is called: grads["Wx"] is Wx, np.stack(dxs) is dxs, dx.T is dx; W.T @ da is no W."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return tuple(map(_name, parts))
        case ast.Attribute(value=owner, attr=name):
            return _name(owner) if name in ("T", "copy", "real") else name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Subscript(value=inner) | ast.Starred(value=inner) | ast.UnaryOp(operand=inner):
            return _name(inner)
        case ast.BinOp(op=ast.MatMult()):
            return ast.unparse(node)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in PRODUCTS:
            return ast.unparse(node)
        case ast.Call(func=ast.Attribute(value=owner, attr=name), args=parts):
            method = not (isinstance(owner, ast.Name) and owner.id in ("np", "numpy", "torch"))
            return _name(owner) if method or not parts else _name(parts[0])
        case ast.Call(args=[first, *_]):
            return _name(first)
        case ast.BinOp(left=ast.Constant(), right=named) | ast.BinOp(left=named):
            return _name(named)
        case ast.Constant(value=None):
            return "None"
    return ast.unparse(node)
