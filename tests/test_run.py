"""run.py: what it decides, says and refuses. Nothing is installed: small processes stand in for pip."""

from __future__ import annotations

import ast
import io
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]
VERSION = ".".join(map(str, sys.version_info[:3]))


@pytest.fixture
def environment(run, tmp_path, monkeypatch):
    """An environment whose interpreter answers what a test sets, and whose installations are only noted."""
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    made = run.Environment(tmp_path)
    made.answer, made.done, made.online = ("", False), [], True
    made.inspect = lambda: made.answer
    made._installer = lambda: ["pip"]

    def create(version):
        made.folder.mkdir(exist_ok=True)
        made.stamp_file.unlink(missing_ok=True)
        made.done.append("create")

    def fill(pip, extras):
        if not made.online:
            raise run.StartError("installing", "no network", "find one")
        made.answer = (VERSION, True)
        made.done.append(extras)

    made._create, made._fill = create, fill
    return made


def test_the_first_start_makes_and_fills_the_environment(environment):
    environment.ensure(("test",))
    assert environment.done == ["create", ("test",)]
    assert environment.stamp() == environment.wanted(("test",))


def test_a_second_start_does_nothing(environment):
    for _ in range(2):
        environment.ensure(("test",))
    environment.ensure(())
    assert environment.done == ["create", ("test",)]


def test_an_extra_that_is_missing_is_added_to_those_there(environment):
    for extras in ((), ("test",), ("pdf",)):
        environment.ensure(extras)
    assert environment.done == ["create", (), ("test",), ("pdf", "test")]


def test_a_changed_pyproject_installs_again_with_the_extras_there(environment):
    environment.ensure(("test",))
    (environment.root / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    environment.ensure(())
    assert environment.done[2:] == [("test",)]


@pytest.mark.parametrize("answer", [("", False), ("3.11.0rc1", True), (VERSION, False)])
def test_a_broken_environment_or_one_of_another_python_is_rebuilt(environment, answer):
    environment.ensure(("test",))
    environment.answer = answer
    environment.ensure(())
    assert environment.done[2:] == ["create", ("test",)]


@pytest.mark.parametrize(
    ("change", "done"),
    [({"complete": False}, ["create", ()]), ({"root": "moved"}, [()]), ({"pyproject": "other"}, [()])],
)
def test_what_was_cut_off_is_begun_anew_and_what_has_changed_is_installed_again(environment, change, done):
    environment.ensure(())
    environment.write_stamp(environment.stamp()._replace(**change))
    environment.ensure(())
    assert environment.done[2:] == done


def test_an_environment_made_by_hand_is_filled_and_not_rebuilt(environment):
    environment.folder.mkdir()
    environment.answer = (VERSION, False)
    environment.ensure(())
    assert environment.done == [()]


def test_an_environment_made_by_hand_for_another_python_is_refused(environment, run):
    environment.folder.mkdir()
    environment.answer = ("3.99.0", True)
    with pytest.raises(run.StartError, match=r"holds Python 3\.99\.0, this is (?s:.)*do: start with"):
        environment.ensure(())
    assert environment.done == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"complete": true}', '{"extras": 1}', '{"extras": []}'])
def test_an_unreadable_stamp_is_no_stamp(environment, text):
    environment.folder.mkdir()
    environment.stamp_file.write_text(text, encoding="utf-8")
    assert environment.stamp() is None


def test_a_failed_update_leaves_what_worked(environment, run):
    environment.ensure(())
    before = environment.stamp()
    environment.online = False
    with pytest.raises(run.StartError):
        environment.ensure(("test",))
    assert environment.stamp() == before


def test_a_failure_in_an_environment_made_by_hand_leaves_no_stamp(environment, run):
    environment.folder.mkdir()
    environment.answer, environment.online = (VERSION, False), False
    with pytest.raises(run.StartError):
        environment.ensure(())
    assert environment.stamp() is None


