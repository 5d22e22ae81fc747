"""Which mistakes give exactly the gradients that were found."""
