"""The last line of a file that this tool writes: the hash of all above it, by which an edit is noticed."""

from __future__ import annotations

import hashlib
import re
from typing import TypeVar

Content = TypeVar("Content", str, bytes)

SAYS = "Written by lstm-sym; sha256 of all above: "
_COMMENTS = {"<": "<!-- {} -->\n", "//": "// {}\n", "%": "% {}\n"}
_JSON_ENDS = "\n }\n}\n"
"""How a notebook ends, whose last part are its metadata: the seal is the last of them, as JSON has no comments."""
_SEAL = re.compile(
    rb'(?:# |// |% |<!-- |  "seal": ")' + SAYS.encode("ascii") + rb'([0-9a-f]{64})(?: -->|"\n \}\n\})?\n'
)


def sealed(content: Content) -> Content:
    """The content with its seal: in a comment as of Markdown and HTML, JavaScript, LaTeX and PDF, or Python, by how it
    begins; in the metadata of a notebook.
    """
    if isinstance(content, bytes):
        body = content if content.endswith(b"\n") else content + b"\n"
        return body + f"% {_seal(body)}\n".encode("ascii")
    if content.startswith("{") and content.endswith(_JSON_ENDS):
        body = content.removesuffix(_JSON_ENDS) + ",\n"
        return f'{body}  "seal": "{_seal(body.encode("utf-8"))}"{_JSON_ENDS}'
    comment = next((form for start, form in _COMMENTS.items() if content.startswith(start)), "# {}\n")
    return content + comment.format(_seal(content.encode("utf-8")))


def _seal(body: bytes) -> str:
    return f"{SAYS}{hashlib.sha256(body).hexdigest()}"


def intact(content: bytes) -> bool:
    """Whether the content ends with a seal, and is to the byte what was sealed."""
    start = content.rfind(b"\n", 0, max(content.rfind(SAYS.encode("ascii")), 0)) + 1
    seal = _SEAL.fullmatch(content, start)
    return seal is not None and seal[1].decode("ascii") == hashlib.sha256(content[:start]).hexdigest()
