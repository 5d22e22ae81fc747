"""Functions that every kernel brings along: their source is copied into the kernel, so they need NumPy alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from lstm_sym.program.arithmetic import sigmoid_precise

Array = np.ndarray[Any, Any]


def times(sequence: Array, matrix: Array, out: Array | None = None) -> Array:
    """Every row of a sequence (T, B, N) times a matrix (N, M), as one product of T B rows: (T, B, M).

    `out`, if given, is a contiguous array of that shape.
    """
    steps, batch, width = sequence.shape
    rows = None if out is None else out.reshape(steps * batch, matrix.shape[1])
    rows = np.matmul(sequence.reshape(steps * batch, width), matrix, out=rows)
    return rows.reshape(steps, batch, matrix.shape[1])


def outer(left: Array, right: Array) -> Array:
    """The sum over time and batch of left right^T: (T, B, M), (T, B, N) -> (M, N), as one product."""
    steps, batch, _ = left.shape
    rows = steps * batch
    # BLAS is faster with the wide operand on the right, so the transpose of the result is computed.
    product: Array = right.reshape(rows, right.shape[2]).T.dot(left.reshape(rows, left.shape[2]))
    return product.T


def over_time(a: Array) -> Array:
    """The sum over time and batch of (T, B, N), as a product with ones, which is quicker than a sum over two axes."""
    rows = a.reshape(-1, a.shape[2])
    total: Array = np.ones(len(rows), a.dtype).dot(rows)
    return total


def diagonal(blocks: Array) -> Array:
    """The diagonals of square blocks (..., N, N), to be written to: (..., N)."""
    view: Array = np.einsum("...ii->...i", blocks)
    return view


def weighted(block: Array, pairs: Sequence[tuple[Any, Any]]) -> None:
    """block (..., M, N) = the sum of diag(e) W over pairs of e (..., M) and W (M, N), in place.

    Row i of all blocks is one product, of what row i of every W is multiplied by, and of these rows.
    """
    *lead, rows, columns = block.shape
    count, pairs_count = int(np.prod(lead)), len(pairs)
    scales = np.empty((*lead, rows, pairs_count), block.dtype)
    matrices = np.empty((rows, pairs_count, columns), block.dtype)
    for place, (scale, matrix) in enumerate(pairs):
        scales[..., place], matrices[:, place] = scale, matrix
    by_row = scales.reshape(count, rows, pairs_count).swapaxes(0, 1)
    np.matmul(by_row, matrices, out=block.reshape(count, rows, columns).swapaxes(0, 1))


def scaled(scale: Array, pairs: Sequence[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """diag(scale) times a sum of diag(e) W: its pairs of e and W."""
    return [(scale * e, matrix) for e, matrix in pairs]


def ranges(record: Any, shapes: Mapping[str, Sequence[str]], sizes: Mapping[str, int]) -> Any:
    """A record of slices: where each array stands if their entries follow one another; an axis B counts once."""
    ends, end = [], 0
    for axes in shapes.values():
        first, end = end, end + int(np.prod([sizes[axis] for axis in axes if axis != "B"]))
        ends.append(slice(first, end))
    return record(*ends)


def applied(v: Array, rows: int) -> Array:
    """d(W v)/dW for W (rows, N): (..., rows, rows N), which is v in block i of row i."""
    blocks = np.zeros((*v.shape[:-1], rows, rows, v.shape[-1]), v.dtype)
    np.einsum("...iij->...ij", blocks)[...] = v[..., None, :]
    return blocks.reshape(*v.shape[:-1], rows, rows * v.shape[-1])


def applied_transposed(v: Array, columns: int) -> Array:
    """d(W^T v)/dW for W (M, columns): (..., columns, M columns), which is v in column j of block row j."""
    blocks = np.zeros((*v.shape[:-1], columns, v.shape[-1], columns), v.dtype)
    np.einsum("...jij->...ij", blocks)[...] = v[..., :, None]
    return blocks.reshape(*v.shape[:-1], columns, v.shape[-1] * columns)


def complement(z: Array, a: Array) -> Array:
    """1 - z, of a gate z = sigmoid(a)."""
    return np.array(1, z.dtype) - z


def complement_precise(z: Array, a: Array) -> Array:
    """1 - z of a gate z = sigmoid(a), as sigmoid(-a): no digit is lost when the gate is open."""
    return sigmoid_precise(-a)


def sizes_of(params: Any, shapes: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The number behind each symbolic size, read off the parameters. Raises TypeError, ValueError."""
    if params is None:
        raise TypeError(f"params is None; it must be what init() returns, or Params({', '.join(shapes)})")
    sizes: dict[str, int] = {}
    for (name, value), symbols in zip(named("params", params, shapes).items(), shapes.values(), strict=True):
        shape = array_of(name, value).shape
        if len(shape) != len(symbols):
            raise ValueError(f"{name} has shape {shape}; expected {len(symbols)} axes ({', '.join(symbols)})")
        for symbol, size in zip(symbols, shape, strict=True):
            if sizes.setdefault(symbol, size) != size:
                told = f"{symbol} = {sizes[symbol]} by the parameters before it; expected ({', '.join(symbols)})"
                raise ValueError(f"{name} has shape {shape}, but {told}")
    return sizes


