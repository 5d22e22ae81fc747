"""The last line of a text file that this tool writes: the hash of all above it, by which an edit is noticed."""

from __future__ import annotations

import hashlib
import re

SAYS = "Written by lstm-sym; sha256 of all above: "
_COMMENTS = {"<": "<!-- {} -->\n", "//": "// {}\n"}
_SEAL = re.compile(rb"(?:# |// |<!-- )" + SAYS.encode("ascii") + rb"([0-9a-f]{64})(?: -->)?\n")


def sealed(text: str) -> str:
    """The text with its seal in a comment: as of Markdown and HTML, JavaScript or Python, by how the text begins."""
    seal = f"{SAYS}{hashlib.sha256(text.encode('utf-8')).hexdigest()}"
    comment = next((form for start, form in _COMMENTS.items() if text.startswith(start)), "# {}\n")
    return text + comment.format(seal)


def intact(content: bytes) -> bool:
    """Whether the content ends with a seal, and is to the byte what was sealed."""
    start = content.rfind(b"\n", 0, -1) + 1
    seal = _SEAL.fullmatch(content, start)
    return seal is not None and seal[1].decode("ascii") == hashlib.sha256(content[:start]).hexdigest()
