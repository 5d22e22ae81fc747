"""The process that runs a user's backward pass. NumPy is all that it needs; nothing else of the package is imported.

A file may replace whatever it finds in NumPy or in Python's library. So all that is read is read before it is loaded,
and what is used afterwards is bound by name in these modules, or is a method of an array.
"""

from __future__ import annotations

import builtins
import os

OWN_BUILTINS = dict(vars(builtins))
"""The builtins of every module of this room, each of which binds them, whatever a file makes of the shared ones."""

ROOM = os.path.dirname(__file__)
"""The folder of these modules: no line in it is the user's, wherever the user's file lies."""
