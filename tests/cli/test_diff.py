"""lstm-sym diff: where it prints, what it writes, how it calls the two, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lstm_sym.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def fine(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: str) -> str:
    before = sorted(Path().rglob("*"))
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert sorted(Path().rglob("*")) == before
    return result.stderr


def test_it_prints_two_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    shown = fine("diff", "lstm", "gru")
    assert "= output: hₜ" in shown and "4 (H D + H² + H) = 24,832" in shown and "│ parameters: 3 (H D" in shown
    assert "\x1b" not in shown


def test_sizes_are_chosen() -> None:
    Path("own.toml").write_text('equations = """\ns[t] = tanh(U @ s[t-1] + W @ x[t])\ny[t] = V @ s[t]\n"""\n', "utf-8")
    sizes = ["--input-size", "3", "--hidden-size", "4", "--size", "H_y=2"]
    found = json.loads(fine("diff", "own.toml", "rnn", *sizes, "--json"))
    assert found["left"]["sizes"] == {"D": 3, "H": 4, "H_y": 2}
    assert found["left"]["parameters"]["count"] == 4 * 4 + 4 * 3 + 2 * 4
    assert found["right"]["parameters"]["count"] == 4 * 4 + 4 * 3 + 4
    for wrong in ("Q=3", "H_y", "H_y=0", "H_y=x"):
        assert "allowed: D, H, H_y" in refused("diff", "own.toml", "rnn", "--size", wrong)


def test_pages_are_written_in_every_language() -> None:
    assert fine("diff", "lstm", "gru", "-o", "d.html", "--lang", "zh-Hant") == "wrote d.html\n"
    page = Path("d.html").read_text(encoding="utf-8")
    assert "雅可比" in page and 'lang="zh-Hant"' in page and "<math" in page
    fine("diff", "lstm", "gru", "-o", "d.md")
    assert "| = | output:" in Path("d.md").read_text(encoding="utf-8")
    assert "雅可比" in fine("diff", "lstm", "gru", "--lang", "zh-Hans")
    assert ".html" in refused("diff", "lstm", "gru", "-o", "d.ps")


def test_json_with_a_page_keeps_the_standard_output_to_itself() -> None:
    result = run("diff", "rnn", "gru", "--json", "-o", "d.md")
    assert json.loads(result.stdout)["left"]["label"] == "rnn"
    assert result.stderr == "wrote d.md\n"


def test_one_cell_with_two_functions() -> None:
    arguments = ["diff", "lstm_peephole", "lstm_peephole", "--set", "phi_s=sigmoid", "--set-right", "phi_h=identity"]
    found = json.loads(fine(*arguments, "--json"))
    assert [row["of"] for row in found["equations"] if not row["same"]] == ["h"]
    assert found["right"]["options"] == {"phi_s": "sigmoid", "phi_h": "identity"}
    assert "phi_h=identity" in found["right"]["label"]
    assert "same cell twice" in refused("diff", "lstm", "lstm")
    assert "phi_h" in refused("diff", "lstm_peephole", "lstm", "--set-right", "phi_h=identity")


def test_two_files_of_one_name_are_told_apart() -> None:
    for name, function in (("a", "tanh"), ("b", "sigmoid")):
        Path(name).mkdir()
        text = f'equations = "h[t] = {function}(U @ h[t-1] + W @ x[t])"\n'
        Path(name, "mine.toml").write_text(text, encoding="utf-8")
    shown = fine("diff", "a/mine.toml", "b/mine.toml")
    assert "a/mine.toml" in shown and "b/mine.toml" in shown and "≠ hₜ = tanh(U hₜ₋₁ + W xₜ)" in shown


def test_what_was_named_is_never_overwritten() -> None:
    Path("mine.toml").write_text('equations = "h[t] = tanh(U @ h[t-1] + W @ x[t])"\n', encoding="utf-8")
    Path("page.html").symlink_to("mine.toml")
    assert "input" in refused("diff", "lstm", "mine.toml", "-o", "page.html", "--force")


@pytest.mark.parametrize(
    ("asked", "options", "hidden", "blocks"),
    [(7, [], 6, 3), (8, [], 8, 4), (1, [], 2, 1), (64, ["--set", "k=3"], 63, 21)],
)
def test_both_have_the_same_number_of_units(asked: int, options: list[str], hidden: int, blocks: int) -> None:
    result = run("diff", "lstm", "lstm_block", "--hidden-size", str(asked), *options, "--json")
    found = json.loads(result.stdout)
    assert (found["left"]["sizes"]["H"], found["right"]["sizes"]["M"]) == (hidden, blocks)
    assert found["left"]["states"]["count"] == found["right"]["states"]["count"] == 2 * hidden
    assert (f"{hidden} hidden units, not {asked}" in result.stderr) is (hidden != asked)


def test_a_size_that_is_given_is_taken() -> None:
    result = run("diff", "lstm", "lstm_block", "--hidden-size", "7", "--size", "M=5", "--json")
    found = json.loads(result.stdout)
    assert (found["left"]["sizes"]["H"], found["right"]["sizes"]["M"], result.stderr) == (7, 5, "")


def test_constants_are_a_row() -> None:
    shown = fine("diff", "leaky_rnn", "leaky_rnn", "--set-right", "alpha=0.5")
    assert "≠ constants: α = 0.2" in shown and "│ constants: α = 0.5" in shown
    assert "≠ constants: —" in fine("diff", "lstm", "lstm_block")
    assert "constants" not in fine("diff", "lstm", "gru")


def test_a_page_holds_all_languages_and_shows_the_one_asked_for() -> None:
    fine("diff", "lstm", "gru", "-o", "page.html", "--lang", "zh-Hans")
    page = Path("page.html").read_text(encoding="utf-8")
    assert '<html lang="zh-Hans">' in page and "门控循环单元（Gated recurrent unit）" in page
    sections = page.count("<section")
    assert sections < page.count('<table class="comparison"') < 3 * sections, "formulas stand once"
    assert '<div class="told" lang="zh-Hant">' in page and "≠" in page
    fine("diff", "lstm", "gru", "-o", "page.md", "--lang", "zh-Hans")
    assert "門" not in Path("page.md").read_text(encoding="utf-8")
