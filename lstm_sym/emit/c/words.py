"""Names that C, its library and the support of a kernel have already, and sizes as C writes them."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from itertools import chain

from lstm_sym.equations.sizes import bracketed

_KEYWORDS = """auto break case char const continue default do double else enum extern float for goto if inline int long
register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm typeof
main free malloc aligned_alloc memcpy memset errno stdin stdout stderr y0 y1 yn j0 j1 jn gamma"""
_OWN = "precise first last lanes T B t row lane unit k work sent kept ready"


_SUPPORT = ("functions.h", "products.h", "over_units.h")


@cache
def support() -> str:
    """The text of what every kernel brings along."""
    return "\n".join(files(__package__).joinpath(name).read_text("utf-8") for name in _SUPPORT)


_DEFINED = re.compile(
    r"#define (\w+)|^(?:INLINE|static|typedef void)[^(;=]*?(\w+)\(|^typedef (?:long )*\w+ (\w+)", re.MULTILINE
)
RESERVED = frozenset([*_KEYWORDS.split(), *_OWN.split(), *filter(None, chain(*_DEFINED.findall(support())))])
"""What no quantity is called here; one that has such a name gets an underscore."""


def times_size(count: str, size: str) -> str:
    """row * H, row * (4 * H)."""
    return f"{count} * {bracketed(size)}"


def plus(*terms: str) -> str:
    """The sum of terms, without those that are nothing."""
    return " + ".join(filter(None, terms))
