"""Cells of many equations a step, one after the other: along all paths their Jacobians are exponentially large."""

from __future__ import annotations

import lstm_sym as ls


def highway(depth: int) -> ls.Cell:
    """A recurrent highway network with coupled gates (Zilly et al. 2017, equations 6 to 9); its paper goes to 10."""
    lines, below = [], "s[t-1]"
    for k in range(1, depth + 1):
        driven = ("W_u @ x[t] + ", "W_q @ x[t] + ") if k == 1 else ("", "")
        above = "s[t]" if k == depth else f"s_{k}[t]"
        lines += [
            f"u_{k}[t] = tanh({driven[0]}R_u{k} @ {below} + b_u{k})",
            f"q_{k}[t] = sigmoid({driven[1]}R_q{k} @ {below} + b_q{k})",
            f"{above} = u_{k}[t] * q_{k}[t] + {below} * (1 - q_{k}[t])",
        ]
        below = above
    return ls.parse("\n".join(lines), key=f"highway_{depth}")


def chain(depth: int, product: str = "@") -> ls.Cell:
    """a_k = tanh(A a_{k-1}) * sigmoid(B a_{k-1}); with product "*", A and B are vectors, and every map is diagonal."""
    lines, below = [], "h[t-1]"
    for k in range(1, depth + 1):
        above, driven = ("h[t]" if k == depth else f"a_{k}[t]"), ("W @ x[t] + " if k == 1 else "")
        lines.append(f"{above} = tanh({driven}A{k} {product} {below}) * sigmoid(B{k} {product} {below})")
        below = above
    name = "chain" if product == "@" else "diagonal_chain"
    return ls.parse("\n".join(lines), key=f"{name}_{depth}")


def residual(depth: int, matrices: int) -> ls.Cell:
    """a_k = a_{k-1} + tanh(U_k a_{k-1}) / 2, with so many different matrices in turn; no bias, an input at first."""
    lines, below = [], "h[t-1]"
    for k in range(depth):
        above, driven = ("h[t]" if k == depth - 1 else f"a_{k}[t]"), ("W @ x[t] + " if k == 0 else "")
        lines.append(f"{above} = {below} + tanh({driven}U{k % matrices} @ {below}) / 2")
        below = above
    return ls.parse("\n".join(lines), key=f"residual_{depth}")
