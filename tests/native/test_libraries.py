"""Libraries built from C: kept by what they are made of, whole or not at all, and rebuilt where they are not intact."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import lstm_sym as ls
from lstm_sym.native import libraries
from lstm_sym.native.compiler import find_compiler, needed_compiler
from lstm_sym.native.errors import NativeError
from lstm_sym.native.libraries import cache_folder, library

needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="there is no C compiler on this machine")
SOURCE = "int answer(void) { return %d; }\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return cache_folder()


@pytest.fixture
def builds(monkeypatch):
    """The files that were compiled."""
    found = []
    kind = type(needed_compiler())
    real = kind.compile

    def compiled(self, source, built, flags):
        found.append(tuple(flags))
        real(self, source, built, flags)

    monkeypatch.setattr(kind, "compile", compiled)
    return found


@needs_compiler
def test_a_library_is_built_once(folder, builds):
    assert library(SOURCE % 42).answer() == library(SOURCE % 42).answer() == 42
    assert len(builds) == 1 and len(list(folder.glob("*.so"))) == 1


@needs_compiler
def test_another_source_other_flags_and_another_processor_are_other_libraries(folder, builds, monkeypatch):
    library(SOURCE % 1)
    library(SOURCE % 2)
    library(SOURCE % 1, ("-DDOUBLE",))
    monkeypatch.setenv("LSTM_SYM_PORTABLE", "1")
    library(SOURCE % 1)
    monkeypatch.setattr(libraries, "machine", lambda: ("another", ()))
    library(SOURCE % 1)
    assert len(builds) == 5
    assert "-march=native" in builds[0] and "-march=native" not in builds[3]
    assert all("-ffast-math" not in flags for flags in builds)


@needs_compiler
def test_a_library_that_is_not_intact_is_built_again(folder, builds):
    library(SOURCE % 42)
    (path,) = folder.glob("*.so")
    damaged = path.read_bytes()[:-1] + b"x"
    path.unlink()  # the process has the old file in its memory
    path.write_bytes(damaged)
    assert library(SOURCE % 42).answer() == 42
    assert len(builds) == 2


@needs_compiler
def test_a_file_of_someone_elses_making_is_not_loaded(folder, builds):
    library(SOURCE % 42)
    (path,) = folder.glob("*.so")
    foreign = path.with_name(path.name.partition("-")[0] + "-" + "0" * 32 + ".so")
    foreign.write_bytes(b"no library")
    assert library(SOURCE % 42).answer() == 42
    assert len(builds) == 1 and not foreign.exists()


@needs_compiler
@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners of files here")
def test_the_folder_is_the_users_alone(folder):
    library(SOURCE % 42)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    assert library(SOURCE % 7).answer() == 7
    assert len(list(folder.glob("*.so"))) == 1  # the second is kept nowhere


@needs_compiler
def test_two_at_once_do_not_clash(folder):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: library(SOURCE % 42).answer(), range(8)))
    assert found == [42] * 8
    assert not list(folder.glob("building-*"))


@needs_compiler
def test_a_folder_that_cannot_be_written_costs_no_kernel(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert library(SOURCE % 42).answer() == 42


@needs_compiler
def test_what_does_not_compile_is_refused_in_the_compilers_words(folder):
    with pytest.raises(NativeError, match=r"does not compile a kernel: .*nonsense"):
        library("nonsense here;")
    assert not list(folder.iterdir())


def test_without_a_compiler_the_error_says_what_to_install(monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(NativeError, match=r"no C compiler.*\n.*\n  fix: install gcc or clang"):
        ls.build(ls.parse("h[t] = tanh(W @ x[t] + U @ h[t-1])"), target="c")


def test_a_compiler_that_is_no_command_is_refused(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler --fast")
    with pytest.raises(NativeError, match=r"CC: 'no-such-compiler --fast' is no command"):
        needed_compiler()


def test_the_target_of_the_environment_is_checked(monkeypatch):
    monkeypatch.setenv("LSTM_SYM_TARGET", "fortran")
    with pytest.raises(ValueError, match="LSTM_SYM_TARGET has no target 'fortran'"):
        ls.build("rnn")
    monkeypatch.setenv("LSTM_SYM_TARGET", "numpy")
    assert ls.build("rnn") is ls.build("rnn", target="numpy")


@needs_compiler
def test_a_compiled_kernel_can_be_pickled(tmp_path):
    code = """
import pickle, sys, numpy as np, lstm_sym as ls
kernel = ls.build("rnn", target="c")
assert pickle.loads(pickle.dumps(kernel)) is kernel
tape = kernel.forward(np.ones((2, 1, 3)), kernel.init(3, 3))[2]
again = pickle.loads(pickle.dumps(tape))
assert type(again) is type(tape) and (again.h == tape.h).all()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@needs_compiler
def test_a_library_is_one_that_ctypes_loads(folder):
    assert isinstance(library(SOURCE % 42), ctypes.CDLL)
