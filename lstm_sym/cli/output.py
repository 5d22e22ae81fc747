"""Files that a command writes: refused before any work is done, and written whole."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath

from lstm_sym.cli.seal import intact, sealed
from lstm_sym.cli.streams import echo, hand_out, say, takes_unicode
from lstm_sym.cli.tool import Refused
from lstm_sym.ground.files import MARK, write_in_order

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
        self._known = _listed(folder / manifest) if manifest else {}
        given = {path.resolve() for path in inputs}
        for name in (*self.names, *([manifest] if manifest else [])):
            self._refuse(folder / name, given, self._known.get(name, frozenset()), force)

    def _refuse(self, path: Path, inputs: set[Path], digests: frozenset[str], force: bool) -> None:
        if path.resolve() in inputs:
            raise Refused(f"{path}: this is one of the inputs, and would be lost\n  fix: name another output")
        _refuse_folder(path.resolve().parent)
        if not path.exists():
            return
        if not path.is_file():
            raise Refused(f"{path}: not a regular file\n  fix: name a file, or - for the standard output")
        ours = path.name == self.manifest and not digests and _is_manifest(path)
        if not (force or ours or _written_here(path, digests)):
            raise Refused(
                f"{path}: there is such a file, and lstm-sym did not write it as it is now\n"
                "  usual cause: a file of yours, or a result that was edited\n"
                "  fix: move it away, name another output, or allow it with --force"
            )

    def write(self, files: Mapping[str, bytes], record: Mapping[str, object] | None = None) -> dict[Path, str]:
        """Write the files, then the manifest with `record` and the hash of every file.

        What was done is given back: path -> "wrote" or "removed".

        All of them are on the disk before the first gets its name. While they get their names the manifest says that
        it is unfinished and lists what was there before too, so that a run that was killed can be started again. Files
        of an earlier run that this one does not have, and that nobody changed, are removed.
        """
        contents: list[tuple[str, bytes | None]] = [*files.items()]
        removed = [(name, None) for name in self._outdated(files)]
        if self.manifest:
            hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
            content = {"written_by": "lstm_sym", **(record or {}), "files": hashes}
            before = {name: sorted(digests) for name, digests in self._known.items()}
            unfinished = {"written_by": "lstm_sym", "unfinished": True, "files": hashes, "before": before}
            contents = [(self.manifest, _text(unfinished)), *removed, *contents, (self.manifest, _text(content))]
        places = ((self.folder / name, data) for name, data in contents)
        # What is written through a link goes to its file; what is removed is the link.
        targets = [(path if data is None else path.resolve(), data) for path, data in places]
        for folder in {path.parent for path, _ in targets}:
            self._clear(folder)
        write_in_order(targets, self._mark)
        done = {self.folder / name: "wrote" for name in (*files, *([self.manifest] if self.manifest else []))}
        return done | {self.folder / name: "removed" for name, _ in removed}

    @property
    def _mark(self) -> str:
        return f"{MARK}{self.manifest}-" if self.manifest else MARK

    def _clear(self, folder: Path) -> None:
        """Remove what a run into this folder left over when it was killed."""
        for path in folder.glob(f"{self._mark}*") if self.manifest else ():
            path.unlink(missing_ok=True)

    def _outdated(self, files: Mapping[str, bytes]) -> list[str]:
        """The files of an earlier run that this one does not write, and that are as they were written."""
        others = [name for name in self._known if name not in files and _is_inside(name)]
        there = [name for name in others if (self.folder / name).is_file()]
        return [name for name in there if _written_here(self.folder / name, self._known[name])]


def _refuse_folder(folder: Path) -> None:
    """Refuse a folder that cannot be made, or that takes no file: one is made in it, and is gone at once."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise Refused(f"{there}: this is a file, and no folder can be made of it\n  fix: name another output")
    try:
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        raise Refused(
            f"{there}: no file can be made in this folder: {error.strerror or error}\n"
            "  fix: name an output in a folder of yours, or make this one writable"
        ) from error


def _written_here(path: Path, digests: frozenset[str]) -> bool:
    """Whether this tool wrote the file as it is: its hash is one of the manifest, or its seal is whole."""
    content = path.read_bytes()
    return hashlib.sha256(content).hexdigest() in digests if digests else intact(content)


def _is_inside(name: str) -> bool:
    """Whether a name of a manifest, which may be anyone's, stays in its folder."""
    path = PurePath(name)
    return not path.is_absolute() and not path.drive and ".." not in path.parts


def _text(content: Mapping[str, object]) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def _is_manifest(path: Path) -> bool:
    return bool(_content(path).get("written_by") == "lstm_sym")


def _listed(path: Path) -> dict[str, frozenset[str]]:
    """The files that a manifest lists, each with the hashes it may have; none where it is none of ours.

    An unfinished one lists each file as it was before and as it was to become.
    """
    content = _content(path)
    found: dict[str, frozenset[str]] = {}
    for key in ("files", "before") if content.get("written_by") == "lstm_sym" else ():
        files = content.get(key)
        for name, digests in files.items() if isinstance(files, dict) else ():
            every = digests if isinstance(digests, list) else [digests]
            found[str(name)] = found.get(str(name), frozenset()) | {str(digest) for digest in every}
    return found


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
        """Raises Refused. The files of the cells in `names` are never overwritten.

        quiet: the standard output is taken; ending: that of the file's name, if it has to be this one.
        """
        from lstm_sym.cli.cells import protected

        self.quiet, self.output = quiet, None
        if target is None or _is_standard_output(target):
            return
        if target.is_dir():
            raise Refused(f"{target}: this is a folder\n  fix: name the file to write")
        self.output = Output(target.parent, [target.name], protected(names), force=force)
        if ending and target.suffix.lower() != ending:
            raise Refused(f"{target}: the name of this file ends in {ending}\n  fix: -o {target.with_suffix(ending)}")

    def deliver(self, text: str) -> None:
        """Print the text, or write it and say so; either with the seal that shows an edit. Raises OSError."""
        if self.output is None:
            hand_out(sealed(text))
            return
        told(self.output.write({self.output.names[0]: sealed(text).encode("utf-8")}), quiet=self.quiet)


def page_format(target: Path | None, asked: str | None = None) -> str:
    """The format of a page: "html" or "md", as its file's ending says or, without one, as asked. Raises Refused."""
    if target is None or _is_standard_output(target) or target.is_dir():
        return asked or "html"
    ending = target.suffix.lower()
    found = FORMATS.get(ending, asked if not ending else None)
    if found is None:
        raise Refused(
            f"{target}: no page ends in {ending or 'nothing'}\n"
            f"  allowed: {', '.join(FORMATS)}\n"
            "  fix: let the name of the file end in one of them; it chooses the format"
        )
    if asked not in (None, found):
        raise Refused(f"{target}: this ending asks for {found}, --format for {asked}\n  fix: leave out --format")
    return found


def _is_standard_output(target: Path) -> bool:
    return str(target) == "-"


def told(done: Mapping[Path, str], *, quiet: bool = False) -> None:
    """Name the files that were written and removed, on the standard error stream if the standard output is taken."""
    for path, what in done.items():
        say(f"{what} {path}", err=quiet)


def terminal_width() -> int:
    """The cells of a line of the terminal that text is laid out for: 40 to 120, 100 where there is no terminal."""
    return max(40, min(shutil.get_terminal_size((100, 24)).columns, 120))


def print_json(content: object) -> None:
    """JSON on the standard output; a character that does not print, or that its encoding may not have, is escaped."""
    text = json.dumps(content, indent=1, ensure_ascii=not takes_unicode(), allow_nan=False)
    echo("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text))
