"""stepper() of a kernel whose loops are compiled: a step is one call, on memory and packed matrices that stay."""

from __future__ import annotations

from lstm_sym.compile.known_sizes import size_rules
from lstm_sym.compile.plan import Plan
from lstm_sym.emit.functions import FunctionWriter
from lstm_sym.emit.numpy.entry import all_sizes
from lstm_sym.emit.numpy.layout import folded
from lstm_sym.emit.numpy.printer import CodePrinter, indented
from lstm_sym.emit.numpy.stepper import COPIED, stepper_text

_OTHERWISE = "return _numpy.stepper(params, batch)"


def compiled_stepper(plan: Plan, writer: FunctionWriter) -> str:
    """The function; where the parameters do not tell all sizes, that of the NumPy kernel."""
    cell, call = plan.cell, writer.compiled_stream()
    if not set(call.sizes) <= {*size_rules(cell), "0"} or not cell.parameters:
        return stepper_text(cell, [_OTHERWISE], [])
    places, names = writer.places, [array.text for array in call.arrays]
    bound = [node for name, node in writer.writer.parameters.bound.items() if name in names]
    own = [name for name in names if name not in writer.writer.parameters.bound]
    begin = [
        f"sizes = {all_sizes(cell, '_sizes_of(params, _SHAPES)')}",
        *COPIED[1:],
        "if dtype not in _compiled.dtypes:",
        f"    {_OTHERWISE}",
        *folded(f"{', '.join(call.sizes)}, = ({', '.join(f'sizes[{size!r}]' for size in call.sizes)},)"),
        *CodePrinter().lines(bound),
        *(f"{name} = np.empty((batch, {places.of(name).width}), dtype)" for name in own),
        *folded(
            f'run = _compiled.stepping("{call.function}", dtype, (1, batch, {", ".join(call.sizes)}), '
            f"({', '.join(names)},))"
        ),
    ]
    return stepper_text(cell, begin, _advance(writer, own))


def _advance(writer: FunctionWriter, own: list[str]) -> list[str]:
    """One step: what comes in is copied to where it stays, what comes out from there."""
    program, home = writer.loop.program, writer.storage.home
    inputs = [home(value).name for value in program.inputs if home(value).name in own]
    states = [(home(carry.incoming).name, carry.incoming.name) for carry in program.carries]
    output = program.outputs[0]
    sent = {carry.outgoing: home(carry.incoming).name for carry in program.carries}
    lines = [
        line
        for name in inputs
        for line in (
            f"if x_t.shape != {name}.shape:",
            f'    raise ValueError(f"x_t has shape {{x_t.shape}}; this stepper takes {{{name}.shape}}")',
            f"{name}[...] = x_t",
        )
    ]
    lines += [f"{name}[...] = state.{field}" for name, field in states]
    copies = ", ".join(f"{name}.copy()" for name, _ in states)
    lines += ["run()", f"after = State({copies})"]
    given = f"after.{output.name}" if output in sent else f"{home(output).name}.copy()"
    signature = "def advance(x_t: Array, state: State) -> tuple[Array, State]:"
    return [signature, *indented(['"""One step."""', *lines, f"return {given}, after"])]
