"""A network run as its equations are written, sequence by sequence: independent of kernels, masks and layouts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from lstm_sym.check.case import Named
from lstm_sym.check.equations import Functions, array_functions, run_equations
from lstm_sym.networks import CellLayer, Dropout, Embedding, Loss, Network, Pooling
from lstm_sym.networks.layer import above, below

Rows = list[Any]
"""What stands at every step of one sequence: (1, N) each."""
Ran = tuple[Rows, dict[str, Any]]
"""What a layer gives out, and its state after the last step it read."""


def run_network(
    network: Network,
    x: Any,
    params: Mapping[str, Any],
    state: Mapping[str, Any],
    module: ModuleType,
    functions: Functions | None = None,
) -> Ran:
    """One sequence through all layers: x[t] (1, D) or a word -> y[t] (1, M), one of them above a pool, and the state.

    module: what is like NumPy, as autograd's; `functions` those of the equations over it.
    """
    functions = functions or array_functions(module)
    values, last = list(x), Named()
    for layer in network.layers:
        own, first = below(layer.prefix, params), below(layer.prefix, state)
        values, left = LAYERS[type(layer)](layer, values, own, first, module, functions)
        last |= above(layer.prefix, left)
    return values, last


def loss_by_equation(loss: Loss, z: Any, target: Any, module: ModuleType) -> Any:
    """Phi(z) - <y, z> + c(y) of one sample, z and target (1, K)."""
    [potential], _ = run_equations(loss.cell, [z], {}, {}, array_functions(module))
    phi = module.mean(potential) if loss.whole else module.sum(potential)
    constant = module.sum(target * target) / 2 if loss.name == "squared" else 0.0
    return phi - module.sum(target * z) + constant


def _over_time(layer: CellLayer, values: Rows, own: Any, first: Any, module: Any, functions: Functions) -> Ran:
    """Each direction by itself, a backward one from the last step; then both as one."""
    outputs, last = [], Named()
    for prefix, reverse in layer.ways:
        params, state = below(prefix, own), below(prefix, first)
        found, left = run_equations(layer.cell, values[::-1] if reverse else values, params, state, functions)
        outputs.append(found[::-1] if reverse else found)
        last |= above(prefix, left)
    return [_joined(layer.join, step, module) for step in zip(*outputs, strict=True)], last


def _joined(join: str, ways: tuple[Any, ...], module: Any) -> Any:
    if len(ways) == 1 or join == "concat":
        return module.concatenate(ways, axis=-1)
    return sum(ways) / (len(ways) if join == "mean" else 1)


def _pooled(layer: Pooling, values: Rows, own: Any, first: Any, module: Any, functions: Functions) -> Ran:
    """One vector for all steps; the maximum by the function of equations, over the steps of every unit."""
    if layer.over in ("last", "first"):
        return [values[-1 if layer.over == "last" else 0]], {}
    if layer.over == "ends":
        half = (values[0].shape[-1] + 1) // 2
        return [module.concatenate((values[-1][:, :half], values[0][:, half:]), axis=-1)], {}
    if layer.over == "mean":
        return [sum(values) / len(values)], {}
    return [functions["max"](module.concatenate(values).T).T[:1]], {}


def _looked_up(layer: Embedding, values: Rows, own: Any, first: Any, module: Any, functions: Functions) -> Ran:
    return [own["E"][word].reshape(1, -1) for word in values], {}


def _as_it_is(layer: Dropout, values: Rows, own: Any, first: Any, module: Any, functions: Functions) -> Ran:
    """Nothing is dropped out where nothing is drawn."""
    return values, {}


LAYERS: dict[type, Callable[..., Ran]] = {
    CellLayer: _over_time,
    Pooling: _pooled,
    Embedding: _looked_up,
    Dropout: _as_it_is,
}
"""Kind of layer -> how its equations are run over one sequence."""
