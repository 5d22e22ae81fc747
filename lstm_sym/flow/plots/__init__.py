"""Figures of gradient flow in one style, each with its data: stem.svg, stem.png, stem.csv.

style.py: settings, titles, saving. fonts.py: the fonts that come with the package. colours.py: the palette, and the
colour of every gate. curves.py: curves with bands and theory against an axis; every other module is one figure. text.py
draws in the terminal. matplotlib is imported when a figure is drawn.
"""
