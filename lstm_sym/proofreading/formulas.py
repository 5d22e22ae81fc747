"""Where formulas stand in a text: displays, align environments, code, and lines of their own, in Markdown and LaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lstm_sym.proofreading.errors import ProofreadingError
from lstm_sym.proofreading.macros import without_macros
from lstm_sym.proofreading.tokens import MAX_FORMULA
from lstm_sym.proofreading.unpacking import unpacked

MAX_TEXT = 200_000
"""The most characters of a text."""
MAX_FORMULAS = 1_000

_ENVIRONMENTS = "align|aligned|equation|eqnarray|gather|gathered|multline|split|displaymath|alignat|flalign"
_BEGIN = re.compile(rf"\\begin\{{(?:{_ENVIRONMENTS})\*?\}}(?:\{{\d\}})?")
_END = re.compile(rf"\\end\{{(?:{_ENVIRONMENTS})\*?\}}")
_DISPLAY = re.compile(
    rf"\$\$(?P<dollars>.+?)\$\$|\\\[(?P<brackets>.+?)\\\]|(?P<environment>{_BEGIN.pattern}.+?{_END.pattern})"
    r"|^(?P<fence>```|~~~)[ ]*(?P<language>\S*)[^\n]*\n(?P<code>.*?)^(?P=fence)",
    re.DOTALL | re.MULTILINE,
)
_INLINE = re.compile(r"(?<!\\)\$`?(?P<maths>[^$\n]+?)`?\$|\\\((?P<brackets>.+?)\\\)|`(?P<code>[^`\n]+)`")
_ROW_END = re.compile(r"\\\\(?:\[[^\]]*\])?|\\cr(?![A-Za-z])")
_LABEL = re.compile(r"^\s*(?:[-*+]\s+|\d+[.)]\s+|>\s*)*(?:\([A-Z]?\d+[a-z]?\)\s+)?")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SINGLE = re.compile(r"(?<![=<>!])=(?!=)|＝|←|:=|≔|<-|\\leftarrow|\\coloneqq")
_SEPARATE = re.compile(
    r"[,;，；]\s*(?:\\q?quad|\\ ){1,4}|(?:\\q?quad){1,3}\s*(?=\S[^=]*=)|[;；]\s+"
    r"|,\s+(?=[^()\[\]&]*=)|[，；](?=[^()\[\]]*=)|[,;]?\s*(?<![=&])&\s*(?=[^\s=&][^=&]*&?\s*=)"
)
_REMARK = re.compile(r"\s*(?:\\q?quad|\\ |\s)*(?:\\(?:text|mathrm|mbox)\{.*\}|\(.*\)|[A-Za-z]*)?[\s.,;]*")
"""What may stand behind a formula and is none: (3), \\text{by the chain rule}."""
_LONE = re.compile(
    r"(?=.*(?:\\delta|\\nabla|\\partial|[δ∂∇]|(?<![A-Za-z])d[A-Za-z]))(?=.*(?:\\top|\^\{?T\b|ᵀ|\.T\b|\\otimes|[⊗⊤]))",
    re.DOTALL,
)
"""An outer product with a derivative in it, which is a formula though no = stands in it."""
_CHINESE = re.compile(r"[\u3400-\u9fff]+")
_BESIDE_WORDS = " \t：，。；、"
_PROSE = re.compile(r"[A-Za-z]{2,}\s+[A-Za-z]{2,}\s+[A-Za-z]{2,}")


@dataclass(frozen=True)
class Formula:
    """A formula as it stands in the text, from which line on, and whether it is LaTeX."""

    text: str
    line: int
    latex: bool


def check_text(text: str) -> None:
    """Raises ProofreadingError for a text that is too long, or none."""
    if len(text) > MAX_TEXT:
        raise ProofreadingError(
            "",
            f"{len(text):,} characters; a text of up to {MAX_TEXT:,} is read",
            "a whole book, or a file that is no text",
            "cut out the derivation",
        )
    if "\0" in text or "\1" in text:
        raise ProofreadingError(
            "", "this is no text: a character NUL stands in it", "", "name a .md, .tex or .txt file"
        )


def formulas_of(text: str, *, tex: bool = False) -> list[Formula]:
    """The formulas of a text in its order; all of a .tex file but its comments is LaTeX. Raises ProofreadingError."""
    if tex:
        text = re.sub(r"(?<!\\)%.*", "", text)
    text = without_macros(text, MAX_TEXT)
    text = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    found = sorted(_found(text), key=lambda formula: formula.line)
    if len(found) > MAX_FORMULAS:
        raise ProofreadingError(
            "", f"{len(found):,} formulas; up to {MAX_FORMULAS:,} are read", "", "audit the text part by part"
        )
    return found


def _found(text: str) -> Iterator[Formula]:
    rest = list(text)
    for match in _DISPLAY.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        rest[match.start() : match.end()] = [c if c == "\n" else " " for c in match[0]]
        if match["fence"] and match["language"] not in ("math", "latex", "tex"):
            yield from _code(match["code"], line + 1)
        else:
            inner = match["dollars"] or match["brackets"] or match["environment"] or match["code"]
            offset = match[0].index(inner)
            yield from _rows(inner, line + match[0].count("\n", 0, offset))
    for number, plain in _joined("".join(rest).split("\n")):
        yield from _of_line(plain, number)


def _joined(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; one that begins with a sign and holds no = goes on with the line before."""
    waiting, start = "", 0
    for number, line in enumerate(lines, 1):
        if waiting.strip() and re.match(r"\s+[+−-]\s", line) and not _SINGLE.search(line):
            waiting = f"{waiting} {line.strip()}"
            continue
        if start:
            yield start, waiting
        waiting, start = line, number
    yield start, waiting


