"""A kernel run on an input, step by step, with what its Jacobians do over time."""
