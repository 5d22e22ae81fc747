"""The target C: the loop over time of every function of a kernel, for any C99 compiler with vector extensions."""
