"""The diagram of a cell: the data flow of one step, drawn from its forward program as SVG.

Program -> graph (expansion, folding) -> places (layers, rows, tracks) -> drawing. Nothing is drawn by hand: one's own
cell is drawn as one of the catalogue is.
"""
