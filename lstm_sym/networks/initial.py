"""How parameters of a cell begin, read off its equations: what is a recurrent matrix, a forget bias, an input gate.

    uniform      all from U(-1/sqrt(H), 1/sqrt(H)): what kernels draw
    pytorch      the same, but a bias that stands beside two matrix products is the sum of two draws, as the two biases
                 that PyTorch keeps of an LSTM, a GRU or an RNN add up to one
    keras        input matrices Glorot uniform (Glorot & Bengio 2010), recurrent ones orthogonal, each kind as the one
                 matrix of all gates that Keras keeps; biases 0, but 1 where it opens a gate that keeps a state and is
                 not coupled to what is written (Jozefowicz et al. 2015)
    orthogonal   recurrent matrices orthogonal (Saxe et al. 2014), all else uniform
    identity     recurrent matrices 1, biases 0, input matrices N(0, 0.001^2): the IRNN (Le, Jaitly & Hinton 2015)
    critical     the recurrent matrix that acts at the origin N(0, g^2 / H), g the critical gain for the biases that are
                 filled (flow.theory.critical_gain, derived from the equations): the state Jacobian there has spectral
                 radius 1, and small changes of the state neither grow nor fade at first; all other biases 0, all other
                 matrices uniform

Any of them may have its biases set by chrono initialisation (Tallec & Ollivier 2018): that of a gate that keeps a state
to +-ln u, u from U(1, T_max - 1), so that times from 1 to T_max are kept, and that of what writes to it to -ln u.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lstm_sym.compile.derivation import Derivation
from lstm_sym.derivation.roles import Bias, ForgetGate
from lstm_sym.equations import Cell
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.theory import CriticalGain, critical_gain
from lstm_sym.kernels import Array
from lstm_sym.networks.errors import NetworkError
from lstm_sym.program.statements import Affine, Pointwise

Drawn = dict[str, Array]
Fill = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Parts:
    """What the parameters of a cell are.

    Attributes:
        cell: the cell.
        recurrent: square matrices that read no input. inputs: the matrices that read it.
        biases: vectors that are added alone. keeping: gates that keep a state, and have a bias of their own.
        writing: for each bias of those the biases of the gates that write to the state.
        coupled: the biases of keeping gates whose rest, 1 - f, writes.
    """

    cell: Cell
    recurrent: tuple[str, ...]
    inputs: tuple[str, ...]
    biases: tuple[Bias, ...]
    keeping: tuple[ForgetGate, ...]
    writing: dict[str, tuple[str, ...]]
    coupled: frozenset[str]

    @cached_property
    def critical(self) -> CriticalGain:
        """The gain of the matrix that acts at the origin. Raises NetworkError where the cell has no such gain."""
        try:
            found = critical_gain(self.cell)
        except FlowError as error:
            raise _uncritical(error.where, error.found, error.why) from error
        if found.matrix.removesuffix(".T") not in self.recurrent:
            raise _uncritical(self.cell.key, f"{found.matrix} reads the input as well", "one matrix for both")
        if found.expression == 0:
            raise _uncritical(self.cell.key, "it is critical without any recurrent weight", "a state that keeps itself")
        return found


def parts_of(cell: Cell) -> Parts:
    """What the parameters of a cell are."""
    derivation = Derivation(cell)
    program, roles = derivation.forward, derivation.roles
    terms = [term for s in program.statements if isinstance(s, Affine) for term in s.terms if term.is_product]
    reading = {term.weight.name for term in terms if term.weight and term.operand in program.inputs}
    inputs = [name for name in cell.parameters if name in reading]  # in an order: draws follow it
    square = [name for name in cell.parameters if _is_square(cell.shapes[name]) and name not in inputs]
    keeping = tuple(gate for gate in roles.forget_gates if gate.bias is not None)
    of_gate = {bias.quantity: bias.name for bias in roles.biases}
    pointwise = [s for s in program.statements if isinstance(s, Pointwise)]
    symbols = {gate.name: gate.symbol for gate in roles.gates}
    writing, coupled = {}, set()
    for gate in keeping:
        state = [s.expression for s in pointwise if s.target.name == gate.state]
        written = [n for n, symbol in symbols.items() if n != gate.name and any(e.has(symbol) for e in state)]
        writing[str(gate.bias)] = tuple(of_gate[name] for name in written if name in of_gate)
        if gate.name in symbols and any(s.expression.has(1 - symbols[gate.name]) for s in pointwise):
            coupled.add(str(gate.bias))
    return Parts(cell, tuple(square), tuple(inputs), roles.biases, keeping, writing, frozenset(coupled))


def _uncritical(where: str, found: str, why: str) -> NetworkError:
    fix = "choose another: orthogonal, identity; or scan the gain and measure the largest exponent"
    return NetworkError(f"initial = critical, {where}", found, why, fix)


def _is_square(shape: tuple[str, ...]) -> bool:
    return len(shape) == 2 and shape[0] == shape[1]


def _uniform(drawn: Drawn, parts: Parts, rng: np.random.Generator, bound: float, fill: Fill) -> Drawn:
    return drawn


def _pytorch(drawn: Drawn, parts: Parts, rng: np.random.Generator, bound: float, fill: Fill) -> Drawn:
    twice = [bias.name for bias in parts.biases if bias.products > 1]
    return drawn | {name: drawn[name] + rng.uniform(-bound, bound, drawn[name].shape) for name in twice}


def _keras(drawn: Drawn, parts: Parts, rng: np.random.Generator, bound: float, fill: Fill) -> Drawn:
    new = {name: _glorot(value.shape, 1, rng) for name, value in drawn.items() if value.ndim == 2}
    new |= {name: _glorot(drawn[name].shape, len(parts.inputs), rng) for name in parts.inputs}
    if parts.recurrent:
        size = len(drawn[parts.recurrent[0]])
        blocks = np.split(orthogonal(len(parts.recurrent) * size, size, rng), len(parts.recurrent))
        new |= dict(zip(parts.recurrent, blocks, strict=True))
    new |= {bias.name: np.zeros_like(drawn[bias.name]) for bias in parts.biases}
    opened = [gate for gate in parts.keeping if gate.bias not in parts.coupled]
    return drawn | new | {str(gate.bias): np.full_like(drawn[str(gate.bias)], gate.sign) for gate in opened}


def _orthogonal(drawn: Drawn, parts: Parts, rng: np.random.Generator, bound: float, fill: Fill) -> Drawn:
    return drawn | {name: orthogonal(len(drawn[name]), len(drawn[name]), rng) for name in parts.recurrent}


def _identity(drawn: Drawn, parts: Parts, rng: np.random.Generator, bound: float, fill: Fill) -> Drawn:
    new: Drawn = {name: np.eye(len(drawn[name])) for name in parts.recurrent}
    new |= {name: np.asarray(1e-3 * rng.standard_normal(drawn[name].shape)) for name in parts.inputs}
    return drawn | new | {bias.name: np.zeros_like(drawn[bias.name]) for bias in parts.biases}


def _critical(drawn: Drawn, parts: Parts, rng: np.random.Generator, bound: float, fill: Fill) -> Drawn:
    """The gain is that of biases that are alike in all units: those filled, and 0."""
    biases = [bias.name for bias in parts.biases]
    matrix = parts.critical.matrix.removesuffix(".T")
    try:
        gain = parts.critical.at(**{name: value for name, value in fill.items() if name in biases})
    except FlowError as error:
        raise _uncritical(error.where, "it is filled, and must be 0 at a fixed point", error.why) from error
    new = {name: np.zeros_like(drawn[name]) for name in biases}
    shape = drawn[matrix].shape
    return drawn | new | {matrix: np.asarray(gain / np.sqrt(shape[1]) * rng.standard_normal(shape))}


SCHEMES: dict[str, Callable[[Drawn, Parts, np.random.Generator, float, Fill], Drawn]] = {
    "uniform": _uniform,
    "pytorch": _pytorch,
    "keras": _keras,
    "orthogonal": _orthogonal,
    "identity": _identity,
    "critical": _critical,
}
"""Name -> what is made of uniformly drawn parameters; `bound` is 1 / sqrt(H), `fill` is set in the end."""


def redrawn(
    parts: Parts, drawn: Drawn, rng: np.random.Generator, *, scheme: str, chrono: float | None, size: int, fill: Fill
) -> Drawn:
    """Parameters that a kernel drew, by a scheme, and the biases of its gates by chrono initialisation up to T_max."""
    found = SCHEMES[scheme](drawn, parts, rng, size**-0.5, fill)
    if chrono is not None:
        found |= dict(_chrono(found, parts, rng, chrono))
    return {name: np.asarray(value, drawn[name].dtype) for name, value in found.items()}


def _chrono(drawn: Drawn, parts: Parts, rng: np.random.Generator, longest: float) -> Iterator[tuple[str, Array]]:
    for gate in parts.keeping:
        kept = np.log(rng.uniform(1, longest - 1, drawn[str(gate.bias)].shape))
        yield str(gate.bias), gate.sign * kept
        for name in parts.writing[str(gate.bias)]:
            yield name, -kept


def _glorot(shape: tuple[int, ...], gates: int, rng: np.random.Generator) -> Array:
    """U(-a, a), a = sqrt(6 / (gates rows + columns)), for matrices of so many gates that are kept as one."""
    bound = np.sqrt(6 / (gates * shape[0] + shape[1]))
    return rng.uniform(-bound, bound, shape)


def orthogonal(rows: int, columns: int, rng: np.random.Generator) -> Array:
    """Orthonormal columns, drawn evenly of all: Q of a normal matrix, its signs those of R (Mezzadri 2007)."""
    q, r = np.linalg.qr(rng.standard_normal((rows, columns)))
    even: Array = q * np.sign(np.diag(r))
    return even
