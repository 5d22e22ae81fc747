"""Networks proved by numbers, as cells are: their equations run one by one, and every check over all layers at once."""
