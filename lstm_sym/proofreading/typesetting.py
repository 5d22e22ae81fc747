"""Formulas of a text as mathematics, as they were understood: with the signs of the page instead of the text's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from lstm_sym.compile.derivation import Derivation
from lstm_sym.equations.signs import parts_of_name
from lstm_sym.notation.notation import Notation
from lstm_sym.proofreading import tree
from lstm_sym.proofreading.tree import Leaf, Node, Quantity

_SUM, _PRODUCT, _ATOM = 1, 2, 3
_MARKS = {
    "forward": "", "parameter": "", "packed": "", "own": "",
    "adjoint": "adjoint", "gradient": "adjoint", "dy": "adjoint", "packed adjoint": "adjoint",
    "packed gradient": "adjoint", "carried": "carried", "direct": "direct", "slope": "slope",
}  # fmt: skip
"""Kind of quantity -> the mark of its name."""
_TIMELESS = ("parameter", "gradient", "packed gradient")


class NotTypeset(Exception):
    """A formula with something for which mathematics has no sign here: a part of an array, a matrix of blocks."""


@dataclass(frozen=True)
class Typesetter:
    """Writes formulas in one notation of a page."""

    notation: Notation
    derivation: Derivation

    def line(self, left: Node, right: Node) -> str:
        """left = right. Raises NotTypeset."""
        return self.write(left) + self.notation.equals + self.write(right)

    def write(self, node: Node, within: int = 0) -> str:
        """A formula; in brackets where it binds less than what stands around it. Raises NotTypeset."""
        notation = self.notation
        match node:
            case Leaf():
                return self.name(node)
            case tree.Number():
                return notation.number(Fraction(str(node.value)))
            case tree.Sum():
                terms = ((sign, self.write(term, _PRODUCT)) for sign, term in node.terms)
                return self.bracketed("".join(notation.joined(terms)), within > _SUM)
            case tree.Product():
                return self.bracketed(self.product(node), within > _PRODUCT)
            case tree.Fraction():
                inner = 0 if notation.fraction_bar else _ATOM
                return notation.fraction(self.write(node.above, inner), self.write(node.below, inner))
            case tree.Power(tree.Call(exponent=1) as call, exponent):
                return self.write(replace(call, exponent=exponent), within)
            case tree.Power():
                return notation.power(self.write(node.base, _ATOM), node.exponent)
            case tree.Transpose():
                return notation.transpose(self.write(node.base, _ATOM))
            case tree.Call():
                function = notation.function(node.function, node.prime)
                function = notation.power(function, node.exponent) if node.exponent != 1 else function
                return function + notation.parentheses(self.write(node.argument))
            case tree.Operation(kind="time"):
                summed = notation.summed(self.write(node.body), isinstance(node.body, tree.Sum))
                return self.bracketed(summed, within > _SUM)
            case tree.Operation(kind="diag"):
                return notation.diag(self.write(node.body))
            case tree.Stack():
                return notation.stacked([self.write(part) for part in node.parts])
        raise NotTypeset

    def bracketed(self, text: str, needed: bool) -> str:
        """In brackets, if they are needed."""
        return self.notation.parentheses(text) if needed else text

    def product(self, node: tree.Product) -> str:
        """Factors from left to right: of elements with the sign of such a product, of matrices without one."""
        before = node.factors[0]
        text = self.write(before, _ATOM)
        for sign, factor in zip(node.signs, node.factors[1:], strict=True):
            written = self.write(factor, _ATOM)
            if sign in tree.DIVISION:
                text = self.notation.fraction(text, written)
            elif isinstance(before, tree.Number):
                text = self.notation.scaled(text, written)
            elif sign in tree.OUTER:
                text = self.notation.applied(text, self.notation.transpose(written))
            elif self.is_elementwise(sign, before, factor):
                text = self.notation.product([text, written])
            else:
                text = self.notation.applied(text, written)
            before = factor
        return text

    def is_elementwise(self, sign: str, left: Node, right: Node) -> bool:
        """Whether a sign means a product of elements here."""
        generic = sign in tree.GENERIC and not (self.is_matrix(left) or self.is_matrix(right))
        return sign in tree.ELEMENTWISE or generic

    def is_matrix(self, node: Node) -> bool:
        """Whether a factor is a matrix, or a vector turned."""
        if isinstance(node, Leaf):
            kind, shape = node.quantity.kind, self.derivation.cell.shapes.get(node.quantity.name, ())
            return (kind == "parameter" and len(shape) == 2) or kind in ("packed", "partial")
        return isinstance(node, tree.Transpose) or (isinstance(node, tree.Operation) and node.kind == "diag")

    def name(self, leaf: Leaf) -> str:
        """The name of a quantity; a function of one as such."""
        quantity = leaf.quantity
        is_timeless = quantity.kind in _TIMELESS or (quantity.kind == "packed" and quantity.name != "a")
        time = None if is_timeless else leaf.time
        if quantity.kind == "partial":
            return self.partial(quantity.name, leaf.time)
        name = "y" if quantity.kind == "dy" else quantity.name
        if quantity.kind not in _MARKS or not name.replace("_", "").isalnum():
            raise NotTypeset
        mark = _MARKS[quantity.kind]
        value = next((v for v in self.derivation.forward.values() if v.name == name), None)
        if value is None or value.call is None:
            return self.notation.name(*parts_of_name(name), mark, time)
        function, argument = value.call
        inner = self.notation.parentheses(self.name(Leaf(Quantity("forward", argument.name), leaf.time)))
        called = self.notation.function(function, mark == "slope") + inner
        return called if mark in ("", "slope") else self.notation.marked(self.notation.parentheses(called), mark)

    def partial(self, name: str, time: int) -> str:
        """The derivative of one quantity by another."""
        above, _, below = name.partition("/")
        source = below.removesuffix("[t-1]")
        kind = "parameter" if source in self.derivation.cell.parameters else "forward"
        lower = Leaf(Quantity(kind, source), time - (source != below))
        return self.notation.partial(self.name(Leaf(Quantity("forward", above), time)), self.name(lower))