def test_a_failed_first_set_up_is_begun_anew(environment, run):
    environment.online = False
    with pytest.raises(run.StartError):
        environment.ensure(())
    assert environment.stamp().complete is False
    assert environment.plan(environment.wanted(())) == "rebuild"


def test_a_folder_that_cannot_be_written_is_explained(environment, run):
    def refuse(version):
        raise PermissionError(13, "Permission denied", ".venv")

    environment._create = refuse
    with pytest.raises(run.StartError, match=r"Permission denied(?s:.)*copy the project to a folder"):
        environment.ensure(())


def attempt(run, tmp_path, code):
    environment = run.Environment(tmp_path)
    environment.folder.mkdir()
    environment._attempt([sys.executable, "-c", code], "installing things")


def test_a_failing_installation_shows_its_last_lines_and_a_remedy(run, tmp_path, capsys):
    code = "import sys; print('ReadTimeout'); [print('line', i) for i in range(40)]; sys.exit(3)"
    with pytest.raises(run.StartError) as caught:
        attempt(run, tmp_path, code)
    message = str(caught.value)
    assert message.startswith("failed while installing things\n")
    assert "line 39" in message and "line 25\n" in message and "line 24\n" not in message
    assert "PIP_INDEX_URL" in message and str(tmp_path / ".venv" / "setup.log") in message
    assert "installing things: failed after " in capsys.readouterr().err


def test_a_working_installation_is_told_in_plain_lines_off_a_terminal(run, tmp_path, capsys):
    attempt(run, tmp_path, "print('Collecting numpy')")
    told = capsys.readouterr().err
    assert re.fullmatch(r"installing things \.\.\.\n(.* s  .*\n)*installing things: done after \d+ s\n", told)


def test_a_terminal_sees_the_seconds_and_the_last_line(run, tmp_path):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    log = tmp_path / "log"
    log.write_text("Collecting numpy\nDownloading numpy\n", encoding="utf-8")
    process = subprocess.Popen([sys.executable, "-c", ""])
    assert run.watch(process, "installing", log, terminal)[-1] == "Downloading numpy"
    assert re.search(r"\r\x1b\[Kinstalling \.\.\. \d+ s  Downloading numpy", terminal.getvalue())


def test_an_interrupted_installation_leaves_no_process(run):
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = subprocess.Popen([sys.executable, "-c", child], start_new_session=True, **pipes)
    process.stdout.readline()
    run.stop(process)
    assert process.returncode != 0
    assert process.stdout.read() == b""  # ends only when the grandchild, which holds the pipe too, has ended
    process.communicate()


REMEDIES = {
    "OSError: [Errno 28] No space left on device": "disk",
    "error: [Errno 13] Permission denied: 'x'": "yours to write",
    "NewConnectionError: Temporary failure in name resolution": "network",
    "ERROR: Could not find a version that satisfies the requirement numpy (from versions: none)": "network",
    "ERROR: No matching distribution found for numpy (from versions: 1.0)": "no such package",
    "error: metadata-generation-failed": "ready-made",
    "pip of python3 is missing; 22.3 or newer is needed": "python3-pip",
    "something else": "lines above",
}


@pytest.mark.parametrize(("output", "advice"), REMEDIES.items())
def test_a_failure_has_its_remedy(run, output, advice):
    assert advice in run.remedy_for(output)


def test_every_remedy_is_tested(run):
    assert {run.remedy_for(output) for output in REMEDIES} == set(run.REMEDIES.values())


@pytest.mark.parametrize(
    ("printed", "version"),
    [("pip 23.0.1 from somewhere (python 3.11)", (23, 0)), ("pip 26.1 from x", (26, 1)), ("", (0,))],
)
def test_the_version_of_pip_is_read(run, monkeypatch, printed, version):
    monkeypatch.setattr(run, "output_of", lambda command: SimpleNamespace(stdout=printed.encode()))
    assert run.pip_version("python3") == version


