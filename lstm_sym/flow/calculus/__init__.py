"""What theory computes with: the equations of a cell at the origin or of one unit, Gaussian means, roots."""
