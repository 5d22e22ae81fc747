"""What a measurement needs of its input: what is given, as what is measured; and the errors where it cannot be that."""

from __future__ import annotations

import operator
from collections.abc import Collection, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs.scaling import NORMS, Array, Integers

MADE_BY = {
    "Trajectory": ("blocks", "flow.record(kernel, params, x)"),
    "Profile": ("seeds", "flow.input_sensitivity(trajectory, lags=60)"),
}
"""What measures are made of: what only such a thing has, and the call that gives one."""


def refuse_all_but(kind: str, given: Any) -> None:
    """Raise a FlowError for what is given in the place of a Trajectory or a Profile, naming the call that makes one."""
    attribute, call = MADE_BY[kind]
    if isinstance(given, type) or not hasattr(given, attribute):
        found = given.__name__ if isinstance(given, type | ModuleType) else f"a {type(given).__name__}"
        raise FlowError(
            kind.lower(),
            f"{'None' if given is None else found}, where a {kind} belongs",
            "a kernel, its parameters or its tape, or an array, given to a measure as it is",
            f"make one: {kind.lower()} = {call}",
        )


def refuse_masked(model: str, **arrays: Any) -> None:
    """Raise a FlowError for a NumPy array, or a list of them, in which an entry is masked, naming the argument."""
    for name, given in arrays.items():
        parts = given if isinstance(given, list | tuple) else [given]
        if any(np.ma.is_masked(part) for part in parts):
            raise FlowError(
                f"{model}, {name}",
                "a masked array, whose masked entries are no numbers",
                "missing values, or padding of shorter sequences, that were masked",
                "cut or fill the gaps, x.filled(value); lengths belong to lstm_sym.through_time, with lengths=",
            )


def as_sequences(x: Any, model: str) -> Array:
    """The input as float64 (T, B, D): from (T, D), (T, B, D), or an object with such `values`, as a Stream is.

    Raises FlowError: another shape, values that are masked, or not real and finite.
    """
    values = _array(getattr(x, "values", x), model, "x")
    if values.ndim not in (2, 3) or 0 in values.shape:
        raise FlowError(
            f"{model}, x",
            f"an array of shape {values.shape}, where (T, D) or (T, B, D) belongs",
            "a single channel given as (T,), or a batch without a sequence",
            "give x[:, np.newaxis] for one channel; time is the first axis, the input the last",
        )
    return _real(values, f"{model}, x").reshape(len(values), -1, values.shape[-1])


def as_empty_input(x: Any, steps: int, state: Any, model: str) -> Array:
    """The input of a cell that has none: (T, B, 0), B as in the initial state, 1 without one.

    Raises FlowError: an input as well, or no step.
    """
    if x is not None or operator.index(steps) < 1:
        raise FlowError(
            f"{model}, steps",
            f"{steps} steps" if x is None else f"both x and steps={steps}",
            "steps is for a cell that reads no input; for all others x tells it",
            "give one of the two, steps as a number of 1 or more",
        )
    return np.empty((steps, 1 if state is None else len(state[0]), 0))


def as_real_fields(values: Any, model: str, name: str, *, infinite: bool = False) -> Any:
    """The params or the state, a named tuple of arrays, in float64; a state may start at -inf, if `infinite` is True.

    Raises FlowError: another container, values that are no real numbers, masked ones, NaN, and infinity elsewhere.
    """
    if isinstance(values, type) or not hasattr(values, "_asdict"):
        made = name.capitalize()
        raise FlowError(
            f"{model}, {name}",
            f"a {type(values).__name__}, where a {made} of the kernel belongs",
            "numbers kept as a dict or a list, as files of weights hold them",
            f"give kernel.{made}(**{name}) of a dict, kernel.{made}(*{name}) of a list, or what kernel.init() returns",
        )
    fields = {f"{name}.{field}": value for field, value in values._asdict().items()}
    arrays = {field: _array(value, model, field) for field, value in fields.items()}
    return type(values)(*(_real(array, f"{model}, {field}", infinite=infinite) for field, array in arrays.items()))


def as_start(params: Any, state: Any, model: str) -> tuple[Any, Any]:
    """The params and the state that a run starts from, which may be None, as `as_real_fields` gives them."""
    given = as_real_fields(params, model, "params")
    return given, None if state is None else as_real_fields(state, model, "state", infinite=True)


def as_matrix(values: Any, model: str, name: str) -> Array:
    """A matrix of finite numbers in float64. Raises FlowError for anything else."""
    array = _array(values, model, name)
    if array.ndim != 2:
        raise FlowError(
            f"{model}, {name}",
            f"an array of shape {array.shape} and dtype {array.dtype}, where a matrix belongs",
            "a readout of one unit without its second axis, or something else in its place",
            "give an array of two axes",
        )
    return _real(array, f"{model}, {name}")


def as_numbers(values: Any, model: str, name: str) -> Array:
    """An array of finite numbers in float64. Raises FlowError for anything else."""
    return _real(_array(values, model, name), f"{model}, {name}")


