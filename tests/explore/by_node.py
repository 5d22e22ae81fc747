"""The code of a page, run by Node.js: what stands in its last script, on the data that stand in it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

_RUN = """
const { runInThisContext } = require('node:vm');
const { script, data, asked } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const { Explorer: explorer, kernels: printed } = runInThisContext(`${script}; ({ Explorer, kernels })`);
const { cells, inputs } = data, plain = (_, value) => (value instanceof Float64Array ? Array.from(value) : value);
const written = (_, value) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value);
console.log(JSON.stringify(asked.map(({ key, settings }) => JSON.parse(JSON.stringify(
  explorer.measure(printed[key], cells.find((one) => one.key === key), inputs, settings), plain), written)), written));
"""


def measured(page: str, asked: Sequence[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """What the page computes for cells and settings. Skips the test where there is no Node.js."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    data = json.loads(re.search(r'id="explorer\.data">(.*?)</script>', page)[1])
    script = re.findall(r"<script>\n(.*?)</script>", page, re.DOTALL)[-1]
    wanted = [{"key": key, "settings": settings} for key, settings in asked]
    given = json.dumps({"script": script, "data": data, "asked": wanted})
    done = subprocess.run([node, "-e", _RUN], input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def array(values: Sequence[float | str | None]) -> np.ndarray:
    """Numbers that JSON has no form for are null."""
    return np.array([np.nan if value is None else value for value in values], float)
