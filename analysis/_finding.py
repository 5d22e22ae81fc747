"""What an experiment that trains found: a page (Markdown) with its table, its numbers (JSON), beside its figures."""

from __future__ import annotations

import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _experiment import Options, told

import lstm_sym as ls
from lstm_sym.ground.files import write_in_order


@dataclass(frozen=True)
class Finding:
    """A question and its answer; every number in it comes from the run.

    Attributes:
        title: the answer in a line, or the question where it is open.
        question: what was asked and what was done: data, networks, training, baseline; Markdown.
        answer: what the numbers say; Markdown.
        columns, rows: the table of the page; numbers of rows are printed with three digits after the point.
        settings: sizes, rates, epochs, seeds: what decides the numbers.
        numbers: everything measured, for JSON: one entry a seed where several were run.
        figures: the files of `flow.save_curves` and its kin.
        source: where the data come from, and under which licence.
    """

    title: str
    question: str
    answer: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    settings: Mapping[str, Any]
    numbers: Mapping[str, Any]
    figures: Sequence[Path] = ()
    source: str = ""


def write(finding: Finding, chosen: Options, stem: str) -> None:
    """Write stem.md and stem.json into the folder of the run, and name all files of the finding."""
    seconds = time.monotonic() - chosen.begun
    record = {
        "experiment": stem,
        "command": _command(chosen, stem),
        "settings": dict(finding.settings),
        "numbers": dict(finding.numbers),
        "seconds": round(seconds, 1),
        "machine": machine(),
        "versions": versions(),
    }
    page, data = chosen.output / f"{stem}.md", chosen.output / f"{stem}.json"
    text = json.dumps(record, indent=1, default=_plain, ensure_ascii=False) + "\n"
    write_in_order([(page, _page(finding, record, chosen.output).encode()), (data, text.encode())])
    told([*finding.figures, page, data])


def machine() -> str:
    """Processor and number of cores."""
    return f"{_processor()}, {os.cpu_count()} cores"


def versions() -> dict[str, str]:
    """Of Python, NumPy and this package."""
    return {"python": platform.python_version(), "numpy": np.__version__, "lstm_sym": ls.__version__}


def _processor() -> str:
    """Its name as Linux tells it, else its kind."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _command(chosen: Options, stem: str) -> str:
    """The command that gives the same numbers."""
    quick = ["--quick"] if chosen.quick else []
    return shlex.join(["python3", "run.py", "analysis", stem, *quick])


def _page(finding: Finding, record: Mapping[str, Any], folder: Path) -> str:
    """The page in Markdown."""
    pictures = [f"![{finding.title}]({path.name})" for path in finding.figures if path.suffix == ".svg"]
    settings = ", ".join(f"{name} {_shown(value)}" for name, value in finding.settings.items())
    made = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    source = [f"Data: {finding.source}"] if finding.source else []
    foot = f"`{record['command']}`, {record['seconds']:.0f} s on {record['machine']} ({made}). Settings: {settings}."
    parts = [f"# {finding.title}", finding.question, *pictures, finding.answer, _table(finding), *source, foot]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _table(finding: Finding) -> str:
    """The rows as a table of Markdown."""
    lines = [[*finding.columns], ["---"] * len(finding.columns), *([_shown(v) for v in row] for row in finding.rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _shown(value: Any) -> str:
    """A number with three digits after the point, an integer as it is, a sequence with commas."""
    if isinstance(value, float | np.floating):
        return f"{value:.3f}"
    return " ".join(map(_shown, value)) if isinstance(value, list | tuple) else str(value)


def _plain(value: Any) -> Any:
    """Arrays and numbers of NumPy as JSON has them."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} in the numbers of {Path(sys.argv[0]).stem}")
