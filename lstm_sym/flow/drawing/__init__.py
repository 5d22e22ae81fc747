"""What every figure is drawn with: one style, the colours of models and gates, fonts, labels at curves, what it is for.

style.py: settings and axes. sheets.py: how large a figure is and where its titles stand. drawings.py: how it is saved.
fonts.py: the fonts that come with the package. matplotlib is imported when a figure is drawn.
"""
