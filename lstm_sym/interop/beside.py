"""What stands below and above the recurrent module of a state_dict, as far as names and shapes can tell.

A state_dict has no order of layers. So an array is given a place only where no other could have it, and it no other.
"""

from __future__ import annotations

from typing import NamedTuple

from lstm_sym.interop.conventions import Arrays


class Places(NamedTuple):
    """The names of the embedding below and of the linear layer above, "" where there is none; what was left open."""

    embedding: str
    head: str
    notes: tuple[str, ...]


def bias_of(weight: str) -> str:
    """The name of the bias beside a weight."""
    return f"{weight.removesuffix('weight')}bias"


def places(arrays: Arrays, inputs: int, gives: int) -> Places:
    """The places of the arrays beside a module that reads so many units and gives out so many."""
    weights = [key for key in arrays if key.rpartition(".")[2] == "weight" and arrays[key].ndim == 2]
    heads = [key for key in weights if arrays[key].shape[1] == gives]
    below = [key for key in weights if len(arrays[key]) == inputs and bias_of(key) in arrays]
    tables = [key for key in weights if arrays[key].shape[1] == inputs and bias_of(key) not in arrays]
    embedding = _embedding(arrays, tables, heads, inputs)
    heads = [key for key in heads if key != embedding]
    clear = [key for key in heads if key not in below and (embedding or key not in tables)]
    head = clear[0] if len(clear) == 1 else ""
    open_below = [key for key in dict.fromkeys([*below, *tables]) if key not in (embedding, head)]
    open_above = [key for key in heads if key not in (head, *open_below)]
    notes = []
    if open_below:
        notes.append(f"not read, and may stand below the recurrent layers: {', '.join(open_below)}")
    if open_above:
        notes.append(f"not read, and may stand above the recurrent layers: {', '.join(open_above)}")
    return Places(embedding, head, tuple(notes))


def _embedding(arrays: Arrays, tables: list[str], heads: list[str], inputs: int) -> str:
    """The table of vectors that the module reads: the one that is called so, or the only one, which is nothing else."""
    called = [key for key in tables if "emb" in key.lower()]
    if called:
        return called[0] if len(called) == 1 else ""
    if len(tables) != 1 or len(arrays[tables[0]]) == inputs:
        return ""
    [table] = tables
    # Of the words of a language model as many are read as are given out.
    counted = any(len(arrays[key]) == len(arrays[table]) for key in heads if bias_of(key) in arrays)
    return table if table not in heads or counted else ""
