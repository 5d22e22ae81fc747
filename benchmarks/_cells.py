"""Recurrent cells by hand, as a competent user writes them: the peers of the kernels in autograd, PyTorch and JAX.

One definition serves every array library; it asks a namespace for functions. Which way of writing is fastest depends on
the library and the shape, so a cell is written out in several: *separate* has a product per gate, as the equations;
*fused* stacks the gates' weights, so that a step has one product with the state, and cuts the result by slices or by
`split`; *hoisted* also takes what depends on the input alone out of the loop.
Shapes: x (T, B, D), dy and y (T, B, H); of n gates W (D, nH), U (H, nH), b (nH,). The loss is sum(y * dy).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from operator import add, mul
from types import SimpleNamespace
from typing import Any

Cut = Callable[[Any, int], Sequence[Any]]  # of an array (..., nH) and n, to n arrays (..., H)
Arrays = dict[str, tuple[Any, ...]]  # a name of the weights -> arrays of the gates, or the one that holds them all


class Gates:
    """One array per gate, or, with a cut, one array that holds `count` gates side by side."""

    __slots__ = ("arrays", "count", "cut")

    def __init__(self, arrays: Sequence[Any], count: int, cut: Cut | None) -> None:
        self.arrays, self.count, self.cut = arrays, count, cut

    def __iter__(self) -> Iterator[Any]:
        return iter(self.arrays if self.cut is None or self.count == 1 else self.cut(self.arrays[0], self.count))

    def __getitem__(self, part: slice) -> Gates:
        first, last, _ = part.indices(self.count)
        if self.cut is None or last - first == self.count:
            return Gates(self.arrays[part] if self.cut is None else self.arrays, last - first, self.cut)
        array = self.arrays[0]
        size = array.shape[-1] // self.count
        return Gates([array[..., first * size : last * size]], last - first, self.cut)

    def __add__(self, other: Gates) -> Gates:
        return self.map(add, other)

    def __mul__(self, other: Gates) -> Gates:
        return self.map(mul, other)

    def map(self, function: Callable[..., Any], *others: Gates) -> Gates:
        """A function of the arrays, element by element."""
        arrays = list(map(function, self.arrays, *(other.arrays for other in others)))
        return Gates(arrays, self.count, self.cut)

    def of(self, rows: Any) -> Gates:
        """The products of rows with these matrices."""
        return Gates([rows @ matrix for matrix in self.arrays], self.count, self.cut)


@dataclass(frozen=True)
class HandCell:
    """A cell by hand.

    stacks: weights -> the parameters of the gates that they hold, in order. alone: parameters that are in none.
    inputs: of (functions, weights, x), what depends on the input alone. step: of (functions, weights, inputs, states)
    the new states, y first. begins: a number for each state. separable: whether separate gates say the same.
    """

    stacks: Mapping[str, tuple[str, ...]]
    inputs: Callable[..., tuple[Gates, ...]]
    step: Callable[..., tuple[Any, ...]]
    begins: tuple[float, ...]
    alone: tuple[str, ...] = ()
    separable: bool = True

    @property
    def gates(self) -> int:
        """How many gates the input's product computes."""
        return len(self.stacks["W"])

    def pack(self, params: Any, fused: bool, join: Callable[[Sequence[Any]], Any]) -> Arrays:
        """Weights as a user stores them, matrices transposed; `join` puts arrays side by side."""
        found: Arrays = {name: (getattr(params, name),) for name in self.alone}
        for key, names in self.stacks.items():
            arrays = [getattr(params, name).T for name in names]
            found[key] = (join(arrays),) if fused else tuple(arrays)
        return found


