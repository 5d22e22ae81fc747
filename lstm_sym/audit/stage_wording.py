"""What a stage of the search shows, in words."""

from __future__ import annotations

from lstm_sym.audit.search.stages import Shown
from lstm_sym.document.sentences import Sentences


def stage_name(stage: str, sentences: Sentences) -> str:
    """One step of one sequence."""
    return sentences.sentence(f"audit.stage.{stage.replace(' ', '-')}")


def stage_line(shown: Shown, sentences: Sentences) -> str:
    """What a stage of the search shows: "two steps: everything but x is right; not explained yet: x"."""
    comma = sentences.sentence("list.comma")
    facts: dict[str, object] = {"stage": stage_name(shown.stage, sentences), "mistakes": len(shown.mistakes)}
    facts |= {name: comma.join(getattr(shown, name)) for name in ("wrong", "left", "right")}
    if not shown.wrong:
        return sentences.text("audit.stage.all-right", **facts)
    few_right = 0 < len(shown.right) < len(shown.wrong)
    what = sentences.text("audit.stage.right-are" if few_right else "audit.stage.wrong-are", **facts)
    if not shown.right:
        what = sentences.text("audit.stage.all-wrong", **facts)
    if not shown.mistakes:
        return what
    known = "audit.stage.explained" if not shown.left else "audit.stage.partly"
    return what + sentences.text(known, **facts)
