"""The C compiler of this machine: $CC, else cc, gcc or clang, else the one of the PyPI package `ziglang`."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lstm_sym.native.errors import NativeError

FLAGS = (
    "-std=gnu11",
    "-O3",
    "-fopenmp-simd",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
    "-fPIC",
    "-shared",
)
"""What every kernel is compiled with. Never -ffast-math: a library that is linked with it makes the whole process flush
subnormal numbers to zero when it is loaded, and with them every vanishing gradient.
"""
PORTABLE = "LSTM_SYM_PORTABLE"
"""The variable that has libraries built for any processor of the family."""
_INSTALL = "install gcc or clang, or `pip install 'lstm_sym[compiler]'`, or go on with NumPy: LSTM_SYM_TARGET=numpy"


@dataclass(frozen=True)
class Compiler:
    """A command that compiles C, and what tells it from any other."""

    command: tuple[str, ...]
    identity: str

    def compile(self, source: Path, library: Path, flags: Sequence[str]) -> None:
        """Compile a file to a shared library. Raises NativeError with the compiler's first words."""
        line = [*self.command, *flags, str(source), "-o", str(library), "-lm"]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode or not library.exists():
            said = "; ".join(done.stderr.strip().splitlines()[:3]) or f"it ended with {done.returncode}"
            raise NativeError(shlex.join(self.command), f"does not compile a kernel: {said}", "", _INSTALL)


def find_compiler() -> Compiler | None:
    """The compiler of this machine, None where there is none. Raises NativeError for a $CC that is no command."""
    if given := os.environ.get("CC", "").strip():
        command = shlex.split(given)
        if shutil.which(command[0]) is None:
            raise NativeError("CC", f"{given!r} is no command of this machine", "", f"unset CC, or {_INSTALL}")
        return _compiler(command)
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return _compiler([name])
    if importlib.util.find_spec("ziglang") is not None:
        return _compiler([sys.executable, "-m", "ziglang", "cc"])
    return None


def needed_compiler() -> Compiler:
    """The compiler of this machine. Raises NativeError where there is none."""
    found = find_compiler()
    if found is None:
        raise NativeError(
            "target c", "there is no C compiler on this machine", "cc, gcc and clang are missing", _INSTALL
        )
    return found


def _compiler(command: Sequence[str]) -> Compiler:
    """The identity of a compiler is its file: no process is started to ask for its version."""
    path = Path(shutil.which(command[0]) or command[0]).resolve()
    if command[-2:] == ["ziglang", "cc"]:
        spec = importlib.util.find_spec("ziglang")
        folder = Path(spec.origin).resolve().parent if spec and spec.origin else path.parent
        path = next((file for file in folder.glob("zig*") if file.is_file()), path)
    status = path.stat()
    return Compiler(tuple(command), f"{shlex.join(command)} {path} {status.st_size} {status.st_mtime_ns}")


def machine() -> tuple[str, tuple[str, ...]]:
    """What the code is for, and its flag: the processor as it is; with $LSTM_SYM_PORTABLE, any of its family."""
    family = f"{platform.system()} {platform.machine()}"
    if os.environ.get(PORTABLE, "").strip():
        return family, ()
    return f"{family} {_features()}", ("-march=native",)


def _features() -> str:
    """A digest of what the processor can do."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    found = sorted({line for line in lines if line.startswith(("flags", "Features", "model name"))})
    return hashlib.sha256("\n".join(found).encode()).hexdigest()
