"""Programs -> text: one file a target over the same nodes (NumPy kernels, Unicode text, LaTeX, MathML)."""
