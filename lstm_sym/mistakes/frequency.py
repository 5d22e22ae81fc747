"""How often people make each kind of mistake: what the search tries first, and what it names of two that give the same.

The numbers are an estimate, from hand-written passes that were published and the questions asked about them; of a
thousand mistakes, about so many. Nothing but an order is made of them.
"""

from __future__ import annotations

from math import log

from lstm_sym.mistakes.catalogue import Mistake

FREQUENCY = {
    "slope left out": 70,
    "carried adjoint left out": 60,
    "transposed": 50,
    "off by one in time": 50,
    "overwritten": 45,
    "left out": 40,
    "sign": 40,
    "slope misremembered": 40,
    "brackets lost": 40,
    "factor left out": 40,
    "slope of the argument": 35,
    "slope of the output": 30,
    "initial state left out": 30,
    "last cotangent ignored": 30,
    "before the slope": 25,
    "slope of another quantity": 25,
    "factor too many": 25,
    "carried adjoint on the wrong side": 25,
    "another step": 25,
    "gates swapped": 25,
    "mean over the batch": 20,
    "twice": 20,
    "cotangent left out": 20,
    "slope of another function": 20,
    "one term alone": 20,
    "overwritten too early": 20,
    "last state for the initial one": 20,
    "wrong weight": 20,
    "wrong adjoint": 20,
    "wrong factor": 20,
    "last step alone": 15,
    "wrong way round": 15,
    "part for the whole": 15,
    "factor twice": 15,
    "function for its slope": 15,
    "slope of another": 15,
    "adjoints of gates swapped": 15,
    "complement": 15,
    "function left out": 15,
    "steps in reverse": 12,
    "batch and time mixed": 12,
    "cotangent overwritten": 12,
    "constant factor": 12,
    "mean over time": 10,
    "carried adjoint not sent": 10,
    "carried adjoint of another": 10,
    "gates in another order": 10,
    "last sequence alone": 10,
    "wrong operand": 10,
    "factor misremembered": 10,
    "first sequence alone": 8,
    "batch and time mixed the other way": 8,
    "weight left out": 8,
}
"""Kind of mistake -> how often."""


def surprise(mistake: Mistake) -> float:
    """How little a mistake is to be expected: the logarithm of one in how many it is. That of several is the sum."""
    return log(sum(FREQUENCY.values()) / FREQUENCY[mistake.kind])
