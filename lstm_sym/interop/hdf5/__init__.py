"""Reader of HDF5 as Keras writes it: groups, arrays of numbers in one piece, attributes; nothing outside the file.

The library of the format is C code that damaged files crash, stop or make ask for gigabytes. This one reads the part
that weights need, each byte a few times at most. What it does not read it names, and never guesses.
"""

from lstm_sym.interop.hdf5.contents import SIGNATURE, Contents, of_bytes, read_hdf5

__all__ = ["SIGNATURE", "Contents", "of_bytes", "read_hdf5"]
