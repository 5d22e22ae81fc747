"""What a formula may hold besides names: functions, and what a reader must know of the text it is from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

FUNCTIONS = {
    "sigma": "sigmoid", "sigmoid": "sigmoid", "logistic": "sigmoid", "sig": "sigmoid", "sigm": "sigmoid",
    "expit": "sigmoid", "tanh": "tanh", "relu": "relu",
    "ReLU": "relu", "exp": "exp", "softplus": "softplus", "sech": "sech", "cosh": "cosh",
}  # fmt: skip
"""How a function is written -> its name."""


@dataclass(frozen=True)
class Words:
    """What a text may write. known: whether letters that touch are one name; gates: what a sum over gates goes over
    where that is not said; functions: letters that are functions -> which.
    """

    known: Callable[[str], bool]
    gates: tuple[str, ...] = ()
    functions: Mapping[str, str] = field(default_factory=dict)
