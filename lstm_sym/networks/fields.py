"""Named tuples whose names may have a point, as those of parameters of a network: getattr(params, "lstm.U_f")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lstm_sym.kernels import Array


class Dotted(tuple[Array, ...]):
    """Arrays under names; made by the classes that `fields_of` gives."""

    _fields: tuple[str, ...] = ()

    def __new__(cls, *values: Any, **named: Any) -> Dotted:
        """One array a field, in order or by name. Raises TypeError for a name too many or too few."""
        left = cls._fields[len(values) :]
        if set(named) != set(left):
            raise TypeError(f"{cls.__name__}() takes {', '.join(cls._fields)}; see {sorted(set(named) ^ set(left))}")
        return super().__new__(cls, (*values, *(named[name] for name in left)))

    def __getattr__(self, name: str) -> Array:
        if name in self._fields:
            return self[self._fields.index(name)]
        raise AttributeError(f"{type(self).__name__} has no field {name}")

    def _asdict(self) -> dict[str, Array]:
        """Name -> array."""
        return dict(zip(self._fields, self, strict=True))

    def _replace(self, **named: Any) -> Dotted:
        """The same with other arrays."""
        return type(self)(**{**self._asdict(), **named})


def fields_of(name: str, fields: Sequence[str]) -> type[Dotted]:
    """The class of named tuples of these fields."""
    return type(name, (Dotted,), {"_fields": tuple(fields)})
