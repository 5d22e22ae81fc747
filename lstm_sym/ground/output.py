"""Files that a call writes into a folder: refused before any work is done, and written whole."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath

from lstm_sym.ground.files import MARK, write_in_order
from lstm_sym.ground.refusal import Refusal
from lstm_sym.ground.seal import intact


class OutputError(Refusal):
    """A file or a folder that cannot, or must not, be written; `where` is its path."""


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
            raise OutputError(str(path), "this is one of the inputs, and would be lost", fix="name another output")
        _refuse_folder(path.resolve().parent)
        if not path.exists():
            return
        if not path.is_file():
            raise OutputError(str(path), "not a regular file", fix="name a file, or - for the standard output")
        ours = path.name == self.manifest and not digests and _is_manifest(path)
        if not (force or ours or _written_here(path, digests)):
            raise OutputError(
                str(path),
                "there is such a file, and lstm-sym did not write it as it is now",
                "a file of yours, or a result that was edited",
                "move it away, name another output, or allow it with --force, in Python with force=True",
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
        raise OutputError(str(there), "this is a file, and no folder can be made of it", fix="name another output")
    try:
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        raise OutputError(
            str(there),
            f"no file can be made in this folder: {error.strerror or error}",
            fix="name an output in a folder of yours, or make this one writable",
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
