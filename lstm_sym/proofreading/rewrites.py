"""What may have been meant: every small change of a wrong line, the likeliest kinds first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from lstm_sym.proofreading import tree
from lstm_sym.proofreading.grouping import handed_over, regrouped
from lstm_sym.proofreading.tree import Leaf, Node, Quantity, places, replaced
from lstm_sym.proofreading.writing import Style

Place = tuple[int, ...]

FORWARD = ("forward", "partial")
TIMELESS = ("parameter", "gradient", "size", "own", "packed", "packed gradient")
"""The kinds of quantity of the forward pass that have a step; those that have none."""


@dataclass(frozen=True)
class Rewrite:
    """A change of a line. kind: how the mistake is called; wrong: what stands there; right: what belongs there.

    terms: in how many terms that are alike; `wrong` and `right` are of the first.
    """

    kind: str
    wrong: Node | None
    right: Node | None
    line: Node
    place: Place = ()
    terms: int = 1


@dataclass(frozen=True)
class Material:
    """What a line could be mended with.

    leaves: quantities of the cell that factors may be, those that the text names first. terms: whole terms, those of
    the derived line first. slopes: slopes as formulas.
    """

    leaves: Sequence[Leaf]
    terms: Sequence[Node]
    slopes: Sequence[Node]
    style: Style


def rewrites_of(line: Node, material: Material) -> Iterator[Rewrite]:
    """Every change of one place of a line."""
    every = list(places(line))
    for rule in RULES:
        for place, node in every:
            for kind, wrong, right, part in rule(node):
                yield Rewrite(kind, wrong, right, replaced(line, place, part), place)
    yield from _in_every_term(line, every)
    yield from _missing_factors(line, every, material)
    for place, node in every:
        for kind, wrong, right, part in _exchanged(node, material):
            if not place and isinstance(part, Leaf) and not isinstance(node, Leaf):
                continue  # it would say nothing of what stands there
            yield Rewrite(kind, wrong, right, replaced(line, place, part), place)
    yield from _missing_terms(line, every, material)


def _in_every_term(line: Node, every: list[tuple[Place, Node]]) -> Iterator[Rewrite]:
    """The same change of every term of a sum that is alike, as of one over gates beside other terms."""
    for place, node in every:
        if not isinstance(node, tree.Sum):
            continue
        forms = [_form(term) for _, term in node.terms]
        for form in dict.fromkeys(form for form in forms if forms.count(form) > 1):
            alike = [number for number, other in enumerate(forms) if other == form]
            flipped = tree.Sum(tuple((-s if n in alike else s, term) for n, (s, term) in enumerate(node.terms)))
            stands, belongs = (tree.Sum((whole.terms[alike[0]],)) for whole in (node, flipped))
            yield Rewrite("sign", stands, belongs, replaced(line, place, flipped), place, len(alike))
            for (kind, wrong, right, _), terms in _of_alike(node, alike):
                yield Rewrite(kind, wrong, right, replaced(line, place, tree.Sum(terms)), place, len(alike))


def _of_alike(node: tree.Sum, alike: list[int]) -> Iterator[tuple[Change, tuple[tuple[int, Node], ...]]]:
    """The same change of these terms: that of the first, and all terms then."""
    of_terms = [list(places(node.terms[number][1])) for number in alike]
    for rule in (_transposes, _times, _times_of_adjoints, _functions, _squares):
        for parts in zip(*of_terms, strict=True):
            for changes in zip(*(rule(part) for _, part in parts), strict=False):
                terms = list(node.terms)
                for number, (at, _), change in zip(alike, parts, changes, strict=True):
                    sign, term = terms[number]
                    terms[number] = sign, replaced(term, at, change[3])
                yield changes[0], tuple(terms)


def _form(node: Node) -> tuple[object, ...]:
    """What a formula is made of, whatever its names."""
    return (type(node), *map(_form, node.children()))


Change = tuple[str, Node | None, Node | None, Node]
Rule = Callable[[Node], Iterator[Change]]


def _signs(node: Node) -> Iterator[Change]:
    """The sign of one term, or of all."""
    if isinstance(node, tree.Sum):
        for place, (sign, term) in enumerate(node.terms):
            terms = (*node.terms[:place], (-sign, term), *node.terms[place + 1 :])
            yield "sign", tree.Sum(((sign, term),)), tree.Sum(((-sign, term),)), tree.Sum(terms)
    else:
        yield from _differences(node)
        flipped = tree.Sum(((-1, node),))
        if isinstance(node, tree.Product | Leaf):
            yield "sign", node, flipped, flipped


def _differences(node: Node) -> Iterator[Change]:
    """The sign of a product by that of a difference in it: b - a for a - b."""
    for place, factor in enumerate(node.factors if isinstance(node, tree.Product) else ()):
        match factor:
            case tree.Sum(((1, first), (-1, second))) if not isinstance(first, tree.Number):
                turned = tree.Sum(((1, second), (-1, first)))
                yield "sign", factor, turned, replaced(node, (place,), turned)


def _times(node: Node) -> Iterator[Change]:
    """Another step of a quantity of the forward pass."""
    if isinstance(node, Leaf) and node.quantity.kind in FORWARD:
        yield from _moved(node)


def _times_of_adjoints(node: Node) -> Iterator[Change]:
    """Another step of an adjoint; what arrives of it for all of it, and back."""
    if isinstance(node, Leaf) and node.quantity.kind not in (*FORWARD, *TIMELESS):
        yield from _moved(node)
        if node.quantity.kind in ("adjoint", "carried"):
            other = "carried" if node.quantity.kind == "adjoint" else "adjoint"
            for time in (0, 1):
                moved = Leaf(Quantity(other, node.quantity.name), time)
                yield "part", node, moved, moved


def _moved(leaf: Leaf) -> Iterator[Change]:
    """The step before and the step after."""
    for time in (leaf.time - 1, leaf.time + 1):
        if abs(time) <= 1:
            moved = Leaf(leaf.quantity, time)
            yield "time", leaf, moved, moved


def _transposes(node: Node) -> Iterator[Change]:
    """A transpose that is missing, or stands where none belongs."""
    if isinstance(node, tree.Transpose):
        yield "superfluous transpose", node, node.base, node.base
    elif isinstance(node, Leaf) and node.quantity.kind != "size":
        turned = tree.Transpose(node, "")
        yield "transpose", node, turned, turned


def _orders(node: Node) -> Iterator[Change]:
    """A product of matrices the wrong way round."""
    if isinstance(node, tree.Product) and len(node.factors) > 1:
        others = tuple(f.base if isinstance(f, tree.Transpose) else tree.Transpose(f, "") for f in node.factors)
        if any(isinstance(factor, tree.Transpose) for factor in node.factors):
            other = replace(node, factors=others)
            yield "order", node, other, other
            other = replace(node, factors=tuple(reversed(node.factors)))
            yield "order", node, other, other
            other = replace(node, factors=tuple(reversed(others)))
            yield "order", node, other, other


def _functions(node: Node) -> Iterator[Change]:
    """A function in the place of its slope and back; a function that is missing, or one too many."""
    if isinstance(node, tree.Call):
        other = tree.Call(node.function, not node.prime, node.argument, "", node.exponent)
        yield "function for slope" if not node.prime else "slope for function", node, other, other
        for name in ("sigmoid", "tanh"):
            if name != node.function:
                other = tree.Call(name, node.prime, node.argument, "", node.exponent)
                yield "other function", node, other, other
        yield "superfluous function", node, node.argument, node.argument
    if isinstance(node, Leaf) and node.quantity.kind == "forward":
        for name in ("tanh", "sigmoid"):
            called = tree.Call(name, False, node, "")
            yield "function", node, called, called


def _squares(node: Node) -> Iterator[Change]:
    """A square that is missing or superfluous."""
    if isinstance(node, tree.Power):
        yield "superfluous square", node, node.base, node.base
        if node.exponent != 2:
            squared = replace(node, exponent=2)
            yield "square", node, squared, squared
    elif isinstance(node, tree.Call) and node.exponent != 1:
        plain = tree.Call(node.function, node.prime, node.argument, "")
        yield "superfluous square", node, plain, plain
    elif isinstance(node, Leaf | tree.Call):
        squared = tree.Power(node, 2)
        yield "square", node, squared, squared


def _slopes(node: Node) -> Iterator[Change]:
    """g (1 - g) for 1 - g^2, and back: the slope of the other function."""
    kind = "slope of the other function"
    if isinstance(node, tree.Product):
        for place, factor in enumerate(node.factors):
            squared = _squared_in(factor)
            if squared is not None:
                sign = next((sign for sign in node.signs if _kind(sign) != tree.MATRIX), "\\odot")
                slope: Node = tree.Product((squared, _rest_of(squared)), (sign,))
                factors = (*node.factors[:place], squared, _rest_of(squared), *node.factors[place + 1 :])
                signs = (*node.signs[:place], sign, *node.signs[place:])
                yield kind, factor, slope, tree.Product(factors, signs)
            for other, rest in enumerate(node.factors):
                if other != place and _bare(rest) == _bare(_rest_of(factor)):
                    first, last = sorted((place, other))
                    slope = tree.Sum(((1, tree.Number(1, "1")), (-1, tree.Power(factor, 2))))
                    wrong = tree.Product((factor, rest), (node.signs[last - 1],))
                    factors = (*node.factors[:first], slope, *node.factors[first + 1 :])
                    yield kind, wrong, slope, _without(replace(node, factors=factors), last)
    squared = _squared_in(node)
    if squared is not None:
        slope = tree.Product((squared, _rest_of(squared)), ("\\odot",))
        yield kind, node, slope, slope


def _rest_of(node: Node) -> tree.Sum:
    """1 - g of g."""
    return tree.Sum(((1, tree.Number(1, "1")), (-1, node)))


def _squared_in(node: Node) -> Node | None:
    """g of 1 - g^2."""
    match node:
        case tree.Sum(((1, tree.Number(1)), (-1, tree.Power(base, 2)))):
            return base
        case tree.Sum(((1, tree.Number(1)), (-1, tree.Call(exponent=2) as call))):
            return replace(call, exponent=1, head="")
    return None


def _bare(node: Node) -> Node:
    """Without the spelling of names and numbers."""
    if isinstance(node, Leaf):
        return Leaf(node.quantity, node.time)
    if isinstance(node, tree.Number):
        return tree.Number(node.value, "")
    return node.mapped(_bare)


def _superfluous(node: Node) -> Iterator[Change]:
    """A term or a factor that does not belong there."""
    if isinstance(node, tree.Sum) and len(node.terms) == 2 and isinstance(node.terms[0][1], tree.Number):
        sign, rest = node.terms[1]
        if sign < 0 and node.terms[0][1].value == 1:
            yield "complement", node, rest, rest
    if isinstance(node, tree.Sum) and len(node.terms) > 1:
        for place, (sign, term) in enumerate(node.terms):
            rest = tree.total((*node.terms[:place], *node.terms[place + 1 :]))
            kind = "complement" if isinstance(term, tree.Number) and len(node.terms) == 2 else "superfluous term"
            yield kind, node if kind == "complement" else tree.total(((sign, term),)), rest, rest
    if isinstance(node, tree.Product):
        for place, factor in enumerate(node.factors):
            yield "superfluous factor", factor, None, _without(node, place)
    if isinstance(node, tree.Fraction):
        yield "superfluous factor", node, node.above, node.above
    if isinstance(node, Leaf) and node.quantity.kind in ("forward", "own"):
        yield "complement", node, _rest_of(node), _rest_of(node)
    if isinstance(node, tree.Operation) and node.kind == "diag":
        yield "superfluous diagonal", node, node.body, node.body


def _sums_over_time(node: Node) -> Iterator[Change]:
    """A sum over time that does not belong there."""
    if isinstance(node, tree.Operation) and node.kind == "time":
        yield "superfluous sum", node, node.body, node.body


def _signs_of_products(node: Node) -> Iterator[Change]:
    """An element-wise product for one of matrices, and back."""
    if isinstance(node, tree.Product):
        for place, sign in enumerate(node.signs):
            for other in ("\\odot", "@", "\\otimes"):
                if _kind(sign) != _kind(other):
                    signs = (*node.signs[:place], other, *node.signs[place + 1 :])
                    changed = replace(node, signs=signs)
                    yield "product", node, changed, changed


def _groups(node: Node) -> Iterator[Change]:
    """Brackets in another place; a factor that belongs to another one."""
    yield from (("grouping", node, other, other) for other in regrouped(node))
    yield from (("other factor", node, other, other) for other in handed_over(node))


RULES: tuple[Rule, ...] = (
    _signs, _times, _times_of_adjoints, _transposes, _orders, _functions, _squares, _groups, _slopes, _superfluous,
    _sums_over_time, _signs_of_products,
)  # fmt: skip
"""What may be wrong in one place, the likeliest first: an index of the forward pass is slipped on sooner than an
adjoint's."""


