"""Generated kernels of the catalogue, checked in, and the contract that every kernel keeps, checked in or built.

Each kernel is a file that stands alone on NumPy and can be copied elsewhere. None is written by hand:
`python -m lstm_sym.emit.checked_in` writes them, a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, Any]


class Fields(Protocol):
    """A named tuple of arrays: Params, State or a tape. Its fields have the names of the equations: params.U_f."""

    def __init__(self, *values: Any, **named: Any) -> None:
        """One array a field, in order or by name."""

    @property
    def _fields(self) -> tuple[str, ...]:
        """The names of the fields, in order."""

    def __getattribute__(self, name: str, /) -> Array:
        """The array of this name."""

    def __iter__(self) -> Iterator[Array]:
        """The arrays, in order."""

    def __len__(self) -> int:
        """How many there are."""

    @property
    def _replace(self) -> Callable[..., Fields]:
        """The same with other arrays: params._replace(b_f=...)."""

    def _asdict(self) -> dict[str, Array]:
        """Name -> array."""


class Gradients(Protocol):
    """Gradients of a loss: of the input, of the parameters and of the initial state, each shaped like it."""

    @property
    def x(self) -> Array:
        """(T, B, D)."""

    @property
    def params(self) -> Fields:
        """Named like Params."""

    @property
    def state(self) -> Fields:
        """Named like State, (B, ...) each."""

    @property
    def _replace(self) -> Callable[..., Gradients]:
        """The same with other arrays."""


class Kernel(Protocol):
    """A kernel module. T steps, B sequences, D inputs, H outputs, S components of all states.

    Every call raises TypeError and ValueError that name the argument; see docs/kernels.md. The calls that make named
    tuples have arguments of each cell's own, its fields, vectors and sizes, and are checked when they are called.
    """

    CONTENT_HASH: str
    OUTPUT: str

    @property
    def __name__(self) -> str:
        """The name of the module."""

    @property
    def Params(self) -> type[Fields]:
        """The class of the parameters."""

    @property
    def State(self) -> type[Fields]:
        """The class of the carried states, (B, ...) each."""

    @property
    def init(self) -> Callable[..., Fields]:
        """init(input_size, hidden_size, *, rng=None, dtype=float64, **fill) -> Params, drawn as PyTorch does."""

    def forward(
        self,
        x: Any,
        params: Any,
        state: Any = None,
        *,
        precise: bool = False,
        tape: bool = True,
        workspace: dict[str, Any] | None = None,
    ) -> tuple[Array, Fields, Any]:
        """x (T, B, D) -> y (T, B, H), the last state, the tape, or None where none is kept."""

    def backward(
        self, dy: Any, tape: Any, params: Any, dstate: Any = None, *, workspace: dict[str, Any] | None = None
    ) -> Gradients:
        """dL/dy (T, B, H), dL/d(last state) -> the gradients of x, params and the initial state."""

    def step(self, x_t: Any, state: Any, params: Any) -> tuple[Array, Fields]:
        """One step, unchecked: x_t (B, D), the state -> y_t (B, H), the state after it."""

    def stepper(self, params: Any, batch: int = 1) -> Callable[[Array, Any], tuple[Array, Fields]]:
        """Many steps with the same parameters: x_t (B, D), the state -> y_t (B, H), the state after it."""

    def jvp(
        self,
        x: Any,
        params: Any,
        state: Any = None,
        *,
        x_dot: Any = None,
        params_dot: Any = None,
        state_dot: Any = None,
    ) -> tuple[Array, Array, Fields, Fields]:
        """Forward mode: y, its tangent, the last state, its tangent."""

    def hvp(
        self,
        x: Any,
        params: Any,
        state: Any = None,
        *,
        dy: Any,
        dstate: Any = None,
        x_dot: Any = None,
        params_dot: Any = None,
        state_dot: Any = None,
        dy_dot: Any = None,
        dstate_dot: Any = None,
    ) -> tuple[Gradients, Gradients]:
        """Second order: the gradients, and their derivative along the direction of the dots."""

    def jacobian(self, tape: Any, params: Any, t: Any = ...) -> Array:
        """ds[t]/ds[t-1] over all states, (..., B, S, S)."""

    def input_jacobian(self, tape: Any, params: Any, t: Any = ...) -> Array:
        """ds[t]/dx[t], (..., B, S, D)."""

    def parameter_jacobian(self, tape: Any, params: Any, t: Any = ...) -> Fields:
        """ds[t]/dparams with s[t-1] held, a Params of arrays (..., B, S) + shape of the parameter."""

    def jacobian_parts(self, tape: Any, params: Any, t: Any = ...) -> dict[str, Array]:
        """ds[t]/ds[t-1] by the equation through which the flow enters the step; the sum is `jacobian`."""

    def log_terms(self, tape: Any, params: Any, t: Any = ...) -> dict[str, Array]:
        """ln of every gate and slope, {name: (..., B, N)}, finite where the number itself underflows."""
