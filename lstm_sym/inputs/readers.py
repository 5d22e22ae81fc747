"""A file of the user's own, read by its extension."""

import os
from collections.abc import Callable
from pathlib import Path

from .arrays import read_array
from .checks import MAX_BYTES
from .errors import InputError
from .files import MAX_TEXT_BYTES, read_bounded, regular_file
from .sequences import Sequences
from .sound import read_sound
from .table import read_table
from .text import read_text

_READERS: dict[str, tuple[Callable[[bytes, str], Sequences], int]] = {
    ".npy": (read_array, MAX_BYTES),
    ".csv": (read_table, MAX_TEXT_BYTES),
    ".tsv": (read_table, MAX_TEXT_BYTES),
    ".wav": (read_sound, MAX_BYTES),
    ".txt": (read_text, MAX_TEXT_BYTES),
}
EXTENSIONS = tuple(_READERS)

_CONVERSIONS = {
    (".npz", ".pkl", ".pt", ".mat", ".h5", ".parquet"): "write one array as .npy: np.save(path, array)",
    (".xlsx", ".xls", ".ods"): "save the sheet as 'CSV UTF-8'",
    (".mp3", ".flac", ".ogg", ".m4a", ".aac"): "convert it: `ffmpeg -i old -c:a pcm_s16le new.wav`",
    (".md", ".html", ".log", ".json"): "give its text the name .txt, to be read by characters",
    (".dat", ".data", ""): "give a delimited table the name .csv",
}


def load(path: str | os.PathLike[str]) -> Sequences:
    """Read a file of the user's own by its extension: .npy, .csv, .tsv, .wav or .txt.

    The formats are described at `read_array`, `read_table`, `read_sound` and `read_text`. A file may have up
    to 512 MiB (.npy, .wav) or 32 MiB (.csv, .tsv, .txt); its values may take 512 MiB as float64, of
    at most 4096 channels and 65,536 sequences.

    Raises InputError: the file is missing, a directory, of another kind, empty, too large, or refused by its reader.
    """
    file = os.fspath(path)
    size = regular_file(Path(file), file)
    extension = Path(file).suffix.lower()
    if extension not in _READERS:
        raise _unknown(file, extension)
    read, limit = _READERS[extension]
    return read(read_bounded(Path(file), file, size, limit), file)


def _unknown(file: str, extension: str) -> InputError:
    conversions = [advice for extensions, advice in _CONVERSIONS.items() if extension in extensions]
    return InputError(
        file,
        f"extension {extension!r}" if extension else "no extension",
        f"not a kind of file that is read; allowed are {', '.join(EXTENSIONS)}",
        "another program's own format, or a name without its extension",
        conversions[0] if conversions else f"convert the data to one of {', '.join(EXTENSIONS)}",
    )
