"""How long a cell remembers: laws of decay, intervals, memory cards."""
