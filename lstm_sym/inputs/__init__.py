"""Real input streams for gradient-flow experiments.

Usage:

    sequences = japanese_vowels()          # or sunspots(), gaussian(...), load("my.csv"), named("sunspots")
    series = stream(sequences, length=1000)      # series.values: (T, D), mean 0 and variance 1 per channel
    batch = windows(series, count=32, length=100, rng=np.random.default_rng(0))     # (T, B, D)

Nothing from a file is executed, every bound is stated, and every refusal is an `InputError` that names the
file, the place, the usual cause and the fix. NumPy is imported on first use of a name, not with this package.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .catalogue import CATALOGUE, gaussian, japanese_vowels, named, sunspots
    from .errors import InputError
    from .readers import EXTENSIONS, load
    from .sequences import Channel, Sequences, Source
    from .streams import Stream, stream, windows

__all__ = [
    "CATALOGUE",
    "EXTENSIONS",
    "Channel",
    "InputError",
    "Sequences",
    "Source",
    "Stream",
    "gaussian",
    "japanese_vowels",
    "load",
    "named",
    "stream",
    "sunspots",
    "windows",
]


def __getattr__(name: str) -> object:
    """Import the rooms of the public names when one of them is first read."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers {', '.join(__all__)}")
    rooms = [import_module(f".{room}", __name__) for room in ("catalogue", "readers", "sequences", "streams")]
    return next(getattr(room, name) for room in rooms if hasattr(room, name))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
