"""Symbolic sizes: a name ("H"), or a sum of whole multiples of names as text that Python reads too ("H + 2 * M")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def parts_of(size: str) -> dict[str, int]:
    """Name -> how often it counts: {"H": 1, "M": 2} of "H + 2 * M"."""
    parts: dict[str, int] = {}
    for term in size.split(" + "):
        count, _, name = term.rpartition(" * ")
        parts[name] = parts.get(name, 0) + int(count or 1)
    return parts


def written(parts: Mapping[str, int]) -> str:
    """The text of a sum of multiples, in the order given."""
    return " + ".join(name if count == 1 else f"{count} * {name}" for name, count in parts.items())


def added(sizes: Iterable[str]) -> str:
    """The sum of sizes, as of vectors stacked."""
    total: dict[str, int] = {}
    for size in sizes:
        for name, count in parts_of(size).items():
            total[name] = total.get(name, 0) + count
    return written(total)


def multiplied(size: str, count: int) -> str:
    """A size, `count` times."""
    return written({name: number * count for name, number in parts_of(size).items()})


def is_composed(size: str) -> bool:
    """Whether a size is more than a name."""
    return " " in size


def bracketed(size: str) -> str:
    """A size as a factor: in brackets if it is a sum or a multiple."""
    return f"({size})" if is_composed(size) else size


def number_of(size: str, numbers: Mapping[str, int]) -> int:
    """The number behind a size, from those behind its names; "0" is 0."""
    return sum(count * (int(name) if name.isdigit() else numbers[name]) for name, count in parts_of(size).items())


def with_composed(sizes: Mapping[str, int], composed: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """The sizes with those that are sums of others, as "H + D": {"H": 1, "D": 1}, and what follows from such a sum.

    Raises ValueError for one that does not hold.
    """
    known = dict(sizes)
    for size, parts in composed.items():
        unknown = [name for name in parts if name not in known]
        rest = sum(count * known[name] for name, count in parts.items() if name in known)
        if not unknown and known.setdefault(size, rest) != rest:
            raise ValueError(f"an axis of size {size} has {known[size]} units, but {size} = {rest} by the other arrays")
        if len(unknown) == 1 and size in known:
            number, remainder = divmod(known[size] - rest, parts[unknown[0]])
            if remainder or number < 0:
                raise ValueError(f"an axis of size {size} has {known[size]} units, which leaves no {unknown[0]}")
            known[unknown[0]] = number
    return known
