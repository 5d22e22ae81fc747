"""Files that a command writes: refused before any work is done, and written whole."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

from lstm_sym.cli.seal import intact, sealed
from lstm_sym.cli.streams import hand_out, say, takes_unicode
from lstm_sym.cli.tool import Refusal

FORMATS = {".html": "html", ".htm": "html", ".md": "md", ".markdown": "md"}
"""Ending of a file -> the format of the page in it."""


class Output:
    """The files of one command, all in one folder.

    A file that is there already is overwritten if this tool wrote it and nobody changed it since, or with `force`; a
    file the user gave as input never is. `manifest` names the file of the folder that lists what was written.
    """

    def __init__(
        self, folder: Path, names: Iterable[str], inputs: Sequence[Path], *, force: bool, manifest: str = ""
    ) -> None:
        self.folder, self.names, self.manifest = folder, tuple(names), manifest
        known = _listed(folder / manifest) if manifest else {}
        given = {path.resolve() for path in inputs}
        for name in (*self.names, *([manifest] if manifest else [])):
            self._refuse(folder / name, given, known.get(name, ""), force)

    def _refuse(self, path: Path, inputs: set[Path], digest: str, force: bool) -> None:
        if path.resolve() in inputs:
            raise Refusal(f"{path}: this is one of the inputs, and would be lost\n  fix: name another output")
        _refuse_folder(path.resolve().parent)
        if not path.exists():
            return
        if not path.is_file():
            raise Refusal(f"{path}: not a regular file\n  fix: name a file, or - for the standard output")
        ours = path.name == self.manifest and digest == "" and _is_manifest(path)
        if not (force or ours or _written_here(path, digest)):
            raise Refusal(
                f"{path}: there is such a file, and lstm-sym did not write it as it is now\n"
                "  usual cause: a file of yours, or a result that was edited\n"
                "  fix: move it away, name another output, or allow it with --force"
            )

    def write(self, files: Mapping[str, bytes], record: Mapping[str, object] | None = None) -> list[Path]:
        """Write the files, then the manifest with `record` and the hash of every file; return their paths."""
        from lstm_sym.files import write_whole

        complete = dict(files)
        if self.manifest:
            hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
            content = {"written_by": "lstm_sym", **(record or {}), "files": hashes}
            complete[self.manifest] = (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode("utf-8")
        paths = [self.folder / name for name in complete]
        for path, data in zip(paths, complete.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path.resolve(), data)
        return paths


def _refuse_folder(folder: Path) -> None:
    """Refuse a folder that cannot be made, or that takes no file: one is made in it, and is gone at once."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise Refusal(f"{there}: this is a file, and no folder can be made of it\n  fix: name another output")
    try:
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        raise Refusal(
            f"{there}: no file can be made in this folder: {error.strerror or error}\n"
            "  fix: name an output in a folder of yours, or make this one writable"
        ) from error


def _written_here(path: Path, digest: str) -> bool:
    """Whether this tool wrote the file as it is: its hash is that of the manifest, or its seal is whole."""
    content = path.read_bytes()
    return hashlib.sha256(content).hexdigest() == digest if digest else intact(content)


def _is_manifest(path: Path) -> bool:
    return bool(_content(path).get("written_by") == "lstm_sym")


def _listed(path: Path) -> dict[str, str]:
    """The files that a manifest lists, with their hashes; none where it is none of ours."""
    content = _content(path)
    files = content.get("files") if content.get("written_by") == "lstm_sym" else None
    return {str(name): str(digest) for name, digest in files.items()} if isinstance(files, dict) else {}


def _content(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


class Destination:
    """One text, to the standard output, or to a file that is refused before the text is made."""

    def __init__(
        self, target: Path | None, names: Sequence[str], *, force: bool, quiet: bool = False, ending: str = ""
    ) -> None:
        """Raises Refusal. The files of the cells in `names` are never overwritten.

        quiet: the standard output is taken; ending: that of the file's name, if it has to be this one.
        """
        from lstm_sym.cli.cells import protected

        self.quiet, self.output = quiet, None
        if target is None or _is_standard_output(target):
            return
        if target.is_dir():
            raise Refusal(f"{target}: this is a folder\n  fix: name the file to write")
        self.output = Output(target.parent, [target.name], protected(names), force=force)
        if ending and target.suffix.lower() != ending:
            raise Refusal(f"{target}: the name of this file ends in {ending}\n  fix: -o {target.with_suffix(ending)}")

    def deliver(self, text: str) -> None:
        """Print the text, or write it and say so; either with the seal that shows an edit. Raises OSError."""
        if self.output is None:
            hand_out(sealed(text))
            return
        told(self.output.write({self.output.names[0]: sealed(text).encode("utf-8")}), quiet=self.quiet)


def page_format(target: Path | None, asked: str | None = None) -> str:
    """The format of a page: "html" or "md", as its file's ending says or, without one, as asked. Raises Refusal."""
    if target is None or _is_standard_output(target) or target.is_dir():
        return asked or "html"
    ending = target.suffix.lower()
    found = FORMATS.get(ending, asked if not ending else None)
    if found is None:
        raise Refusal(
            f"{target}: no page ends in {ending or 'nothing'}\n"
            f"  allowed: {', '.join(FORMATS)}\n"
            "  fix: let the name of the file end in one of them; it chooses the format"
        )
    if asked not in (None, found):
        raise Refusal(f"{target}: this ending asks for {found}, --format for {asked}\n  fix: leave out --format")
    return found


def _is_standard_output(target: Path) -> bool:
    return str(target) == "-"


def told(paths: Iterable[Path], *, quiet: bool = False) -> None:
    """Name the files that were written, on the standard output, or on the standard error stream if that is taken."""
    for path in paths:
        say(f"wrote {path}", err=quiet)


def terminal_width() -> int:
    """The cells of a line of the terminal that text is laid out for: 40 to 120, 100 where there is no terminal."""
    return max(40, min(shutil.get_terminal_size((100, 24)).columns, 120))


def print_json(content: object) -> None:
    """JSON on the standard output; a character that does not print, or that its encoding may not have, is escaped."""
    text = json.dumps(content, indent=1, ensure_ascii=not takes_unicode(), allow_nan=False)
    click.echo("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text))