def installer(run, monkeypatch, tmp_path, version, ensurepip):
    monkeypatch.setattr(run, "pip_version", lambda python: version)
    monkeypatch.setattr(run, "output_of", lambda command: SimpleNamespace(returncode=0 if ensurepip else 1))
    return run.Environment(tmp_path)._installer()


def test_pip_fills_the_environment_from_outside(run, monkeypatch, tmp_path):
    command = installer(run, monkeypatch, tmp_path, (22, 3), False)
    assert command == [sys.executable, "-m", "pip", "--python", run.Environment(tmp_path).python]


def test_without_a_pip_that_can_the_environment_gets_its_own(run, monkeypatch, tmp_path):
    command = installer(run, monkeypatch, tmp_path, (22, 2), True)
    assert command == [run.Environment(tmp_path).python, "-m", "pip"]


@pytest.mark.parametrize(("version", "state"), [((0,), "is missing"), ((22, 2), "is 22.2")])
def test_without_any_pip_the_start_says_what_to_install(run, monkeypatch, tmp_path, version, state):
    with pytest.raises(run.StartError, match=rf"{state}; 22\.3 or newer is needed(?s:.)*install python3-pip"):
        installer(run, monkeypatch, tmp_path, version, False)


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 8, 1), (3, 10, 99)])
def test_an_old_python_alone_is_refused(run, version):
    run.refuse_old((3, 11, 0), "python3")
    with pytest.raises(run.StartError, match=r"needs Python 3\.11 or newer; python3 is (?s:.)*What to do"):
        run.refuse_old(version, "python3")


def test_run_is_readable_by_an_old_python_and_imports_the_standard_library_alone():
    tree = ast.parse((ROOT / "run.py").read_text(encoding="utf-8"), feature_version=(3, 8))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_what_pip_says_moves_no_cursor(run, tmp_path, capsys):
    with pytest.raises(run.StartError):
        attempt(run, tmp_path, "import time; print('\\x1b[2Jx\\x9b\\u202e'); time.sleep(0.3); raise SystemExit(1)")
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    process = subprocess.Popen([sys.executable, "-c", ""])
    run.watch(process, "installing", tmp_path / ".venv" / "setup.log", terminal)
    assert "?[2Jx" in terminal.getvalue()
    assert not set(terminal.getvalue().replace("\r\x1b[K", "")) & set("\x1b\x9b\u202e")


def test_a_failure_told_moves_no_cursor(run, calls, capsys):
    assert run.main(["analysis", "\x1b]0;a\x07"]) == 1
    assert "has no ?]0;a?;" in capsys.readouterr().err


@pytest.fixture
def calls(run, monkeypatch):
    """The commands that run.py would have run, with an environment that is always ready."""
    made = []

    def call(command, cwd=None, env=None):
        made.append(SimpleNamespace(command=command, cwd=cwd, env=env))
        return 7 if "bad.py" in command[1] else 0

    monkeypatch.setattr(run, "call", call)
    monkeypatch.setattr(run.Environment, "ensure", lambda self, extras: made.append(extras))
    return made


def test_study_passes_its_arguments_on(run, calls):
    assert run.main(["study", "lstm", "-o", "x"]) == 0
    assert calls[0] == ()
    assert calls[1].command[1:] == ["-m", "lstm_sym", "study", "lstm", "-o", "x"]


def test_test_puts_the_arguments_last_and_needs_no_screen(run, calls):
    assert run.main(["test", "-k", "lock"]) == 0
    assert calls[0][:4] == ("docs", "pdf", "test", "weights")
    assert calls[1].command[1:3] == ["-m", "pytest"] and calls[1].command[-2:] == ["-k", "lock"]
    assert calls[1].env["MPLBACKEND"] == "Agg" and calls[1].cwd == ROOT


@pytest.mark.parametrize(
    ("args", "cores", "options"),
    [([], 1, []), ([], 2, ["-n", "2"]), ([], 64, ["-n", "8"]), (["--pdb"], 4, []), (["-x"], 4, ["-n", "4"])],
)
def test_the_tests_are_spread_over_the_cores(run, args, cores, options):
    assert run.workers(args, cores)[:2] == options


