"""A derivation: everything the engine derives from one cell, as programs and symbolic maps, computed when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lstm_sym.derivation import jvp, vjp
from lstm_sym.derivation.jacobian import Jacobian, Jacobians
from lstm_sym.derivation.linear_map import LinearMap, Path, path_of, substitute
from lstm_sym.derivation.roles import Roles
from lstm_sym.equations.cell import Cell
from lstm_sym.ground.shown import Shown
from lstm_sym.notation.latex import LatexNotation
from lstm_sym.notation.notation import Notation
from lstm_sym.notation.text import TextNotation
from lstm_sym.passes import Operations, count_operations, fast, prune
from lstm_sym.passes.slope_forms import from_output
from lstm_sym.program import Pointwise, Program, Statement, Value, lower


@dataclass(frozen=True)
class Derivation(Shown):
    """What follows from a cell's equations; slopes stand in their textbook form, written in the output: i (1 - i)."""

    cell: Cell

    @cached_property
    def forward(self) -> Program:
        """The cell as a program: one statement a stage."""
        return prune(lower(self.cell))

    @cached_property
    def reverse(self) -> Program:
        """The backward pass, every slope a function of its pre-activation."""
        return prune(vjp(self.forward))

    @cached_property
    def adjoint(self) -> Program:
        """The backward pass of one step and its loop, t = T-1 .. 0 (backpropagation through time)."""
        return prune(fast(self.reverse))

    @cached_property
    def directional(self) -> Program:
        """Forward mode, every slope a function of its pre-activation."""
        return jvp(self.forward)

    @cached_property
    def tangent(self) -> Program:
        """Forward mode: values and their tangents."""
        return prune(fast(self.directional))

    @cached_property
    def second_order(self) -> Program:
        """Forward mode over the backward pass: adjoints and their tangents, the Hessian-vector product."""
        return jvp(self.reverse)

    @cached_property
    def jacobians(self) -> Jacobians:
        """The Jacobians of one step, each accumulation run once."""
        return Jacobians(self.forward)

    @cached_property
    def roles(self) -> Roles:
        """Which quantities are gates, which parameters biases, and which gates keep a state: `d.roles.forget_gates`."""
        return Roles(self.forward)

    @property
    def operations(self) -> Operations:
        """Element-wise operations per unit and matrix products of one step, forward and backward together."""
        return self.costs["total"]

    @cached_property
    def costs(self) -> dict[str, Operations]:
        """The operations of one step by pass: "forward", "backward", and both, "total"."""
        forward, backward = count_operations(self.forward), count_operations(self.adjoint)
        return {"forward": forward, "backward": backward, "total": forward + backward}

    def value(self, name: str, source: bool = False) -> Value:
        """The value of a name: as a source, a state means s[t-1] and `c[t]` the one of this step.

        Raises KeyError, naming the names there are.
        """
        base, same_step = name.removesuffix("[t]"), name.endswith("[t]")
        found = [value for value in self.forward.values() if value.name == base]
        if not found:
            known = ", ".join(dict.fromkeys(value.name for value in self.forward.values()))
            raise KeyError(f"{self.cell.key} has no quantity {name}; it has {known}")
        return found[0] if source and not same_step else found[-1]

    def jacobian(self, target: str, source: str) -> LinearMap:
        """d target[t] / d source of one step, shape (target, source).

        source: the input or a parameter, a state (at [t-1]), or a quantity of the same step ("c[t]", "i").
        In a deep step its terms refer to inner Jacobians by name, which are in `.stages`; `.expanded()` multiplies out.

        >>> import lstm_sym as ls
        >>> d = ls.derive("lstm")
        >>> print(d.text(d.jacobian("c", "h")))
        diag(cₜ₋₁ ⊙ fₜ ⊙ (1 − fₜ)) U_f + diag(gₜ ⊙ iₜ ⊙ (1 − iₜ)) U_i + diag(iₜ ⊙ (1 − gₜ²)) U_g
        >>> print(d.text(d.jacobian("h", "c[t]")))
        diag(oₜ ⊙ (1 − tanh²(cₜ)))
        """
        return self._textbook(self.jacobians.of(self.value(target), self.value(source, source=True)))

    def jacobian_id(self, target: str | Value, source: str | Value) -> str:
        """How a Jacobian is called among the lines of a derivation: lstm.jacobian.h.c, lstm.jacobian.h.c[t]."""
        above = target if isinstance(target, str) else target.name
        below = source if isinstance(source, str) else self.source_name(source)
        return f"{self.cell.key}.jacobian.{above}.{below}"

    def source_name(self, value: Value) -> str:
        """The name of a value as the source of a Jacobian, as `jacobian` reads it."""
        return value.name if self.value(value.name, source=True) == value else f"{value.name}[t]"

    def gate_jacobian(self, gate: str, source: str) -> LinearMap:
        """d gate[t] / d source: diag(i (1 - i)) U_i for the input gate and h."""
        return self.jacobian(gate, source)

    def state_jacobian(self) -> dict[tuple[str, str], LinearMap]:
        """The blocks ds_i[t]/ds_j[t-1] of the state Jacobian, over all states."""
        return {key: self._textbook(block) for key, block in self.jacobians.of_states().items()}

    def text(self, item: LinearMap | Statement) -> str:
        """A Jacobian or a statement in Unicode: `d.text(d.jacobian("c", "h"))`."""
        return self._written(TextNotation, item)

    def latex(self, item: LinearMap | Statement) -> str:
        r"""A Jacobian or a statement in LaTeX, without delimiters.

        >>> import lstm_sym as ls
        >>> d = ls.derive("rnn")
        >>> print(d.latex(d.jacobian("h", "h")))
        \mathrm{diag}(1 - {h_{t}}^{2})\,U
        """
        return self._written(LatexNotation, item)

    def _written(self, kind: type[Notation], item: LinearMap | Statement) -> str:
        notation = kind.of(self.forward, self.adjoint, self.tangent)
        return notation.linear_map(item) if isinstance(item, LinearMap) else notation.line(item)

    @cached_property
    def _path(self) -> Path:
        return path_of(self.forward.statements)

    def _textbook(self, derived: Jacobian) -> LinearMap:
        replacements = {}
        values = {value.symbol: value for value in self.forward.values()} | dict(derived.map.values)
        for statement in derived.slopes:
            written = from_output(statement)
            if isinstance(written, Pointwise):
                replacements[statement.target.symbol] = written.expression
        return substitute(derived.map, replacements, values, self._path)
