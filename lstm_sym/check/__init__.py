"""Proof by numbers: every gradient a second way, with relative errors only.

Each checker is a function from a cell, a kernel and a random case to a `CheckResult`; it takes the kernel as an
argument, so that a test can hand it a broken one and see it fail.
"""

from lstm_sym.check.case import Case, random_case
from lstm_sym.check.derived_lines import check_lines
from lstm_sym.check.networks.suite import NETWORK_CHECKS, check_network
from lstm_sym.check.result import CheckResult, relative_error
from lstm_sym.check.suite import CHECKS, check_cell

__all__ = [
    "CHECKS",
    "NETWORK_CHECKS",
    "Case",
    "CheckResult",
    "check_cell",
    "check_lines",
    "check_network",
    "random_case",
    "relative_error",
]
