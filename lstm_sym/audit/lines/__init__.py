"""The lines of a user's file: what its variables are in the derivation, which line is wrong, and how it should be."""