def _kind(sign: str) -> frozenset[str]:
    kinds = (tree.ELEMENTWISE, tree.MATRIX, tree.OUTER, tree.DIVISION, tree.GENERIC)
    return next((kind for kind in kinds if sign in kind), frozenset())


def _without(node: tree.Product, place: int) -> Node:
    """The product without one factor, and without the sign before it."""
    factors = (*node.factors[:place], *node.factors[place + 1 :])
    cut = max(place - 1, 0)
    return tree.product(factors, (*node.signs[:cut], *node.signs[cut + 1 :]))


def _exchanged(node: Node, material: Material) -> Iterator[Change]:
    """Another quantity, or another slope, in the place of one."""
    if isinstance(node, Leaf):
        for leaf in material.leaves:
            if leaf.quantity != node.quantity and _alike(leaf.quantity, node.quantity):
                yield "other quantity", node, leaf, leaf
        for leaf in material.leaves:
            if leaf.quantity != node.quantity and not _alike(leaf.quantity, node.quantity):
                yield "other quantity", node, leaf, leaf
    if isinstance(node, tree.Product | tree.Sum | tree.Call | tree.Power):
        for slope in material.slopes:
            yield "other slope", node, slope, slope
    if isinstance(node, tree.Call | tree.Sum):
        for leaf in material.leaves:
            if leaf.quantity.kind == "forward":
                yield "other quantity", node, leaf, leaf


