"""Program -> scheduled program: prune, forms of the slopes, liveness, schedule; and the count of operations."""

from lstm_sym.passes.layout import Layout, Place, lay_out
from lstm_sym.passes.liveness import save_set
from lstm_sym.passes.operations import Operations, count_operations
from lstm_sym.passes.pruning import prune
from lstm_sym.passes.scheduling import Piece, Run, Schedule, Summand, schedule, slot_pattern
from lstm_sym.passes.slope_forms import fast, precise

__all__ = [
    "Layout",
    "Operations",
    "Piece",
    "Place",
    "Run",
    "Schedule",
    "Summand",
    "count_operations",
    "fast",
    "lay_out",
    "precise",
    "prune",
    "save_set",
    "schedule",
    "slot_pattern",
]
