"""Which part of a cell the flow takes: paths, gates, shares."""
