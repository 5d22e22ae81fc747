"""The names a cell may give: well formed, and none that Python, the kernels or the derivation have taken."""

from __future__ import annotations

import builtins
import keyword
import re

from lstm_sym.equations.functions import FUNCTIONS, REDUCTIONS

MAX_NAME = 32

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
INDEX = "t"
"""It counts steps, and stands in brackets alone."""
NO_PARAMETERS = {
    **dict.fromkeys(("pi", "Pi", "PI"), "write 3.141592653589793, or give it as a constant under another name"),
    **dict.fromkeys(
        ("inf", "Inf", "infinity", "Infinity"), "write a large number; a state may start at inf: [initial]"
    ),
    **dict.fromkeys(("nan", "NaN"), "leave it out: what is no number makes everything else none"),
}
"""Names of numbers, which would be learned as any other parameter, and what to write."""
KERNEL = frozenset("np numpy params state tape dtype rng dy dstate precise Params State Tape PreciseTape Grads".split())
"""Words of the generated code."""
RESERVED = frozenset(keyword.kwlist) | frozenset(dir(builtins)) | KERNEL | {INDEX, *NO_PARAMETERS}
DERIVED = tuple("d_... ..._dot ..._slope ..._prev ..._next ..._direct ..._by_... ..._dot_again ..._complement".split())
"""Forms of the names that derivation gives to its values."""
_DERIVED = re.compile("|".join(re.escape(form).replace(re.escape("..."), r"\w*") for form in DERIVED), re.ASCII)
FUNCTION_NAMES = frozenset({*FUNCTIONS, *REDUCTIONS, "identity", "repeat"})


def reads_derived(name: str) -> bool:
    """Whether a name is of the form that derivation gives to its values: d_v, v_dot, d_p_by_v."""
    return bool(_DERIVED.fullmatch(name))


def reserved(name: str) -> bool:
    """Whether a name is none that a cell may give: not well formed, or taken."""
    well_formed = len(name) <= MAX_NAME and NAME.fullmatch(name)
    return not well_formed or name in RESERVED or name in FUNCTION_NAMES or reads_derived(name)
