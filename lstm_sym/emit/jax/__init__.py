"""JAX as a target: one module that stands alone on JAX, with the derived passes as its derivatives."""
