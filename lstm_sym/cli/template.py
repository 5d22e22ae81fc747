"""The text of a new cell file: a header in comments, then a copy of another cell's file, renamed if that is asked."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path

from lstm_sym.cli.tool import Refused
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations import read_cell
from lstm_sym.equations.cellfile import MAX_LINE
from lstm_sym.equations.functions import FUNCTIONS, REDUCTIONS
from lstm_sym.ground.safe_text import printable
from lstm_sym.ground.width import wrapped

BEGINNING = "# lstm-sym new "
"""How the header of such a file begins: a copy of a copy does not carry two."""
WIDTH = 98


def check_target(target: Path) -> None:
    """Refuse a folder, and a file that is not called as a cell file is. Raises Refused."""
    if target.suffix != ".toml" or target.stem.startswith("."):
        name = target.stem.strip(".") or "mine"
        raise Refused(
            f"{target}: a cell file ends in .toml, and its name is the name of the cell\n"
            f"  fix: lstm-sym new {name}.toml"
        )
    if target.is_dir():
        raise Refused(f"{target}: this is a folder\n  fix: name a file in it")


def cell_template(text: str, *, target: Path, source: str, title: str | None = None, language: str = "en") -> str:
    """The text of a cell file at `target`, begun from the `text` of the cell `source`.

    What is given back has been read as a cell. Raises CellError, Refused.
    """
    body = _without_header(text)
    body = body if title is None else _renamed(body, title)
    made = _header(target, source, title, Sentences(language)) + "\n" + body.rstrip("\n") + "\n"
    read_cell(made.encode("utf-8"), key=re.sub(r"\W", "_", target.stem, flags=re.ASCII), source=target.name)
    return made


def _header(target: Path, source: str, title: str | None, sentences: Sentences) -> str:
    file, other = shlex.quote(str(target)), shlex.quote(source)
    command = f"{file} --from {other}" + (f" --name {shlex.quote(title)}" if title is not None else "")
    compared = f" {other}" if Path(source).stem != target.stem else ""
    kernel = shlex.quote(str(target.with_suffix(".py")))
    tries = [
        ("new.try.show", f"show {file}"),
        ("new.try.check", f"check {file}"),
        ("new.try.diff", f"diff {other} {file}"),
        ("new.try.generate", f"generate {file} -o {kernel}"),
        ("new.try.flow", f"flow {file}{compared}"),
    ]
    told = [sentences.text("new.what", source=source), sentences.text("new.equations")]
    functions = ", ".join((*FUNCTIONS, "identity", *REDUCTIONS, "repeat"))
    told += [sentences.text("new.functions", functions=functions), sentences.text("new.symbols")]
    lines = [BEGINNING + printable(command), "#"]
    lines += [f"# {line}" for text in told for line in wrapped(printable(text), WIDTH).split("\n")]
    width = max(len(call) for _, call in tries)
    lines += ["#", *(f"#   lstm-sym {printable(c):<{width}}  {sentences.text(key)}" for key, c in tries)]
    return "\n".join(lines) + "\n"


def _without_header(text: str) -> str:
    """The text after the comments of an earlier header, which end with the first line that is none."""
    if not text.startswith(BEGINNING):
        return text
    lines = text.split("\n")
    end = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "\n".join(lines[end:]).lstrip("\n")


def _renamed(text: str, title: str) -> str:
    """The text with another name and no other change. Raises Refused where its name does not stand on one line."""
    if len(title) > MAX_LINE or not title.isprintable():
        raise Refused(
            f"--name {printable(title)[:80]}: a name is one line of at most {MAX_LINE} characters that print\n"
            "  usual cause: a line break in what was pasted\n"
            "  fix: write the name on one line"
        )
    line = f"name = {json.dumps(title, ensure_ascii=False)}"
    before = tomllib.loads(text)
    pattern = re.compile(r"^[ \t]*name[ \t]*=[^\n]*$", re.MULTILINE)
    made = pattern.sub(lambda _: line, text, count=1) if "name" in before else f"{line}\n{text}"
    # Its names in other languages are those of another cell now.
    made = re.sub(r"^[ \t]*names[ \t]*=[^\n]*\n", "", made, flags=re.MULTILINE)
    try:
        renamed = tomllib.loads(made) == {key: value for key, value in before.items() if key != "names"} | {
            "name": title
        }
    except tomllib.TOMLDecodeError:
        renamed = False
    if not renamed:
        raise Refused(
            f"--name {printable(title)[:80]}: this cannot be put in the place of the name that the file has\n"
            "  usual cause: a file whose name goes over several lines, or is written in another way than name = ...\n"
            '  fix: leave --name out, and write name = "..." into the new file'
        )
    return made
