#!/usr/bin/env python3
"""Start here: `python3 run.py study`, `python3 run.py test`, on a machine that has only Python 3.11 and pip.

The first start makes `.venv` beside this file and installs the project into it; later ones find a stamp there and go
straight on. Set-up runs again when pyproject.toml, Python or the folder changed, when an extra is missing, and when
`.venv` is broken or half made. Standard library only; old versions of Python can read it, to be refused in words.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import runpy
import shutil
import signal
import sys
import time
import venv
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, CompletedProcess, Popen, TimeoutExpired, run
from typing import Any, Callable, Iterator, NamedTuple, TextIO

ROOT = Path(__file__).resolve().parent
OLDEST_PYTHON = (3, 11)
OLDEST_PIP = (22, 3)  # the first with `pip --python`, which fills an environment that has no pip of its own
BROWSER = ("browser",) if any(map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])) else ()  # an extra
RESOLUTIONS = ("--oldest", "--newest")  # versions, among those that pyproject.toml allows, to test against

ONE_THREAD = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], "1")  # matrices are small
# What moves a cursor, or turns the direction of a line: names of folders and what pip says may hold anything.
UNPRINTABLE = re.compile(r"[\0-\t\v-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
REMEDIES = {  # what pip or the system said -> what to do
    "No space left|Errno 28": "the disk is full: free about 1 GB and start again",
    "Permission denied|Errno 13|Read-only file system": "copy the project to a folder that is yours to write",
    "Connect(ion|Timeout)|ReadTimeout|ProxyError|name resolution|timed out|SSLError|versions: none": (
        "the package index cannot be reached: check the network and its proxy (HTTPS_PROXY), name a mirror "
        "with PIP_INDEX_URL, or give a folder of wheels with PIP_NO_INDEX=1 PIP_FIND_LINKS=folder"
    ),
    "No matching distribution": "the index has no such package for this Python: check PIP_INDEX_URL",
    "metadata-generation|building wheel": "no ready-made package for this Python: use another version",
    "pip of .* needed": "install it (apt or dnf install python3-pip), or take a Python from python.org",
    "": "read the lines above; the network, a proxy or a full disk are the usual causes",
}
INSPECTION = r"""
import importlib.metadata as metadata, platform, re
print(platform.python_version(), flush=True)
[metadata.version(re.match(r"[\w.-]+", name)[0]) for name in metadata.requires("lstm-sym") if ";" not in name]
"""


class StartError(Exception):
    """Why a start cannot go on, and what to do about it, in words for the user."""

    def __init__(self, doing: str, why: str, remedy: str) -> None:
        super().__init__(f"failed while {doing}\n\n{why}\n\nWhat to do: {remedy}")


def remedy_for(output: str) -> str:
    """What to do about a failure, read from what pip or the system said."""
    return next(advice for pattern, advice in REMEDIES.items() if re.search(pattern, output))


def dotted(numbers: tuple[int, ...]) -> str:
    """A version in the usual spelling."""
    return ".".join(map(str, numbers))


def stop(process: Popen[Any]) -> None:
    """End a process that still runs, and all that it started in its session."""
    if sys.platform == "win32":
        process.kill()
    elif process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        with contextlib.suppress(TimeoutExpired):
            process.wait(5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def watch(process: Popen[Any], title: str, log_file: Path, stream: TextIO) -> list[str]:
    """Show that a process runs: a line that ticks, or one every ten seconds off a terminal; its output."""
    begin, told, lines, running = time.monotonic(), 0, [""], True
    clear = "\r\x1b[K" if stream.isatty() else ""
    print(f"{title} ...", end="" if clear else "\n", file=stream, flush=True)
    while running:
        running = process.poll() is None
        time.sleep(0.1)
        seconds = int(time.monotonic() - begin)
        lines = log_file.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
        line = f"{title} ... {seconds} s  {UNPRINTABLE.sub('?', lines[-1][:80])}"
        if clear:
            print(clear + line[: shutil.get_terminal_size().columns - 1], end="", file=stream, flush=True)
        elif seconds >= told + 10:
            told = seconds
            print(line, file=stream, flush=True)
    print(f"{clear}{title}: {'failed' if process.returncode else 'done'} after {seconds} s", file=stream, flush=True)
    return lines


def try_lock(handle: TextIO) -> bool:
    """Take the lock on an open file, unless another process holds it; the system frees it when that ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