def _alike(one: Quantity, other: Quantity) -> bool:
    return one.kind == other.kind


def _missing_factors(line: Node, every: list[tuple[Place, Node]], material: Material) -> Iterator[Rewrite]:
    """A factor or a slope that is missing."""
    leaves = [leaf for leaf in material.leaves if leaf.quantity.kind in ("forward", "parameter")]
    factors: list[Node] = [*material.slopes, *leaves]
    factors += [_rest_of(leaf) for leaf in leaves if leaf.time == 0]
    factors += [leaf for leaf in material.leaves if leaf not in leaves]
    for place, node in every:
        if not isinstance(node, tree.Product | Leaf | tree.Call | tree.Operation):
            continue
        if place and isinstance(_at(line, place[:-1]), tree.Product | tree.Call | tree.Power):
            continue
        for factor in factors:
            kind = "missing slope" if factor in material.slopes else "missing factor"
            longer = _with(node, factor, material.style.elementwise)
            yield Rewrite(kind, node, factor, replaced(line, place, longer), place)


def _missing_terms(line: Node, every: list[tuple[Place, Node]], material: Material) -> Iterator[Rewrite]:
    """A term that is missing."""
    for place, node in ((place, node) for place, node in every if not place or isinstance(node, tree.Sum)):
        for term in material.terms:
            for sign in (1, -1):
                terms = (*(node.terms if isinstance(node, tree.Sum) else ((1, node),)), (sign, term))
                yield Rewrite(
                    "missing term", None, tree.total(((sign, term),)), replaced(line, place, tree.Sum(terms)), place
                )


def _with(node: Node, factor: Node, sign: str) -> Node:
    """The product with one factor more, element by element; of products that touch, the whole."""
    if isinstance(node, tree.Product) and all(s == sign or s in tree.ELEMENTWISE for s in node.signs):
        return tree.Product((*node.factors, factor), (*node.signs, sign))
    if isinstance(node, tree.Product) and isinstance(node.factors[-1], tree.Transpose):
        # a v^T: the factor belongs to a.
        first = tree.Product((node.factors[0], factor), (sign,))
        return replace(node, factors=(first, *node.factors[1:]))
    return tree.Product((node, factor), (sign,))


def _at(line: Node, place: Place) -> Node:
    for step in place:
        line = line.children()[step]
    return line
