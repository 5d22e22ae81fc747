"""The target PyTorch: the kernel of a cell as a module whose gradients, first and second, are the derived ones."""
