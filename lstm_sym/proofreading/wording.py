"""What was found of a text, in words, in three languages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lstm_sym.document.document import error_text
from lstm_sym.document.sentences import Sentences, by_pattern
from lstm_sym.proofreading import tree
from lstm_sym.proofreading.aliases import sums
from lstm_sym.proofreading.findings import Finding, Proof
from lstm_sym.proofreading.names import Reading
from lstm_sym.proofreading.rewrites import Rewrite
from lstm_sym.proofreading.tree import Leaf, Node
from lstm_sym.proofreading.writing import Writer, styled


@dataclass(frozen=True)
class Wording:
    """Says what was found in one language."""

    proof: Proof
    sentences: Sentences

    def counts(self) -> str:
        """How many formulas are right, wrong, and so on."""
        counts = self.proof.counts
        parts = {status: counts[status] for status in ("right", "wrong", "unread", "own", "aside")}
        return self.sentences.text("proofreading.counts", count=len(self.proof.findings), **parts)

    def conventions(self) -> list[str]:
        """How the text writes, as found by trial; where its code writes otherwise, that too."""
        formulas, code = (self.proof.readings.get(latex) for latex in (True, False))
        found = self.convention(formulas or code or Reading())
        if formulas and code and formulas != code:
            found.append(self.sentences.text("proofreading.convention.code"))
            found += self.convention(code)
        text = self.sentences.text
        return found + [text(f"proofreading.convention.{one.kind}", name=one.name) for one in self.proof.conventions]

    def convention(self, reading: Reading) -> list[str]:
        """One reading in sentences."""
        text = self.sentences.text
        found = [text("proofreading.convention.rows" if reading.rows else "proofreading.convention.columns")]
        found += [text("proofreading.convention.transposed")] if reading.transposed else []
        found += [text("proofreading.convention.before")] if reading.before else []
        found += [text("proofreading.convention.swapped")] if reading.swapped else []
        found += [text("proofreading.convention.denominators")] if reading.denominators else []
        order = ", ".join(name.removeprefix("a_") for name in reading.order)
        return found + ([text("proofreading.convention.order", order=order)] if order else [])

    def status(self, finding: Finding) -> str:
        """The verdict in a word or two."""
        return self.sentences.text(f"proofreading.status.{finding.status}")

    def said(self, finding: Finding) -> list[str]:
        """What is said of a formula, a sentence a line: the mistake and the right line; why it was not read."""
        if finding.status == "wrong":
            right = self.sentences.text("proofreading.right_line", line=finding.written)
            said = [self.mistake(finding), *([right] if finding.written else [])]
            if finding.by_use and finding.target is not None:
                said.append(self.sentences.text("proofreading.by_use", what=self.what(finding.target)))
            return said + ([self.spoken(finding.reason)] if finding.reason else [])
        if finding.equals is not None:
            return [self.sentences.text("proofreading.equals", what=self.what(finding.equals))]
        if finding.absent is not None:
            return [self.sentences.text("proofreading.absent", what=self.what(finding.absent))]
        return [self.spoken(part) for part in (finding.reason, finding.fix) if part]

    def spoken(self, english: str) -> str:
        """What the reader says in English, in this language; as it is where the table does not know it."""
        found = by_pattern("proofreading.reason", english)
        return self.sentences.text(found[0], **found[1]) if found else english

    def mistake(self, finding: Finding) -> str:
        """What is wrong in a line."""
        judgement = finding.judgement
        assert judgement is not None
        if judgement.changes:
            writer = self.proof.writer_of(finding.formula.latex)
            changes = [self.change(rewrite, writer) for rewrite in judgement.changes]
            return self.sentences.text("proofreading.and").join(changes)
        if judgement.factor:
            return self.sentences.text("proofreading.factor", factor=judgement.factor)
        if judgement.error is None:
            return self.sentences.text("proofreading.shapes", shapes=judgement.problem)
        return self.sentences.text("proofreading.unexplained", error=error_text(judgement.error))

    def change(self, rewrite: Rewrite, writer: Writer) -> str:
        """One mistake, in the notation of the text."""

        def written(node: Node | None) -> str:
            text = "" if node is None else writer.write(styled(node, writer.style))
            is_term = not isinstance(node, tree.Sum) or len(node.terms) == 1
            return f"+{text}" if rewrite.kind == "sign" and is_term and not text.startswith("-") else text

        key = f"proofreading.mistake.{rewrite.kind}"
        said = self.sentences.text(key, wrong=written(rewrite.wrong), right=written(rewrite.right))
        if rewrite.terms == 1:
            return said
        return self.sentences.text("proofreading.alike", mistake=said, count=rewrite.terms)

    @cached_property
    def of_sum(self) -> dict[str, str]:
        """Pre-activation -> what is a function of it alone."""
        return {stage: name for name, stage in sums(self.proof.derivation.forward).items()}

    def what(self, leaf: Leaf) -> str:
        """What a name stands for."""
        kind = leaf.quantity.kind
        is_named = kind in ("forward", "parameter")
        text = leaf.quantity.name
        gate = self.of_sum.get(text) if kind == "adjoint" else None
        if gate is not None:
            text = self.sentences.text("proofreading.what.adjoint_of_sum", name=text, of=gate)
        elif not is_named:
            text = self.sentences.text(f"proofreading.what.{kind}", name=text)
        if leaf.time == 0 or kind == "partial":
            return text
        step = "before" if leaf.time < 0 else "after"
        return self.sentences.text(f"proofreading.step.{step}", what=text)
