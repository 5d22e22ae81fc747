"""The NumPy target: a kernel is one module that stands alone on NumPy."""
