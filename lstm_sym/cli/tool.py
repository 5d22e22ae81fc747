"""The group of commands: what becomes of an error, an interruption and a closed pipe."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from lstm_sym.cli import streams
from lstm_sym.ground.safe_text import printable_lines

FAILED, REFUSED, INTERRUPTED = 1, 2, 130
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
FULL = "free some space, or name an output on another disk; files that were there are as they were"
NOT_YOURS = "name a file in a folder of yours, or change its permissions"
FIXES = {
    errno.ENOSPC: FULL,
    getattr(errno, "EDQUOT", errno.ENOSPC): FULL,
    errno.EFBIG: "raise the limit on the size of files (ulimit -f), or name an output on another disk",
    errno.EROFS: "name an output on a disk that can be written to",
    errno.EACCES: NOT_YOURS,
    errno.EPERM: NOT_YOURS,
}
"""What to do about an error of the operating system."""


class Refused(click.ClickException):
    """Wrong usage or an input that cannot be used: told on the standard error stream without a traceback."""

    exit_code = REFUSED

    def __init__(self, message: str) -> None:
        super().__init__(printable_lines(message))


class Tool(click.Group):
    """A group whose commands may raise the errors of the package, OSError and KeyboardInterrupt.

    Every command takes --cells.
    """

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Register a command, with the option --cells."""
        cmd.params.append(_cells_option())
        super().add_command(cmd, name)

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the program, its streams prepared for any text."""
        streams.prepare()
        return super().main(*arguments, **options)

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Read the command line, and print what --help and --version do."""
        with _refusals(), streams.printing():
            return super().make_context(*arguments, **options)

    def invoke(self, context: click.Context) -> Any:
        """Run the command; turn what it raises into a message and an exit code."""
        if os.environ.get("NO_COLOR"):
            context.color = False
        for name in THREADS:  # threads that share matrices of H = 64 spend their time waiting for each other
            os.environ.setdefault(name, "1")
        with _refusals():
            result = super().invoke(context)
            with streams.printing():
                sys.stdout.flush()
            return result


@contextmanager
def _refusals() -> Iterator[None]:
    """Every error as a message, without a traceback, and an exit code."""
    try:
        yield
    except click.ClickException as error:
        vars(error)["message"] = printable_lines(error.message)
        raise
    except BrokenPipeError:
        streams.let_go_of_output()
        raise click.exceptions.Exit(streams.PIPE_CLOSED) from None
    except KeyboardInterrupt:
        click.echo("\ninterrupted", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    except MemoryError as error:
        raise Refused(f"not enough memory: {error}; choose a smaller --hidden, --lags or --ends") from error
    except OSError as error:
        raise Refused(_failure_text(error)) from error
    except ValueError as error:
        if not type(error).__module__.startswith("lstm_sym."):
            raise
        raise Refused(str(error)) from error


def _cells_option() -> click.Option:
    return click.Option(
        ["--cells", "folders"],
        multiple=True,
        metavar="FOLDER",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        expose_value=False,
        callback=_add_cells,
        is_eager=True,
        help="Take the cells of this folder into the catalogue; may be repeated.",
    )


def _add_cells(context: click.Context, _: click.Parameter, folders: tuple[Path, ...]) -> None:
    if folders:
        from lstm_sym.cells import also_from

        context.with_resource(also_from(folders))


def names_folders(context: click.Context) -> bool:
    """Whether cells of a user's folders stand in the catalogue: by --cells, or by LSTM_SYM_CELLS."""
    return bool(os.environ.get("LSTM_SYM_CELLS")) or (
        context.get_parameter_source("folders") is click.core.ParameterSource.COMMANDLINE
    )


def _failure_text(error: OSError) -> str:
    """What could not be done, with which file, and what to do about it."""
    place, why = error.filename, error.strerror or str(error)
    fix = f"\n  fix: {FIXES[error.errno]}" if error.errno in FIXES else ""
    return (f"{place}: {why}" if place is not None else why) + fix