def as_channels(channels: Sequence[int] | Integers | None, inputs: int, model: str) -> Integers | None:
    """The inputs that are chosen, (n,), of so many; None for all. Raises FlowError: one that is not there, or none."""
    if channels is None:
        return None
    chosen = _array(channels, model, "channels")
    if (
        chosen.ndim != 1
        or not chosen.size
        or chosen.dtype.kind not in "iu"
        or not (0 <= chosen.min() <= chosen.max() < inputs)
    ):
        raise FlowError(
            f"{model}, channels",
            f"{chosen.tolist()}, of {inputs} inputs",
            "a channel that is not there, one number in the place of a list, or names",
            f"give a list of numbers from 0 to {inputs - 1}",
        )
    return chosen.astype(np.int64)


def input_name(channels: Integers | None) -> str:
    """What the input is called: "x"; with channels chosen "x_3", "x_0,2", of more than four "x_0,..,9"."""
    if channels is None:
        return "x"
    shown = [str(channel) for channel in channels.tolist()]
    return "x_" + ",".join(shown if len(shown) <= 4 else [shown[0], "..", shown[-1]])


def end_points(ends: int | Sequence[int] | Integers | None, steps: int, lags: int, model: str) -> Integers:
    """The steps T at which a profile ends: given, or that many spread evenly from `lags` to the last step.

    Raises FlowError: no end point, a lag below 1, steps that do not reach back `lags` steps, or beyond the input.
    """
    if lags < 1:
        raise FlowError(
            f"{model}, lags", f"{lags} lags", "the lag of the input itself, 0, is always there", "ask for 1 or more"
        )
    if steps <= lags:
        raise FlowError(
            f"{model}, x",
            f"{steps} steps, which cannot hold a lag of {lags}",
            "a stream shorter than the memory asked about",
            f"give at least {lags + 1} steps, or ask for at most {steps - 1} lags",
        )
    if ends is None or isinstance(ends, int | np.integer):
        count = steps - lags if ends is None else int(ends)
        if not 1 <= count <= steps - lags:
            found = f"{count} end points, where {steps} steps and {lags} lags allow 1 to {steps - lags}"
            raise _no_end_points(found, model)
        return np.linspace(lags, steps - 1, count).round().astype(np.int64)
    refuse_masked(model, ends=ends)
    points = np.asarray(ends)
    if points.ndim != 1 or not points.size or points.dtype.kind not in "iu":
        raise _no_end_points(f"ends of shape {points.shape} and dtype {points.dtype}", model)
    wrong = points[(points < lags) | (points >= steps)]
    if wrong.size:
        raise FlowError(
            f"{model}, ends",
            f"the end point {wrong[0]}, one of {wrong.size} outside {lags} to {steps - 1}",
            f"an end point needs {lags} steps before it, and steps are counted from 0",
            "choose end points in that range, or fewer lags",
        )
    return points.astype(np.int64)


def refuse_sequence(sequence: int, batch: int, model: str) -> None:
    """Raise a FlowError for a sequence that the batch does not have."""
    if not 0 <= sequence < batch:
        raise FlowError(
            f"{model}, sequence",
            f"the sequence {sequence} of a batch of {batch}",
            "sequences counted from 1, or a batch that was cut",
            f"give 0 to {batch - 1}",
        )


def as_names(names: Collection[str] | None) -> Collection[str] | None:
    """The names, which may come from a generator, to be read several times; a text is left to be refused."""
    return names if names is None or isinstance(names, str) else tuple(names)


def refuse_unknown_equation(names: Collection[str], parts: Collection[str], model: str) -> None:
    """Raise a FlowError for a name of no equation that reads a state."""
    unknown = [name for name in names if name not in parts]
    if unknown or isinstance(names, str):
        raise FlowError(
            f"{model}, equations",
            f"{unknown[0] if unknown else names!r}; the equations that read a state are {', '.join(parts)}",
            "a quantity that reads no state at [t-1] itself, or a text where a list of names belongs",
            'name some of these equations, as ["f"]',
        )


def refuse_unknown(where: str, given: str, known: Collection[str]) -> None:
    """Raise a FlowError for a name that is none of the known ones."""
    if given not in known:
        raise FlowError(where, f"{given!r}", "a spelling mistake", f"give one of {', '.join(known)}")


def refuse_unknown_norm(norm: str, model: str) -> None:
    """Raise a FlowError for a name that is none of NORMS."""
    refuse_unknown(f"{model}, norm", norm, NORMS)


def refuse_unclear_names(names: Sequence[str], what: str, where: str = "figure") -> None:
    """Raise a FlowError where there is none of `what` ("profile"), or two have one name."""
    twice = [name for name in names if names.count(name) > 1]
    if not names or twice:
        raise FlowError(
            where,
            f"two {what}s are called {twice[0]!r}" if twice else f"no {what}",
            "the same cell with other parameters, or an empty selection",
            f"give at least one {what}, and every one a name of its own",
        )


