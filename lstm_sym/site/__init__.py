"""A site of cells: a gallery, of each cell its derivation, explorer, kernels and comparisons, of the classics and of
models that packages ship the flow of gradients, as files that open from a folder.
"""

from lstm_sym.site.site import Site

__all__ = ["Site"]
