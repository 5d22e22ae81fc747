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
_MODEL_BEGINS = b"\x08"
"""How a model of ONNX begins, with the version of its format."""
_MODEL_SEAL = b"\x04seal\x12" + bytes([len(SAYS) + 64])
"""What stands before its seal, which has no line of its own: the key, the tag of the value, how long that is."""
_HASH = SAYS.encode("ascii") + rb"([0-9a-f]{64})"
_SEAL = re.compile(
    rb'(?:# |// |% |<!-- |  "seal": ")' + _HASH + rb'(?: -->|"\n \}\n\})?\n|' + re.escape(_MODEL_SEAL) + _HASH
)


def sealed(content: Content) -> Content:
    """The content with its seal: in a comment as of Markdown and HTML, JavaScript, LaTeX and PDF, or Python, by how it
    begins; in the metadata of a notebook or of a model of ONNX.
    """
    if isinstance(content, bytes) and content.startswith(_MODEL_BEGINS):
        return _sealed_model(content)
    if isinstance(content, bytes):
        body = content if content.endswith(b"\n") else content + b"\n"
        return body + f"% {_seal(body)}\n".encode("ascii")
    if content.startswith("{") and content.endswith(_JSON_ENDS):
        body = content.removesuffix(_JSON_ENDS) + ",\n"
        return f'{body}  "seal": "{_seal(body.encode("utf-8"))}"{_JSON_ENDS}'
    comment = next((form for start, form in _COMMENTS.items() if content.startswith(start)), "# {}\n")
    return content + comment.format(_seal(content.encode("utf-8")))


def _sealed_model(content: bytes) -> bytes:
    """A further entry of metadata_props, field 14 of a model; the tag of its key is a newline, the seal the rest."""
    length = 1 + len(_MODEL_SEAL) + len(SAYS) + 64
    body = content + b"\x72" + bytes([length]) + b"\n"
    return body + _MODEL_SEAL + _seal(body).encode("ascii")


def _seal(body: bytes) -> str:
    return f"{SAYS}{hashlib.sha256(body).hexdigest()}"


def intact(content: bytes) -> bool:
    """Whether the content ends with a seal, and is to the byte what was sealed."""
    start = content.rfind(b"\n", 0, max(content.rfind(SAYS.encode("ascii")), 0)) + 1
    seal = _SEAL.fullmatch(content, start)
    return seal is not None and (seal[1] or seal[2]).decode("ascii") == hashlib.sha256(content[:start]).hexdigest()
