"""Why a cell cannot be explored."""

from __future__ import annotations

from lstm_sym.ground.refusal import Refusal


class ExploreError(Refusal):
    """A cell that has nothing to explore, or not in the sizes of a page; or too many cells for one."""
