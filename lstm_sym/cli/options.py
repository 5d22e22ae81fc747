"""The options that several commands share."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lstm_sym.cli.streams import say

if TYPE_CHECKING:
    from lstm_sym.ground.cache import Cache

Command = TypeVar("Command", bound=Callable[..., Any])


class Whole(click.IntRange):
    """A whole number in the digits 0 to 9: int() would read digits of other scripts, and underscores."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number of a text. Refuses what is none."""
        if isinstance(value, str) and not re.fullmatch(r"[-+]?\d+", value.strip(), re.ASCII):
            self.fail(f"{value!r} is not a whole number in the digits 0 to 9.", param, ctx)
        return super().convert(value, param, ctx)


class Decimal(click.FloatRange):
    """A decimal number in the digits 0 to 9: float() would read digits of other scripts, underscores and nan too."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number of a text. Refuses what is none."""
        if isinstance(value, str) and not re.fullmatch(
            r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", value.strip(), re.ASCII
        ):
            self.fail(f"{value!r} is not a decimal number in the digits 0 to 9.", param, ctx)
        return super().convert(value, param, ctx)


LANGUAGES = ("en", "zh-Hant", "zh-Hans")

set_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=FUNCTION|NUMBER",
    help="Choose a function that a cell leaves open, or a number for a constant of it.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _cache(context: click.Context, _: click.Parameter, fresh: bool) -> Cache:
    """The user's cache; when the command ends, a note says what was taken from it."""
    from lstm_sym.ground.cache import Cache

    cache = Cache.of_user(fresh=fresh)
    context.call_on_close(lambda: _note(cache))
    return cache


def _note(cache: Cache) -> None:
    if cache.measured:
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(min(cache.measured)))
        say(f"note: measured before, since {since}, and taken from the cache; --fresh measures anew", err=True)


cache_option = click.option(
    "--fresh", "cache", is_flag=True, callback=_cache, help="Measure anew what a run before has measured."
)
"""The argument `cache` of a command."""
force_option = click.option("--force", is_flag=True, help="Overwrite files that lstm-sym did not write.")
language_option = click.option(
    "--lang", "language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the text."
)


def output_option(help_text: str, default: Path | None = None) -> Callable[[Command], Command]:
    """-o: a file or a folder."""
    return click.option("-o", "--output", type=click.Path(path_type=Path), default=default, help=help_text)


paper_option = click.option(
    "--paper",
    type=Decimal(min=0, min_open=True),
    metavar="INCHES",
    help="Write every figure as a PDF too, without a title, of this width: 3.25 for a column, 6.75 for a page.",
)

input_option = click.option(
    "--input",
    default="japanese-vowels",
    show_default=True,
    metavar="NAME|FILE",
    help="japanese-vowels, sunspots, gaussian, or a file (CSV, NumPy, WAV, text, ...).",
)


def measuring_options(fewest_lags: int) -> Callable[[Command], Command]:
    """What decides a measurement."""
    numbers = (
        (("--length",), 2, 1000, "Steps of it used."),
        (("--hidden",), 1, 64, "Hidden units H."),
        (("--lags",), fewest_lags, 60, "Steps looked back."),
        (("--ends", "--starts", "ends"), 1, 50, "End points."),
        (("--seeds",), 1, 4, "Draws of the parameters."),
    )

    def add(command: Command) -> Command:
        for names, least, default, help_text in reversed(numbers):
            option = click.option(*names, type=Whole(min=least), default=default, show_default=True, help=help_text)
            command = option(command)
        return input_option(command)

    return add
