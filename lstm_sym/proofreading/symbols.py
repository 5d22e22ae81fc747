r"""Names in formulas: \delta c^{+}_{t}, \frac{\partial L}{\partial c_t}, \tilde{h}_t, dc_next, h[t-1]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lstm_sym.equations.signs import GREEK
from lstm_sym.proofreading.errors import Unreadable
from lstm_sym.proofreading.scripts import hole, mark_of, pieces, plain_name, time_of
from lstm_sym.proofreading.tokens import Token, tokenized
from lstm_sym.proofreading.tree import HOLE, SMALL_HOLE, Partial, Symbol

MAX_DEPTH = 40
"""The most brackets inside each other."""

LOSSES = ("L", "E", "J", "\\ell", "\\mathcal{L}", "\\mathcal{E}", "\\mathcal{J}", "Loss", "loss", "\\mathrm{L}")
ACCENTS = {"\\tilde": "~", "\\hat": "^", "\\bar": "-", "\\dot": ".", "\\check": "v"}
STYLES = ("\\mathrm", "\\mathbf", "\\boldsymbol", "\\bm", "\\text", "\\mathit", "\\vec", "\\operatorname", "\\textbf")
_ADJOINT = ("\\delta", "\\nabla", "\\Delta", "\\partial", "\\epsilon")
_END = Token("", 0, 0)


class SymbolReader:
    """A place among the tokens of a formula, and the names that can begin there."""

    def __init__(self, formula: str, latex: bool, known: Callable[[str], bool]) -> None:
        self.formula, self.latex, self.known = formula, latex, known
        self.tokens = tokenized(formula, latex)
        self.place = self.depth = 0
        self.span = 0, 0

    def token(self, ahead: int = 0) -> Token:
        """The token here, or some further on; an empty one behind the last."""
        return self.tokens[self.place + ahead] if self.place + ahead < len(self.tokens) else _END

    def text(self, ahead: int = 0) -> str:
        """Its text."""
        return self.token(ahead).text

    def next(self) -> Token:
        """The token here, which is taken."""
        token = self.token()
        self.place += 1
        return token

    def before(self) -> int:
        """Where the token before this place ends in the formula."""
        return self.tokens[self.place - 1].end if self.place else 0

    def rest(self) -> str:
        """What stands from here on, in short."""
        return self.formula[self.token().start :][:24]

    def written(self, token: Token) -> str:
        """A sign as its writer has it."""
        return self.formula[token.start : token.end].strip()

    def expect(self, text: str) -> Token:
        """The token, which must be this one."""
        if self.text() != text:
            if not self.text():
                raise Unreadable(f"nothing stands where {text} is missing", "close every bracket")
            raise Unreadable(f"{self.rest()!r} stands where {text} is missing", "close every bracket")
        return self.next()

    def deeper(self) -> None:
        """Counts a bracket."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable(f"more than {MAX_DEPTH} brackets inside each other", "give parts a line of their own")

    def group_tokens(self) -> list[Token]:
        """The tokens in {...}, or the one that stands here."""
        if self.text() != "{":
            token = self.next()
            if not token.text:
                raise Unreadable("nothing stands behind ^ or _")
            return [token, self.next()] if token.text in ACCENTS else [token]
        self.next()
        found, depth = [], 1
        while depth:
            token = self.next()
            if not token.text:
                raise Unreadable("a { that is never closed", "close every bracket")
            depth += (token.text == "{") - (token.text == "}")
            found.append(token)
        if len(found) == 1:
            raise Unreadable("nothing stands behind ^ or _")
        return found[:-1]

    def scripts_end(self) -> int:
        """Where the scripts that stand here end in the formula; they are taken."""
        while self.text() in ("_", "^"):
            self.next()
            self.group_tokens()
        return self.tokens[self.place - 1].end

    def starts_symbol(self) -> bool:
        """Whether a name in LaTeX begins here."""
        text = self.text()
        return text in ACCENTS or text in STYLES or text.removeprefix("\\") in GREEK or text in (
            *_ADJOINT, *LOSSES, "\\mathcal", "\\tanh", "\\sigma", "\\exp", "\\operatorname", "\\diag", "\\ell",
            "\\Gamma",
        )  # fmt: skip

    def is_loss(self) -> int:
        """How many tokens a sign of the loss has here, 0 if there is none; its step's are not counted."""
        if self.text() == "\\mathcal":
            return 4 if self.text(1) == "{" else 2 * (self.text(1) in LOSSES)
        return int(self.text() in LOSSES)

    def derivative_fraction(self, start: int) -> Symbol | Partial | None:
        r"""The rest of \frac{\partial L}{\partial c_t}, or None if it is no derivative."""
        if self.text() != "{" or (self.text(1) not in ("\\partial", "\\mathrm") and self.text(1)[:1] != "d"):
            return None
        self.next()
        above = self.differential()
        if above is None or self.text() != "}":
            return None
        self.next()
        self.expect("{")
        below = self.differential()
        if below is None or self.text() != "}":
            return None
        self.next()
        return self.derivative(above, below, start)

    def derivative_inline(self) -> Symbol | Partial | None:
        r"""\partial L / \partial c_t, dL/dc_t, \nabla_{c_t} L; None where no derivative stands."""
        start, place = self.token().start, self.place
        if self.text() == "\\nabla" and self.text(1) == "_":
            self.place += 2
            group = self.group_tokens()
            inner = self.nested(group)
            self.span = group[0].start, group[-1].end
            if self.is_loss():
                self.place += self.is_loss()
                self.scripts_end()
            return self.derivative(None, inner, start)
        above = self.differential()
        if above is not None and self.text() == "/":
            self.next()
            below = self.differential()
            if below is not None:
                return self.derivative(None if above == "loss" else above, below, start)
        self.place = place
        return None

    def derivative(self, above: Symbol | str | None, below: Symbol | str | None, start: int) -> Symbol | Partial:
        """The name that a derivative is."""
        if not isinstance(below, Symbol):
            raise Unreadable("a derivative by nothing")
        begin, end = self.span
        form = self.formula[start:begin] + below.form + self.formula[end : self.before()]
        if isinstance(above, Symbol):
            return Partial(above, below, self.formula[start : self.before()])
        if above == "step loss":
            return Symbol("dy" if below.key in ("h", "y") else f"dy{below.key}", True, "output", below.time, form)
        return Symbol(below.key, True, below.mark, below.time, form)

    def differential(self) -> Symbol | str | None:
        """d or a partial sign with what stands behind it: a name, "loss", or "step loss" for L_t."""
        word = self.text()
        if word.startswith("d") and len(word) > 1 and word[1:].split("_")[0] in LOSSES and self.token().is_word:
            self.next()
            return "loss"
        if word == "\\mathrm" and self.text(1) == "{" and self.text(2) == "d":
            self.place += 4
        elif word in ("\\partial", "d"):
            self.next()
        elif word.startswith("d") and len(word) > 1 and self.token().is_word and self.known(plain_name(word[1:])[0]):
            symbol = self.spanned()
            self.span = self.span[0] + 1, self.span[1]
            return Symbol(symbol.key.removeprefix("d"), symbol.adjoint, symbol.mark, symbol.time, symbol.form[1:])
        else:
            return None
        if self.is_loss():
            self.place += self.is_loss()
            if self.text() in ("_", "^"):
                self.next()
                step = "".join(token.text for token in self.group_tokens())
                return "step loss" if time_of(step) is not None else "loss"
            return "loss"
        return self.spanned()

    def spanned(self) -> Symbol:
        """A name; where it stands in the formula is kept."""
        start = self.token().start
        found = self.symbol()
        self.span = start, self.before()
        return found

    def symbol(self) -> Symbol:
        """A name with its scripts."""
        token = self.token()
        text, start = token.text, token.start
        if text == "\\mathrm" and self.text(1) == "{" and self.text(2) == "d" and self.text(3) == "}":
            self.place += 4
            return self.prefixed(start)
        if text in _ADJOINT:
            return self.adjoint()
        if text in ACCENTS:
            return self.accented()
        if text in STYLES:
            self.next()
            letters = self.group_tokens()
            inner = "".join(letter.text for letter in letters)
            return self.scripted(inner.removeprefix("\\"), start)
        if (text.startswith("\\") and text[1:] in GREEK) or text in ("\\ell", "\\Gamma"):
            self.next()
            return self.scripted(text[1:], start)
        if not token.is_word:
            raise Unreadable(
                f"{self.rest()!r} is no beginning of a name",
                "write names, numbers, brackets, + - and signs of a product",
            )
        return self.letters()

    def letters(self) -> Symbol:
        """A name in letters: in LaTeX as many of those that touch as are one name."""
        token = self.next()
        start, text = token.start, token.text
        is_one = self.known(text) or (text[0] == "d" and (len(text) == 2 or self.known(text[1:])))
        if self.latex and len(text) == 2 and text[0].isupper() and all(map(self.known, text)):
            is_one = False  # Uh_{t-1} is U times h
        if self.latex and len(text) > 1 and not is_one:
            return self.split(token)
        if text == "d" and not self.token().spaced and self.starts_symbol() and not self.known("d"):
            return self.prefixed(start)
        if self.latex:
            return self.scripted(text, start)
        if text == "self" and self.text() == ".":
            self.next()
            found = self.letters()
            return replace(found, form=f"self.{found.form}")
        return self.scripted(text, start)

    def split(self, token: Token) -> Symbol:
        """The first letter of those that touch; the others are put back as names of their own."""
        size = 2 if token.text[0] == "d" and len(token.text) > 2 and self.known(token.text[1]) else 1
        rest = Token(token.text[size:], token.start + size, token.end)
        self.tokens[self.place - 1 : self.place] = [Token(token.text[:size], token.start, token.start + size), rest]
        return self.scripted(token.text[:size], token.start)

    def accented(self) -> Symbol:
        r"""\tilde{h}, \hat i, \bar{c}."""
        accent = self.next()
        base = self.nested(self.group_tokens())
        found = self.scripted(ACCENTS[accent.text] + base.key, accent.start)
        time = base.time if found.time is None else found.time
        return Symbol(found.key, found.adjoint or base.adjoint, found.mark or base.mark, time, found.form)

    def adjoint(self) -> Symbol:
        r"""\delta c_t, \delta_{c_t}, \delta^c_t, \delta_t."""
        sign = self.next()
        start = sign.start
        if sign.text == "\\partial":  # alone, it is a change and no derivative
            inner = self.symbol()
            return Symbol(f"partial {inner.key}", False, inner.mark, inner.time, self.formula[start : self.before()])
        found = self.scripted("", start)
        if found.key:
            return Symbol(found.key, True, found.mark, found.time, found.form)
        called = self.of_function(start)
        if called:
            return called
        alone = found.time is not None and sign.text != "\\nabla"  # \delta_t x_t is \delta_t times x_t
        if alone or not (self.token().is_word or self.starts_symbol() or self.text() == "{"):
            return Symbol(sign.text[1:], False, found.mark, found.time, found.form)
        marked = self.prefixed(start)
        time = found.time if marked.time is None else marked.time
        return Symbol(marked.key, True, marked.mark or found.mark, time, marked.form)

    def of_function(self, start: int) -> Symbol | None:
        r"""The adjoint of a function of a name, \delta(\tanh(c_t)), whose key is tanhc; None where none stands."""
        place = self.place
        texts = [self.text(ahead).removeprefix("\\") for ahead in range(3)]
        if texts[0] == "(" and texts[1] in ("tanh", "sigma", "sigmoid") and texts[2] == "(":
            self.place += 3
            inner = self.symbol()
            if self.text() == ")" and self.text(1) == ")":
                self.place += 2
                name = {"sigma": "sigmoid"}.get(texts[1], texts[1])
                return Symbol(name + inner.key, True, "", inner.time, self.formula[start : self.before()])
        self.place = place
        return None

    def prefixed(self, start: int) -> Symbol:
        """The adjoint of the name that stands here; its sign stands before it, from `start` on."""
        begin, grouped = self.token().start, self.text() == "{"
        inner = self.nested(self.group_tokens()) if grouped else self.symbol()
        form = self.formula[start : self.before()] if grouped else self.formula[start:begin] + inner.form
        return Symbol(inner.key, True, inner.mark, inner.time, form)

    def nested(self, inner: list[Token]) -> Symbol:
        """The name that stands in a group."""
        reader = SymbolReader(self.formula, self.latex, self.known)
        reader.tokens, reader.depth = inner, self.depth
        reader.deeper()
        found = reader.symbol()
        if reader.place < len(reader.tokens):
            raise Unreadable(f"{reader.rest()!r} inside a name")
        return found

    def scripted(self, base: str, start: int) -> Symbol:
        """The name with these letters and the scripts that stand here."""
        key, mark, time, form = plain_name(base) if not self.latex and base else (base, "", None, "")
        split = self.before()
        if base.endswith("_") and not self.latex:  # W_{hi}, of which W_ is one token
            token = self.tokens[self.place - 1]  # both stay, for one who comes back to the first
            letters = Token(token.text[:-1], token.start, token.end - 1, token.spaced)
            self.tokens[self.place - 1 : self.place] = [letters, Token("_", split - 1, split)]
        where: tuple[int, int] | None = None
        while self.text() in ("_", "^", "'", "[", "("):
            script = self.script(base)
            if script is None:
                break
            for piece, first, last in script:
                step = time_of(piece)
                if step is not None and time is None:
                    time, where = step, hole(self.formula, first.start, last.end)
                elif piece == "'":
                    mark = "slope"
                else:
                    mark = mark_of(piece) or mark
                    key += "" if mark_of(piece) else self.below(piece, first, last)
        return Symbol(key, False, mark, time, self.spelled(start, form, split, where))

    def spelled(self, start: int, form: str, split: int, where: tuple[int, int] | None) -> str:
        """The spelling from `start` to here with a hole where the step stands; `form` is that of a word up to split."""
        end = self.before()
        if where is None:
            return form + self.formula[split:end] if HOLE in form else self.formula[start:end]
        small = SMALL_HOLE if self.formula[where[0]] == "ₜ" else HOLE
        return self.formula[start : where[0]] + small + self.formula[where[1] : end]

    def below(self, piece: str, first: Token, last: Token) -> str:
        r"""What a subscript adds to the key: i, \tilde h, xi."""
        if piece.startswith("\\") or "_" in piece:  # a name of its own
            inside = [token for token in self.tokens if first.start <= token.start and token.end <= last.end]
            return self.nested(inside).key
        plain = piece.replace(" ", "").replace("{", "").replace("}", "")
        return plain[1:-1] if plain[:1] == "(" and plain[1:-1].isalpha() else plain  # \delta^{(h)}

    def first_letter(self, base: str) -> None:
        """Of letters that touch behind _ without braces the first alone stands below, as LaTeX has it: W_fh."""
        token = self.token()
        touching = self.latex and token.is_word and len(token.text) > 1 and not mark_of(token.text)
        if touching and (self.text(1) in ("^", "_") or not self.known(base + token.text)):
            rest = Token(token.text[1:], token.start + 1, token.end)
            self.tokens[self.place : self.place + 1] = [Token(token.text[0], token.start, token.start + 1), rest]

    def script(self, base: str) -> list[tuple[str, Token, Token]] | None:
        """The pieces of the script that stands here, which is taken; None where it is no part of the name."""
        place, sign = self.place, self.text()
        if sign == "'":
            token = self.next()
            return [("'", token, token)]
        if sign in "[(":
            inner, closing = [], "]" if sign == "[" else ")"
            self.next()
            while self.text() not in (closing, ""):
                inner.append(self.next())
            if self.text() == closing and inner and time_of("".join(token.text for token in inner)) is not None:
                self.next()
                return pieces(inner)
            self.place = place
            return None
        self.next()
        self.first_letter(base)
        found = pieces(self.group_tokens()) if self.text() != "(" else self.bracketed()
        texts = [piece for piece, _, _ in found]
        is_power = sign == "^" and texts and (texts[0] in ("T", "\\top", "-1") or texts[0].isdigit())
        if is_power or (sign == "^" and texts and texts[0].startswith("\\mathrm")):
            self.place = place
            return None
        return found

    def bracketed(self) -> list[tuple[str, Token, Token]]:
        """(t-1) behind ^ without braces."""
        inner = [self.next()]
        while self.text() not in (")", ""):
            inner.append(self.next())
        inner.append(self.expect(")"))
        return pieces(inner)
