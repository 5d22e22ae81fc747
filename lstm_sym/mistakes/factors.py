"""A whole gradient with a factor that it should not have: half of dW, three times dx. Any number may be the factor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from lstm_sym.mistakes.context import Context, Rewrite
from lstm_sym.mistakes.edits import Edit, parts, scaled
from lstm_sym.mistakes.sentences import Word
from lstm_sym.program.statements import Accumulate


def multiplied(context: Context, factors: Mapping[str, float]) -> Iterator[Rewrite]:
    """Outputs with a factor each; factors: by the name of the output, "x" or a parameter."""
    for statement in context.backward.statements:
        target, name = statement.target, ""
        if isinstance(statement, Accumulate) and target.of is not None:
            name = target.of.name
        elif target in context.backward.outputs:
            name = "x"
        if name in factors:
            shown, exact = Word(number_text(factors[name])), Fraction(factors[name])
            edits = tuple(Edit(target, place, scaled(part, exact)) for place, part in enumerate(parts(statement)))
            yield Rewrite(edits, "constant factor", shown, (target, " is ", shown, " times what it should be"))


def number_text(number: float, bar: float = 1e-8) -> str:
    """A small fraction where it is one, to a relative error; else six digits."""
    near = Fraction(number).limit_denominator(8)
    is_one = near.denominator > 1 and abs(number - near) <= bar * abs(number)
    exact = f"{number:.6g}"
    return str(near) if is_one and len(str(near)) < len(exact) else exact
