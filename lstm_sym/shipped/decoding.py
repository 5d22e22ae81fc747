"""The best of all sequences of tags: what stands above taggers."""

from __future__ import annotations

from itertools import pairwise

from lstm_sym.kernels import Array


def viterbi(scores: Array, transitions: Array, first: Array, last: Array) -> list[int]:
    """argmax over tags of first[y_1] + sum_t scores[t, y_t] + sum_t transitions[y_t-1, y_t] + last[y_T].

    scores (T, K) of each tag at each step; transitions (K, K), from a tag in the row to one in the column; first, last
    (K,). Of equal ones the tag with the lowest number. Viterbi (1967).
    """
    best, came_from = first + scores[0], []
    for row in scores[1:]:
        through = best[:, None] + transitions
        came_from.append(through.argmax(axis=0))
        best = through.max(axis=0) + row
    path = [int((best + last).argmax())]
    for origin in reversed(came_from):
        path.append(int(origin[path[-1]]))
    return path[::-1]


def cut(text: str, begins: list[bool]) -> list[str]:
    """The words of a text, where it is known at which letters one begins; the first letter always does."""
    places = [0, *(at for at, is_begin in enumerate(begins) if is_begin and at), len(text)]
    return [text[a:b] for a, b in pairwise(places)]
