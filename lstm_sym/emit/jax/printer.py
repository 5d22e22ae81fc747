"""The nodes of code as JAX source: NumPy's text, but nothing is written into an array, and rows may have no batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from lstm_sym.emit import nodes as n
from lstm_sym.emit.numpy.printer import TEXTS, CodePrinter
from lstm_sym.emit.numpy.scalar import NumPyPrinter
from lstm_sym.program.values import Value


class JaxScalarPrinter(NumPyPrinter):
    """Prints expressions; every function is that of the precise form."""

    def function(self, name: str) -> str:
        """jnp.tanh, _sigmoid."""
        return super().function(name).replace("np.", "jnp.")


class JaxPrinter(CodePrinter):
    """Prints nodes of one step, and, under the same names, of sums over all steps."""

    sums: ClassVar[Mapping[bool, str]] = {True: "{}.sum()", False: "_over_time({})"}
    texts: ClassVar[Mapping[type[n.Node], str]] = {
        **TEXTS,
        n.Packed: "jnp.concatenate(({parts}))",
        n.Transposed: "{matrix}.T",
        n.Stacked: "jnp.concatenate(({parts}), axis=-1)",
        n.ZerosLike: "jnp.zeros_like({operand})",
        n.Copy: "{operand}",
    }

    def text(self, node: n.Node) -> str:
        """An expression."""
        if isinstance(node, n.Full):  # B is as many axes as a row has beside its units, perhaps none
            return f"jnp.full((*batch, {', '.join(node.axes[1:])}), {self.text(node.value)}, dtype)"
        return super().text(replace(node, over_time=False) if isinstance(node, n.Product) else node)

    def scalar(self, node: n.Elementwise) -> NumPyPrinter:
        """The printer of an expression over these operands."""

        def refer(value: Value) -> str:
            return self.text(node.operands[value.symbol])

        return JaxScalarPrinter(node.values, refer, node.constants, True)

    def mapped(self, node: n.Mapped) -> str:
        """As NumPy's; no array is a view of another."""
        return super().mapped(node).replace("np.repeat", "jnp.repeat").removesuffix(".copy()")
