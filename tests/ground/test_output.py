"""Several files in one folder: of one run at any time, whatever ends it, and never over a file of the user."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from lstm_sym.cli import main
from lstm_sym.ground import files
from lstm_sym.ground.output import Output, OutputError

OLD = {"index.html": b"old page", "parts/a.csv": b"old a", "parts/b.csv": b"old b"}
NEW = {"index.html": b"new page", "parts/a.csv": b"new a", "parts/c.csv": b"new c"}
MANIFEST = "run.json"


class Killed(BaseException):
    """The process ends here, and nothing is tidied up."""


def output(folder: Path, names: dict[str, bytes], *, force: bool = False) -> Output:
    return Output(folder, names, [], force=force, manifest=MANIFEST)


def found(folder: Path) -> dict[str, bytes]:
    there = (path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in there}


def killed_after(monkeypatch: pytest.MonkeyPatch, good: int) -> None:
    """End the process after so many files have been flushed or named, what it began left as it is."""
    left = iter(range(good))
    for name in ("fsync", "replace"):

        def call(*arguments: object, real: object = getattr(os, name)) -> object:
            if next(left, None) is None:
                raise Killed
            return real(*arguments)  # type: ignore[operator]

        monkeypatch.setattr(os, name, call)
    monkeypatch.setattr(files, "_remove", lambda paths: None)


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("good", range(10))
def test_a_run_that_was_killed_is_started_again_without_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, good: int, before: bool
) -> None:
    """Five files are flushed, then five get their names."""
    if before:
        output(tmp_path, OLD).write(OLD, {"run": "old"})
    with monkeypatch.context() as patched, pytest.raises(Killed):
        killed_after(patched, good)
        output(tmp_path, NEW).write(NEW, {"run": "new"})
    there = {name: data for name, data in found(tmp_path).items() if files.MARK not in name}
    if good <= 5:
        assert there == (OLD if before else {}), "nothing has changed before all is on the disk"
    elif there != NEW or not (tmp_path / MANIFEST).exists():
        assert json.loads((tmp_path / MANIFEST).read_text())["unfinished"] is True
    output(tmp_path, NEW).write(NEW, {"run": "new"})
    assert found(tmp_path) == NEW, "nothing is left over"
    record = json.loads((tmp_path / MANIFEST).read_text())
    assert record["run"] == "new" and "unfinished" not in record and set(record["files"]) == set(NEW)


def test_no_file_of_an_earlier_run_stays_beside_those_of_this_one(tmp_path: Path) -> None:
    output(tmp_path, OLD).write(OLD)
    (tmp_path / "mine.txt").write_bytes(b"mine")
    (tmp_path / "parts" / "b.csv").write_bytes(b"edited")
    done = output(tmp_path, NEW).write(NEW)
    assert found(tmp_path) == NEW | {"mine.txt": b"mine", "parts/b.csv": b"edited"}, "what is the user's is kept"
    only = {"index.html": b"page"}
    done = output(tmp_path, only).write(only)
    assert {path.relative_to(tmp_path).as_posix(): what for path, what in done.items()} == {
        "index.html": "wrote",
        MANIFEST: "wrote",
        "parts/a.csv": "removed",
        "parts/c.csv": "removed",
    }
    output(tmp_path, NEW).write(NEW)


def test_an_edit_is_noticed_after_a_run_that_was_killed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output(tmp_path, OLD).write(OLD)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        killed_after(patched, 7)
        output(tmp_path, NEW).write(NEW)
    (tmp_path / "parts" / "a.csv").write_bytes(b"edited")
    with pytest.raises(OutputError, match="edited"):
        output(tmp_path, NEW)
    output(tmp_path, NEW, force=True).write(NEW)
    assert found(tmp_path) == NEW


@pytest.mark.parametrize("name", ["../outside.txt", "{absolute}"])
def test_a_manifest_removes_nothing_outside_its_folder(tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_bytes(b"x")
    folder = tmp_path / "out"
    output(folder, {"a": b"x"}).write({"a": b"x"})
    record = json.loads((folder / MANIFEST).read_text())
    record["files"][name.format(absolute=outside)] = record["files"].pop("a")
    (folder / MANIFEST).write_text(json.dumps(record))
    output(folder, NEW).write(NEW)
    assert outside.read_bytes() == b"x"


def test_of_a_link_only_the_link_is_removed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "out", tmp_path / "outside.csv"
    output(folder, OLD).write(OLD)
    (folder / "parts" / "b.csv").rename(outside)
    (folder / "parts" / "b.csv").symlink_to(outside)
    output(folder, NEW).write(NEW)
    assert found(folder) == NEW and outside.read_bytes() == OLD["parts/b.csv"]


@pytest.mark.parametrize("content", ['{"written_by": "lstm_sym", "files": {"a": [3, {}], "b": null}}', "[]", "{", "{}"])
def test_a_manifest_that_is_none_is_no_error(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_text(content)
    output(tmp_path, NEW, force=True).write(NEW)
    assert found(tmp_path) == NEW


def test_a_full_disk_is_told_with_the_file_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.chdir(tmp_path)
    few = ["--input", "sunspots", "--hidden", "4", "--lags", "8", "--starts", "2", "--seeds", "2", "--length", "99"]
    commands = {
        "k.py": ["generate", "rnn", "-o", "k.py"],
        "r.md": ["derive", "rnn", "-o", "r.md"],
        "d.md": ["diff", "rnn", "leaky_rnn", "-o", "d.md"],
        "n.toml": ["new", "n.toml"],
        "flow": ["flow", "rnn", *few, "-o", "flow"],
        "study": ["study", "rnn", *few, "-o", "study"],
    }
    for name, command in commands.items():
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            result = CliRunner().invoke(main, command)
        assert result.exit_code == 2, result.output
        place = result.stderr.splitlines()[-2]
        assert place.endswith(": No space left on device") and "free some space" in result.stderr
        assert name in place or "sensitivity" in place
        assert list(tmp_path.iterdir()) == []
