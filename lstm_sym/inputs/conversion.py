"""Make data/japanese_vowels.npz from the two .ts files that data/SOURCES.md names.

Usage:

    python -m lstm_sym.inputs.conversion JapaneseVowels_TRAIN.ts JapaneseVowels_TEST.ts japanese_vowels.npz
"""

import hashlib
import io
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np

from lstm_sym.ground.files import write_whole
from lstm_sym.ground.safe_text import printable

from .errors import InputError
from .files import read_bounded, regular_file

SHA256 = (
    "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
    "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
)
_MAX_SOURCE = 2**20


def convert(*texts: str) -> bytes:
    """Return the .npz of the utterances of `texts`, one after another.

    Arrays: millionths (F, 12), int32, every coefficient times 10^6, which is a whole number; lengths (N,),
    the frames of each utterance; speakers (N,). In a .ts file each line after @data is one utterance: its
    channels and then its label, separated by colons; the values of a channel by commas.

    Raises ValueError: a coefficient has more than six decimals, or channels of one utterance differ in length.
    """
    lines = [line for text in texts for line in text.partition("@data\n")[2].splitlines()]
    utterances = [np.array([_millionths(channel) for channel in line.split(":")[:-1]], dtype="<i4").T for line in lines]
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        millionths=np.concatenate(utterances),
        lengths=np.array([len(utterance) for utterance in utterances], dtype="u1"),
        speakers=np.array([int(line.rpartition(":")[2]) for line in lines], dtype="u1"),
    )
    return buffer.getvalue()


def _millionths(channel: str) -> list[int]:
    scaled = [Decimal(value).scaleb(6) for value in channel.split(",")]
    if any(value != int(value) for value in scaled):
        raise ValueError(f"a coefficient with more than six decimals in {channel[:60]}...: the format holds millionths")
    return [int(value) for value in scaled]


def _verified(path: Path, digest: str) -> str:
    """Return the text of `path`, whose SHA-256 has to be `digest`."""
    data = read_bounded(path, str(path), regular_file(path, str(path)), _MAX_SOURCE)
    found = hashlib.sha256(data).hexdigest()
    if found != digest:
        raise InputError(
            str(path),
            "",
            f"its SHA-256 is {found}, not {digest}",
            "the equal-length variant, the other part, or another release of the file",
            "take the file that data/SOURCES.md names",
        )
    return data.decode("utf-8")


def main(arguments: list[str]) -> None:
    """Convert the training and the test file into the .npz named last."""
    if len(arguments) != 3:
        raise SystemExit(__doc__)
    *sources, target = map(Path, arguments)
    try:
        texts = [_verified(path, digest) for path, digest in zip(sources, SHA256, strict=True)]
    except InputError as error:
        raise SystemExit(str(error)) from None
    write_whole(target, convert(*texts))
    print(f"wrote {printable(str(target))}")


if __name__ == "__main__":
    main(sys.argv[1:])