def without_input(x: Any, steps: int | None, params: Any, state: Any) -> Any:
    """The input of a cell that reads none: x as given, else an array (steps, B, 0). Raises TypeError, ValueError."""
    if x is not None and steps is not None and np.shape(x)[:1] != (steps,):
        raise ValueError(f"x has shape {np.shape(x)}, but steps is {steps}; give one of the two")
    if x is not None:
        return x
    if steps is None or not hasattr(steps, "__index__") or steps < 0:
        raise TypeError(f"steps is {steps!r}; this cell reads no input, so say how many steps: forward(steps=100, ...)")
    given = {"params": params, "state": state}
    # What is no tuple is refused by `named`, which is asked next.
    arrays = [array_of(name, v) for name, values in given.items() if isinstance(values, tuple) for v in values]
    batch = np.shape(state[0])[:1] if isinstance(state, tuple) and state else ()
    return np.empty((steps, *(batch or (1,)), 0), np.result_type(*arrays) if arrays else np.float64)


def check_tape(tape: Any, kinds: tuple[type, ...]) -> None:
    """Raises TypeError for what forward() of this kernel did not return, or not in the form that is read."""
    if not isinstance(tape, kinds):
        wanted = "forward(..., precise=True)" if len(kinds) == 1 else "forward()"
        wanted += ", and not with tape=False" if tape is None else ""
        raise TypeError(f"tape is a {type(tape).__name__}; it must be the third result of this kernel's {wanted}")


def check_fit(
    tape: Any, widths: Mapping[type, Mapping[str, Mapping[str, int]]], sizes: Mapping[str, int]
) -> dict[str, int]:
    """The sizes, with those that the last axes of the tape alone tell. Raises ValueError where these do not agree."""
    arrays, known = tape._asdict(), dict(sizes)
    for field, parts in widths[type(tape)].items():
        width, expected = arrays[field].shape[-1], sum(count * known.get(size, 0) for size, count in parts.items())
        unknown = [size for size in parts if size not in known]
        if len(unknown) == 1:
            known[unknown[0]] = (width - expected) // parts[unknown[0]]
        elif width != expected and not unknown:
            told = " + ".join(size if count == 1 else f"{count} * {size}" for size, count in parts.items())
            told = f"tape.{field} has {width} columns, but {told} = {expected} by params"
            raise ValueError(f"params do not fit the tape: {told}; give the params that forward() made this tape with")
    return known


def steps_of(t: Any, steps: int) -> Any:
    """t as an index of so many steps: a slice, a step or an array of them. Raises TypeError, ValueError, IndexError."""
    if isinstance(t, slice):
        if t.step == 0 or not all(part is None or hasattr(part, "__index__") for part in (t.start, t.stop, t.step)):
            raise TypeError(f"t is {t}; give a slice of whole numbers, its third not 0")
        return t
    index = array_of("t", t)
    if index.dtype.kind == "b" and index.shape == (steps,):
        return index.nonzero()[0]
    if index.dtype.kind not in "iu" and index.size:
        raise TypeError(f"t is of dtype {index.dtype}; give a step, a slice or an array of steps, in whole numbers")
    outside = index[(index < -steps) | (index >= steps)]
    if outside.size:
        raise IndexError(f"t is {outside[0]}, but the tape holds {steps} steps; give one from 0 on, or from -1 back")
    return index.astype(int) if index.ndim else int(index)


