"""Reader of .txt files: text by characters, one-hot over the file's own characters."""

import unicodedata

import numpy as np

from .checks import MAX_BYTES, refuse_large, refuse_short
from .errors import InputError
from .files import decode, place_of
from .sequences import ONE_HOT, Sequences, of_file

MAX_ALPHABET = 512
_UNSEEN = {"\n": "newline", "\t": "tab", "\v": "vertical tab", "\f": "form feed"}


def read_text(data: bytes, file: str) -> Sequences:
    """Read UTF-8 text as one sequence (T, A): T characters, A the number of different ones.

    The text is put into Unicode's composed form (NFC), line ends become one newline, and nothing else is
    changed. Row t is 1 in the channel of character t and 0 elsewhere; channels stand in the order of code
    points and bear the character as name ("space", "newline", ... where nothing would be seen).

    Raises InputError: binary data or another encoding, fewer than 2 characters, one character only, more than
    `MAX_ALPHABET` different ones, or more than `MAX_BYTES` as float64.
    """
    decoded = unicodedata.normalize("NFC", decode(data, file))
    text = decoded.replace("\r\n", "\n").replace("\r", "\n")
    refuse_short(len(text), file, "characters")
    alphabet = sorted(set(text))
    _refuse_alphabet(text, len(alphabet), file)
    fits = MAX_BYTES // (8 * len(alphabet))
    refuse_large(file, len(text), len(alphabet), f"keep a part of at most {fits} characters")
    codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    index = np.searchsorted(np.array([ord(character) for character in alphabet]), codes)
    one_hot = np.zeros((len(text), len(alphabet)))
    one_hot[np.arange(len(text)), index] = 1.0
    notes = (f"{len(text)} characters, {len(alphabet)} different ones, one-hot",)
    return of_file(file, [*map(visible, alphabet)], one_hot, unit=ONE_HOT, notes=notes)


def visible(character: str) -> str:
    """Return the character itself, or its name where nothing would be seen."""
    if character.isprintable() and not character.isspace():
        return character
    return _UNSEEN.get(character) or unicodedata.name(character, f"U+{ord(character):04X}").lower()


def _refuse_alphabet(text: str, size: int, file: str) -> None:
    if size == 1:
        raise InputError(
            file,
            "line 1, character 1",
            f"the one character {visible(text[0])!r} throughout, a constant channel",
            "a placeholder file",
            "give text with at least 2 different characters: a constant input carries no signal",
        )
    if size <= MAX_ALPHABET:
        return
    fits = _prefix(text)
    raise InputError(
        file,
        place_of(text, fits),
        f"{visible(text[fits])!r} is different character number {MAX_ALPHABET + 1} of {size}; "
        f"each is a channel, and {MAX_ALPHABET} are allowed",
        "Chinese, Japanese or Korean text of some length, or a file that mixes scripts and emoji",
        f"keep its first {fits} characters, which hold {MAX_ALPHABET}; or write rare characters as one "
        "placeholder, or the text in an alphabet (pinyin, zhuyin, kana), in lower case",
    )


def _prefix(text: str) -> int:
    """Return how many leading characters use no more than `MAX_ALPHABET` different ones."""
    seen: set[str] = set()
    for offset, character in enumerate(text):
        seen.add(character)
        if len(seen) > MAX_ALPHABET:
            return offset
    return len(text)
