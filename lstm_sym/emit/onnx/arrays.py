"""Arrays as a graph has them: no memory that is filled, but tensors that together are the columns of an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from lstm_sym.emit.onnx.graph import Graph
from lstm_sym.emit.onnx.sizes import Sizes
from lstm_sym.equations.sizes import multiplied


class Columns(NamedTuple):
    """The slots [low, high) of an array, each of `size` units."""

    array: str
    low: int
    high: int
    size: str

    @property
    def width(self) -> str:
        """How many columns these are."""
        return multiplied(self.size, self.high - self.low)


class Segment(NamedTuple):
    """Neighbouring slots of an array in one tensor."""

    low: int
    high: int
    tensor: str


class Arrays:
    """The arrays of a region; `received` says what one is that the region has not written."""

    def __init__(self, graph: Graph, sizes: Sizes, received: Callable[[str], Sequence[Segment]]) -> None:
        self.graph, self.sizes, self.received = graph, sizes, received
        self.segments: dict[str, list[Segment]] = {}

    def of(self, array: str) -> list[Segment]:
        """The tensors of an array, from its first slot to its last."""
        if array not in self.segments:
            self.segments[array] = [*self.received(array)]
        return self.segments[array]

    def read(self, columns: Columns) -> str:
        """These columns as one tensor."""
        found = [s.tensor for s in self._cut(columns) if columns.low <= s.low and s.high <= columns.high]
        return found[0] if len(found) == 1 else self.graph.op("Concat", *found, axis=-1)

    def write(self, columns: Columns, tensor: str) -> None:
        """From now on these columns are this tensor."""
        known = self._cut(columns) if self._is_there(columns.array) else []
        others = [s for s in known if s.high <= columns.low or columns.high <= s.low]
        self.segments[columns.array] = sorted([*others, Segment(columns.low, columns.high, tensor)])

    def _is_there(self, array: str) -> bool:
        try:
            self.of(array)
        except KeyError:
            return False
        return True

    def _cut(self, columns: Columns) -> list[Segment]:
        """The tensors of the array, none of them partly in these columns and partly outside."""
        found: list[Segment] = []
        for segment in self.of(columns.array):
            places = {place for place in (columns.low, columns.high) if segment.low < place < segment.high}
            if places and columns.high - columns.low == 1:
                places = {*range(segment.low + 1, segment.high)}
            ends = [segment.low, *sorted(places), segment.high]
            parts = [segment.tensor] if not places else self._split(segment.tensor, ends, columns.size)
            found += map(Segment, ends, ends[1:], parts)
        self.segments[columns.array] = found
        return found

    def _split(self, tensor: str, ends: Sequence[int], size: str) -> list[str]:
        widths = [multiplied(size, high - low) for low, high in pairwise(ends)]
        return self.graph.several("Split", (tensor, self.sizes.shape(*widths)), len(widths), axis=-1)
