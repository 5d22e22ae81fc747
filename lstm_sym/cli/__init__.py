"""The command lstm-sym. Results go to the standard output, progress and refusals to the standard error stream.

Exit codes: 0 done; 1 a check failed; 2 wrong usage or an input that cannot be used; 130 interrupted; 141 the reader of
a pipe went away. Nothing heavy is imported before a command runs.
"""

from lstm_sym.cli.commands import main

__all__ = ["main"]
