"""The audit of a derivation as a text: which of its lines are right, and what is wrong in the others."""

from lstm_sym.proofreading.errors import ProofreadingError
from lstm_sym.proofreading.findings import Finding, Proof
from lstm_sym.proofreading.proofreader import proofread

__all__ = ["Finding", "Proof", "ProofreadingError", "proofread"]