@dataclass(frozen=True)
class Writing:
    """A way to write a cell out."""

    cell: HandCell
    hoisted: bool
    cut: Cut | None

    def weights(self, arrays: Arrays) -> SimpleNamespace:
        """Weights by name, as the definitions of cells read them."""
        stacked = {key: Gates(arrays[key], len(names), self.cut) for key, names in self.cell.stacks.items()}
        return SimpleNamespace(**stacked, **{name: arrays[name][0] for name in self.cell.alone})

    def loop(self, m: Any, arrays: Arrays, x: Any) -> tuple[Any, Callable[..., tuple[Any, ...]]]:
        """What a loop over time reads, tuples of arrays (T, B, ...), and its step of (a row of it, states)."""
        weights = self.weights(arrays)
        if not self.hoisted:
            return x, lambda row, states: self.cell.step(m, weights, self.cell.inputs(m, weights, row), *states)
        inputs = self.cell.inputs(m, weights, x)

        def step(row: Any, states: Any) -> tuple[Any, ...]:
            of_step = [Gates(arrays, gates.count, gates.cut) for gates, arrays in zip(inputs, row, strict=True)]
            return self.cell.step(m, weights, of_step, *states)

        return [gates.arrays for gates in inputs], step

    def run(self, m: Any, arrays: Arrays, x: Any) -> Any:
        """y by a loop of Python."""
        rows, step = self.loop(m, arrays, x)
        states = tuple(m.full((x.shape[1], self.size(arrays)), first, x.dtype) for first in self.cell.begins)
        y = []
        for t in range(len(x)):
            row = [[array[t] for array in part] for part in rows] if self.hoisted else rows[t]
            states = step(row, states)
            y.append(states[0])
        return m.stack(y)

    def size(self, arrays: Arrays) -> int:
        """H."""
        return arrays["U"][0].shape[0]


def affine(m: Any, w: Any, x: Any) -> tuple[Gates, ...]:
    """W x + b of every gate."""
    return (w.W.of(x) + w.b,)


def lstm(m: Any, w: Any, inputs: Any, h: Any, c: Any) -> tuple[Any, ...]:
    """One sigmoid for the three gates that share it, then the cell."""
    a = inputs[0] + w.U.of(h)
    i, f, o = a[:3].map(m.sigmoid)
    (g,) = a[3:].map(m.tanh)
    c = f * c + i * g
    return o * m.tanh(c), c


def lstm_peephole(m: Any, w: Any, inputs: Any, h: Any, c: Any) -> tuple[Any, ...]:
    """The gates see the cell: i and f the last one, o the new one."""
    i, f, g, o = inputs[0] + w.U.of(h)
    c = m.sigmoid(f + w.p_f * c) * c + m.sigmoid(i + w.p_i * c) * m.tanh(g)
    return m.sigmoid(o + w.p_o * c) * m.tanh(c), c


def gru(m: Any, w: Any, inputs: Any, h: Any) -> tuple[Any, ...]:
    """The candidate n sees r * h, so that its product waits for r."""
    (a,) = inputs
    r, z = (a[:2] + w.U.of(h)).map(m.sigmoid)
    (n,) = (a[2:] + w.U_n.of(r * h)).map(m.tanh)
    return (n + z * (h - n),)


def gru_reset_after(m: Any, w: Any, inputs: Any, h: Any) -> tuple[Any, ...]:
    """The reset gate acts on the candidate's product: one product for all three."""
    (a,) = inputs
    u = w.U.of(h)
    r, z = (a[:2] + u[:2]).map(m.sigmoid)
    (product,) = u[2:]
    (n,) = a[2:]
    n = m.tanh(n + r * (product + w.b_u))
    return (n + z * (h - n),)


def mgu(m: Any, w: Any, inputs: Any, h: Any) -> tuple[Any, ...]:
    """One gate does the work of both gates of the GRU."""
    (a,) = inputs
    (f,) = (a[:1] + w.U.of(h)).map(m.sigmoid)
    (n,) = (a[1:] + w.U_n.of(f * h)).map(m.tanh)
    return (h + f * (n - h),)


def rnn(m: Any, w: Any, inputs: Any, h: Any) -> tuple[Any, ...]:
    """h = tanh(a)."""
    return tuple((inputs[0] + w.U.of(h)).map(m.tanh))


def nested_lstm(m: Any, w: Any, inputs: Any, h: Any, c: Any, c_in: Any) -> tuple[Any, ...]:
    """An inner LSTM in place of the sum f c + i g: i g is its input, f c its state."""
    a = inputs[0] + w.U.of(h)
    i, f, o = a[:3].map(m.sigmoid)
    (g,) = a[3:].map(m.tanh)
    (inner,) = affine(m, SimpleNamespace(W=w.W_in, b=w.b_in), i * g)
    c, c_in = lstm(m, SimpleNamespace(U=w.U_in), (inner,), f * c, c_in)
    return o * m.tanh(c), c, c_in


