"""The works that a reference names, "Greff et al. 2017, arXiv:1503.04069: variant FGR", as entries of BibTeX.

Only what the text says is taken: authors, year, number on arXiv; all else of it is a note. There is no title where the
text has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

_NAME = r"(?:(?:van|von|der|den|de|la) )*[A-Z][\w'’-]+"
_CITATION = re.compile(rf"({_NAME}(?:, {_NAME})*(?: (?:&|and) {_NAME}| et al\.)?) (\d{{4}})\b")
_ARXIV = re.compile(r",? ?arXiv:(\d{4}\.\d{4,5}(?:v\d+)?)")


@dataclass(frozen=True)
class Work:
    """A work as far as a reference names it: `authors` as BibTeX joins them, `text` its part of the reference."""

    key: str
    text: str
    authors: str = ""
    year: str = ""
    arxiv: str = ""
    note: str = ""

    def bibtex(self) -> str:
        """The entry, a field a line."""
        fields = {"author": self.authors, "year": self.year, "eprint": self.arxiv}
        fields |= {"archivePrefix": "arXiv" if self.arxiv else "", "note": _escaped(self.note)}
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@misc{{{self.key},", *lines, "}"])


def works(references: Iterable[str]) -> tuple[Work, ...]:
    """The works of one reference or of several, each once, under keys of their own: greff2017."""
    found: dict[tuple[str, str], Work] = {}
    for reference in references:
        for work in _read(reference):
            known = found.setdefault((work.authors, work.year) if work.authors else (work.text, ""), work)
            if known.arxiv == "" and work.arxiv:
                found[work.authors, work.year] = work
    keys: dict[str, int] = {}
    named = []
    for work in found.values():
        count = keys[work.key] = keys.get(work.key, 0) + 1
        named.append(work if count == 1 else replace(work, key=f"{work.key}{'abcdefghijklmnopqrstuvwxyz'[count - 1]}"))
    return tuple(named)


def bibtex(references: Iterable[str]) -> str:
    """All entries, an empty line between two."""
    return "\n\n".join(work.bibtex() for work in works(references))


def _read(reference: str) -> list[Work]:
    """The works of a text whose parts are separated by semicolons; a part that names none goes to the one before."""
    found: list[Work] = []
    for part in re.split(r"; ", reference.strip()):
        named = _CITATION.search(part)
        if named is None and found:
            note = "; ".join(filter(None, [found[-1].note, part]))
            found[-1] = replace(found[-1], note=note, text=f"{found[-1].text}; {part}")
        elif named is None:
            found += [Work("reference", part, note=part)] if part else []
        else:
            found.append(_work(part, named))
    return found


def _work(part: str, named: re.Match[str]) -> Work:
    names, year = named.groups()
    number = _ARXIV.search(part)
    rest = part[named.end() :].replace(number[0], "") if number else part[named.end() :]
    note = f"{part[: named.start()]}{named[0]}{rest}" if part[: named.start()] else rest.strip(" ,:")
    authors = re.sub(r" et al\.$", " and others", re.sub(r", | & ", " and ", names))
    first = re.split(r" and ", authors)[0].split()[-1]
    key = re.sub(r"[^a-z0-9]", "", f"{first}{year}".lower())
    return Work(key, part, _escaped(authors), year, number[1] if number else "", note)


def _escaped(text: str) -> str:
    r"""Text for a field: signs of TeX with a backslash, and brackets, which would end the field, in words of TeX."""
    return re.sub(r"[&%$#_]", r"\\\g<0>", re.sub(r"[{}\\^~]", " ", text))
