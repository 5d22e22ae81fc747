"""Generated kernels of the catalogue, checked in. Each file stands alone on NumPy and can be copied elsewhere.

Nothing here is written by hand: `python -m lstm_sym.generate_kernels` writes these files, a test compares them.
"""
