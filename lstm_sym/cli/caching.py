"""The command cache: where results are kept, and how to be rid of them."""

from __future__ import annotations

import click

from lstm_sym.cli.streams import say


@click.command()
@click.option("--clear", is_flag=True, help="Remove all results.")
def cache(clear: bool) -> None:
    """Say where results are kept for the next run; --clear removes them.

    study, flow, derive and check keep there what they measured, by all that decides it. Nothing in it is needed, and
    nothing is ever out of date. --fresh of these commands measures anew; LSTM_SYM_CACHE=off turns the cache off.
    """
    from lstm_sym.ground.cache import TARGET, VARIABLE, Cache

    of_user = Cache.of_user()
    if of_user.folder is None:
        say(f"no cache: {VARIABLE} or {TARGET} turns it off, or there is no home for it")
    elif clear:
        say(f"removed {of_user.clear()} results from {of_user.folder}")
    else:
        sizes = [path.stat().st_size for path in of_user.entries()]
        say(f"{len(sizes)} results, {sum(sizes) / 2**20:.1f} MiB, in {of_user.folder}")
