"""audit --init: an adapter between a user's backward pass and the audit, with all that can be found out written in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lstm_sym.cli.streams import say
from lstm_sym.cli.tool import Refused


def write_adapter(
    file: Path,
    function: str,
    name: str,
    settings: Sequence[str],
    seed: int,
    timeout: float,
    output: Path | None,
    language: str,
    *,
    force: bool,
) -> None:
    """Look at the file, try it, and write the adapter. Raises Refused, AuditError."""
    from lstm_sym.audit.interface.adapter import adapter_text, mark
    from lstm_sym.audit.interface.agreeing import convention_to_adapt
    from lstm_sym.audit.interface.subject import Subject
    from lstm_sym.cli.cells import load_cells
    from lstm_sym.cli.output import Destination
    from lstm_sym.compile.derivation import Derivation
    from lstm_sym.document.sentences import Sentences

    if output is not None and output.resolve() == file.resolve():
        raise Refused(f"{output}: this is the file that is to be audited\n  fix: name another for the adapter")
    destination = Destination(output, [name], force=force, ending=".py")
    [cell] = load_cells([name], tuple(settings))
    sentences = Sentences(language)
    say(sentences.text("audit.running", file=file, function=function, seconds=f"{timeout:g}"), err=True)
    found, source, unknown, problem = convention_to_adapt(Derivation(cell), Subject(file, function, seed, timeout))
    if unknown:
        problem = sentences.text("audit.init.unknown", names=sentences.text("list.comma").join(unknown))
    text = adapter_text(found, source.names, file, function, output, sentences, tried=not problem)
    destination.deliver(text)
    marked = text.count(fill := mark(sentences, "fill"))
    number = "none" if not marked else "one" if marked == 1 else "several"
    lines = sentences.text(f"audit.init.lines.{number}", count=marked, mark=fill)
    if problem:
        say(sentences.text("audit.init.untried", problem=problem), err=True)
        say(sentences.text("audit.init.guessed", lines=lines), err=True)
    else:
        say(lines if marked else sentences.text("audit.init.whole", lines=lines), err=True)
