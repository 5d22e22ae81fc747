"""Cell file -> Cell: the parser, shape inference and the table of element-wise functions.

Input: the equations of a paper as text (a TOML file or a string). Output: an immutable `Cell`.
Nothing in a cell file is ever executed.
"""

from lstm_sym.equations.cell import Cell, parse
from lstm_sym.equations.cellfile import load, read_cell
from lstm_sym.equations.errors import CellError

__all__ = ["Cell", "CellError", "load", "parse", "read_cell"]
