"""The commands through click's runner: what they print where, what they write, and what they refuse."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
from pathlib import Path

import pytest
from cli.stand_in import passed
from click.testing import CliRunner, Result

import lstm_sym as ls
from lstm_sym.cli import main
from lstm_sym.ground.seal import intact, sealed

OWN = """name = "Leaky unit with a gate"
equations = \"\"\"
g[t] = sigmoid(A @ x[t] + U @ s[t-1] + b_g)
s[t] = g[t] * s[t-1] + (1 - g[t]) * tanh(V @ x[t] + b_s)
\"\"\"
[symbols.g]
meaning = "gate"
zh-Hant = "門"
zh-Hans = "门"
"""
AFTER = """equations = \"\"\"
r[t] = sigmoid(A @ x[t] + U @ s[t-1])
s[t] = tanh(R @ (r[t] * s[t-1]) + V @ x[t])
\"\"\"
"""
MEASURING = ["--input", "sunspots", "--hidden", "6", "--lags", "8", "--starts", "4", "--seeds", "2", "--length", "120"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(OWN, encoding="utf-8")
    (tmp_path / "after.toml").write_text(AFTER, encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def fine(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: str, exit_code: int = 2) -> str:
    before = sorted(Path().rglob("*"))
    result = run(*arguments)
    assert result.exit_code == exit_code, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert sorted(Path().rglob("*")) == before, "something was written before the refusal"
    return result.stderr


def test_cells_lists_the_catalogue() -> None:
    listed = json.loads(fine("cells", "--json"))
    assert [cell["key"] for cell in listed] == list(ls.names())
    shown = fine("cells")
    assert all(name in shown for name in ls.names())


def test_show_prints_the_textbook_lines() -> None:
    shown = fine("show", "lstm")
    for line in (
        "cₜ = fₜ ⊙ cₜ₋₁ + iₜ ⊙ gₜ",
        "∂cₜ/∂cₜ₋₁ = diag(fₜ)",
        "δc⁺ₜ₋₁ = δcₜ ⊙ fₜ",
        "∂iₜ/∂hₜ₋₁ = diag(iₜ ⊙ (1 − iₜ)) U_i",
    ):
        assert line in shown
    assert "\x1b" not in shown


def test_show_only_shows_what_is_asked_for() -> None:
    shown = fine("show", "rnn", "--only", "equations", "--only", "tangent")
    assert "(E1)" in shown and "(T1)" in shown
    assert "(B1)" not in shown and "(J1)" not in shown and "(F1)" not in shown
    numbers = [row["number"] for row in json.loads(fine("show", "rnn", "--only", "backward", "--json"))]
    assert numbers and all(number.startswith("B") for number in numbers)


def test_show_explains_in_every_language() -> None:
    assert "chain rule" in fine("show", "rnn", "--explain")
    assert "連鎖律" in fine("show", "rnn", "--explain", "--lang", "zh-Hant")
    assert "链式法则" in fine("show", "rnn", "--explain", "--lang", "zh-Hans")


def test_show_toml_gives_a_file_that_is_a_cell(folder: Path) -> None:
    (folder / "copy.toml").write_text(fine("show", "lstm", "--toml"), encoding="utf-8")
    assert ls.load(folder / "copy.toml").text == ls.cell("lstm").text
    assert fine("show", "own.toml", "--toml").strip() == OWN.strip()


def test_set_chooses_a_function() -> None:
    assert "hₜ = oₜ ⊙ cₜ" in fine("show", "lstm_peephole", "--set", "phi_h=identity", "--only", "equations")
    assert "phi_h" in refused("show", "lstm", "--set", "phi_h=identity")
    assert "softmax" in refused("show", "lstm_peephole", "--set", "phi_h=softmax")
    assert "NAME=FUNCTION" in refused("show", "lstm_peephole", "--set", "phi_h")


def test_a_choice_that_spoils_a_cell_is_refused_before_any_work_by_the_name_of_its_file(folder: Path) -> None:
    (folder / "spoiled.toml").write_text(
        'equations = "h[t] = tanh(W @ x[t]) / (phi(h[t-1]) - h[t-1])"\n'
        '[options.phi]\nchoices = ["tanh", "identity"]\ndefault = "tanh"\n',
        encoding="utf-8",
    )
    assert "spoiled.toml, line 1" in refused("show", "spoiled.toml", "--set", "phi=identity")
    assert "spoiled.toml, line 1" in refused("diff", "rnn", "spoiled.toml", "--set-right", "phi=identity")
    result = run("check", "rnn", "spoiled.toml", "--quick", "--set", "phi=identity")
    assert "spoiled.toml, line 1" in result.stderr and not result.stdout


def test_set_chooses_a_constant() -> None:
    assert "alpha = 0.5" in fine("generate", "leaky_rnn", "--set", "alpha=0.5")
    assert re.search(r"α +leak rate +0\.5", fine("show", "leaky_rnn", "--set", "alpha=0.5"))
    assert "`alpha` is much" in refused("show", "leaky_rnn", "--set", "alpha=much")
    assert "they have: alpha" in refused("show", "leaky_rnn", "--set", "beta=1")
    both = json.loads(fine("diff", "leaky_rnn", "leaky_rnn", "--set-right", "alpha=0.5", "--json"))
    assert both["left"]["label"] == "leaky_rnn (alpha=0.2)" and both["right"]["label"] == "leaky_rnn (alpha=0.5)"
    listed = {cell["key"]: cell["constants"] for cell in json.loads(fine("cells", "--json"))}
    assert listed["leaky_rnn"] == {"alpha": 0.2} and listed["lstm"] == {}


def test_check_prints_a_table_and_json() -> None:
    assert "FAILED" not in fine("check", "rnn", "gru", "--quick")
    rows = json.loads(fine("check", "rnn", "--json"))
    assert rows and all(row["passed"] and row["cell"] == "rnn" for row in rows)
    assert len(rows) > len(json.loads(fine("check", "rnn", "--quick", "--json")))


def test_check_all_takes_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    from lstm_sym.check import several

    monkeypatch.setattr(several, "check_cell", passed)
    rows = json.loads(fine("check", "--all", "--quick", "--json"))
    assert {row["cell"] for row in rows} == {*ls.names(), "every_function"}
    assert "--all" in refused("check")


def test_a_failed_check_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    from lstm_sym.check import CheckResult, several

    wrong = (CheckResult("autograd", "w", 0.5, 1e-13), CheckResult("Taylor", "w", float("nan"), 1.98, "", True))
    monkeypatch.setattr(several, "check_cell", lambda *_, **__: wrong)
    result = run("check", "rnn")
    assert result.exit_code == 1
    assert "0 of 2 checks passed, 2 FAILED" in result.stdout
    rows = json.loads(run("check", "rnn", "--json").stdout)
    assert [row["measured"] for row in rows] == [0.5, None]
    derived = run("derive", "rnn", "-o", "rnn.md")
    assert derived.exit_code == 1 and "rnn: 2 of 2 checks FAILED: autograd, Taylor" in derived.stderr
    assert "FAILED" in Path("rnn.md").read_text(encoding="utf-8")


def test_generate_gives_a_kernel_that_can_be_imported(folder: Path) -> None:
    assert fine("generate", "lstm") == sealed(ls.generate(ls.cell("lstm")))
    assert fine("generate", "own.toml", "-o", "kernel.py") == "wrote kernel.py\n"
    spec = importlib.util.spec_from_file_location("kernel", folder / "kernel.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.Params._fields == ls.load("own.toml").parameters


def test_derive_chooses_the_format_by_the_ending() -> None:
    fine("derive", "rnn", "-o", "rnn.md")
    fine("derive", "rnn", "-o", "rnn.html", "--lang", "zh-Hant")
    assert "$$" in Path("rnn.md").read_text(encoding="utf-8")
    page = Path("rnn.html").read_text(encoding="utf-8")
    assert "<math" in page and "反向傳播" in page
    assert fine("derive", "rnn", "--format", "md") == Path("rnn.md").read_text(encoding="utf-8")
    assert fine("derive", "rnn", "-o", "-", "--format", "md") == Path("rnn.md").read_text(encoding="utf-8")


def test_a_page_has_an_ending_that_is_allowed() -> None:
    for arguments in (("x.ps",), ("x.txt", "--format", "md"), ("x",), ("x.md.gz",)):
        message = refused("derive", "rnn", "-o", *arguments)
        assert ".html" in message and ".md" in message
    assert "--format" in refused("derive", "rnn", "-o", "x.html", "--format", "md")
    fine("derive", "rnn", "-o", "page", "--format", "md")
    fine("derive", "rnn", "-o", "PAGE.HTM")
    assert "$$" in Path("page").read_text(encoding="utf-8") and "<math" in Path("PAGE.HTM").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["own", "after"])
def test_a_cell_of_ones_own_goes_everywhere(name: str) -> None:
    file = f"{name}.toml"
    assert "(B1)" in fine("show", file)
    assert all(row["passed"] for row in json.loads(fine("check", file, "--quick", "--json")))
    ast.parse(fine("generate", file))
    assert "<math" in fine("derive", file)
    if name != "own":
        assert json.loads(fine("flow", file, *MEASURING, "--json"))["models"]
        return
    written = fine("flow", file, *MEASURING, "-o", "out")
    names = {path.name for path in Path("out").iterdir()}
    figures = ("sensitivity", "spectra", f"{name}.fan", f"{name}.map")
    assert names >= {f"{figure}.{kind}" for figure in figures for kind in ("svg", "png", "csv")}
    assert names >= {"index.html", "memory.csv", "advice.csv", "flow.json"}
    assert all(f"wrote {path}" in written for path in Path("out").iterdir())


@pytest.mark.usefixtures("drawn")
def test_study_writes_one_folder() -> None:
    shown = fine("study", "rnn", "lstm", "own.toml", *MEASURING, "-o", "out")
    out = Path("out")
    record = json.loads((out / "study.json").read_text(encoding="utf-8"))
    files = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert files == {*record["files"], "study.json"}
    assert {"index.html", "kernels/lstm.py", "derivations/own.html", "sensitivity.csv"} <= files
    assert f"open {(out / 'index.html').resolve()}" in shown
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 1 and "http://" not in page and page.count("<script") == 1
    for link in re.findall(r'href="([^"#]+)"', page):
        assert (out / link).is_file()
    assert (out / "kernels/lstm.py").read_text(encoding="utf-8") == ls.generate(ls.cell("lstm"))
    assert record["seeds"] == [0, 1] and record["settings"]["hidden"] == 6


@pytest.mark.usefixtures("drawn")
def test_a_study_again_gives_the_same_bytes() -> None:
    def content() -> dict[str, bytes]:
        fine("study", "rnn", *MEASURING, "-o", "out", "--lang", "zh-Hans")
        return {str(path): path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}

    assert content() == content()


def test_study_with_a_failed_check_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from lstm_sym.check import CheckResult, several

    monkeypatch.setattr(several, "check_cell", lambda *_, **__: (CheckResult("autograd", "w", 0.5, 1e-13, "T 5"),))
    result = run("study", "rnn", *MEASURING, "-o", "out")
    assert result.exit_code == 1
    assert "1 of 1 checks FAILED" in Path("out/index.html").read_text(encoding="utf-8")


def test_what_cannot_be_used_is_refused_in_words() -> None:
    assert "did you mean lstm" in refused("show", "lstn")
    assert "missing.toml" in refused("check", "missing.toml")
    assert "fix" in refused("flow", "lstm", "--input", "nothing.csv")
    assert "lags" in refused("flow", "rnn", *MEASURING, "--lags", "500", exit_code=1)
    assert "x>=3" in refused("flow", "rnn", *MEASURING, "--lags", "2")
    assert "No such option" in refused("show", "lstm", "--nothing")
    assert "folder" in refused("derive", "rnn", "-o", ".")


def test_two_cells_of_one_name_are_refused(folder: Path) -> None:
    (folder / "lstm.toml").write_text(OWN, encoding="utf-8")
    assert "two cells are called lstm" in refused("study", "lstm", "lstm.toml")


def test_a_broken_cell_is_shown_its_place(folder: Path) -> None:
    (folder / "broken.toml").write_text(OWN.replace("tanh(V", "tnah(V"), encoding="utf-8")
    for command in ("show", "check", "generate", "derive", "flow", "study"):
        message = refused(command, "broken.toml")
        assert "broken.toml" in message and "tanh" in message


def test_inputs_are_never_overwritten(folder: Path) -> None:
    for target in ("own.toml", "./own.toml"):
        assert "input" in refused("generate", "own.toml", "-o", target)
        assert "input" in refused("generate", "own.toml", "-o", target, "--force")
        assert "no page ends in .toml" in refused("derive", "own.toml", "-o", target, "--force")
    for command, link in (("derive", "link.html"), ("generate", "link.py")):
        (folder / link).symlink_to(folder / "own.toml")
        assert "input" in refused(command, "own.toml", "-o", link)
        assert "input" in refused(command, "own.toml", "-o", link, "--force")
    (folder / "out").mkdir()
    rows = "\n".join(["lag,a", *(f"{k},{k % 7}" for k in range(200))])
    (folder / "out/sensitivity.csv").write_text(rows, encoding="utf-8")
    measuring = [value if value != "sunspots" else "out/sensitivity.csv" for value in MEASURING]
    assert "input" in refused("flow", "rnn", *measuring, "-o", "out", "--force")
    assert (folder / "own.toml").read_text(encoding="utf-8") == OWN


def test_files_of_the_user_are_not_overwritten_without_force(folder: Path) -> None:
    (folder / "mine.py").write_text("mine", encoding="utf-8")
    assert "--force" in refused("generate", "rnn", "-o", "mine.py")
    assert (folder / "mine.py").read_text(encoding="utf-8") == "mine"
    fine("generate", "rnn", "-o", "mine.py", "--force")
    fine("generate", "gru", "-o", "mine.py")
    assert (folder / "mine.py").read_text(encoding="utf-8") == sealed(ls.generate(ls.cell("gru")))


@pytest.mark.parametrize(
    ("command", "file"),
    [
        (("generate", "rnn"), "rnn.py"),
        (("derive", "rnn"), "rnn.md"),
        (("derive", "rnn"), "rnn.html"),
        (("diagram", "rnn"), "rnn.svg"),
        (("diff", "rnn", "gru"), "both.html"),
    ],
)
def test_every_edit_of_a_file_is_kept(folder: Path, command: tuple[str, ...], file: str) -> None:
    path = folder / file
    fine(*command, "-o", file)
    fine(*command, "-o", file)
    written = path.read_bytes()
    place = len(written) // 2
    edits = (
        written + b"more\n",
        written[:place] + b"?" + written[place + 1 :],
        written[:-1],
        written.rsplit(b"\n", 2)[0] + b"\n",  # without its seal
        written.replace(b"\n", b"\r\n"),
        b"",
    )
    for edited in edits:
        path.write_bytes(edited)
        assert "edited" in refused(*command, "-o", file)
        assert path.read_bytes() == edited
    fine(*command, "-o", file, "--force")
    assert path.read_bytes() == written


def test_a_seal_is_whole_or_broken() -> None:
    for text in ("a = 1\n", "<!-- page -->\n", "", "no end"):
        content = sealed(text + "\n").encode("utf-8")
        assert intact(content) and not intact(content[1:]) and not intact(content + b"\n")
    assert sealed("<p>\n").endswith(" -->\n") and sealed("a\n").splitlines()[1].startswith("# ")


def test_a_folder_that_takes_no_file_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from lstm_sym import api
    from lstm_sym.ground import output

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "/somewhere/tmpq1w2")

    monkeypatch.setattr(output.tempfile, "TemporaryFile", denied)
    monkeypatch.setattr(api, "cell", lambda *_: pytest.fail("work was done"))
    for command in (("generate", "rnn"), ("derive", "rnn"), ("diff", "rnn", "gru")):
        ending = "py" if command[0] == "generate" else "md"
        message = refused(*command, "-o", f"new/x.{ending}")
        assert "Permission denied" in message and "tmpq1w2" not in message and "fix" in message
    assert "Permission denied" in refused("new", "x.toml", "--from", "rnn")


@pytest.mark.parametrize("name", ["x.txt", "x", "x.md", ".py"])
def test_a_kernel_ends_in_py(name: str) -> None:
    message = refused("generate", "rnn", "-o", name)
    assert "ends in .py" in message and "fix: -o" in message


def test_a_result_that_was_edited_is_not_overwritten(folder: Path) -> None:
    fine("flow", "rnn", *MEASURING, "-o", "out")
    fine("flow", "leaky_rnn", *MEASURING, "-o", "out")
    data = folder / "out/sensitivity.csv"
    data.write_text("edited", encoding="utf-8")
    assert "sensitivity.csv" in refused("flow", "rnn", *MEASURING, "-o", "out")
    assert data.read_text(encoding="utf-8") == "edited"
    fine("flow", "rnn", *MEASURING, "-o", "out", "--force")


def test_a_folder_in_the_way_is_refused(folder: Path) -> None:
    (folder / "file").write_text("mine", encoding="utf-8")
    assert "file" in refused("flow", "rnn", *MEASURING, "-o", "file")
    assert "file" in refused("generate", "rnn", "-o", "file/kernel.py")
    (folder / "study/index.html").mkdir(parents=True)
    assert "regular file" in refused("study", "rnn", *MEASURING)
