"""What pages name is there, what they show runs, and the picture of the rooms is that of the code."""

from __future__ import annotations

import doctest
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
PAGES = [*(ROOT / name for name in TOP), *sorted((ROOT / "docs").glob("*.md"))]
FOLDERS = ("lstm_sym", "tests", "docs", "analysis", "benchmarks", "reports")
BLOCK = re.compile(r"^(<!-- not run: .* -->\n)?```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEAVY = "\nstudy = "
"""Where the example of the README begins to take long; a type checker reads all of it (tests/test_api.py)."""


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def dotted(page: str) -> Iterator[str]:
    """Names that begin with the package's."""
    yield from re.findall(r"(?<![\w./])lstm_sym(?:\.[A-Za-z_]\w*)+(?![\w/(]*\.(?:toml|py))", page)


def exists(name: str) -> bool:
    """Whether a dotted name is a module, or an attribute of one."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            found = getattr(found, part, None)
        return found is not None
    return False


def paths(page: str) -> Iterator[str]:
    """Files and folders in code: of the tree, or of the package, as in `flow/`; NAME.toml stands for any."""
    for code in re.findall(r"`([^`\n]+)`", re.sub(r"\b(?:NAME|LANGUAGE)\b", "*", page)):
        yield from re.findall(r"(?<![\w./~-])[a-z_]+/(?:[\w-]+/)*(?:[\w-]+\.(?:py|toml|js|md|css)\b)?(?![\w*])", code)


def missing_paths(page: str) -> list[str]:
    return [path for path in paths(page) if not any((top / path).exists() for top in (ROOT, ROOT / "lstm_sym"))]


def anchors(page: str) -> set[str]:
    """Of the headings of a page."""
    heads = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def broken_links(page: Path) -> list[str]:
    """Links to what is not in the tree, and to headings that a page does not have."""
    found = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text(page)):
        path, _, anchor = link.partition("#")
        if re.match(r"\w+:", link):
            continue
        target = (page.parent / path) if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(text(target))):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page):
    assert [name for name in dotted(text(page)) if not exists(name)] == []
    assert missing_paths(text(page)) == []
    assert broken_links(page) == []


def test_pages_name_something():
    assert sum(len([*dotted(text(page)), *paths(text(page))]) for page in PAGES) > 200


def test_what_is_not_there_is_noticed(tmp_path):
    assert [*dotted("`lstm_sym.flow.paths` and lstm_sym.nothing.at_all")] == [
        "lstm_sym.flow.paths",
        "lstm_sym.nothing.at_all",
    ]
    assert exists("lstm_sym.compile.plan.Plan") and exists("lstm_sym.emit.checked_in")
    assert not exists("lstm_sym.derived") and not exists("lstm_sym.compile.plan.Plam")
    page = "`derivation/vjp.py`, `flow/`, `nowhere/`, `lstm_sym/derived.py`, `python -m x lstm_sym/cells/gru.toml`"
    assert missing_paths(page) == ["derivation/vjp.py", "nowhere/", "lstm_sym/derived.py"]
    (tmp_path / "a.md").write_text("# One two\n[a](b.md), [c](#one-two), [d](#three), [e](https://x.org/#y)", "utf-8")
    assert broken_links(tmp_path / "a.md") == ["b.md", "#three"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page, capsys):
    names: dict[str, object] = {}
    for marked, code in BLOCK.findall(text(page)):
        if marked:
            continue
        if ">>>" in code:
            test = doctest.DocTestParser().get_doctest(code, names, page.name, str(page), 0)
            assert not doctest.DocTestRunner().run(test, clear_globs=False).failed, capsys.readouterr().out
            names |= test.globs
        else:
            exec(compile(code.partition(HEAVY)[0], page.name, "exec"), names)


def test_the_python_of_the_readme_gives_what_it_says():
    names: dict[str, object] = {}
    exec(BLOCK.findall(text(ROOT / "README.md"))[0][1].partition(HEAVY)[0], names)
    assert names["J"].shape == (50, 8, 128, 128) and names["y"].shape == (50, 8, 64)


EXAMPLES = sorted(path for path in (ROOT / "lstm_sym").rglob("*.py") if ">>> " in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_of_docstrings_give_what_they_say(path, capsys):
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted and not result.failed, capsys.readouterr().out


def test_what_is_offered_first_has_an_example():
    assert {"building", "reading", "derivation"} <= {path.stem for path in EXAMPLES}


def test_the_picture_of_the_rooms_is_that_of_the_code():
    """`python docs/figures/rooms.py` draws it again."""
    names: dict[str, object] = {"__file__": str(ROOT / "docs" / "figures" / "rooms.py"), "__name__": "rooms"}
    exec(text(ROOT / "docs" / "figures" / "rooms.py"), names)
    drawn = names["drawn"]()
    assert drawn == text(ROOT / "docs" / "figures" / "rooms.svg")
    assert all(f">{room}</text>" in drawn for floor in names["floors"]() for room in floor)
    graph = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert names["reduced"](graph) == [("a", "b"), ("b", "c")]


def test_every_room_has_a_row_in_the_architecture():
    page = text(ROOT / "docs" / "architecture.md")
    rooms = {path.parent.name for path in (ROOT / "lstm_sym").glob("*/__init__.py")}
    assert {room for room in rooms if f"\n| `{room}/` |" not in page} == set()
