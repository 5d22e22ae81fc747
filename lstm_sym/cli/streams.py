"""The standard streams: any text can be printed in any encoding, and a reader that goes away is no error."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import click

from lstm_sym.ground.safe_text import printable_lines

PIPE_CLOSED = 141
PLAIN = {
    **dict.fromkeys("⊙∘⊗∗⋅·×", "*"),
    **dict.fromkeys("−–—‐‑", "-"),
    **dict.fromkeys("′’‘", "'"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("⎛⎝", "("),
    **dict.fromkeys("⎞⎠", ")"),
    **dict.fromkeys("⎜⎟│", "|"),
    **dict(zip("░▒▓█", ".:*#", strict=True)),
    **dict(zip("▁▂▃▄▅▆▇", "1234567", strict=True)),
    **dict(zip("\u0303\u0302\u0304\u0307\u20d7", ("_tilde", "_hat", "_bar", "_dot", "_vec"), strict=True)),
    "½": "1/2",
    "○": "o",
    "▼": "v",
    "…": "...",
    "±": "+-",
    "°": " degrees",
    "‖": "||",
    "∂": "d",
    "→": "->",
    "∏": "prod",
    "√": "sqrt",
    "λ": "lambda",
    "Λ": "Lambda",
    "∞": "inf",
    "≈": "~",
    "≠": "!=",
    "≤": "<=",
    "≥": ">=",
    "⊤": "T",
    "✓": "yes",
    "✗": "no",
    "\N{REPLACEMENT CHARACTER}": "?",
}
"""In place of signs that an encoding has not; raised, lowered and Greek characters follow from their names."""

SIGNS = {"<sub>": "_", "<super>": "^"}
"""What goes before lowered and raised characters."""


def plain(error: UnicodeError) -> tuple[str, int]:
    r"""ASCII in place of what an encoding has not: hₜ₋₁ -> h_t-1, δ -> delta, ≥ -> >=; else its code, as \u68af."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object
    return "".join(_plain(text, place) for place in range(error.start, error.end)), error.end


def _plain(text: str, place: int) -> str:
    kind = _kind(text[place])
    follows = place > 0 and kind == _kind(text[place - 1])
    base = unicodedata.normalize("NFKD", text[place]) if kind else text[place]
    shown = "".join(map(_ascii, base))
    return ("" if follows else SIGNS.get(kind, "")) + shown


def _kind(character: str) -> str:
    """Whether a character is a raised or a lowered one: "<super>", "<sub>" or nothing."""
    kind = unicodedata.decomposition(character).partition(" ")[0]
    return kind if kind in SIGNS else ""


def _ascii(character: str) -> str:
    if character in PLAIN:
        return PLAIN[character]
    name = unicodedata.name(character, "")
    if name.startswith(("GREEK SMALL LETTER", "GREEK CAPITAL LETTER")):
        last = name.split()[-1]
        return last.capitalize() if "CAPITAL" in name else last.lower()
    shown = unicodedata.normalize("NFKD", character)
    return shown if shown.isascii() else character.encode("ascii", "backslashreplace").decode("ascii")


codecs.register_error("lstm_sym.plain", plain)


@contextmanager
def standard_streams() -> Iterator[None]:
    """While a script lasts any text can be printed, and an error of the operating system is told in a line.

    Raises SystemExit: 141 where the reader of the output goes away, 1 with the file and the reason else.
    """
    prepare()
    try:
        with printing():
            yield
            sys.stdout.flush()
    except BrokenPipeError:
        let_go_of_output()
        raise SystemExit(PIPE_CLOSED) from None
    except OSError as error:
        raise SystemExit(printable_lines(f"{error.filename}: {error.strerror or error}")) from error


def prepare() -> None:
    """Let the standard streams take any text; a stream that is closed is as if it led nowhere."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # Opened in their order they get the numbers of the closed ones, which no other file may get.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="lstm_sym.plain")


def let_go_of_output() -> None:
    """Point the standard output at nothing, or the interpreter would complain once more when it ends."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)


@contextmanager
def printing() -> Iterator[None]:
    """Let an error of the operating system that names no file name the standard output; nothing more goes there."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename is not None:
            raise
        let_go_of_output()
        raise OSError(error.errno, error.strerror or str(error), "the standard output") from error


def takes_unicode() -> bool:
    """Whether the standard output takes every character."""
    return codecs.lookup(getattr(sys.stdout, "encoding", None) or "utf-8").name.startswith("utf")


def say(text: str = "", *, err: bool = False, bold: bool = False, fg: str | None = None) -> None:
    """Print lines, on the standard output or the standard error stream; what does not print is replaced."""
    shown = printable_lines(text)
    echo(click.style(shown, bold=bold or None, fg=fg) if bold or fg else shown, err=err)


def echo(content: str | bytes, *, err: bool = False, nl: bool = True) -> None:
    """Print what may be printed as it is. Raises OSError, which names the standard output."""
    with printing():
        click.echo(content, err=err, nl=nl)


def hand_out(content: str) -> None:
    """Print the content of a file: into a pipe or a file as UTF-8, whatever the encoding, as it would be written."""
    echo(content if sys.stdout.isatty() else content.encode("utf-8"), nl=False)
