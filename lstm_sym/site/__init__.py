"""A site of cells: a gallery, and of each cell its derivation, explorer, kernels and comparisons, as files that open
from a folder.
"""

from lstm_sym.site.site import Site

__all__ = ["Site"]
