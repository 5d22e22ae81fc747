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
    *,
    force: bool,
) -> None:
    """Look at the file, try it, and write the adapter. Raises Refused, AuditError."""
    from lstm_sym.audit.interface.adapter import FILL, adapter_text
    from lstm_sym.audit.interface.agreeing import convention_to_adapt
    from lstm_sym.audit.interface.subject import Subject
    from lstm_sym.cli.cells import load_cells
    from lstm_sym.cli.output import Destination
    from lstm_sym.compile.derivation import Derivation

    if output is not None and output.resolve() == file.resolve():
        raise Refused(f"{output}: this is the file that is to be audited\n  fix: name another for the adapter")
    destination = Destination(output, [name], force=force, ending=".py")
    [cell] = load_cells([name], tuple(settings))
    say(f"running {file}: its code, and {function}, in a process of its own, {timeout:g} s at most", err=True)
    found, source, problem = convention_to_adapt(Derivation(cell), Subject(file, function, seed, timeout))
    text = adapter_text(found, source.names, file, function, output)
    destination.deliver(text)
    marked = text.count(FILL)
    lines = f"{marked} line{'s' * (marked != 1)} to fill in, marked {FILL}" if marked else "nothing to fill in"
    if problem:
        say(f"it could not be tried: {problem}", err=True)
        say(f"{lines}; the rest is guessed from names alone, so look at every line of it", err=True)
    else:
        say(lines if marked else f"{lines}: all was found out", err=True)
