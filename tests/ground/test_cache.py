"""Results in the user's cache: found again by all that decides them, and by nothing else."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lstm_sym.ground import cache as module
from lstm_sym.ground.cache import OFF, Cache, tool_fingerprint
from lstm_sym.ground.folders import cache_folder

ROOT = Path(__file__).resolve().parents[2]


class Counted:
    """Something that takes long: it gives how often it was asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> int:
        self.times += 1
        return self.times


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "results")


def test_what_was_measured_is_found_again(cache):
    measure = Counted()
    assert [cache.result("n", ["lstm", 64], measure) for _ in range(3)] == [1, 1, 1]
    assert len(cache.measured) == 2
    assert cache.result("n", ["lstm", 65], measure) == 2
    assert cache.result("m", ["lstm", 64], measure) == 3


@pytest.mark.parametrize("change", ["source", "added", "renamed", "removed", "python", "numpy"])
def test_another_tool_finds_nothing(change, cache, tmp_path, monkeypatch):
    package = tmp_path / "package"
    (package / "room").mkdir(parents=True)
    (package / "room" / "a.py").write_text("x = 1\n")
    (package / "b.toml").write_text("y = 2\n")
    before = tool_fingerprint.__wrapped__(package)
    (package / "room" / "__pycache__").mkdir()
    (package / "room" / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"anything")
    assert tool_fingerprint.__wrapped__(package) == before
    if change == "source":
        (package / "room" / "a.py").write_text("x = 3\n")
    elif change == "added":
        (package / "c.css").write_text("")
    elif change == "renamed":
        (package / "b.toml").rename(package / "c.toml")
    elif change == "removed":
        (package / "b.toml").unlink()
    elif change == "python":
        monkeypatch.setattr(module.platform, "python_version", lambda: "3.99")
    else:
        monkeypatch.setattr(module, "version", lambda name: "99")
    after = tool_fingerprint.__wrapped__(package)
    assert after != before
    measure = Counted()
    for tool in (before, after, before):
        monkeypatch.setattr(module, "tool_fingerprint", lambda tool=tool: tool)
        cache.result("n", 1, measure)
    assert measure.times == 2


def one_entry(cache: Cache) -> Path:
    cache.keep("n", 1, {"x": np.arange(100.0)})
    (entry,) = cache.entries()
    return entry


@pytest.mark.parametrize("place", [0, 40, 200, -1])
def test_an_entry_of_which_a_byte_was_changed_is_measured_again(place, cache):
    entry = one_entry(cache)
    data = bytearray(entry.read_bytes())
    data[place] ^= 1
    entry.write_bytes(data)
    assert cache.find("n", 1) is None
    assert cache.result("n", 1, lambda: 7) == 7
    assert cache.find("n", 1) == 7


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 500, None])
def test_an_entry_that_is_cut_short_or_foreign_is_measured_again(content, cache):
    entry = one_entry(cache)
    if content is None:
        entry.unlink()
        entry.mkdir()
    else:
        entry.write_bytes(content)
    assert cache.result("n", 1, lambda: 7) == 7


def test_an_entry_under_the_name_of_another_is_not_taken(cache):
    entry = one_entry(cache)
    cache.keep("n", 2, "two")
    (other,) = (path for path in cache.entries() if path != entry)
    entry.write_bytes(other.read_bytes())
    assert cache.find("n", 1) is None
    assert cache.find("n", 2) == "two"


def test_fresh_measures_anew_and_keeps_it(cache):
    cache.keep("n", 1, "old")
    fresh = Cache(cache.folder, fresh=True)
    assert fresh.result("n", 1, lambda: "new") == "new"
    assert fresh.measured == []
    assert cache.find("n", 1) == "new"


def test_without_a_folder_nothing_is_kept():
    measure = Counted()
    assert [OFF.result("n", 1, measure) for _ in range(2)] == [1, 2]
    assert OFF.entries() == []


@pytest.mark.parametrize("word", ["off", "OFF", "0", "no"])
def test_a_variable_turns_it_off(word, monkeypatch):
    monkeypatch.setenv("LSTM_SYM_CACHE", word)
    assert Cache.of_user().folder is None


def test_what_a_compiler_makes_is_not_kept(monkeypatch):
    monkeypatch.delenv("LSTM_SYM_CACHE")
    monkeypatch.setenv("LSTM_SYM_TARGET", "numpy")
    assert Cache.of_user().folder is not None
    monkeypatch.setenv("LSTM_SYM_TARGET", "c")
    assert Cache.of_user().folder is None


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_folder_that_others_can_write_to_is_not_trusted(cache):
    entry = one_entry(cache)
    entry.parent.chmod(0o777)
    assert cache.find("n", 1) is None
    cache.keep("n", 2, "two")
    assert cache.entries() == [entry]


def test_it_lies_in_the_cache_of_the_user(tmp_path, monkeypatch):
    monkeypatch.delenv("LSTM_SYM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Cache.of_user().folder == tmp_path / "lstm_sym" / "results"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "lstm_sym"


def test_without_a_home_there_is_none(monkeypatch):
    def lost() -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("LSTM_SYM_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", lost)
    assert Cache.of_user().folder is None


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_only_the_user_can_read_it(cache):
    entry = one_entry(cache)
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600
    assert stat.S_IMODE(entry.parent.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("no folder")
    cache, measure = Cache(tmp_path / "file" / "results"), Counted()
    assert [cache.result("n", 1, measure) for _ in range(2)] == [1, 2]


def test_a_full_disk_is_no_error(cache, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_whole", full)
    assert cache.result("n", 1, lambda: 7) == 7
    assert cache.entries() == []


def test_what_has_no_packed_form_or_no_fingerprint_is_not_kept(cache):
    assert cache.result("n", 1, lambda: {1}) == {1}
    assert cache.result("n", object(), lambda: 7) == 7
    assert cache.entries() == []


def test_the_oldest_make_room(tmp_path):
    cache = Cache(tmp_path, largest=20_000)
    for number in range(6):
        cache.keep("n", number, np.zeros(1000))
        newest = cache.entries()[-1]
        os.utime(newest, (number, number))
    assert sum(path.stat().st_size for path in cache.entries()) <= 20_000
    assert cache.find("n", 0) is None
    assert cache.find("n", 5) is not None


def test_all_can_be_removed(cache):
    entry = one_entry(cache)
    entry.with_name(".lstm-sym-killed").write_bytes(b"half")
    assert (cache.clear(), cache.clear()) == (1, 0)
    assert cache.find("n", 1) is None
    assert [*entry.parent.iterdir()] == []


WRITER = """
import sys
from pathlib import Path
import numpy as np
from lstm_sym.ground.cache import Cache
cache = Cache(Path(sys.argv[1]), largest=60_000)
for turn in range(60):
    key = turn % 7
    found = cache.result("n", key, lambda: np.full(1000, key))
    assert (found == key).all()
"""


def test_processes_that_write_at_once_find_whole_results(tmp_path):
    command = [sys.executable, "-c", WRITER, str(tmp_path / "results")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    running = [subprocess.Popen(command, env=environment) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert {path.suffix for path in (tmp_path / "results").iterdir()} == {".result"}
