"""Formulas printed in the notation of the text that they are from: its names, its signs, LaTeX or plain."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from lstm_sym.compile.derivation import Derivation
from lstm_sym.notation.latex import LatexNotation
from lstm_sym.proofreading import tree
from lstm_sym.proofreading.tree import HOLE, SMALL_HOLE, Leaf, Node, Quantity, filled

_SUM, _PRODUCT, _ATOM = 1, 2, 3
_OPEN_ENDED = re.compile(r"(\\nabla_\{(?:[^{}]|\{[^{}]*\})*\}[^{}()+-]*(?:\{\w+\})?)$")
r"""A name that ends in a letter of its own, \nabla_{h_t} L, which what touches it must not seem to be a part of."""
_DERIVATIVE_OF = {"adjoint": "forward", "gradient": "parameter"}
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
STEPS_IN_NAMES = (
    f"_{{{HOLE}}}", f"_{HOLE}", f"[{HOLE}]", f"({HOLE})", f"^{{({HOLE})}}", f"^{{{HOLE}}}", f"^{HOLE}", SMALL_HOLE
)  # fmt: skip
"""How texts write the step behind a name."""


@dataclass(frozen=True)
class Style:
    """How a text writes: LaTeX or not, its sign of the element-wise product, of that of matrices, of a transpose.

    summed: its sum over t; code: whether it is a program; small: whether it lowers and raises characters, cₜ and c².
    """

    latex: bool
    elementwise: str
    matrix: str
    transpose: str
    summed: str
    code: bool
    small: bool

    @classmethod
    def of(cls, found: Iterable[Node], latex: bool) -> Style:
        """That of some formulas."""
        nodes = [node for formula in found for node in formula.walk()]
        signs = Counter(sign for node in nodes if isinstance(node, tree.Product) for sign in node.signs)
        marks = Counter(node.mark for node in nodes if isinstance(node, tree.Transpose))
        usual = "\\odot" if latex else "*"
        elementwise = [sign for sign, _ in signs.most_common() if sign in tree.ELEMENTWISE or sign in ("*", "\\cdot")]
        matrix = "@" if signs["@"] and not latex else ""
        small = not latex and any(isinstance(node, tree.Symbol) and SMALL_HOLE in node.form for node in nodes)
        plain = "ᵀ" if small else ".T" if matrix else "^T"
        mark = next((mark for mark, _ in marks.most_common()), r"^\top" if latex else plain)
        sums = Counter(node.head for node in nodes if isinstance(node, tree.Operation) and node.kind == "time")
        summed = next((head for head, _ in sums.most_common()), r"\sum_t" if latex else "Σₜ" if small else "sum_t")
        code = not latex and (bool({"@", ".dot", "\\otimes"} & signs.keys()) or ".T" in marks or _has_stars(nodes))
        return cls(latex, next(iter(elementwise), usual), matrix, mark, summed, code, small)


def _has_stars(nodes: Iterable[Node]) -> bool:
    """Whether a power is written with **."""
    return any(isinstance(node, tree.Power) and node.sign == "**" for node in nodes)


@dataclass(frozen=True)
class Writer:
    """Prints formulas in a style; known: what the text itself has names for, in its order."""

    derivation: Derivation
    style: Style
    known: dict[Quantity, list[Leaf]] = field(default_factory=dict)

    def has(self, quantity: Quantity) -> bool:
        """Whether the text has a name for it."""
        return quantity in self.known

    def write(self, node: Node, within: int = 0) -> str:
        """A formula; in brackets where it binds less than what stands around it."""
        match node:
            case Leaf():
                return self.name(node)
            case tree.Symbol() | tree.Partial():
                return filled(node.form, getattr(node, "time", 0) or 0)
            case tree.Number():
                return node.text
            case tree.Sum():
                return self.bracketed(self.sum(node), within > _SUM)
            case tree.Product():
                return self.bracketed(self.product(node), within > _PRODUCT)
            case tree.Fraction():
                return rf"\frac{{{self.write(node.above)}}}{{{self.write(node.below)}}}"
            case tree.Power():
                exponent = str(node.exponent)
                if self.style.small:
                    return self.raised(node.base, "") + exponent.translate(RAISED)
                exponent = f"{{{exponent}}}" if node.sign == "^" and len(exponent) > 1 else exponent
                return f"{self.raised(node.base, node.sign)}{node.sign}{exponent}"
            case tree.Transpose():
                return f"{self.raised(node.base, node.mark)}{node.mark}"
            case tree.Call():
                return f"{self.head(node)}({self.write(node.argument)})"
            case tree.Operation():
                if node.kind == "time":
                    return self.bracketed(f"{node.head} {self.write(node.body, _PRODUCT)}", within > _SUM)
                return f"{node.head.split('(')[0]}({self.write(node.body)})"
            case tree.Stack():
                return node.form.format(*map(self.write, node.parts))
            case tree.Part():
                return f"{self.write(node.base, _ATOM + 1)}{node.written}"
            case tree.Blocks():
                return node.form.format(*(self.write(part) for row in node.rows for part in row))
            case tree.Blockwise():
                return f"{node.head} {self.write(node.argument, _ATOM)}"
        raise TypeError(f"no spelling of {type(node).__name__}")

    def raised(self, node: Node, mark: str) -> str:
        """What a power or a transpose is of; in brackets if it has a superscript already, as x^{(t)} has."""
        text = self.write(node, _ATOM + 1)
        return self.bracketed(text, mark.startswith("^") and isinstance(node, Leaf) and "^" in text)

    def bracketed(self, text: str, needed: bool) -> str:
        """In brackets, if they are needed."""
        return f"({text})" if needed else text

    def sum(self, node: tree.Sum) -> str:
        """Terms with their signs."""
        text = ""
        for sign, term in node.terms:
            written = self.write(term, _PRODUCT)
            text += (" + " if sign > 0 else " - ") + written if text else ("" if sign > 0 else "-") + written
        return text

    def product(self, node: tree.Product) -> str:
        """Factors with their signs; touching ones with a space between."""
        if node.signs == ("\\otimes",) and not self.style.latex:
            return f"np.outer({', '.join(map(self.write, node.factors))})"
        text = self.write(node.factors[0], _ATOM if _is_mixed(node.factors[0], node.signs[0]) else _PRODUCT)
        for sign, factor in zip(node.signs, node.factors[1:], strict=True):
            written = self.write(factor, _PRODUCT if self.is_joined(factor, sign) else _ATOM)
            text = _OPEN_ENDED.sub(r"(\1)", text) if not sign else text
            text += f" {sign} {written}" if sign else f" {written}"
        return text

    def is_joined(self, factor: Node, sign: str) -> bool:
        """Whether a factor is a product of elements in one of elements, that needs no brackets there."""
        elementwise = sign in tree.ELEMENTWISE or (sign == "*" and self.style.code)
        return elementwise and isinstance(factor, tree.Product) and set(factor.signs) == {sign}

    def head(self, node: tree.Call) -> str:
        """A function with its mark and its exponent, as it is written or as texts write it."""
        if node.head:
            return node.head
        name = {"sigmoid": r"\sigma" if self.style.latex else "sigmoid"}.get(node.function, node.function)
        name = f"\\{name}" if self.style.latex and not name.startswith("\\") else name
        return name + "'" * node.prime + (f"^{node.exponent}" if node.exponent != 1 else "")

    def name(self, leaf: Leaf) -> str:
        """A name: as it is written, as the text writes it elsewhere, or as texts usually do."""
        if leaf.form:
            return filled(leaf.form, leaf.time)
        written = self.known.get(leaf.quantity, [])
        for one in written:
            if one.time == leaf.time:
                return filled(one.form, one.time)
        for one in written:
            if HOLE in one.form or SMALL_HOLE in one.form:
                return filled(one.form, leaf.time)
        return self.usual(leaf)

    def usual(self, leaf: Leaf) -> str:
        """A name that the text does not have, made of those that it has."""
        quantity, time = leaf.quantity, leaf.time
        if quantity.kind == "dy":
            return self.timed(r"\delta y" if self.style.latex else "dy", time)
        if quantity.kind in ("size", "own", "partial"):
            return quantity.name
        base = self.base(Quantity("parameter" if quantity.kind == "gradient" else "forward", quantity.name))
        if quantity.kind in ("parameter", "forward"):
            return self.timed(base, time if quantity.kind == "forward" else None)
        if quantity.kind in _DERIVATIVE_OF and self.around is not None:
            before, behind = self.around
            return f"{before}{self.name(Leaf(Quantity(_DERIVATIVE_OF[quantity.kind], quantity.name), time))}{behind}"
        sign = r"\delta " if self.style.latex else "d" if len(base) < 4 else "d_"
        if quantity.kind == "carried" and not self.style.latex:
            return f"{sign}{base}{'_next' if time == 0 else '_prev'}"
        mark = {"carried": "^{+}", "direct": r"^{\circ}"}.get(quantity.kind, "") if self.style.latex else ""
        if quantity.kind == "slope":
            return self.timed(f"{base}'", time)
        return self.timed(f"{sign}{base}{mark}", None if quantity.kind == "gradient" else time)

    @cached_property
    def around(self) -> tuple[str, str] | None:
        r"""What stands before and behind the name of a quantity in that of its derivative, as in \nabla_{h_t} L."""
        for quantity, leaves in self.known.items():
            of = Quantity(_DERIVATIVE_OF.get(quantity.kind, ""), quantity.name)
            for inner in self.known.get(of, []):
                for leaf in leaves:
                    before, found, behind = leaf.form.partition(inner.form)
                    if found and behind:
                        return before, behind
        return None

    def base(self, quantity: Quantity) -> str:
        """The letters of a name without its step."""
        for one in self.known.get(quantity, []):
            for mark in STEPS_IN_NAMES:
                if one.form.endswith(mark):
                    return one.form.removesuffix(mark)
            if HOLE not in one.form and SMALL_HOLE not in one.form and one.time == 0:
                return one.form
        if not self.style.latex:
            return quantity.name
        value = next((v for v in self.derivation.forward.values() if v.name == quantity.name), None)
        if value is None:
            return quantity.name
        notation = LatexNotation(signs=self.derivation.cell.signs, values={}, by_name=True)
        return notation.named(quantity.name, None)

    def timed(self, base: str, time: int | None) -> str:
        """A name with its step, as the text marks steps."""
        if time is None:
            return base
        if self.style.latex and base.endswith("}") and "_{" in base:  # a letter has one subscript
            return filled(f"{base[:-1]},{HOLE}}}", time)
        forms = [one.form for leaves in self.known.values() for one in leaves]
        for mark in STEPS_IN_NAMES:
            if any(form.endswith(mark) for form in forms):
                whole = f"_{{{HOLE}}}" if mark == f"_{HOLE}" and time else mark
                return filled(base + whole, time)
        if self.style.latex:
            return filled(f"{base}_{{{HOLE}}}", time)
        return base + {0: "", -1: "_prev", 1: "_next"}.get(time, f"[t{time:+d}]")


def _is_mixed(node: Node, sign: str) -> bool:
    """Whether products of two kinds meet: (W^T v) ⊙ r or (a ⊙ b) x^T, which without brackets may be read otherwise."""
    return isinstance(node, tree.Product) and any(_is_matrix(inner) != _is_matrix(sign) for inner in node.signs)


def _is_matrix(sign: str) -> bool:
    return not sign or sign in tree.MATRIX


def styled(node: Node, style: Style) -> Node:
    """A mended line whose new transposes and products are written as the text writes them."""
    if isinstance(node, tree.Transpose) and not node.mark:
        node = replace(node, mark=style.transpose)
    if isinstance(node, tree.Product) and not style.latex:
        plain = {"\\odot": style.elementwise, "@": style.matrix, "\\otimes": "\\otimes" if style.code else "⊗"}
        node = replace(node, signs=tuple(plain.get(sign, sign) for sign in node.signs))
    elif isinstance(node, tree.Product):
        elementwise = style.elementwise if style.elementwise in tree.ELEMENTWISE else "\\odot"
        formulas = {"\\odot": elementwise, "@": ""}
        node = replace(node, signs=tuple(formulas.get(sign, sign) for sign in node.signs))
    elif isinstance(node, tree.Power) and style.code:
        node = replace(node, sign="**")
    return node.mapped(lambda child: styled(child, style))
