"""From a cell to all that is derived of it, and to the one plan that every target prints."""
