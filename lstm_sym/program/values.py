"""Values: what a statement reads and defines. A value is a vector at a time, or a parameter."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import sympy

from lstm_sym.equations.equation import Shape


class Role(enum.Enum):
    """What a value is to the cell, and to another value it was derived from."""

    INPUT = "input"
    STATE = "state"
    QUANTITY = "quantity"
    PARAMETER = "parameter"
    CONSTANT = "constant"
    SLOPE = "slope"
    ADJOINT = "adjoint"
    CARRIED_ADJOINT = "carried adjoint"
    DIRECT_ADJOINT = "direct adjoint"
    TANGENT = "tangent"
    TOTAL = "total"
    SHARE = "share"
    COMPLEMENT = "complement"


@dataclass(frozen=True)
class Value:
    """A vector (H,) at time 0 ([t]) or -1 ([t-1]); with time None the same at all times: a parameter (H,) or (H, D), a
    constant (), or what depends on parameters and constants alone.

    A derived value names what it was derived `of`: the adjoint of i is Value("d_i", ..., of=i). A parameter that stands
    in several places has an adjoint in each: `place` names the quantity there. `direction`, from 1, is a
    tangent's. A stage that is one function of a named value says so: `call` is ("tanh", c) of tanh_c. Values are equal
    when name, time and role are.
    """

    name: str
    shape: Shape
    time: int | None = 0
    role: Role = Role.QUANTITY
    of: Value | None = None
    place: str = ""
    direction: int = 0
    call: tuple[str, Value] | None = None

    @cached_property
    def symbol(self) -> sympy.Symbol:
        """The SymPy symbol of this value in pointwise expressions; it is never parsed."""
        index = "" if self.time is None else f"[t{self.time:+d}]" if self.time else "[t]"
        return sympy.Symbol(self.name + index, real=True)

    @cached_property
    def _hash(self) -> int:
        return hash((self.name, self.time, self.role.value))

    def __hash__(self) -> int:
        """Values are keys everywhere, so the hash is kept."""
        return self._hash

    @property
    def is_parameter(self) -> bool:
        """Whether this is a parameter, or the tangent of one."""
        return self.role is Role.PARAMETER or (
            self.role is Role.TANGENT and self.of is not None and self.of.is_parameter
        )

    def __str__(self) -> str:
        return str(self.symbol)


@dataclass(frozen=True)
class Operator:
    """A constant linear map of this shape, which no cell learns:

    part    (S, N)    puts a vector into a stack, below `before` units; its transpose takes it out again
    repeat  (k N, N)  every unit `count` times in a row; its transpose sums each run
    mean    (N, N)    the mean over units, at every unit; its own transpose
    sum     (N, N)    the sum over units, at every unit; its own transpose
    """

    kind: str
    shape: Shape
    before: Shape = ()
    count: int = 1

    @property
    def place(self) -> int:
        """Which part of the stack this is, from 1."""
        return len(self.before) + 1

    def __str__(self) -> str:
        return self.kind


def adjoint(value: Value) -> Value:
    """The adjoint dL/dv of a value, same shape: named d_v."""
    suffix = "_prev" if value.time == -1 else ""
    return Value(f"d_{value.name}{suffix}", value.shape, 0, Role.ADJOINT, value)


def placed_adjoint(parameter: Value, target: Value) -> Value:
    """The adjoint of a parameter as one quantity reads it, before all are summed: named d_p_by_v."""
    name = f"d_{parameter.name}_by_{target.name}"
    return Value(name, target.shape, 0, Role.ADJOINT, parameter, place=target.name)


def carried_adjoint(state: Value, time: int) -> Value:
    """The part of a state's adjoint that arrives from step t+1, at [t]; at [t-1], what this step sends on."""
    return Value(f"d_{state.name}_next", state.shape, time, Role.CARRIED_ADJOINT, state)


def direct_adjoint(value: Value) -> Value:
    """The part of an adjoint that passes through no matrix, where the rest does."""
    suffix = "_prev" if value.time == -1 else ""
    return Value(f"d_{value.name}{suffix}_direct", value.shape, 0, Role.DIRECT_ADJOINT, value)


def tangent(value: Value, direction: int = 1) -> Value:
    """The tangent of a value (its derivative along a direction), same shape and time: named v_dot.

    direction: which one, from 1, of a program with several; v_dot_again is the tangent along the second.
    """
    name = f"{value.name}_dot" + "_again" * (direction - 1)
    return Value(name, value.shape, value.time, Role.TANGENT, value, direction=direction)


def directions(values: Iterable[Value]) -> int:
    """Along how many directions values have tangents: how often one is the tangent of another."""
    depths = [0]
    for value in values:
        depth, inner = 0, value
        while inner.of is not None:
            depth += inner.role is Role.TANGENT
            inner = inner.of
        depths.append(depth)
    return max(depths)


def total(value: Value) -> Value:
    """The sum of an adjoint over units, at every unit: named d_v_sum."""
    return Value(f"{value.name}_sum", value.shape, value.time, Role.TOTAL, value)


def share(value: Value) -> Value:
    """The tangent of a maximum before it is summed over units: named v_dot_share."""
    return Value(f"{value.name}_share", value.shape, value.time, Role.SHARE, value)


def slope(value: Value) -> Value:
    """phi'(a) at the statement y = phi(a), for y = `value`."""
    return Value(f"{value.name}_slope", value.shape, value.time, Role.SLOPE, value)


def complement(value: Value) -> Value:
    """1 - z of a gate z: named z_complement."""
    return Value(f"{value.name}_complement", value.shape, value.time, Role.COMPLEMENT, value)
