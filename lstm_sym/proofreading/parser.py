"""Formula -> tree: a recursive descent over tokens that builds nodes and does nothing else. Nothing is evaluated."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_sym.proofreading import tree
from lstm_sym.proofreading.arrays import ArrayReader
from lstm_sym.proofreading.errors import Unreadable
from lstm_sym.proofreading.families import family_of
from lstm_sym.proofreading.functions import LEFT_OUT
from lstm_sym.proofreading.scripts import plain_name
from lstm_sym.proofreading.spellings import usual_scripts, usual_words
from lstm_sym.proofreading.symbols import MAX_DEPTH
from lstm_sym.proofreading.tree import Node
from lstm_sym.proofreading.words import FUNCTIONS, Words

_PRODUCT = tree.ELEMENTWISE | tree.MATRIX | tree.OUTER | tree.DIVISION | tree.GENERIC
_OPEN = {"(": ")", "[": "]", "{": "}", "\\lbrace": "\\rbrace"}
_CALLS = {"dot": "@", "matmul": "@", "outer": "\\otimes", "multiply": "\\odot"}
_SCALING = ("*", "\\odot", "\\circ")
"""What stands before = where the left side is multiplied by the right one."""
_LETTERS = ("\\mathrm", "\\text", "\\operatorname", "\\mathop")


@dataclass(frozen=True)
class Line:
    """The sides of a chain of equalities, the first what is defined; `adds`: it is added, written +=."""

    sides: tuple[Node, ...]
    adds: bool = False


def read_line(formula: str, latex: bool, words: Words) -> Line:
    """The formula as a tree. Raises Unreadable."""
    return Parser(usual_scripts(formula) if latex else usual_words(formula), latex, words).line()


class Parser(ArrayReader):
    """Reads one formula; summing: whether this is inside a sum over gates."""

    summing = False

    def __init__(self, formula: str, latex: bool, words: Words) -> None:
        super().__init__(formula, latex, words.known)
        self.words = words

    def line(self) -> Line:
        """side = side = ..."""
        sides, adds = [self.sum()], False
        while self.text() in ("=", "+=", "-=") or (self.text() in _SCALING and self.text(1) == "="):
            token = self.next()
            if token.text in _SCALING:
                self.next()
                sides.append(tree.product((sides[0], self.sum()), (self.written(token),)))
                continue
            adds = adds or token.text != "="
            side = self.sum()
            sides.append(tree.Sum(((-1, side),)) if token.text == "-=" else side)
        if len(sides) < 2 and self.text() == ",":
            raise Unreadable("several names stand to the left of =", "write a line for each")
        self.ended()
        if len(sides) < 2:
            raise Unreadable("no = in it", "write what it is, = and then this")
        return Line(tuple(sides), adds)

    def sum(self) -> Node:
        """Terms with + and -."""
        self.deeper()
        terms: list[tuple[int, Node]] = []
        sign = self.sign()
        terms.append((sign, self.product()))
        while self.text() in ("+", "-"):
            sign = self.sign()
            terms.append((sign, self.product()))
        self.depth -= 1
        return tree.total(tuple(terms))

    def sign(self) -> int:
        """The product of the signs that stand here."""
        sign = 1
        while self.text() in ("+", "-"):
            sign *= -1 if self.next().text == "-" else 1
        return sign

    def product(self) -> Node:
        """Factors with a sign of a product between them, or none."""
        if self.text() in ("\\sum", "sum") and self.text(1) in ("_", "^"):
            return self.summation()
        factors, signs = [self.factor()], []
        while True:
            if self.text() in _PRODUCT and self.text() and self.text(1) not in ("=", ")", ""):
                signs.append(self.written(self.next()))
            elif self.starts_factor():
                signs.append("")
            else:
                break
            if self.text() in ("\\sum", "sum") and self.text(1) in ("_", "^"):
                factors.append(self.summation())
                break
            negative = self.sign() < 0
            factor = self.factor()
            factors.append(tree.Sum(((-1, factor),)) if negative else factor)
        return tree.product(tuple(factors), tuple(signs))

    def starts_factor(self) -> bool:
        """Whether a factor without a sign before it begins here."""
        text = self.text()
        return bool(text) and (
            text in ("(", "[", "\\lbrace", "\\frac", "\\begin", "{", "\\sum", "\\langle", "\\prod")
            or self.token().is_word
            or self.token().is_number
            or (text[0] == "\\" and text not in _PRODUCT and (self.starts_symbol() or text[1:] in FUNCTIONS))
        )

    def summation(self) -> Node:
        """The sum over t, or over gates, of what follows, up to a + outside brackets."""
        start = self.next()
        last = self.scripts_end()
        inner = self.formula[start.start : last]
        family = family_of(inner, self.words.gates)
        if family is None and "t" not in inner and "ₜ" not in inner:
            raise Unreadable(f"{inner!r} is a sum neither over t nor over gates", "write sums over units as products")
        if family is not None and self.summing:
            raise Unreadable("a sum over gates inside another", "write one of them out")
        first, self.summing = self.token().start, self.summing or family is not None
        body = self.product()
        if family is None:
            return tree.Operation("time", body, inner)
        self.summing = False
        text = self.formula[first : self.before()]
        parts = [Parser(family.member(text, gate), self.latex, self.words).whole() for gate in family.gates]
        return tree.total(tuple((1, part) for part in parts))

    def whole(self) -> Node:
        """All of the formula as one sum. Raises Unreadable for what follows it."""
        found = self.sum()
        self.ended()
        return found

    def ended(self) -> None:
        """Raises Unreadable if something is left."""
        if self.text():
            raise Unreadable(f"{self.rest()!r} cannot follow here", "write one formula a line")

    def factor(self) -> Node:
        """An atom with powers, transposes and indices behind it."""
        node = self.atom()
        for _ in range(MAX_DEPTH):
            if self.text() == "^" or self.text() == "**":
                node = self.raised(node)
            elif self.text() == "'" and not isinstance(node, tree.Symbol):
                self.next()
                node = tree.Transpose(node, "'")
            elif self.text() == "." and self.text(1) in ("T", "transpose", "dot", "t", "sum"):
                node = self.attribute(node)
            elif self.text() == "[" and (part := self.part(node)) is not None:
                node = part
            else:
                return node
        raise Unreadable(f"more than {MAX_DEPTH} powers and transposes of one thing")

    def raised(self, node: Node) -> Node:
        """A power or a transpose."""
        start = self.next()
        script = self.group_tokens()
        text = "".join(token.text for token in script)
        mark = self.formula[start.start : self.before()]
        if text in ("T", "\\top", "\\mathrm{T}", "'", "t"):
            return tree.Transpose(node, mark)
        if text in ("-1",) or not text.lstrip("-").isdigit() or abs(int(text)) > 8:
            raise Unreadable(f"the exponent {text!r}", "write a power of 2, or ^T for a transpose")
        return tree.Power(node, int(text), start.text)

    def attribute(self, node: Node) -> Node:
        """.T, .transpose(), .dot(...)."""
        self.next()
        name = self.next().text
        if name == "dot":
            self.expect("(")
            other = self.sum()
            self.expect(")")
            return tree.Product((node, other), ("@",))
        if name == "sum":
            self.expect("(")
            self.past_options()
            return tree.Operation("batch", node, "sum")
        if name == "transpose":
            self.expect("(")
            self.expect(")")
            return tree.Transpose(node, ".transpose()")
        return tree.Transpose(node, f".{name}")

    def atom(self) -> Node:
        """A number, brackets, a function of something, a fraction, a stack, a name."""
        token = self.token()
        text = token.text
        if not text:
            raise Unreadable("the formula ends where something should follow", "a sign stands at its end")
        if token.is_number:
            self.next()
            return tree.Number(float(text), text)
        if text in ("\\mathbf", "\\mathbb") and self.text(1) == "{" and self.text(2) == "1":
            one = [self.next() for _ in range(4)]
            return tree.Number(1, self.formula[one[0].start : one[-1].end])
        if text == "{" and self.text(1).removeprefix("\\") in FUNCTIONS and self.text(2) == "}":
            return self.called() or self.symbol()
        if text == "(":
            return self.stack("(", ")")
        if text in ("{", "\\lbrace"):
            self.next()
            inner = self.sum()
            self.expect(_OPEN[text])
            return inner
        if text == "[":
            return self.stack("[", "]")
        if text == "\\begin":
            return self.column()
        if text == "\\langle":
            return self.outer()
        if text == "\\prod":
            raise Unreadable("a product over steps", "write the derivative of one step")
        if text == "\\frac":
            return self.fraction()
        if text == "-":
            self.next()
            return tree.Sum(((-1, self.factor()),))
        return self.called() or self.derivative_inline() or self.symbol()

    def fraction(self) -> Node:
        r"""\frac{..}{..}, of which one of differentials is a name."""
        start = self.next().start
        place = self.place
        found = self.derivative_fraction(start)
        if found:
            return found
        self.place = place
        parts = []
        for _ in range(2):
            self.expect("{")
            parts.append(self.sum())
            self.expect("}")
        return tree.Fraction(*parts)

    def called(self) -> Node | None:
        """f(a), f'(a), f^2(a), f a, np.f(a); diag, dot, outer, sum, concatenate; None where no function stands."""
        if self.text() == "{" and self.text(1).removeprefix("\\") in FUNCTIONS and self.text(2) == "}":
            del self.tokens[self.place + 2], self.tokens[self.place]
        start = self.token().start
        place, is_word = self.place, self.token().is_word
        self.module_prefix()
        name = self.function_name()
        bare = name.removesuffix("_prime").removesuffix("prime")
        if name in ("diag", "\\diag"):
            return tree.Operation("diag", self.argument(), self.formula[start : self.before()])
        if name == "square" and self.text() == "(":
            return tree.Power(self.argument(), 2, "**")
        if name in _CALLS or name in ("sum", "concatenate", "hstack", "vstack", "concat"):
            if self.text() == "(":
                return self.of_arrays(name, start)
        elif is_word and name[:1] == "d" and name[1:] in FUNCTIONS and self.text() == "(" and not self.names(name):
            return self.of_elements(FUNCTIONS[name[1:]], True, start)
        elif bare in FUNCTIONS and self.text() != "_":
            return self.of_elements(FUNCTIONS[bare], bare != name, start)
        elif name in self.words.functions and (self.text(), self.text(1)) in (("(", self.text(1)), ("'", "(")):
            return self.of_elements(self.words.functions[name], False, start)
        elif self.text() == "(" and len(name) > 2 and is_word and not self.latex and not self.names(name):
            raise Unreadable(f"the function {name!r} is not known here", "write it in sigma and tanh")
        self.place = place
        return None

    def names(self, word: str) -> bool:
        """Whether a word is a name of the cell or the derivative of one."""
        key = plain_name(word)[0]
        return self.known(key) or self.known(key.removeprefix("d"))

    def of_elements(self, function: str, prime: bool, start: int) -> Node:
        """The function or its slope, of what stands in brackets or follows."""
        exponent = 1
        while self.text() in ("'", "^"):
            if self.next().text == "'":
                prime = True
                continue
            script = "".join(token.text for token in self.group_tokens())
            if script == "'":
                prime = True
            elif script.isdigit() and int(script) <= 8:
                exponent = int(script)
            else:
                raise Unreadable(f"the exponent {script!r} of a function")
        head = self.formula[start : self.before()]
        return tree.Call(function, prime, self.argument(), head, exponent)

    def argument(self) -> Node:
        """What a function is of."""
        if self.text() in ("(", "{", "["):
            opening = self.next().text
            if (self.text(), self.text(1)) == (LEFT_OUT, _OPEN[opening]):
                self.place += 2
                return tree.Symbol(LEFT_OUT, False, "", None, LEFT_OUT)
            self.deeper()
            inner = self.sum()
            self.depth -= 1
            self.expect(_OPEN[opening])
            return inner
        if not self.starts_factor():
            raise Unreadable("a function of nothing", "write its argument in brackets behind it")
        self.deeper()
        inner = self.factor()
        self.depth -= 1
        return inner

    def of_arrays(self, name: str, start: int) -> Node:
        """A function of NumPy that makes products, sums or stacks of arrays."""
        self.expect("(")
        if name in _CALLS:
            first = self.sum()
            self.expect(",")
            second = self.sum()
            self.expect(")")
            return tree.Product((first, second), (_CALLS[name],))
        head = self.formula[start : self.before() - 1]
        inner = self.sum() if self.text() != "(" or name == "sum" else self.stack("(", ")")
        self.past_options()
        return tree.Operation("batch", inner, head) if name == "sum" else inner

    def past_options(self) -> None:
        """axis=0, keepdims=True and the bracket that closes a call."""
        while self.text() not in (")", ""):
            self.next()
        self.expect(")")

    def function_name(self) -> str:
        r"""The word or command that stands here, without \operatorname around it; it is taken."""
        token = self.next()
        if token.text in _LETTERS and self.text() == "{":
            return "".join(part.text for part in self.group_tokens())
        return token.text.removeprefix("\\") if token.text != "\\diag" else "diag"

    def module_prefix(self) -> None:
        """np. before a function."""
        if self.text() in ("np", "numpy", "torch", "jnp") and self.text(1) == ".":
            self.place += 2
