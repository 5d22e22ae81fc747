"""What people mean to do otherwise: gradients clipped, truncated, averaged, scaled, with a term of weight decay."""
