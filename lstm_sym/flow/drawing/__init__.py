"""What every figure is drawn with: one style, the palette and the colour of every gate, fonts, labels at curves.

style.py: settings, titles, saving. fonts.py: the fonts that come with the package. matplotlib is imported when a figure
is drawn.
"""
