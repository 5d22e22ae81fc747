"""Everything a user might take instead of the kernels, as a table: what each peer needs, which cells it has, its calls.

A peer is prepared for a case once: arrays in its own form, weights stacked, functions compiled. What it gives is called
again and again, and gives the gradients of sum(y * dy) with respect to x and all parameters.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import autograd.numpy as anp
import numpy as np
from _cells import CELLS, OWN, Arrays, Cut, Writing
from autograd import grad

import lstm_sym as ls


@dataclass(frozen=True)
class Case:
    """A cell at a shape (T, B, D, H), with numbers: what every peer is prepared for."""

    cell: str
    dtype: str
    shape: tuple[int, int, int, int]

    @property
    def name(self) -> str:
        """In words, for progress and errors."""
        return f"{self.cell} {self.dtype} {self.shape}"

    def kernel(self, target: str) -> Any:
        """Our kernel of the cell."""
        return ls.build(cell_of(self.cell), target=target)

    def numbers(self) -> tuple[Any, Any, Any]:
        """x, the parameters by name, dy: the same at every call."""
        T, B, D, H = self.shape
        rng = np.random.default_rng(0)
        params = self.kernel("numpy").init(D, H, rng=rng, dtype=self.dtype)
        x, dy = (rng.standard_normal((T, B, size)).astype(self.dtype) for size in (D, H))
        return x, params, dy


class Timed(NamedTuple):
    """One writing of a peer, prepared: what is timed, and the arrays that its gradients are made of.

    found: of what the call gives, the gradients, x first. expected: the same arrays of the gradients of a kernel.
    """

    call: Callable[[], Any]
    found: Callable[[Any], list[Any]]
    expected: Callable[[Any], list[Any]]


class Peer(NamedTuple):
    """A way to the gradients: the packages that it needs, the cells that it has (none named: all), its writings."""

    name: str
    needs: tuple[str, ...]
    cells: tuple[str, ...]
    prepare: Callable[[Case], dict[str, Timed]]
    is_ours: bool = False

    @property
    def missing(self) -> list[str]:
        """The packages that are not installed."""
        return [name for name in self.needs if find_spec(name) is None]

    def has(self, case: Case) -> bool:
        """Whether it has the cell and can run here."""
        return (not self.cells or case.cell in self.cells) and not self.missing


def cell_of(name: str) -> ls.Cell:
    """A cell of the catalogue, or the own one."""
    return ls.parse(OWN, key="own") if name == "own" else ls.cell(name)


def in_order(gradients: Any) -> list[Any]:
    """The gradients of a kernel: of x, and of the parameters as the kernel names them."""
    return [gradients.x, *gradients.params]


def by_kernel(case: Case, target: str) -> dict[str, Timed]:
    """One of our kernels."""
    kernel, (x, params, dy) = case.kernel(target), case.numbers()

    def gradients() -> Any:
        return kernel.backward(dy, kernel.forward(x, params)[2], params)

    return {"": Timed(gradients, in_order, in_order)}


LIBRARIES = ("torch", "jax", "onnxruntime")


def settle(threads: int, wanted: Sequence[str] = LIBRARIES) -> dict[str, str]:
    """Give the libraries that are wanted and installed this number of threads, and the process as many cores.

    Returns their versions. To be called before anything is computed: XLA has a thread a core.
    """
    there = [name for name in wanted if find_spec(name) is not None]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])  # XLA has a thread a core
    if "torch" in there:
        import torch

        torch.set_num_threads(threads)
    if "jax" in there:
        os.environ["JAX_PLATFORMS"] = "cpu"
        import jax

        jax.config.update("jax_enable_x64", True)
    return {name: version(name) for name in there}


# By hand: one definition of a cell, three array libraries


def slices(array: Any, count: int) -> Sequence[Any]:
    """Equal parts of the last axis, by slices."""
    size = array.shape[-1] // count
    return [array[..., k * size : (k + 1) * size] for k in range(count)]


def writings(case: Case, cuts: dict[str, Cut]) -> Iterator[tuple[str, Writing]]:
    """All writings of a case: gate by gate, and fused or hoisted with each of the cuts."""
    cell = CELLS[case.cell]
    if cell.separable and cell.gates > 1:
        yield "separate", Writing(cell, False, None)
    for name, cut in list(cuts.items())[: None if cell.gates > 1 else 1]:
        yield f"fused, {name}", Writing(cell, False, cut)
        yield f"hoisted, {name}", Writing(cell, True, cut)


def packed(writing: Writing, params: Any) -> Arrays:
    """The parameters as this writing stores them."""
    return writing.cell.pack(params, writing.cut is not None, partial(np.concatenate, axis=-1))


def flat(arrays: Arrays) -> list[Any]:
    """All arrays, in one order."""
    return [np.asarray(array) for name in sorted(arrays) for array in arrays[name]]


def expected_of(writing: Writing) -> Callable[[Any], list[Any]]:
    """The gradients of a kernel as this writing stores them."""
    return lambda gradients: [gradients.x, *flat(packed(writing, gradients.params))]


def found_by(gradients: Any) -> list[Any]:
    """The gradients of (x, arrays)."""
    dx, arrays = gradients
    return [np.asarray(dx), *flat(arrays)]


AUTOGRAD = SimpleNamespace(
    tanh=anp.tanh,
    sigmoid=lambda a: 0.5 * anp.tanh(0.5 * a) + 0.5,  # never overflows
    softplus=lambda a: anp.logaddexp(0, a),
    softsign=lambda a: a / (1 + anp.abs(a)),
    exp=anp.exp,
    maximum=anp.maximum,
    sqrt=anp.sqrt,
    sin=anp.sin,
    mean=lambda a: anp.mean(a, axis=-1, keepdims=True),
    full=np.full,
    stack=anp.array,
)


def by_autograd(case: Case) -> dict[str, Timed]:
    """Autograd, a loop of Python."""
    x, params, dy = case.numbers()

    def timed(writing: Writing) -> Timed:
        arrays = packed(writing, params)
        gradient = grad(lambda given: anp.sum(writing.run(AUTOGRAD, given[1], given[0]) * dy))
        return Timed(lambda: gradient((x, arrays)), found_by, expected_of(writing))

    cuts: dict[str, Cut] = {"slices": slices, "split": lambda array, count: anp.split(array, count, axis=-1)}
    return {name: timed(writing) for name, writing in writings(case, cuts)}


def torch_namespace() -> Any:
    """What a cell by hand asks of PyTorch."""
    import torch

    return SimpleNamespace(
        tanh=torch.tanh,
        sigmoid=torch.sigmoid,
        softplus=torch.nn.functional.softplus,
        softsign=torch.nn.functional.softsign,
        exp=torch.exp,
        maximum=torch.maximum,
        sqrt=torch.sqrt,
        sin=torch.sin,
        mean=lambda a: torch.mean(a, -1, keepdim=True),
        full=lambda shape, value, dtype: torch.full(shape, value, dtype=dtype),
        stack=torch.stack,
    )


def backward_of(run: Callable[[], Any], leaves: Sequence[Any], dy: Any) -> Callable[[], list[Any]]:
    """A call that runs y = run() forward and dy back, to the gradients of the leaves."""
    import torch

    return lambda: list(torch.autograd.grad(run(), leaves, dy))


def numpy_of(gradients: Any) -> list[Any]:
    """Tensors as arrays."""
    return [gradient.numpy() for gradient in gradients]


def by_torch_loop(case: Case) -> dict[str, Timed]:
    """PyTorch, a loop of Python."""
    import torch

    m, (x, params, dy) = torch_namespace(), case.numbers()

    def timed(writing: Writing) -> Timed:
        arrays = {
            name: tuple(torch.tensor(array, requires_grad=True) for array in group)
            for name, group in packed(writing, params).items()
        }
        leaves = [torch.tensor(x, requires_grad=True), *(array for name in sorted(arrays) for array in arrays[name])]
        call = backward_of(lambda: writing.run(m, arrays, leaves[0]), leaves, torch.tensor(dy))
        return Timed(call, numpy_of, expected_of(writing))

    cuts: dict[str, Cut] = {"split": lambda array, count: array.chunk(count, -1)}
    return {name: timed(writing) for name, writing in writings(case, cuts)}


MODULES = {"lstm": ("LSTM", "ifgo"), "gru_reset_after": ("GRU", "rzn"), "rnn": ("RNN", "")}
"""Cell -> the module of torch.nn that computes it, and the order of its gates."""


def by_torch_module(case: Case) -> dict[str, Timed]:
    """torch.nn.LSTM, GRU, RNN: weights of all gates one under the other, a bias for the input and one for the state."""
    import torch

    (name, gates), (x, params, dy) = MODULES[case.cell], case.numbers()
    module = getattr(torch.nn, name)(case.shape[2], case.shape[3], dtype=getattr(torch, case.dtype))
    given = torch.tensor(x, requires_grad=True)

    def of_module(record: Any) -> list[Any]:
        W, U, b = (
            np.concatenate([getattr(record, kind + (gate and f"_{gate}")) for gate in gates or [""]]) for kind in "WUb"
        )
        return [W, U, b]

    with torch.no_grad():
        own = of_module(params)
        for parameter, value in zip(module.parameters(), [*own, np.zeros_like(own[2])], strict=True):
            parameter.copy_(torch.tensor(value))
        if case.cell == "gru_reset_after":
            module.bias_hh_l0[-case.shape[3] :] = torch.tensor(params.b_u)
    leaves = [given, *module.parameters()]
    call = backward_of(lambda: module(given)[0], leaves, torch.tensor(dy))
    return {"": Timed(call, lambda found: numpy_of(found[:4]), lambda ours: [ours.x, *of_module(ours.params)])}


def by_torch_target(case: Case) -> dict[str, Timed]:
    """Our target for PyTorch: a module around the NumPy kernel of its file, or around the compiled one."""
    import torch

    x, params, dy = case.numbers()
    module = imported(case, "torch")

    def timed(kernel: Any) -> Timed:
        layer = module.Layer(*case.shape[2:], kernel=kernel, dtype=getattr(torch, case.dtype))
        with torch.no_grad():
            for name, value in params._asdict().items():
                getattr(layer, name).copy_(torch.tensor(value))
        leaves = [torch.tensor(x, requires_grad=True), *layer.parameters()]
        call = backward_of(lambda: layer(leaves[0])[0], leaves, torch.tensor(dy))
        return Timed(call, numpy_of, in_order)

    return {"NumPy": timed(None), "C": timed(case.kernel("c"))}


def imported(case: Case, target: str) -> Any:
    """The module of a target, written to a folder of its own and imported."""
    name = f"peer_{case.cell}_{target}"
    if name not in sys.modules:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}.py"
            path.write_text(ls.generate(cell_of(case.cell), target=target), encoding="utf-8")
            spec = spec_from_file_location(name, path)
            assert spec is not None and spec.loader is not None
            sys.modules[name] = module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def jax_namespace() -> Any:
    """What a cell by hand asks of JAX."""
    import jax
    import jax.numpy as jnp

    return SimpleNamespace(
        tanh=jnp.tanh,
        sigmoid=jax.nn.sigmoid,
        softplus=jax.nn.softplus,
        softsign=jax.nn.soft_sign,
        exp=jnp.exp,
        maximum=jnp.maximum,
        sqrt=jnp.sqrt,
        sin=jnp.sin,
        mean=lambda a: jnp.mean(a, -1, keepdims=True),
        full=jnp.full,
    )


def jitted(loss: Callable[..., Any], *given: Any) -> Callable[[], Any]:
    """A call that computes the gradients of loss(x, parameters, dy), with respect to the first two, compiled."""
    import jax

    held = jax.tree.map(jax.numpy.asarray, given)
    gradient = jax.jit(jax.grad(loss, argnums=(0, 1)))
    jax.block_until_ready(gradient(*held))  # what `lower().compile()` gives takes longer to call
    return lambda: jax.block_until_ready(gradient(*held))


def by_scan(case: Case) -> dict[str, Timed]:
    """JAX: the cell in a lax.scan."""
    import jax.numpy as jnp
    from jax import lax

    m, (x, params, dy) = jax_namespace(), case.numbers()

    def timed(writing: Writing) -> Timed:
        def loss(x: Any, arrays: Any, dy: Any) -> Any:
            rows, step = writing.loop(m, arrays, x)

            def body(states: Any, row: Any) -> Any:
                states = step(row, states)
                return states, states[0]

            first = tuple(jnp.full(dy.shape[1:], begin, dy.dtype) for begin in writing.cell.begins)
            return jnp.sum(lax.scan(body, first, rows)[1] * dy)

        return Timed(jitted(loss, x, packed(writing, params), dy), found_by, expected_of(writing))

    return {name.partition(",")[0]: timed(writing) for name, writing in writings(case, {"slices": slices})}


def by_jax_target(case: Case) -> dict[str, Timed]:
    """Our target for JAX."""
    module, (x, params, dy) = imported(case, "jax"), case.numbers()

    def loss(x: Any, params: Any, dy: Any) -> Any:
        return (module.forward(x, params)[0] * dy).sum()

    call = jitted(loss, x, module.Params(*params), dy)
    return {"": Timed(call, lambda found: [np.asarray(array) for array in (found[0], *found[1])], in_order)}


PEERS: tuple[Peer, ...] = (
    Peer("C", (), (), partial(by_kernel, target="c"), True),
    Peer("NumPy", (), (), partial(by_kernel, target="numpy"), True),
    Peer("target torch", ("torch",), (), by_torch_target, True),
    Peer("target JAX", ("jax",), (), by_jax_target, True),
    Peer("autograd", ("autograd",), (), by_autograd),
    Peer("torch.nn", ("torch",), tuple(MODULES), by_torch_module),
    Peer("torch loop", ("torch",), (), by_torch_loop),
    Peer("JAX scan", ("jax",), (), by_scan),
)
