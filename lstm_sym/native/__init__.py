"""C on this machine: its compiler, the libraries built with it and kept, and calls of their functions."""
