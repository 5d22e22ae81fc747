"""A program run by itself, statement by statement: exactly, by magnitude, or with a mistake in it."""