def signature(records: tuple[type, ...], *given: Any) -> Any:
    """All that checks look at, of arrays of one dtype and records of such arrays; None where anything is not plain."""
    arrays: list[Any] = []
    for value in given:
        if type(value) in records:
            arrays += value
        elif value is not None:
            arrays.append(value)
    for array in arrays:
        if type(array) is not np.ndarray or array.dtype is not arrays[0].dtype:
            return None
    if not arrays or not arrays[0].dtype.isnative:
        return None
    return (arrays[0].dtype, *map(type, given), *[array.shape for array in arrays])


def parts(tape: Any, steps: int, batch: int) -> list[slice]:
    """The steps in parts, the last ones first: 1024 rows each, or as many as make a megabyte of a float32 tape.

    Of 200 steps and more at most a twelfth, or 512 rows: what a part needs is then little beside the tape.
    """
    if steps * batch <= 512:
        return [slice(0, steps)]
    numbers = sum([array.shape[-1] for array in tape if array.ndim == 3])
    size = max(1, 1024 // max(1, batch), 262144 // max(1, batch * numbers))
    if steps >= 200:
        size = min(size, max(steps // 12, 512 // max(1, batch)))
    return [slice(max(0, stop - size), stop) for stop in range(steps, 0, -size)] or [slice(0, 0)]


def part_of(tape: Any, extra: Sequence[int], steps: slice) -> Any:
    """A tape of these steps alone; `extra` rows follow them in each array, or it has no steps where that is -1."""
    return type(tape)(
        *(a if more < 0 else a[steps.start : steps.stop + more] for a, more in zip(tape, extra, strict=True))
    )


def empty_in(workspace: Any, function: str) -> Any:
    """np.empty; with a workspace, what gives the arrays again that this function made last. Raises TypeError."""
    if workspace is None:
        return np.empty
    if not isinstance(workspace, dict):
        raise TypeError(f"workspace is a {type(workspace).__name__}; give a dict, the same one at every call")
    last = iter(workspace.get(function, ()))
    made = workspace[function] = []

    def empty(shape: Sequence[int], dtype: Any) -> Array:
        kept: Any = next(last, None)
        fits = kept is not None and kept.shape == shape and kept.dtype == dtype
        array: Array = kept if fits else np.empty(shape, dtype)
        made.append(array)
        return array

    return empty


def without_tape(forward: Any, x: Array, params: Any, state: Any, precise: bool, workspace: Any) -> Any:
    """The output and the last state: the steps in parts of 1024 rows, of which nothing else is kept."""
    steps, batch = x.shape[:2]
    size = max(1, 1024 // max(1, batch))
    y: Array | None = None
    for start in range(0, max(1, steps), size):
        part, state = forward(x[start : start + size], params, state, precise, workspace)[:2]
        if y is None:
            y = np.empty((steps, *part.shape[1:]), part.dtype)
        y[start : start + size] = part
    return y, state


def remember(fitted: Any, key: Any, sizes: Mapping[str, int]) -> None:
    """Note that what has this signature passed the checks: it will again. No more of them than a program has shapes."""
    if key is not None:
        if len(fitted) > 999:
            fitted.clear()
        fitted[key] = sizes


def array_of(name: str, value: Any) -> Array:
    """The value as an array of numbers. Raises TypeError for what is none, ValueError for rows of different lengths."""
    if hasattr(value, "mask") and hasattr(value, "filled"):
        raise TypeError(f"{name} is a masked array, whose mask would be ignored; fill it, as with .filled(0.0)")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is no array ({error}); give its rows one length") from None
    if array.dtype.kind not in "biufc" and isinstance(value, np.ndarray):
        raise TypeError(f"{name} has dtype {array.dtype}, where numbers belong; convert it with .astype(np.float64)")
    if array.dtype.kind not in "biufc":
        kind = "None" if value is None else f"a {type(value).__name__}"
        raise TypeError(f"{name} is {kind}, where numbers belong; give an array of numbers")
    return array


def float_dtype(arrays: Mapping[str, Any]) -> np.dtype[Any]:
    """The one dtype all arrays are computed in: float32 stays float32. Raises TypeError for half and for no float."""
    dtypes = {name: array_of(name, value).dtype for name, value in arrays.items()}
    for name, dtype in dtypes.items():
        if dtype.kind not in "fc" or dtype.itemsize < 4:
            fix = "convert it with .astype(np.float64) or (np.float32)"
            raise TypeError(f"{name} has dtype {dtype}, which cannot be used; {fix}")
    return np.result_type(*dtypes.values()).newbyteorder("=")


def named(name: str, values: Any, fields: Iterable[str]) -> dict[str, Any]:
    """The fields of a named tuple as {"params.W": ...}; None has none. Raises TypeError for one that lacks a field."""
    if values is None:
        return {}
    fields = tuple(fields)
    made = name.partition("_")[0].removeprefix("d").capitalize()
    if isinstance(values, dict) and set(values) == set(fields):
        raise TypeError(f"{name} is a dict; give {made}(**{name})")
    if type(values) in (tuple, list) and len(values) == len(fields):
        raise TypeError(f"{name} is a {type(values).__name__}; give {made}(*{name}), in the order {', '.join(fields)}")
    given = values._asdict() if hasattr(values, "_asdict") and not isinstance(values, type) else {}
    for field in fields:
        if field not in given:
            kind = f"a {type(values).__name__} without the field {field}"
            kind = f"the class {values.__name__}, not one made of it" if isinstance(values, type) else kind
            raise TypeError(f"{name} is {kind}; make one with {made}({', '.join(fields)})")
    return {f"{name}.{field}": given[field] for field in fields}


def checked(name: str, value: Any, axes: Sequence[str], sizes: Mapping[str, int], dtype: np.dtype[Any]) -> Array:
    """An array of this dtype whose axes have these sizes, an unknown size taken from it. Raises ValueError."""
    array = array_of(name, value)
    expected = tuple(sizes.get(axis, size) for axis, size in zip(axes, array.shape, strict=False))
    if array.ndim != len(axes) or array.shape != expected:
        known = ", ".join(f"{axis} = {sizes[axis]}" for axis in axes if axis in sizes)
        raise ValueError(f"{name} has shape {array.shape}; expected ({', '.join(axes)})" + (known and f" with {known}"))
    return array.astype(dtype, copy=False)


def checked_fields(
    name: str, values: Any, shapes: Mapping[str, Sequence[str]], sizes: Mapping[str, int], dtype: np.dtype[Any]
) -> Any:
    """A named tuple of arrays, field by field; None gives zeros. Raises TypeError, ValueError."""
    unknown = [axis for axes in shapes.values() for axis in axes if axis not in sizes]
    if values is None and unknown:
        raise ValueError(f"{name} is None, but no parameter tells its size {unknown[0]}; give {name}")
    if values is None:
        return [np.zeros([sizes[axis] for axis in axes], dtype) for axes in shapes.values()]
    arrays, known, found = named(name, values, shapes), dict(sizes), []
    for (full, value), axes in zip(arrays.items(), shapes.values(), strict=True):
        found.append(checked(full, value, axes, known, dtype))
        known |= dict(zip(axes, found[-1].shape, strict=True))  # a size that nothing else tells holds for the next too
    return found


def within(unit: Any, low: float, high: float) -> Any:
    """Numbers between -1 and 1 moved into an interval: to the middle half of it, or to 1/2 to 2 from its only bound."""
    if np.isfinite(low) and np.isfinite(high):
        return (low + high) / 2 + (high - low) / 4 * unit
    return low + 2.0**unit if np.isfinite(low) else high - 2.0**unit


def check_bounds(values: Mapping[str, float], bounds: Mapping[str, tuple[float, float]]) -> None:
    """Raises ValueError for a first value outside the interval of its parameter."""
    for name, value in values.items():
        low, high = bounds.get(name, (-np.inf, np.inf))
        if not low <= value <= high:
            raise ValueError(f"{name} = {value} is outside its bounds, {low} to {high}, which the cell file declares")