def refuse_share(where: str, share: float) -> None:
    """Raise a FlowError for a share that does not lie between 0 and 1."""
    if not 0 < share < 1:
        raise FlowError(where, f"the share {share}", "a percentage", "give a number between 0 and 1")


def refuse_overflow(y: Array, first: int, model: str) -> None:
    """Raise a FlowError if an output (T, B, H) of the steps from `first` on is not finite, naming the first step."""
    why = "recurrent weights, or a first state, that let the state grow without bound, in a cell that does not bound it"
    steps = np.arange(first, first + len(y))
    _refuse_not_finite(
        y, steps, model, "the state is no longer a finite number", why, "recurrent weights, or the first state,"
    )


def refuse_not_finite(jacobian: Array, steps: Integers, model: str) -> None:
    """Raise a FlowError if a Jacobian (n, B, ...) of these steps is not finite, naming the first step."""
    why = "a hidden state that overflows, or a function without a slope there (log at 0)"
    _refuse_not_finite(jacobian, steps, model, "a Jacobian of this step is not a finite number", why, "weights")


def _refuse_not_finite(values: Array, steps: Integers, model: str, found: str, why: str, large: str) -> None:
    is_finite = np.isfinite(values)
    if not is_finite.all():
        wrong = np.argwhere(~is_finite)
        where = f"{model}, step {steps[wrong[0][0]]} of sequence {wrong[0][1]}"
        raise FlowError(where, found, why, f"scale the {large} down, or measure fewer steps")


def refuse_zero(log_norms: Array, ends: Integers, step: int, names: tuple[str, str], model: str) -> None:
    """Raise a FlowError if a sensitivity is exactly 0, for log_norms (B, n) of the end points `ends` to `step`."""
    is_zero = np.isneginf(log_norms)
    if not is_zero.any():
        return
    sequence, point = (int(part) for part in np.argwhere(is_zero)[0])
    output, source = names
    raise FlowError(
        f"{model}, sequence {sequence}",
        f"d {output}[{ends[point]}] / d {source}[{step}] is exactly 0, and has no logarithm",
        "units cut off (relu below 0, a weight matrix of zeros, an output that does not depend on this), or slopes "
        "below 1e-308 because a pre-activation is beyond 370 (tanh) or 740 (sigmoid)",
        "look at that step's pre-activations; scale weights or inputs down, or choose another output or source",
    )


def _no_end_points(found: str, model: str) -> FlowError:
    return FlowError(
        f"{model}, ends",
        found,
        "an empty selection, or more end points than there are steps with enough steps before them",
        "give a number of end points, or a list of steps counted from 0",
    )


def _array(value: Any, model: str, name: str) -> np.ndarray[Any, Any]:
    """The value as an array. Raises FlowError for a masked one, and for rows of different lengths."""
    refuse_masked(model, **{name: value})
    try:
        return np.asarray(value)
    except ValueError as error:
        raise FlowError(
            f"{model}, {name}",
            str(error),
            "a list of sequences of different lengths",
            "cut them to one length, or measure each",
        ) from None


def _real(values: np.ndarray[Any, Any], where: str, *, infinite: bool = False) -> Array:
    """The values in float64. Raises FlowError: values that are not real and finite."""
    if values.dtype.kind not in "fiub":
        raise FlowError(
            where,
            f"values of dtype {values.dtype}, where real numbers belong",
            "text, objects, or complex numbers left by a Fourier transform",
            "convert with .astype(np.float64)",
        )
    real = values.astype(np.float64)
    wrong = np.argwhere(np.isnan(real) if infinite else ~np.isfinite(real))
    if wrong.size:
        index = tuple(int(part) for part in wrong[0])
        raise FlowError(
            where,
            f"the value {real[index]} at {list(index)}, one of {len(wrong)} that are not finite numbers",
            "a missing measurement stored as NaN, or a training that diverged",
            "fill the gap or cut the stream before it: a recurrent state never recovers from a NaN",
        )
    return real


def refuse_no_input(x: Array, model: str) -> None:
    """Raise a FlowError where the input (T, B, D) has no column, D = 0."""
    if not x.shape[2]:
        raise FlowError(
            f"{model}, x",
            "a sensitivity to the input of a cell that reads none",
            "an autonomous cell, measured as one with an input",
            "measure from state to state: flow.state_sensitivity, or source= the name of a state",
        )


def refuse_constant(values: Array, model: str) -> None:
    """Raise a FlowError if a sequence of (T, B, D) does not vary; that of a cell without an input, D = 0, may."""
    if not values.shape[2]:
        return
    constant = np.flatnonzero((values == values[:1]).all(axis=(0, 2)))
    if constant.size:
        raise FlowError(
            f"{model}, x",
            f"sequence {constant[0]}, one of {constant.size}, is the same at each of its {len(values)} steps",
            "an unused sensor, padding, or a stretch too short to see it change",
            "give an input that varies: at a fixed point all end points say the same, and nothing about data",
        )
