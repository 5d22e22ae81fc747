"""The mistakes people make in a backward pass, as rewrites of the derived program."""
