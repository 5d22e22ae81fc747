"""How a user's backward pass is called, and how what it returns is read: found in its file, and by trial."""
