"""Lyapunov exponents and singular values of long products of Jacobians."""
