"""Figures of gradient flow, each with its data: stem.svg, stem.png, stem.csv.

curves.py: curves with bands and theory against an axis; every other module is one figure. text.py draws in the
terminal. matplotlib is imported when a figure is drawn.
"""
