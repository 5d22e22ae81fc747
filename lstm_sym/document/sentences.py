"""The fixed sentences of documents, in three languages: the files strings*.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from string import Formatter
from typing import Any

from lstm_sym.document.document import Inline, Line

LANGUAGES = ("en", "zh-Hant", "zh-Hans")
FILES = (
    "strings.toml",
    "strings_audit.toml",
    "strings_explore.toml",
    "strings_flow.toml",
    "strings_formats.toml",
    "strings_mistakes.toml",
    "strings_networks.toml",
    "strings_pages.toml",
    "strings_proofreading.toml",
    "strings_reading.toml",
    "strings_site.toml",
)


def in_order(language: str) -> tuple[str, ...]:
    """All languages, this one first."""
    return language, *(one for one in LANGUAGES if one != language)


@lru_cache
def table() -> dict[str, dict[str, str]]:
    """Key -> language -> sentence; keys are the dotted paths of the file."""
    texts = (files(__package__).joinpath(name).read_text(encoding="utf-8") for name in FILES)
    return {key: sentence for text in texts for key, sentence in _flat(tomllib.loads(text), "")}


@lru_cache
def by_english(room: str) -> dict[str, str]:
    """English sentence -> its key, of the keys room.name: for what is found by the sentence that it says."""
    return {sentences["en"]: key for key, sentences in table().items() if key.startswith(f"{room}.")}


def by_pattern(room: str, text: str) -> tuple[str, dict[str, str]] | None:
    """The key room.name whose English sentence this text is, and what stands in its places; None if there is none."""
    for key, pattern in _patterns(room).items():
        if found := pattern.fullmatch(text):
            return key, found.groupdict()
    return None


@lru_cache
def _patterns(room: str) -> dict[str, re.Pattern[str]]:
    """Key -> the English words as a pattern, each place as short as it can be; those with the fewest places first."""
    rows = {key: row["en"] for key, row in table().items() if key.startswith(f"{room}.")}
    made = {key: "".join(map(_pattern, Formatter().parse(text))) for key, text in rows.items()}
    return {key: re.compile(made[key]) for key in sorted(made, key=lambda key: made[key].count("(?P<"))}


def _pattern(part: tuple[str, str | None, str | None, str | None]) -> str:
    text, name, *_ = part
    return re.escape(text) + (f"(?P<{name}>.+?)" if name else "")


def _flat(node: Mapping[str, Any], path: str) -> Iterator[tuple[str, dict[str, str]]]:
    if all(isinstance(value, str) for value in node.values()):
        yield path, dict(node)
        return
    for name, inner in node.items():
        yield from _flat(inner, f"{path}.{name}" if path else name)


class Sentences:
    """The fixed sentences of documents in one language. A sentence may have places, {name}, that the caller fills."""

    def __init__(self, language: str = "en") -> None:
        if language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise ValueError(f"there is no language {language!r}; write one of {known}")
        self.language = language

    def sentence(self, key: str) -> str:
        """The sentence as it stands in the table (KeyError if there is none)."""
        return table()[key][self.language]

    def text(self, key: str, **parts: object) -> str:
        """The sentence with its places filled by text."""
        return self.sentence(key).format(**parts)

    def line(self, key: str, **parts: Inline | Line) -> Line:
        """The sentence with its places filled by text, mathematics, or lines of both."""
        found: list[Inline] = []
        for text, name, _, _ in Formatter().parse(self.sentence(key)):
            found += [text] if text else []
            part = parts[name] if name else ()
            found += part if isinstance(part, tuple) else (part,)
        return tuple(found)

    def as_in_english(self, room: str, english: str) -> str:
        """The sentence of a room of the table that reads so in English; the English itself where there is none."""
        key = by_english(room).get(english)
        return english if key is None else self.sentence(key)

    def rule(self, rule: str) -> str:
        """The name of a rule of derivation; the rule's own key where the table has none."""
        return table().get(f"rules.{rule}.name", {}).get(self.language, rule)

    def under(self, prefix: str) -> dict[str, str]:
        """The sentences whose keys are prefix.name, by name."""
        names = (key.removeprefix(f"{prefix}.") for key in table() if key.startswith(f"{prefix}."))
        return {name: self.sentence(f"{prefix}.{name}") for name in names if "." not in name}

    def has(self, key: str) -> bool:
        """Whether the table has this key."""
        return key in table()

    def listed(self, items: Sequence[Inline]) -> Line:
        """a, b, c: with the comma of the language."""
        return self.listed_lines([(item,) for item in items])

    def one_after_the_other(self, lines: Sequence[Line]) -> Line:
        """Sentences in one paragraph: with a space between them where the language writes spaces."""
        space = " " if self.language == "en" else ""
        return tuple(part for line in lines for part in (space, *line))[1:]

    def listed_lines(self, lines: Sequence[Line]) -> Line:
        """Lines with the comma of the language between them."""
        comma = self.sentence("list.comma")
        return tuple(part for line in lines for part in (comma, *line))[1:]
