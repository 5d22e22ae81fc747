"""Statements in the notation of mathematics: Unicode text, LaTeX, MathML, printed from the same nodes as kernels."""
