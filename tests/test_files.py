"""Files are whole or not there, whatever fails and whenever; an error names the file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lstm_sym.ground.files import write_in_order, write_whole


def failing(monkeypatch: pytest.MonkeyPatch, name: str, good: int) -> None:
    """Let a function of `os` fail after so many good calls."""
    real, calls = getattr(os, name), iter(range(1000))

    def call(*arguments: object) -> object:
        if next(calls) >= good:
            raise OSError(28, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(os, name, call)


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_failed_write_leaves_the_older_file_and_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    path = tmp_path / "a.txt"
    write_whole(path, b"old")
    failing(monkeypatch, function, 0)
    with pytest.raises(OSError, match="No space left") as caught:
        write_whole(path, b"new")
    assert (caught.value.errno, caught.value.filename) == (28, str(path))
    assert [path.read_bytes()] == [b"old"] and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("good", [0, 1, 2])
def test_a_disk_that_fills_up_changes_none_of_several_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, good: int
) -> None:
    paths = [tmp_path / name for name in "abc"]
    write_in_order([(path, b"old") for path in paths])
    failing(monkeypatch, "fsync", good)
    with pytest.raises(OSError, match="No space left") as caught:
        write_in_order([(path, b"new") for path in paths])
    assert caught.value.filename == str(paths[good])
    assert [path.read_bytes() for path in paths] == [b"old"] * 3
    assert sorted(tmp_path.iterdir()) == paths


def test_files_are_named_in_their_order_and_none_is_left_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    second.write_bytes(b"x")
    write_in_order([(first, b"1"), (second, None), (first, b"2")])
    assert first.read_bytes() == b"2" and list(tmp_path.iterdir()) == [first]
    failing(monkeypatch, "replace", 1)
    with pytest.raises(OSError, match="second"):
        write_in_order([(first, b"3"), (second, b"3")])
    assert first.read_bytes() == b"3" and list(tmp_path.iterdir()) == [first]


def test_folders_are_made_and_taken_back_where_nothing_comes_into_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = [(tmp_path / "a" / "b" / "1", b"1"), (tmp_path / "a" / "c" / "2", b"2"), (tmp_path / "a" / "3", b"3")]
    for good in range(3):
        with monkeypatch.context() as patched, pytest.raises(OSError, match="No space"):
            failing(patched, "fsync", good)
            write_in_order(contents)
        assert list(tmp_path.iterdir()) == []
    write_in_order(contents)
    assert all(path.read_bytes() == data for path, data in contents)
    (tmp_path / "file").touch()
    with pytest.raises(OSError) as caught:
        write_whole(tmp_path / "file" / "x" / "a.txt", b"")
    assert str(caught.value.filename).startswith(str(tmp_path / "file"))
