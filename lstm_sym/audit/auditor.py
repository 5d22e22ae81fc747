"""The audit of a backward pass that a user wrote: run it, compare every output, find the mistake that explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lstm_sym.audit.cases import ALL, SHORT, arrays, forward_passes, request
from lstm_sym.audit.child import of_case
from lstm_sym.audit.compare import BAR, SINGLE_BAR, Verdict, layout_text, layouts, turned, verdict
from lstm_sym.audit.errors import AuditError
from lstm_sym.audit.explanations import Evidence, Explanation, explain
from lstm_sym.audit.process import Answer, Notice, call, check_timeout
from lstm_sym.compile.derivation import Derivation
from lstm_sym.equations.cell import Cell
from lstm_sym.ground.progress import Progress
from lstm_sym.interpreter.over_time import Named
from lstm_sym.mistakes.catalogue import mistakes


@dataclass(frozen=True)
class Audit:
    """What was found.

    verdicts: one an output, in the order x, parameters, initial states; missing: outputs that were not returned;
    explanation: the mistakes that give exactly what was returned, None if none is known, none is needed, or what was
    returned is not finite or changes from call to call; sizes: T, B, D, H of the long sequences; bar: relative error up
    to which an output is right.
    """

    derivation: Derivation
    place: str
    seed: int
    sizes: Mapping[str, int]
    bar: float
    verdicts: tuple[Verdict, ...]
    missing: tuple[str, ...]
    explanation: Explanation | None
    answer: Answer

    @property
    def right(self) -> bool:
        """Whether every output returned is right, and the same when asked again."""
        return all(verdict.right for verdict in self.verdicts) and not self.answer.unstable

    @property
    def common_factor(self) -> float | None:
        """The factor by which every output is off, if it is one and the same."""
        factors = [v.factor for v in self.verdicts if v.exact and v.factor is not None]
        same = len(factors) == len(self.verdicts) > 1 and max(factors) - min(factors) <= self.bar * abs(factors[0])
        return factors[0] if same else None


def audit(
    cell: Cell,
    file: Path,
    function: str,
    *,
    seed: int = 0,
    timeout: float = 60.0,
    notice: Notice = lambda stage, seconds: None,
    progress: Progress = lambda done, total: None,
) -> Audit:
    """Run `function` of `file` in a process of its own and compare what it returns with the derived backward pass.

    How it is called and what it may return: docs/audit.md. notice hears of the process every other second, progress of
    the search for the mistake. Raises AuditError where there is nothing to compare.
    """
    check_timeout(timeout)
    if len(cell.inputs) > 1:
        raise AuditError(
            "",
            f"the cell {cell.key} has several inputs: {', '.join(cell.inputs)}",
            "what a backward pass calls x would be all of them, or the first",
            "audit the same equations with one input, the others left out; check takes the cell as it is",
        )
    derivation = Derivation(cell)
    known = forward_passes(derivation, seed)
    answer = call(file, function, request(derivation, known), arrays(derivation, known), timeout, notice)
    given = [sequence.backward(answer.taken) for sequence in known]
    right = [one.run(derivation.adjoint) for one in given]
    found, texts = _outputs(answer, [run.gradients for run in right], f"{file}:{function}")
    expected, bar = [run.gradients for run in right], SINGLE_BAR if answer.single else BAR
    verdicts = [verdict(name, found, expected, texts[name], bar) for name in expected[0] if name in found[0]]
    explanation = None
    if any(not v.right for v in verdicts) and not answer.unstable and not any(v.problem for v in verdicts):
        everything = known[SHORT[-1]].backward(ALL)
        every = mistakes(derivation.adjoint, derivation.forward, everything)
        explanation = explain(Evidence(given, found, right, bar), every, progress)
    missing = tuple(name for name in expected[0] if name not in found[0])
    sizes = known[0].case.sizes
    return Audit(derivation, f"{file}:{function}", seed, sizes, bar, tuple(verdicts), missing, explanation, answer)


def _outputs(answer: Answer, right: list[Named], place: str) -> tuple[list[Named], dict[str, str]]:
    """What was returned for every sequence, axes as in the right ones; and the layouts that were found."""
    found = [of_case(answer.outputs, case) for case in range(len(right))]
    if any(named.keys() != found[0].keys() for named in found):
        raise AuditError(
            "",
            f"{place} does not return the same gradients at every call",
            "a branch that depends on the values or on the length",
            "return the same names each time",
        )
    axes = layouts(found[0], right[0], place)
    texts = {name: layout_text(order) for name, order in axes.items()}
    return [turned(named, expected, axes, place) for named, expected in zip(found, right, strict=True)], texts
