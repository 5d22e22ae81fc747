"""Ways of writing one thing, brought to one before a formula is parsed; and as the text has it in what is printed."""

from __future__ import annotations

import re

_KEYED = re.compile(r"(?<=\w)\[\s*(['\"])([A-Za-z]\w*)\1\s*\]")
_OF_DICT = re.compile(r"(\w+)\[\s*(['\"])([A-Za-z]\w*)\2\s*\]")
_IN_WORDS = re.compile(r"(?<![\w.])[Ss]um(?:_over_|\s+over\s+(?:all\s+)?)([a-zA-Z])(?![A-Za-z_])(?:\s+of\b|\s*:)?[ ]*")
_BOUNDS = re.compile(r"(?<=sum_)([a-z])=(\w+)(?=\^)")
_BESIDE = re.compile(r"(?<=_[A-Za-z]),[ ]?t([+-]\d)?(?![\w(])")
_TURNED = re.compile(
    r"\^\{((?:\(|<|\\langle)[^{}()]*(?:\)|>|\\rangle)(?=\s*(?:\\top|\\intercal|T))|\w(?=\s*,?\s*\\(?:top|intercal)))"
    r"\s*,?\s*(\\top|\\intercal|T)\}"
)


def usual_scripts(formula: str) -> str:
    r"""h^{(t-1)}^\top for h^{(t-1)\top} and U^{z\top} alike, d\tilde{c} for dp\tilde{c}, \frac{1}{2} for \frac12."""
    formula = _TURNED.sub(r"^{\1}^{\2}", formula)
    formula = re.sub(r"\\math(?:sf|rm|bf)(?:\s*\{\s*T\s*\}|\s+T)(?![A-Za-z])", r"\\top", formula)
    formula = re.sub(r"\{\s*\\(?:rm|sf|bf|it)\s*\{?\s*T\s*\}?\s*\}", r"{\\top}", formula)
    formula = re.sub(r"\\mathrel\{\+\}\s*\{?=\}?", "+=", formula)
    formula = re.sub(r"\\(mathbf|boldsymbol|bm)\{\s*\\delta\s*(\w)\s*\}", r"\\delta\\\1{\2}", formula)
    formula = re.sub(r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}", formula)
    return re.sub(r"\bdp(?=\s*\\(?:wide)?tilde)", "d", formula)


def usual_words(formula: str) -> str:
    """dW_i for dW["i"], what a program has in a dict; sum_t for "sum over t of"; a_i_{t} for a_i,t."""
    formula = _IN_WORDS.sub(r"sum_\1 ", _KEYED.sub(r"_\2", formula))
    return _BESIDE.sub(r"_{t\1}", _BOUNDS.sub(r"{\1=\2}", formula))


def with_keys(line: str, text: str) -> str:
    """A line with the entries of dicts as the text has them: dW["i"] for dW_i."""
    for found in _OF_DICT.finditer(text):
        line = re.sub(rf"(?<!\w){found[1]}_{found[3]}(?!\w)", found[0], line)
    return line
