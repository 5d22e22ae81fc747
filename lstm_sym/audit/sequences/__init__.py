"""The sequences on which a backward pass is audited: those of the plan, and the user's own."""