@contextlib.contextmanager
def locked(path: Path) -> Iterator[TextIO]:
    """Hold the lock file, and give it; while another start or the pip of one that was killed holds it, wait."""
    with open(path, "a+", encoding="utf-8") as handle:
        if not try_lock(handle):
            print(f"another start is setting up {path.stem}: waiting for it ...", file=sys.stderr, flush=True)
            while not try_lock(handle):
                time.sleep(0.2)
        yield handle


def output_of(command: list[str]) -> CompletedProcess[bytes]:
    """Run a short command for what it prints; its complaints are not shown."""
    return run(command, stdout=PIPE, stderr=DEVNULL)


def pip_version(python: str) -> tuple[int, ...]:
    """Version of an interpreter's pip, (0,) where it has none."""
    found = re.match(rb"pip (\d+)\.(\d+)", output_of([python, "-m", "pip", "--version"]).stdout)
    return tuple(map(int, found.groups())) if found else (0,)


class Stamp(NamedTuple):
    """What an environment was made for; kept in it as JSON, and compared at every start."""

    complete: bool
    python: str
    root: str
    pyproject: str
    extras: tuple[str, ...]


class Environment:
    """The virtual environment of a project folder: inspects it, and makes it what a command needs."""

    def __init__(self, root: Path, resolution: str = "") -> None:
        self.root, self.resolution = root, resolution
        self.folder = root / f".venv{resolution[1:]}"
        self.stamp_file = self.folder / "setup.json"
        self.log_file = self.folder / "setup.log"
        self.lock: TextIO | None = None
        self.python = str(self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))

    def wanted(self, extras: tuple[str, ...]) -> Stamp:
        """The stamp of an environment that is complete, up to date and has these extras."""
        pyproject = hashlib.sha256((self.root / "pyproject.toml").read_bytes()).hexdigest()
        return Stamp(True, dotted(sys.version_info[:3]), str(self.root), pyproject, tuple(sorted(extras)))

    def stamp(self) -> Stamp | None:
        """The stamp found in the environment; none where it was made by other means, or is unreadable."""
        try:
            fields = json.loads(self.stamp_file.read_text(encoding="utf-8"))
            return Stamp(**{**fields, "extras": tuple(fields["extras"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write_stamp(self, stamp: Stamp) -> None:
        """Write the stamp whole or not at all."""
        partial = self.stamp_file.with_suffix(".partial")
        partial.write_text(json.dumps(stamp._asdict(), indent=1), encoding="utf-8")
        os.replace(partial, self.stamp_file)

    def inspect(self) -> tuple[str, bool]:
        """Version of the environment's interpreter, "" if it does not run; and if the project is in it."""
        try:
            done = output_of([self.python, "-I", "-c", INSPECTION])
        except OSError:
            return "", False
        return done.stdout.decode().strip(), done.returncode == 0

    def plan(self, wanted: Stamp) -> str:
        """What has to be done before a command can run: "nothing", "install" or "rebuild"."""
        version, installed = self.inspect()
        found = self.stamp()
        if version and version != wanted.python and not found:
            why = f"it holds Python {version}, this is {wanted.python}, and it was not made by run.py"
            remedy = f"start with its own Python ({self.python} run.py ...), or move {self.folder.name} away"
            raise StartError(f"looking at {self.folder.name}", why, remedy)
        if version != wanted.python or (found and not (found.complete and installed)):
            return "rebuild"
        same = found and found._replace(extras=wanted.extras) == wanted and {*wanted.extras} <= {*found.extras}
        return "nothing" if same and self.resolution != "--newest" else "install"  # the newest change by the day

    def ensure(self, extras: tuple[str, ...]) -> None:
        """Make the environment complete for these extras; does nothing when it is. Raises StartError."""
        wanted = self.wanted(extras)
        try:
            with locked(self.root / f"{self.folder.name}.lock") as self.lock:
                if (plan := self.plan(wanted)) != "nothing":
                    self._set_up(wanted, plan)
        except OSError as error:
            raise StartError(f"writing {self.folder.name}", str(error), remedy_for(str(error))) from error

    def _set_up(self, wanted: Stamp, plan: str) -> None:
        found, anew = self.stamp(), plan == "rebuild"
        if found:
            wanted = wanted._replace(extras=tuple(sorted({*wanted.extras, *found.extras})))
        pip = self._installer()
        if anew:
            self._create(wanted.python)
        if anew or found:
            self.write_stamp(wanted._replace(complete=False))
        try:
            self._fill(pip, wanted.extras)
        except StartError:
            if found and not anew:
                self.write_stamp(found)  # pip took its changes back: what worked before still does
            raise
        self.write_stamp(wanted)

    def _installer(self) -> list[str]:
        """Command of a pip that can fill the environment, found before anything is changed."""
        inside = Path(sys.prefix).resolve() == self.folder.resolve()
        python = str(getattr(sys, "_base_executable", sys.executable)) if inside else sys.executable
        version = pip_version(python)
        if version >= OLDEST_PIP:
            return [python, "-m", "pip", "--python", self.python]
        if output_of([python, "-c", "import ensurepip"]).returncode == 0:
            return [self.python, "-m", "pip"]
        state = f"is {dotted(version)}" if any(version) else "is missing"
        why = f"pip of {python} {state}; {dotted(OLDEST_PIP)} or newer is needed"
        raise StartError("looking for pip", why, remedy_for(why))

    def _create(self, version: str) -> None:
        print(f"making {self.folder.name} with Python {version}: about a minute", file=sys.stderr, flush=True)
        venv.EnvBuilder(clear=True, symlinks=os.name != "nt", with_pip=False).create(str(self.folder))

    def _fill(self, pip: list[str], extras: tuple[str, ...]) -> None:
        if pip[0] == self.python:
            self._attempt([self.python, "-m", "ensurepip"], f"adding pip to {self.folder.name}")
        target = "." + (f"[{','.join(extras)}]" if extras else "")
        compiling = "--compile" if sys.dont_write_bytecode else "--no-compile"  # else at first use
        options = ["--no-input", "--disable-pip-version-check", compiling]
        if self.resolution:
            script = runpy.run_path(str(self.root / "tests" / "resolutions.py"))
            options += script["pip_options"](self.resolution, self.root / "pyproject.toml", self.folder)
        self._attempt([*pip, "install", *options, "-e", target], f"installing lstm-sym{target[1:]} and what it needs")

    def _attempt(self, command: list[str], title: str) -> None:
        kept = (self.lock.fileno(),) if self.lock and os.name != "nt" else ()  # pip outlives a start that is killed
        how: dict[str, Any] = {"cwd": self.root, "env": {**os.environ, "PYTHONUNBUFFERED": "1"}, "pass_fds": kept}
        with open(self.log_file, "wb") as log:
            process = Popen(command, stdin=DEVNULL, stdout=log, stderr=STDOUT, start_new_session=True, **how)
        try:
            lines = watch(process, title, self.log_file, sys.stderr)
        finally:
            stop(process)
        if process.returncode:
            why = "\n  ".join([f"{' '.join(command)}\nfailed; the last lines of {self.log_file}:", *lines[-15:]])
            raise StartError(title, why, remedy_for("\n".join(lines)))


def call(command: list[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> int:
    """Run a command in the foreground; its exit code, 128 + n where signal n ended it."""
    process = Popen(command, cwd=cwd, env=env)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        code = process.wait()
    except KeyboardInterrupt:  # has reached the command as well, which may tidy up
        process.wait()
        raise
    return 128 - code if code < 0 else code


def study(python: str, args: list[str]) -> int:
    """Derive, check, generate and measure; arguments go to `lstm-sym study`."""
    return call([python, "-m", "lstm_sym", "study", *args], env={**ONE_THREAD, **os.environ})


def workers(args: list[str], cores: int) -> list[str]:
    """Options that spread the tests over the cores; none on one core, or for a debugger in the terminal."""
    serial = cores < 2 or {"--pdb", "--trace"} & set(args)
    return [] if serial else ["-n", str(min(cores, 8)), "--dist", "worksteal"]


def test(python: str, args: list[str]) -> int:
    """Run the tests; arguments go to pytest."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    command = [python, "-m", "pytest", *workers(args, cores), *args]
    return call(command, cwd=ROOT, env={**ONE_THREAD, **os.environ, "MPLBACKEND": "Agg"})


def lint(python: str, args: list[str]) -> int:
    """Run ruff and mypy over the project, each to its end."""
    checks = [["ruff", "check", *args], ["ruff", "format", "--check", *args], ["mypy", *args]]
    return max([call([python, "-m", *check], cwd=ROOT) for check in checks])


def choose(folder: Path, args: list[str]) -> tuple[list[Path], list[str]]:
    """Scripts named before the first option, all of the folder's where none is; and the options for them."""
    scripts = {path.stem: path for path in sorted(folder.glob("*.py")) if not path.stem.startswith("_")}
    first_option = next((i for i, arg in enumerate(args) if arg.startswith("-")), len(args))
    names = [Path(name).stem for name in args[:first_option]]
    unknown = [name for name in names if name not in scripts]
    if unknown or not scripts:
        why = f"{folder.name}/ has no {', '.join(unknown) or 'scripts'}; it has: {', '.join(scripts) or 'none'}"
        raise StartError("looking for scripts", why, "name scripts that are there, before the options")
    return [scripts[name] for name in names or scripts], args[first_option:]


def run_scripts(name: str, python: str, args: list[str]) -> int:
    """Run the chosen scripts of a folder, the others also where one fails; 1 if one did."""
    scripts, options = choose(ROOT / name, args)
    failed = []
    for position, script in enumerate(scripts, 1):
        print(f"[{position}/{len(scripts)}] {name}/{script.name}", file=sys.stderr, flush=True)
        if call([python, str(script), *options]):
            failed.append(script.stem)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


analysis, bench, docs = (functools.partial(run_scripts, folder) for folder in ("analysis", "benchmarks", "docs"))
COMMANDS: dict[str, tuple[Callable[..., int], tuple[str, ...], str, str]] = {  # function, extras, usage, meaning
    "study": (study, (), "study [CELL...] [options]", "derive, check, generate, measure: one report"),
    "test": (test, ("docs", "pdf", "test", "weights", *BROWSER), "test [--oldest | --newest] [...]", "run the tests"),
    "analysis": (analysis, ("weights",), "analysis [NAME...] [--quick] [-o DIR]", "run the experiments of analysis/"),
    "bench": (bench, ("test", "weights"), "bench [NAME...] [options]", "run the measurements of benchmarks/"),
    "docs": (docs, ("docs",), "docs [-o DIR] [--package NAME]", "build the documentation, with the site of all cells"),
    "lint": (lint, ("test", "weights"), "lint [PATH...]", "check style and types with ruff and mypy"),
}


def help_text() -> str:
    """The page that `run.py` prints without arguments."""
    width = max(len(usage) for _, _, usage, _ in COMMANDS.values())
    rows = "\n".join(f"  {usage:{width}}  {meaning}" for _, _, usage, meaning in COMMANDS.values())
    return f"""lstm_sym: gradients of recurrent networks, derived from their equations, checked and measured

usage: python3 run.py COMMAND [...]

{rows}

NAME is a script of the folder without its .py; with none, all run. `study --help` lists its options.
The first start makes .venv beside run.py and installs the project into it (about a minute, by the network);
later ones go straight on. In .venv there is then also the command lstm-sym.
`test --oldest` takes the oldest versions that pyproject.toml allows, in .venv-oldest; `--newest` the newest there are.
"""


def refuse_old(version: tuple[int, ...], executable: str) -> None:
    """Raise StartError for a Python that cannot run the project."""
    if version < OLDEST_PYTHON:
        why = f"lstm_sym needs Python {dotted(OLDEST_PYTHON)} or newer; {executable} is Python {dotted(version)}"
        remedy = f"start with a newer one (python{dotted(OLDEST_PYTHON)} run.py ...); python.org has them for all"
        raise StartError("looking at Python", why, remedy)


def main(argv: list[str]) -> int:
    """Exit code: the command's own; 1 the start failed, 2 no such command, 130 Ctrl-C, 141 a closed pipe, 143 ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    try:
        refuse_old(sys.version_info[:3], sys.executable)
        if not argv or argv[0] in ("-h", "--help", "help"):
            print(help_text(), end="", flush=True)
            return 0
        if argv[0] not in COMMANDS:
            print(f"run.py: no command {argv[0]!r}; there are: {', '.join(COMMANDS)}", file=sys.stderr)
            return 2
        action, extras, _, _ = COMMANDS[argv[0]]
        resolution = next((option for option in RESOLUTIONS if argv[0] == "test" and option in argv), "")
        (environment := Environment(ROOT, resolution)).ensure(extras)
        return action(environment.python, [arg for arg in argv[1:] if arg != resolution])
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    except (StartError, OSError) as error:
        if isinstance(error, OSError):  # the output is full or closed: Python would complain once more at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if isinstance(error, BrokenPipeError):
            return 141
        print(f"\nrun.py: {UNPRINTABLE.sub('?', str(error))}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