def _of_line(plain: str, number: int) -> Iterator[Formula]:
    """The formulas of a line of prose, or the line itself where it is one."""
    for match in _INLINE.finditer(plain):
        inner = match["maths"] or match["brackets"] or match["code"]
        if _SINGLE.search(inner):
            yield from _parts(inner, number, not match["code"])
    if plain.lstrip().startswith("|"):  # a table
        return
    line = _LABEL.sub("", _INLINE.sub(" ", plain))
    is_formula = _SINGLE.search(line) or _LONE.match(line)
    if _INLINE.search(plain) is None and _CHINESE.search(line):
        for piece in in_words(line):
            if _SINGLE.search(piece):
                yield from _parts(piece, number, "\\" in piece)
    elif _INLINE.search(plain) is None and is_formula and not _PROSE.search(line) and not line.startswith("#"):
        yield from _parts(line.partition("  #")[0].split(" # ")[0], number, "\\" in line)


def in_words(line: str) -> Iterator[str]:
    """What stands between Chinese words and in their brackets: （記 δh_t = ∂L/∂h_t）."""
    for piece in _CHINESE.split(line):
        piece = piece.strip(_BESIDE_WORDS).removesuffix("（").removeprefix("）").strip(_BESIDE_WORDS)
        if piece.count("（") > piece.count("）"):
            piece = piece.removeprefix("（")
        elif piece.count("（") < piece.count("）"):
            piece = piece.removesuffix("）")
        yield piece.strip(_BESIDE_WORDS)


def _code(code: str, first: int) -> Iterator[Formula]:
    """Every line of a program or of plain text in which = stands; one that ends in an open bracket goes on."""
    waiting, start = "", first
    for number, line in enumerate(code.split("\n"), first):
        line = line.partition("#")[0].split("//")[0].rstrip()
        start = start if waiting else number
        waiting = f"{waiting} {line.strip()}" if waiting else line
        if waiting.count("(") + waiting.count("[") > waiting.count(")") + waiting.count("]") and line:
            continue
        if _SINGLE.search(waiting) and not re.match(r"\s*(?:def|class|return|for|if|import|from|assert)\b", waiting):
            yield from _parts(_LABEL.sub("", waiting), start, "\\" in waiting)
        waiting = ""


def _rows(inner: str, first: int) -> Iterator[Formula]:
    """The rows of a display; one that begins with a sign goes on with the row before."""
    inner = _END.sub("", _BEGIN.sub("", inner))
    rows: list[tuple[str, int]] = []
    place, matrices = 0, 0
    start = 0
    for match in [*re.finditer(rf"\\begin\{{\w*matrix\}}|\\end\{{\w*matrix\}}|{_ROW_END.pattern}", inner), None]:
        if match is not None and "matrix" in match[0]:
            matrices += 1 if "begin" in match[0] else -1
            continue
        if matrices and match is not None:
            continue
        place = match.start() if match is not None else len(inner)
        row = inner[start:place]
        lead = len(row) - len(row.lstrip())
        line = first + inner.count("\n", 0, start + lead)
        start = match.end() if match is not None else place
        stripped = re.sub(r"^(?:[\s&]|\\q?quad)+", "", row)
        if (rows and stripped[:1] in ("+", "-", "=")) or (
            rows and stripped.startswith(("\\odot", "\\cdot", "\\times"))
        ):
            rows[-1] = f"{rows[-1][0]} {stripped}", rows[-1][1]
        elif stripped.strip():
            rows.append((row, line))
    for row, line in rows:
        if _SINGLE.search(row) or _LONE.match(row):
            yield from _parts(row, line, True)


def _parts(text: str, line: int, latex: bool) -> Iterator[Formula]:
    """The formulas that stand beside each other in a line, each with an = of its own."""
    if len(text) > MAX_FORMULA:  # it is refused, and not searched before
        yield Formula(text.strip(), line, latex)
        return
    several = unpacked(text.rstrip(" ;")) if not latex else []
    if len(several) > 1:
        yield from (Formula(one, line, latex) for one in several)
        return
    parts, start = [], 0
    for match in _SEPARATE.finditer(text):
        before = text[: match.start()]
        if all(before.count(opening) == before.count(closing) for opening, closing in ("()", "[]", "{}")):
            parts.append(text[start : match.start()])
            start = match.end()
    parts.append(text[start:])
    pieces: list[str] = []
    for part in parts:
        if _SINGLE.search(part) or not pieces:
            pieces.append(part)
        elif not _REMARK.fullmatch(part):
            pieces[-1] += f", {part}"
    if any(not _SINGLE.search(piece) for piece in pieces):
        pieces = [text]
    for piece in pieces:
        yield Formula(_trimmed(piece), line, latex)


def _trimmed(text: str) -> str:
    """Without white space, alignment and the punctuation of the sentence around it."""
    text = re.sub(r"\\(?:tag|label)\*?\{[^{}]*\}", "", text).replace("\n", " ")
    beside = "[=]" if "matrix" in text or "array" in text else "[=+-]"
    text = re.sub(rf"&(?=\s*{beside})|(?<={beside})\s*&", "", text)
    text = re.sub(r"^(?:[\s&]|\\q?quad|\\,)+", "", text)
    return re.sub(r"(?:[\s&,.;，。；、：:]|\\q?quad|\\,|\\nonumber|\\notag)+$", "", text)
