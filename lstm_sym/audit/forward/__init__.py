"""What a forward pass computes that is not the cell's: another cell's output, or that with one equation changed."""
