"""The ending of a file chooses the format of a derivation; what cannot be made is refused before any work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lstm_sym.cli import main
from lstm_sym.cli.output import FORMATS
from lstm_sym.document import pdf
from lstm_sym.ground.seal import intact, sealed
from lstm_sym.report import PAGES

BEGINNINGS = {"html": b"<!DOCTYPE html>", "md": b"<!-- Written", "tex": b"% Written by", "pdf": b"%PDF-", "ipynb": b"{"}
CELL = 'equations = """\ns[t] = a * s[t-1] + B @ x[t]\n"""\n'
NETWORK = 'name = "two"\ninputs = 2\n\n[[layers]]\ncell = "rnn"\nsize = 3\n\n[[layers]]\ndense = 1\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(CELL, encoding="utf-8")
    (tmp_path / "net.toml").write_text(NETWORK, encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_every_ending_has_a_page_and_every_page_an_ending() -> None:
    assert set(FORMATS.values()) == set(PAGES)


@pytest.mark.parametrize("kind", BEGINNINGS)
def test_the_ending_chooses_the_format(folder: Path, kind: str) -> None:
    if kind == "pdf":
        pytest.importorskip("typst", reason="the extra pdf is not installed")
    path = folder / f"own.{kind}"
    assert run("derive", "own.toml", "-o", path.name).stdout == f"wrote {path.name}\n"
    written = path.read_bytes()
    assert written.startswith(BEGINNINGS[kind]) and intact(written)
    assert run("derive", "own.toml", "-o", path.name).exit_code == 0 and path.read_bytes() == written
    path.write_bytes(written.replace(b"lstm", b"LSTM", 1) if kind != "pdf" else written[:-200] + written[-199:])
    refused = run("derive", "own.toml", "-o", path.name)
    assert refused.exit_code == 2 and "did not write it as it is now" in refused.stderr


@pytest.mark.parametrize("kind", ["tex", "pdf"])
def test_networks_and_comparisons_have_it_too(folder: Path, kind: str) -> None:
    if kind == "pdf":
        pytest.importorskip("typst", reason="the extra pdf is not installed")
    assert run("derive", "net.toml", "-o", f"net.{kind}").exit_code == 0
    assert run("diff", "rnn", "own.toml", "-o", f"diff.{kind}").exit_code == 0
    for name in ("net", "diff"):
        assert (folder / f"{name}.{kind}").read_bytes().startswith(BEGINNINGS[kind])


def test_the_notebook_of_a_file_holds_its_text(folder: Path) -> None:
    assert run("derive", "own.toml", "-o", "own.ipynb").exit_code == 0
    code = ["".join(cell["source"]) for cell in json.loads((folder / "own.ipynb").read_text(encoding="utf-8"))["cells"]]
    assert any(CELL.strip() in text and "key='own'" in text for text in code)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("derive", "net.toml", "-o", "net.ipynb"), "a notebook is of one cell"),
        (("derive", "rnn", "-o", "rnn.doc"), "allowed: .html, .htm, .md, .markdown, .tex, .pdf, .ipynb"),
        (("derive", "rnn", "-o", "rnn.tex", "--format", "pdf"), "this ending asks for tex"),
        (("diff", "rnn", "lstm", "-o", "rnn.ipynb"), "no page ends in .ipynb"),
    ],
)
def test_what_cannot_be_made_is_refused_and_nothing_is_written(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    found = run(*arguments)
    assert found.exit_code == 2 and said in found.stderr and found.stdout == ""
    assert {path.name for path in folder.iterdir()} == {"own.toml", "net.toml"}


def test_without_the_extra_a_pdf_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(pdf, "import_module", absent)
    monkeypatch.setattr("lstm_sym.cli.deriving.derived_page", lambda *_: pytest.fail("it was derived"))
    found = run("derive", "rnn", "-o", "rnn.pdf")
    assert found.exit_code == 2 and 'fix: pip install "lstm_sym[pdf]"' in found.stderr


NOTEBOOK = '{\n "cells": [],\n "metadata": {\n  "a": "b"\n }\n}\n'


@pytest.mark.parametrize("content", ["% page\n", NOTEBOOK, b"%PDF-1.7\n%\xe2\n", b"%PDF without an end"])
def test_a_seal_is_whole_or_broken(content: str | bytes) -> None:
    made = sealed(content)
    data = made if isinstance(made, bytes) else made.encode("utf-8")
    assert intact(data) and not intact(data[1:]) and not intact(data + b"\n")
    assert not intact(content if isinstance(content, bytes) else content.encode("utf-8"))


def test_a_notebook_with_its_seal_is_the_same_notebook() -> None:
    sealed_content = json.loads(sealed(NOTEBOOK))
    assert sealed_content["metadata"].pop("seal").startswith("Written by lstm-sym")
    assert sealed_content == json.loads(NOTEBOOK)
