"""Reader of .wav files: integer PCM of 8, 16, 24 and 32 bits, any number of channels."""

import io
import struct
import wave

import numpy as np

from .checks import refuse_large, refuse_short, refuse_wide
from .errors import InputError
from .sequences import Array, Sequences, numbered, of_file

_PCM = 0x0001
_FLOAT = 0x0003
_EXTENSIBLE = 0xFFFE
_FORMATS = {
    0x0002: "Microsoft ADPCM",
    _FLOAT: "floating-point samples",
    0x0006: "A-law",
    0x0007: "mu-law",
    0x0011: "IMA ADPCM",
    0x0055: "MP3 in a WAV container",
}
_MAX_CHUNKS = 1000
_CONVERT = "convert it: `ffmpeg -i old.wav -c:a pcm_s16le new.wav`, or export as 'WAV, signed 16-bit PCM'"


def read_sound(data: bytes, file: str) -> Sequences:
    """Read the bytes of a .wav file as one sequence (T, D), D the number of its channels.

    A sample k of n bits becomes k / 2^(n-1), in [-1, 1); 8-bit samples are unsigned, so (k - 128) / 128. The
    division is exact in float64. `sample_rate` is the file's own, in Hz.

    Raises InputError: no WAV file, compressed or floating-point samples, another width, cut short, too short or too
    large.
    """
    try:
        with wave.open(io.BytesIO(_plain_pcm(data, file)), "rb") as reader:
            channels, width, rate = reader.getnchannels(), reader.getsampwidth(), reader.getframerate()
            announced = reader.getnframes()
            frames = reader.readframes(announced)
    except (wave.Error, EOFError, RuntimeError) as error:  # RuntimeError: chunks that overlap
        raise _not_sound(file, f"no complete WAV header ({str(error) or 'the file ends within it'})") from error
    if len(frames) < announced * channels * width:
        raise _cut_short(file, len(frames) // (channels * width), announced)
    refuse_short(announced, file, "samples")
    refuse_wide(file, channels, "format chunk")
    refuse_large(file, announced, channels, "cut a shorter stretch out of the recording")
    values = _scaled(frames, width, file).reshape(-1, channels)
    names = {1: ["amplitude"], 2: ["left", "right"]}.get(channels) or numbered(channels)
    notes = (f"{8 * width}-bit PCM at {rate} Hz, scaled to [-1, 1)",)
    return of_file(file, names, values, unit="full scale", sample_rate=float(rate) or None, notes=notes)


def _plain_pcm(data: bytes, file: str) -> bytes:
    """Return `data` with the plain PCM format tag, or refuse any other encoding of samples."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise _not_sound(file, f"the file begins with {data[:12]!r}, not with a RIFF WAVE header")
    place = _format_chunk(data, file)
    if place is None:
        raise _not_sound(file, "no complete format chunk")
    (tag,) = struct.unpack_from("<H", data, place)
    extensible = tag == _EXTENSIBLE and len(data) >= place + 26
    if extensible:
        (tag,) = struct.unpack_from("<H", data, place + 24)
    if tag != _PCM:
        raise InputError(
            file,
            f"byte {place + 1}",
            f"{_FORMATS.get(tag, f'samples of format 0x{tag:04X}')}, where integer PCM belongs",
            "an audio editor's 32-bit float default, or a compressed recording",
            _CONVERT,
        )
    # Recorders write 24 bits and more than two channels as "extensible" PCM; the samples are the same, but
    # the standard library knows that tag only from Python 3.12 on.
    return data[:place] + struct.pack("<H", _PCM) + data[place + 2 :] if extensible else data


def _format_chunk(data: bytes, file: str) -> int | None:
    """Return where the body of the format chunk begins; chunks are padded to even lengths.

    Of the chunks before the samples no more than `_MAX_CHUNKS` are gone through.
    """
    place, found = 12, None
    for _ in range(_MAX_CHUNKS):
        if place + 8 > len(data):
            return found
        name, size = struct.unpack_from("<4sI", data, place)
        if name == b"data":
            return found
        if name == b"fmt ":
            found = place + 8 if place + 24 <= len(data) else None
        place += 8 + size + size % 2
    raise _not_sound(file, f"more than {_MAX_CHUNKS} chunks before the samples")


def _scaled(frames: bytes, width: int, file: str) -> Array:
    """Return little-endian samples of `width` bytes as float64 in [-1, 1)."""
    if width == 1:
        return (np.frombuffer(frames, dtype=np.uint8).astype(np.float64) - 128.0) / 128.0
    if width in (2, 4):
        return np.frombuffer(frames, dtype=f"<i{width}") / float(2 ** (8 * width - 1))
    if width == 3:
        # The three bytes become the high ones of four, which keeps the sign.
        padded = np.zeros((len(frames) // 3, 4), dtype=np.uint8)
        padded[:, 1:] = np.frombuffer(frames, dtype=np.uint8).reshape(-1, 3)
        return padded.view("<i4").ravel() / 2.0**31
    raise InputError(
        file,
        "format chunk",
        f"samples of {8 * width} bits, where 8, 16, 24 or 32 belong",
        "a measurement device's own width",
        _CONVERT,
    )


def _not_sound(file: str, found: str) -> InputError:
    why = "another audio format that was given the name .wav, or a recording that was interrupted"
    return InputError(file, "byte 1", found, why, _CONVERT)


def _cut_short(file: str, present: int, announced: int) -> InputError:
    return InputError(
        file,
        f"sample {present + 1}",
        f"the file ends after {present} samples, its header announces {announced}",
        "an interrupted download or recording, or a file written to a pipe, whose header stays unfinished",
        f"copy the file again; or keep what is there and {_CONVERT}",
    )
