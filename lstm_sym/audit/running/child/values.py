"""Arrays as they are named in requests and answers, and what is wrong with a function, as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from numpy import empty, nan

from . import OWN_BUILTINS

globals()["__builtins__"] = OWN_BUILTINS

Arrays = dict[str, Any]
Request = dict[str, Any]


class Complaint(Exception):
    """What is wrong with the function or with what it returns; `facts` fill the sentence that the parent has for it."""

    def __init__(self, kind: str, **facts: Any) -> None:
        super().__init__(kind)
        self.kind, self.facts = kind, facts


class Named(dict[str, Any]):
    """A dict whose entries are attributes too: params["W_i"] is params.W_i. What is read of it is noted in `read`."""

    def __init__(self, entries: Mapping[str, Any], read: set[str] | None = None) -> None:
        super().__init__(entries)
        self.__dict__["_read"] = set() if read is None else read

    def __getitem__(self, name: str) -> Any:
        self._read.add(name)
        return super().__getitem__(name)

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def get(self, name: str, default: Any = None) -> Any:
        """As of a dict."""
        try:
            return self[name]
        except KeyError:
            return default

    def __iter__(self) -> Iterator[str]:
        self._read.update(super().keys())
        return super().__iter__()

    def keys(self) -> Any:
        """As of a dict; all of it counts as read."""
        self._read.update(super().keys())
        return super().keys()

    def values(self) -> Any:
        """As of a dict; all of it counts as read."""
        self._read.update(super().keys())
        return super().values()

    def items(self) -> Any:
        """As of a dict; all of it counts as read."""
        self._read.update(super().keys())
        return super().items()


def in_case(arrays: Mapping[str, Any], case: int) -> Arrays:
    """The arrays of one case as they are named beside those of the others: "0/x", "0/params/W_i"."""
    return {f"{case}/{name}": value for name, value in arrays.items()}


def of_case(arrays: Mapping[str, Any], case: int) -> Arrays:
    """Those of one case among the arrays of all, by the names that they have by themselves."""
    start = f"{case}/"
    return {name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)}


def apart(value: Any) -> Any:
    """A copy of an array whose elements lie apart in memory, the first axis fastest, NaN between them."""
    whole = empty((*value.shape[::-1], 2), value.dtype)
    whole.fill(nan)
    view = whole[..., 0].T
    view[...] = value
    return view


def same(first: Any, second: Any) -> bool:
    """Whether two arrays hold the same numbers, NaN beside NaN too."""
    equal = (first == second) | ((first != first) & (second != second)) if first.shape == second.shape else None
    return equal is not None and bool(equal.all())
