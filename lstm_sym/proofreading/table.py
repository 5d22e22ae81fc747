"""The table at the top of a text that says what its names stand for: rows | symbol | meaning |, or `name: meaning`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lstm_sym.compile.derivation import Derivation
from lstm_sym.proofreading.aliases import sums
from lstm_sym.proofreading.errors import ProofreadingError, Unreadable
from lstm_sym.proofreading.names import Names, Reading
from lstm_sym.proofreading.parser import Parser
from lstm_sym.proofreading.tree import Leaf, Quantity, Symbol
from lstm_sym.proofreading.words import Words

_ROW = re.compile(r"^\s*\|([^|]+)\|([^|]+)\|")
_LINE = re.compile(r"^\s*[-*]?\s*`?(\\?[\w\\{}^+~']{1,40})`?\s*(?::\s+|：\s*)(.{1,80})$")
_MEANING = re.compile(
    r"(?:the\s+)?(?P<kind>carried adjoint|direct adjoint|adjoint|derivative|pre-activation|sum before|slope|gradient)"
    r"\s+(?:of|by)\s+(?:the\s+)?(?P<of>.+)",
    re.IGNORECASE,
)
_CHINESE = {
    "傳遞伴隨": "carried adjoint", "传递伴随": "carried adjoint",
    "伴隨": "adjoint", "伴随": "adjoint", "導數": "adjoint", "导数": "adjoint",
    "預激活值": "pre-activation", "预激活值": "pre-activation",
    "斜率": "slope", "梯度": "gradient",
}  # fmt: skip
_IN_CHINESE = re.compile(rf"(?P<of>.+?)\s*[處处]?的\s*(?P<kind>{'|'.join(_CHINESE)})")
_KINDS = {"carried adjoint": "carried", "direct adjoint": "direct", "slope": "slope"}
MEANINGS = "adjoint of c, carried adjoint of c, pre-activation of i, slope of i, gradient of W_i, or a name of the cell"


@dataclass(frozen=True)
class Explained:
    """leaves: key -> what it stands for; rest: the text without the table."""

    leaves: Mapping[str, Leaf]
    rest: str


def table_of(text: str, derivation: Derivation) -> Explained:
    """The names that a text explains. Raises ProofreadingError for a row of a table of symbols that says nothing."""
    names, leaves = Names(derivation), {}
    lines, in_table = text.split("\n"), False
    for number, line in enumerate(lines):
        row = _ROW.match(line)
        if row and row[1].strip().lower() in ("symbol", "name", "符號", "符号"):
            in_table = True
            continue
        in_table = in_table and row is not None
        entry = row if in_table else None if row else _LINE.match(line)
        if entry is None or set(entry[1].strip()) <= set("-: "):
            continue
        meaning = entry[2].strip().strip("`$ ")
        leaf = meant(meaning, names)
        if leaf is None:
            if in_table and not _explains_itself(entry[1], names):
                raise ProofreadingError(
                    f"line {number + 1}",
                    f"{entry[1].strip()}: {meaning!r} is nothing that {derivation.cell.key} has",
                    "a meaning in words of its own",
                    f"write {MEANINGS}",
                )
            continue
        symbol = _symbol(entry[1], names)
        if symbol is not None:
            leaves[f"{symbol.key}{symbol.mark}{'d' * symbol.adjoint}"] = leaf
            lines[number] = ""
    return Explained(leaves, "\n".join(lines))


def _explains_itself(written: str, names: Names) -> bool:
    """Whether a name is known without its row."""
    symbol = _symbol(written, names)
    return symbol is not None and names.leaf(symbol, Reading()) is not None


def _symbol(written: str, names: Names) -> Symbol | None:
    text = written.strip().strip("`$ ")
    try:
        found = Parser(text, "\\" in text, Words(lambda key: True)).symbol()
    except Unreadable:
        return None
    return found


def meant(meaning: str, names: Names) -> Leaf | None:
    """The quantity that a meaning names, None if it names none."""
    found = _MEANING.fullmatch(meaning) or _IN_CHINESE.fullmatch(meaning)
    kind = found["kind"].lower() if found else ""
    kind = _CHINESE.get(kind, kind)
    inner = _quantity((found["of"] if found else meaning).strip(" .`$"), names)
    if inner is None:
        return Leaf(Quantity("dy"), 0) if re.search(r"adjoint of (?:the )?output|dL/dy|\bdy\b", meaning) else None
    if not kind:
        return Leaf(inner, 0)
    if kind in ("pre-activation", "sum before"):
        stage = names.before.get(inner.name) or _only(names, inner.name)
        return Leaf(Quantity("forward", stage), 0) if stage else None
    if inner.kind == "parameter":
        return Leaf(Quantity("gradient", inner.name), 0)
    return Leaf(Quantity(_KINDS.get(kind, "adjoint"), inner.name), 0)


def _only(names: Names, name: str) -> str | None:
    return sums(names.derivation.forward).get(name)


def _quantity(text: str, names: Names) -> Quantity | None:
    """A name of the cell, or the words that its file has for one."""
    key = re.sub(r"_t$|\[t\]$|_\{t\}$", "", text).replace("_", "").replace("{", "").replace("}", "")
    before = re.fullmatch(r"(?:the )?pre-activation of (.+)", text)
    if before:
        inner = meant(text, names)
        return inner.quantity if inner else None
    if key in names.keys:
        return names.keys[key]
    for name, meanings in names.derivation.cell.meanings.items():
        if text.lower() in (one.lower() for one in meanings.values()):
            return names.keys.get(name.replace("_", ""))
    return None