def test_lint_runs_every_check_and_fails_with_the_worst(run, monkeypatch):
    ran = []
    monkeypatch.setattr(run, "call", lambda command, cwd: ran.append(command[2]) or len(ran) % 2)
    assert run.lint("python", []) == 1
    assert ran == ["ruff", "ruff", "mypy"]


@pytest.fixture
def scripts(run, tmp_path, monkeypatch):
    """A tree with three scripts and a module that is none."""
    (tmp_path / "analysis").mkdir()
    for name in ("bad", "good", "other", "_shared"):
        (tmp_path / "analysis" / f"{name}.py").touch()
    monkeypatch.setattr(run, "ROOT", tmp_path)


def test_all_scripts_run_also_after_one_that_fails(run, calls, scripts, capsys):
    assert run.main(["analysis", "--quick"]) == 1
    assert [Path(call.command[1]).stem for call in calls[1:]] == ["bad", "good", "other"]
    assert all(call.command[2:] == ["--quick"] for call in calls[1:])
    told = capsys.readouterr().err
    assert "[2/3] analysis/good.py" in told and "failed: bad\n" in told


def test_named_scripts_run_in_the_order_given(run, calls, scripts):
    assert run.main(["analysis", "other", "good.py", "-o", "x"]) == 0
    assert [Path(call.command[1]).name for call in calls[1:]] == ["other.py", "good.py"]
    assert all(call.command[2:] == ["-o", "x"] for call in calls[1:])


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["analysis", "good", "wrong"], "analysis/ has no wrong; it has: bad, good, other"),
        (["analysis", "_shared"], "analysis/ has no _shared; it has: bad, good, other"),
        (["bench"], "benchmarks/ has no scripts; it has: none"),
    ],
)
def test_a_script_that_is_not_there_is_refused_with_those_that_are(run, calls, scripts, capsys, argv, told):
    assert run.main(argv) == 1
    assert told in capsys.readouterr().err
    assert len(calls) == 1


@pytest.mark.parametrize("argv", [[], ["-h"], ["--help"], ["help"]])
def test_the_help_names_every_command_and_sets_nothing_up(run, calls, capsys, argv):
    assert run.main(argv) == 0
    page = capsys.readouterr().out
    assert all(re.search(rf"^  {name}\b.*  \S", page, re.MULTILINE) for name in run.COMMANDS)
    assert calls == []


def test_an_unknown_command_is_refused_with_those_there_are(run, calls, capsys):
    assert run.main(["tset"]) == 2
    assert "no command 'tset'; there are: study, test, analysis, bench, docs, lint" in capsys.readouterr().err
    assert calls == []


@pytest.mark.parametrize("browser", ["chromium", "google-chrome", "lynx"])
def test_what_drives_a_browser_is_installed_where_there_is_one(tmp_path, monkeypatch, browser):
    (tmp_path / browser).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    commands = runpy.run_path(str(ROOT / "run.py"))["COMMANDS"]
    assert ("browser" in commands["test"][1]) == (browser != "lynx")
    assert "browser" not in commands["study"][1]


def test_every_extra_of_a_command_exists(run):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert {extra for _, needed, _, _ in run.COMMANDS.values() for extra in needed} | {"browser"} <= set(extras)


@pytest.mark.parametrize(("code", "result"), [(0, 0), (5, 5), (-9, 137)])
def test_the_exit_code_is_that_of_the_command(run, monkeypatch, code, result):
    monkeypatch.setattr(run, "Popen", lambda *args, **options: SimpleNamespace(wait=lambda: code))
    assert run.call(["x"]) == result


def test_an_interruption_ends_with_130(run, monkeypatch, capsys):
    def interrupt(self, extras):
        raise KeyboardInterrupt

    monkeypatch.setattr(run.Environment, "ensure", interrupt)
    assert run.main(["study"]) == 130
