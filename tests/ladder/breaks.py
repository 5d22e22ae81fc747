"""Rung 6: ways of breaking the engine itself, each a patch of one rule or pass that is taken back afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any
from unittest import mock

import sympy
from ladder import wrong
from ladder.wrong import Wrapper
from sympy.core.cache import clear_cache

from lstm_sym.equations import expressions
from lstm_sym.equations.functions import SLOPES
from lstm_sym.passes.layout import Layout
from lstm_sym.program.values import Role


@dataclass(frozen=True)
class Break:
    """What is wrong: in which `place` of the engine, and the patches: an object, an attribute, a wrapper of it."""

    place: str
    what: str
    patches: tuple[tuple[Any, str, Wrapper], ...]

    @property
    def name(self) -> str:
        """reverse mode: the sign of a term is lost."""
        return f"{self.place}: {self.what}"

    @contextmanager
    def broken(self) -> Iterator[None]:
        """The engine with this break in it."""
        with ExitStack() as stack:
            for owner, attribute, wrapper in self.patches:
                right = getattr(owner, attribute)
                stack.enter_context(mock.patch.object(owner, attribute, _wrapped(right, wrapper)))
            forget()
            yield
        forget()


def forget() -> None:
    """Empty what remembers derivatives: SymPy's cache and the engine's."""
    clear_cache()
    for function in vars(LOCAL).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


def _wrapped(right: Callable[..., Any], wrapper: Wrapper) -> Callable[..., Any]:
    def function(*arguments: Any, **options: Any) -> Any:
        return wrapper(right, *arguments, **options)

    return function


LOWER, VJP, JVP, JACOBIAN = (
    import_module(f"lstm_sym.{name}")
    for name in ("program.lowering", "derivation.reverse_mode", "derivation.forward_mode", "derivation.jacobian")
)
LOCAL, FORMS, SCHEDULE = (
    import_module(f"lstm_sym.{name}") for name in ("derivation.local", "passes.slope_forms", "passes.scheduling")
)
PLAN, KERNEL_LOCAL = import_module("lstm_sym.compile.plan"), import_module("lstm_sym.emit.numpy.local")
DERIVED = import_module("lstm_sym.compile.derivation")
LOWERING, REVERSE, FORWARD = LOWER._Lowering, VJP._Reverse, JVP._Forward


def _break(place: str, what: str, *patches: Any) -> Break:
    grouped = tuple(zip(patches[::3], patches[1::3], patches[2::3], strict=True))
    return Break(place, what, grouped)


def _everywhere(attribute: str, wrapper: Wrapper, *owners: Any) -> tuple[Any, ...]:
    return tuple(part for owner in owners for part in (owner, attribute, wrapper))


_NAMES = "local_derivatives"

BREAKS = (
    _break(
        "reverse mode",
        "a transpose is lost",
        REVERSE,
        "affine_operand",
        wrong.operand_term(lambda t: replace(t, transposed=t.transposed != wrong.square(t))),
    ),
    _break(
        "reverse mode",
        "the coefficient of an operand is lost",
        REVERSE,
        "affine_operand",
        wrong.operand_term(lambda t: replace(t, coefficient=t.coefficient**0)),
    ),
    _break(
        "reverse mode",
        "an operand gets the wrong sign",
        REVERSE,
        "affine_operand",
        wrong.operand_term(lambda t: replace(t, coefficient=-t.coefficient)),
    ),
    _break(
        "reverse mode",
        "a peephole passes no weight",
        REVERSE,
        "affine_operand",
        wrong.operand_term(lambda t: replace(t, matrix=None) if t.is_diagonal else t),
    ),
    _break(
        "reverse mode",
        "the coefficient of a gradient is lost",
        REVERSE,
        "finish_gradients",
        wrong.contributions(lambda _, part: replace(part, coefficient=part.coefficient**0)),
    ),
    _break(
        "reverse mode",
        "an outer product is the other way round",
        REVERSE,
        "finish_gradients",
        wrong.contributions(wrong.swapped),
    ),
    _break(
        "reverse mode",
        "a bias gets the wrong sign",
        REVERSE,
        "finish_gradients",
        wrong.contributions(
            lambda _, part: replace(part, coefficient=-part.coefficient) if part.right is None else part
        ),
    ),
    _break(
        "reverse mode", "a gradient has no contributions but the first", REVERSE, "finish_gradients", wrong.without_last
    ),
    _break(
        "reverse mode",
        "the cotangent of the output is left out",
        REVERSE,
        "add_pointwise",
        wrong.unseeded(lambda name: name.startswith("dy[")),
    ),
    _break(
        "reverse mode",
        "nothing arrives from the step after",
        REVERSE,
        "add_pointwise",
        wrong.unseeded(lambda name: name.endswith("_next[t]")),
    ),
    _break("reverse mode", "what passes no matrix is dropped", REVERSE, "define", wrong.defined(wrong.drop_direct)),
    _break(
        "reverse mode",
        "of several matrices one alone passes",
        REVERSE,
        "define",
        wrong.defined(wrong.keep_first_matrix),
    ),
    _break("reverse mode", "a maximum does not sum over units", REVERSE, "maximum_rule", wrong.no_sum_over_units),
    _break(
        "reverse mode",
        "a parameter in a pointwise statement gets nothing",
        REVERSE,
        "parameter_contribution",
        lambda *_: None,
    ),
    _break("reverse mode", "carries are crossed", REVERSE, "assemble", wrong.crossed),
    _break("reverse mode", "the loop runs in the order of time", REVERSE, "assemble", wrong.in_order_of_time),
    _break("local derivatives", "reverse mode sees one operand alone", VJP, _NAMES, wrong.first_alone),
    _break("local derivatives", "forward mode sees one operand alone", JVP, _NAMES, wrong.first_alone),
    _break("local derivatives", "Jacobians see one operand alone", JACOBIAN, _NAMES, wrong.first_alone),
    _break("local derivatives", "reverse mode has a wrong sign", VJP, _NAMES, wrong.negative_last),
    _break("local derivatives", "forward mode has a wrong sign", JVP, _NAMES, wrong.negative_last),
    _break(
        "local derivatives",
        "all have the same wrong sign",
        *_everywhere(_NAMES, wrong.negative_last, VJP, JVP, JACOBIAN),
    ),
    _break("local derivatives", "a slope is that of another statement", LOCAL.Slopes, "of", wrong.slope_of_the_first),
    _break(
        "functions",
        "the second derivative of tanh has the wrong sign",
        SLOPES["tanh_slope"].slope,
        "fdiff",
        lambda right, self, k=1: -right(self, k),
    ),
    _break(
        "functions",
        "the second derivative of the sigmoid is zero",
        SLOPES["sigmoid_slope"].slope,
        "fdiff",
        lambda right, self, k=1: sympy.S.Zero,
    ),
    _break(
        "functions",
        "a slope in the textbook form is 1 - y",
        *_everywhere("from_output", wrong.unwritten_output, FORMS, KERNEL_LOCAL, DERIVED),
    ),
    _break(
        "forward mode",
        "changes of weights are left out",
        FORWARD,
        "affine_rule",
        wrong.tangent_terms(lambda t: t.weight is None or t.weight.role is not Role.TANGENT),
    ),
    _break(
        "forward mode",
        "changes of operands are left out",
        FORWARD,
        "affine_rule",
        wrong.tangent_terms(lambda t: t.weight is not None and t.weight.role is Role.TANGENT),
    ),
    _break(
        "forward mode",
        "coefficients are lost",
        FORWARD,
        "affine_rule",
        wrong.tangent_terms(lambda _: True, lambda t: replace(t, coefficient=t.coefficient**0)),
    ),
    _break(
        "forward mode", "an outer product has one tangent alone", FORWARD, "accumulate_rule", wrong.left_tangents_alone
    ),
    _break("forward mode", "the tangent of a maximum is a mean", JVP, "Operator", wrong.tangent_of_the_mean),
    _break("Jacobians", "a matrix stands transposed", JACOBIAN, "Matrix", wrong.other_transpose),
    _break("Jacobians", "coefficients are lost", JACOBIAN._Rules, "affine", wrong.plain_coefficients),
    _break("Jacobians", "of two diagonals one is lost", JACOBIAN, "compose", wrong.outer_alone),
    _break("Jacobians", "a sum of diagonals keeps the last", JACOBIAN, "collect", wrong.last_of_equal),
    _break(
        "Jacobians",
        "the last term of several is lost",
        DERIVED.Derivation,
        "_textbook",
        lambda right, self, derived: wrong.one_term_less(lambda d: right(self, d), self, derived),
    ),
    _break("lowering", "a minus is read as a plus", expressions, "summands", wrong.unsigned),
    _break(
        "lowering",
        "a number before a product is lost",
        LOWERING,
        "term",
        wrong.lowered_term(lambda t: replace(t, coefficient=t.coefficient / abs(t.coefficient))),
    ),
    _break(
        "lowering",
        "a transpose is lost",
        LOWERING,
        "term",
        wrong.lowered_term(lambda t: replace(t, transposed=False) if wrong.square(t) else t),
    ),
    _break("lowering", "a difference is the other way round", LOWERING, "binary", wrong.other_way_of_minus),
    _break("passes", "a live term is pruned", *_everywhere("prune", wrong.too_much, PLAN, DERIVED)),
    _break("passes", "a live statement is pruned", *_everywhere("prune", wrong.dead_gradients, PLAN, DERIVED)),
    _break("passes", "two values share a slot", Layout, "place", wrong.shared),
    _break("passes", "a piece of an affine map is lost", SCHEDULE, "_pieces", wrong.one_piece_less),
    _break("passes", "a value is not saved", PLAN, "save_set", wrong.one_value_less),
    _break(
        "passes",
        "1 - sigmoid(a) has the wrong sign of a",
        *_everywhere("complements", wrong.same_sign, FORMS, KERNEL_LOCAL),
    ),
)
"""Every break, by the place of the engine it is in."""
