"""A user's file in a process of its own, what it is given there, and what it answers."""