def slstm(m: Any, w: Any, inputs: Any, h: Any, scale: Any, c: Any, n: Any) -> tuple[Any, ...]:
    """An exponential input gate, on a scale that is carried along."""
    f, i, g, o = inputs[0] + w.U.of(h)
    old = scale - m.softplus(-f)
    scale = m.maximum(old, i)
    f, i = m.exp(old - scale), m.exp(i - scale)
    c = f * c + i * m.tanh(g)
    n = f * n + i
    return m.sigmoid(o) * c / n, scale, c, n


def normalised(m: Any, a: Any) -> Any:
    """(a - mean) / sqrt(variance + 1e-5) over the last axis."""
    centred = a - m.mean(a)
    return centred / m.sqrt(m.mean(centred * centred) + 1e-5)


def normalised_inputs(m: Any, w: Any, x: Any) -> tuple[Gates, ...]:
    """The input's product, normalised over all gates."""
    return (w.gamma * w.W.of(x).map(lambda a: normalised(m, a)) + w.b,)


def layer_norm_lstm(m: Any, w: Any, inputs: Any, h: Any, c: Any) -> tuple[Any, ...]:
    """Normalised: the state's product over all gates, and the cell."""
    a = inputs[0] + w.alpha * w.U.of(h).map(lambda a: normalised(m, a))
    i, f, o = a[:3].map(m.sigmoid)
    (g,) = a[3:].map(m.tanh)
    c = f * c + i * g
    return o * m.tanh(w.gamma_c * normalised(m, c) + w.b_c), c


OWN = """
f[t] = sigmoid(W_f @ x[t] + U_f @ h[t-1] + b_f)
s[t] = sin(W_s @ x[t] + b_s)
h[t] = f[t] * h[t-1] + (1 - f[t]) * softsign(s[t] + U_s @ h[t-1])
"""
"""A cell that no framework has."""


def own_inputs(m: Any, w: Any, x: Any) -> tuple[Gates, ...]:
    """The gate's part, and s."""
    (a,) = affine(m, w, x)
    return a[:1], a[1:].map(m.sin)


def own(m: Any, w: Any, inputs: Any, h: Any) -> tuple[Any, ...]:
    """OWN."""
    gate, s = inputs
    u = w.U.of(h)
    (f,) = (gate + u[:1]).map(m.sigmoid)
    (new,) = (s + u[1:]).map(m.softsign)
    return (new + f * (h - new),)


def stacks(gates: str, *kinds: str, suffix: str = "") -> dict[str, tuple[str, ...]]:
    """W -> W_i, W_f, ... for each kind of weights."""
    return {f"{kind}{suffix}": tuple(f"{kind}_{gate}{suffix}" for gate in gates) for kind in kinds}


WUB = ("W", "U", "b")
CELLS: dict[str, HandCell] = {
    "lstm": HandCell(stacks("ifog", *WUB), affine, lstm, (0, 0)),
    "lstm_peephole": HandCell(stacks("ifgo", *WUB), affine, lstm_peephole, (0, 0), ("p_i", "p_f", "p_o")),
    "gru": HandCell(stacks("rzn", "W", "b") | stacks("rz", "U") | {"U_n": ("U_n",)}, affine, gru, (0,)),
    "gru_reset_after": HandCell(stacks("rzn", *WUB), affine, gru_reset_after, (0,), ("b_u",)),
    "rnn": HandCell({kind: (kind,) for kind in WUB}, affine, rnn, (0,)),
    "mgu": HandCell(stacks("fn", "W", "b") | {"U": ("U_f",), "U_n": ("U_n",)}, affine, mgu, (0,)),
    "nested_lstm": HandCell(stacks("ifog", *WUB) | stacks("ifog", *WUB, suffix="_in"), affine, nested_lstm, (0, 0, 0)),
    "slstm": HandCell(stacks("figo", *WUB), affine, slstm, (0, -inf, 0, 0)),
    "layer_norm_lstm": HandCell(
        stacks("ifog", *WUB, "alpha", "gamma"),
        normalised_inputs,
        layer_norm_lstm,
        (0, 0),
        ("gamma_c", "b_c"),
        separable=False,
    ),
    "own": HandCell(stacks("fs", *WUB), own_inputs, own, (0,)),
}
