"""Calls of the compiled loops of a kernel: arrays by their addresses, rows of a batch by threads where it pays."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from threading import Lock
from typing import Any

import numpy as np

from lstm_sym.ground.parallel import processors
from lstm_sym.native.libraries import library

Array = np.ndarray[Any, Any]
DEFINITIONS: dict[np.dtype[Any], tuple[str, ...]] = {np.dtype(np.float32): (), np.dtype(np.float64): ("-DDOUBLE",)}
"""The dtypes that are compiled, and what tells the source which."""
_WORTH_A_THREAD = 4_000_000
"""Products of numbers in a call from which a second thread pays: waking it costs about as much as 100 microseconds."""


class CompiledLoops:
    """The functions of one C source; a part of it is compiled for a dtype when one of its functions is first called.

    calls: function and whether it is of the precise form -> its name, its part, how many sizes and arrays it is given
    beside the sequences, T and B, and whether it works in memory that its caller keeps. `dtypes` are those that are
    compiled.
    """

    dtypes = frozenset(DEFINITIONS)

    def __init__(self, source: str, calls: Mapping[tuple[str, bool], tuple[str, int, int, int, bool]]) -> None:
        self.source, self.calls = source, calls
        self._found: dict[tuple[str, bool, np.dtype[Any]], Any] = {}
        self._lock = Lock()

    def run(
        self,
        name: str,
        precise: bool,
        dtype: np.dtype[Any],
        sizes: Sequence[int],
        arrays: Sequence[Array | None],
    ) -> None:
        """Call a function of the source: sizes are T, B and the cell's. Raises NativeError, MemoryError."""
        which = name, precise, dtype
        function = self._found.get(which) or self._compiled(which)
        held = [a if a is None or _is_plain(a.flags) else _plain(a) for a in arrays]
        given: tuple[Any, ...] = (*sizes, *[None if a is None else address(a) for a in held])
        ends = self._ends(sizes)
        waiting = [_pool().submit(function, *rows, *given) for rows in pairwise(ends[1:])] if len(ends) > 2 else []
        failed = function(ends[0], ends[1], *given)
        if failed or any([future.result() for future in waiting]):
            raise MemoryError(f"{name}: no memory for the rows of one step of {sizes[1]} sequences")

    def stepping(
        self, name: str, dtype: np.dtype[Any], sizes: Sequence[int], arrays: Sequence[Array]
    ) -> Callable[[], object]:
        """A call of a function that packs its matrices now, and reads and fills these arrays whenever it is called.

        Raises NativeError.
        """
        function = self._compiled((name, False, dtype))
        held = [a if _is_plain(a.flags) else _plain(a) for a in arrays]
        given: tuple[Any, ...] = (0, sizes[1], *sizes, *[address(a) for a in held])
        kept = np.zeros(function(*given, None, 0), dtype)
        function(*given, address(kept), 0)
        whole = (*given, address(kept), 1)

        def run(held: object = (held, kept)) -> object:
            return function(*whole)

        return run

    @staticmethod
    def _ends(sizes: Sequence[int]) -> list[int]:
        """Where the sequences of each thread end: one for all, or as many as there are where that pays."""
        steps, batch = sizes[0], sizes[1]
        if batch < 2 or steps * batch * max(sizes[2:], default=1) ** 2 < _WORTH_A_THREAD:
            return [0, batch]
        threads = min(thread_count(), batch)
        return [batch * k // threads for k in range(threads + 1)]

    def prepare(self, dtype: np.dtype[Any], parts: Collection[int] = (1, 2)) -> None:
        """Compile these parts for a dtype, or find them compiled. Raises NativeError."""
        for (function, precise), (_, part, *_) in self.calls.items():
            if part in parts:
                self._compiled((function, precise, dtype))

    def _compiled(self, which: tuple[str, bool, np.dtype[Any]]) -> Any:
        """A function of the library. Raises NativeError."""
        function, precise, dtype = which
        wanted = self.calls[function, precise][1]
        with self._lock:
            if which not in self._found:
                found = library(self.source, (*DEFINITIONS[dtype], f"-DPART={wanted}"))
                for key, (name, part, sizes, arrays, keeps) in self.calls.items():
                    if part == wanted:
                        made = getattr(found, name)
                        kept = [ctypes.c_void_p, ctypes.c_long] if keeps else []
                        made.argtypes = [*[ctypes.c_long] * (sizes + 4), *[ctypes.c_void_p] * arrays, *kept]
                        made.restype = ctypes.c_int
                        self._found[*key, dtype] = made
        return self._found[which]


def _by_interface(array: Array) -> int:
    """The address of an array's numbers, as NumPy tells it."""
    return int(array.__array_interface__["data"][0])


def _by_head(array: Array) -> int:
    """The same, ten times faster: it stands in the array's C structure behind what every object begins with."""
    return _number_at(id(array) + _HEAD).value


_number_at, _HEAD = ctypes.c_size_t.from_address, object.__basicsize__
_sample = np.empty(3)
_by_head_is_right = platform.python_implementation() == "CPython" and _by_head(_sample) == _by_interface(_sample)
address: Callable[[Array], int] = _by_head if _by_head_is_right else _by_interface
"""The address of the numbers of a contiguous array."""


def _is_plain(flags: Any) -> bool:
    """Whether an array is as C takes it."""
    return bool(flags.c_contiguous and flags.aligned)


def _plain(array: Array) -> Array:
    """A copy of what is read, row after row; what is written to is never given otherwise."""
    return np.require(array, requirements=["C", "A"])


def thread_count() -> int:
    """How many threads a call may use: $LSTM_SYM_THREADS, else $OMP_NUM_THREADS, else the cores of this process."""
    for name in ("LSTM_SYM_THREADS", "OMP_NUM_THREADS"):
        text = os.environ.get(name, "")
        if text.isdigit() and int(text):
            return int(text)
    return processors()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, thread_count() - 1), thread_name_prefix="lstm-sym")
