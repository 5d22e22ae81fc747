"""init() of a kernel: parameters as PyTorch draws them, within the bounds and from the values that a cell declares."""

from __future__ import annotations

from collections.abc import Mapping

from lstm_sym.emit.numpy.entry import all_sizes
from lstm_sym.emit.numpy.layout import folded
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.sizes import parts_of

_ALL_INPUTS = """    if input_size != sizes["{size}"]:
        raise ValueError(f"input_size is {{input_size}}; x holds {inputs}: {size} = {{sizes['{size}']}} columns")
"""


def init_function(cell: Cell) -> str:
    """init(): PyTorch's default distribution."""
    names, checks = argument_sizes(cell)
    keywords = "".join(f" {size}: int," for size in cell.size_names if size not in names)
    sizes = ", ".join(f"{size!r}: {names.get(size, size)}" for size in cell.size_names)
    optional = " = 0" if not cell.input else ""
    vectors = tuple(name for name in cell.parameters if len(cell.shapes[name]) < 2)
    example = f"`fill` sets a vector to one value, as {vectors[-1]}=1.0. " if vectors else ""
    known = "\n".join(f"    {line}" for line in folded(f"vectors: tuple[str, ...] = {vectors!r}"))
    declared, before, each = _declared(cell)
    told = all_sizes(cell, "sizes")
    composed = "" if told == "sizes" else f"    sizes = {told}\n"
    if len(cell.inputs) > 1:
        composed += _ALL_INPUTS.format(size=cell.input_shape[0], inputs=", ".join(cell.inputs))
    return f'''def init(
    input_size: int{optional}, hidden_size: int{" = 1" if optional else ""}, *,{keywords}
    rng: np.random.Generator | None = None, dtype: Any = np.float64, **fill: float,
) -> Params:
    """Parameters drawn uniformly from (-1/sqrt(hidden_size), 1/sqrt(hidden_size)), as PyTorch does.

    {example}{declared}Without rng the seed is 0.
    Raises TypeError for a name in `fill` that is no vector or a dtype that is no float, ValueError for a size below 1.
    """
    rng = np.random.default_rng(0) if rng is None else rng{checks}
    sizes = {{{sizes}}}
    for symbol, size in sizes.items():
        if not hasattr(size, "__index__") or size < 1:
            raise ValueError(f"the size {{symbol}} is {{size}}; sizes are whole numbers, 1 or more")
{composed}    dtype = _float_dtype({{"dtype": np.empty(0, dtype)}})
{known}
    for name in fill:
        if name not in vectors:
            raise TypeError(f"init() cannot fill {{name}}; the vectors of this cell: {{', '.join(vectors) or 'none'}}")
{before}    bound = 1 / hidden_size**0.5
    drawn = {{}}
    for name, symbols in _SHAPES.items():
        value = rng.uniform(-bound, bound, [sizes[symbol] for symbol in symbols])
{each}        drawn[name] = np.asarray(np.full_like(value, fill[name]) if name in fill else value, dtype)
    return Params(**drawn)'''


def _declared(cell: Cell) -> tuple[str, str, str]:
    """What declared bounds and first values add to init(): to its text, before the loop over parameters, and in it."""
    bounds = {name: (p.low, p.high) for name, p in cell.declared.items() if p.is_bounded}
    defaults = {name: p.default for name, p in cell.declared.items() if p.default is not None}
    text, before, each = "", "", ""
    if defaults:
        listed = ", ".join(f"{name} = {value!r}" for name, value in defaults.items())
        text += f"Begins with {listed}, where `fill` says nothing else. "
        before += f"    fill = {defaults!r} | fill\n"
    if bounds:
        listed = ", ".join(f"{low!r} < {name} < {high!r}" for name, (low, high) in bounds.items())
        text += f"Drawn within bounds: {listed}.\n    "
        numbers = repr(bounds).replace("inf", "np.inf")
        before += f"    bounds = {numbers}\n    _check_bounds(fill, bounds)\n"
        each = "        value = _within(value / bound, *bounds[name]) if name in bounds else value\n"
    return text, before, each


def argument_sizes(cell: Cell) -> tuple[dict[str, str], str]:
    """Size -> the argument of init() that gives it, and the lines that check the arguments.

    hidden_size is the size of the first state: k M for M blocks of k cells.
    """
    parts = parts_of(cell.shapes[(*cell.states, cell.output)[0]][0])
    first, count = next(iter(parts.items()))
    names, checks = {first: "hidden_size"}, ""
    if len(parts) == 1 and count > 1:
        names = {first: f"hidden_size // {count}"}
        checks += f"""
    if hidden_size % {count}:
        raise ValueError(f"hidden_size is {{hidden_size}}; it must be a multiple of {count}, for blocks of {count}")"""
    if len(cell.inputs) > 1:
        return names | _first_of_several(cell, names), checks
    if cell.input and cell.input_shape[0] in names:
        checks += """
    if input_size != hidden_size:
        raise ValueError(f"input_size is {input_size}; in this cell it equals hidden_size, {hidden_size}")"""
    elif cell.input:
        names[cell.input_shape[0]] = "input_size"
    return names, checks


def _first_of_several(cell: Cell, names: Mapping[str, str]) -> dict[str, str]:
    """The size of the first input, from the columns that x has for all of them; none where it is that of a state."""
    parts = parts_of(cell.input_shape[0])
    first = cell.shapes[cell.inputs[0]][0]
    if first in names:
        return {}
    numbers = {size: names.get(size, size) for size in parts if size != first}
    others = [name if parts[size] == 1 else f"{parts[size]} * {name}" for size, name in numbers.items()]
    rest = " - ".join(["input_size", *others])
    return {first: rest if parts[first] == 1 else f"({rest}) // {parts[first]}"}
