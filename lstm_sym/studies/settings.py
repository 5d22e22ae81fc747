"""The numbers that decide a measurement."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lstm_sym.studies.errors import StudyError


@dataclass(frozen=True)
class Settings:
    """What decides a measurement: `hidden` units, `lags` back from `ends` points, `seeds` draws, `length` steps."""

    hidden: int = 64
    lags: int = 60
    ends: int = 50
    seeds: int = 4
    length: int = 1000

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            fewest = 2 if name == "length" else 1
            if not isinstance(value, int) or isinstance(value, bool) or value < fewest:
                raise StudyError(
                    name,
                    f"{value!r}, which is no whole number from {fewest} on",
                    "a float, a text, or a size that was not set",
                    f"give {name}={getattr(Settings, name)}, say",
                )

    @property
    def how(self) -> dict[str, Any]:
        """The arguments of `flow.run` and `flow.survey`: all but the length of the input."""
        return {"hidden": self.hidden, "lags": self.lags, "ends": self.ends, "seeds": range(self.seeds)}
