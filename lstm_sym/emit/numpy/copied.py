"""The functions a kernel brings along: source of `arithmetic`, `sizes`, `kernel_support`, under private names."""

from __future__ import annotations

import inspect
import re
from types import ModuleType

from lstm_sym.emit.numpy import support as kernel_support
from lstm_sym.equations import sizes
from lstm_sym.program import arithmetic

_ABSTRACT = re.compile(r"\b(?:Iterable|Mapping|Sequence)\[(?:[^\[\]]|\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\])*\]")


_SIGNATURE = re.compile(r"^(def \w+)\(\n    ([^\n]*)\n(\) -> [^\n]*)", re.MULTILINE)
"""A signature in three lines, which may be one once its types are short."""


def copied_functions(text: str) -> str:
    """The source of the functions that a text calls and of those they call, alphabetically, each with a leading _."""
    available = {name: module for module in (arithmetic, sizes, kernel_support) for name in _functions(module)}
    sources: dict[str, str] = {}
    waiting = {name for name in re.findall(r"(?<![.\w])_(\w+)", text) if name in available}
    while waiting:
        name = waiting.pop()
        sources[name] = inspect.getsource(getattr(available[name], name))
        waiting |= {other for other in available if re.search(rf"(?<![.\w]){other}\(", sources[name])} - set(sources)
    return "\n\n\n".join(_private(sources[name], sources) for name in sorted(sources))


def _functions(module: ModuleType) -> list[str]:
    members = vars(module).items()
    return [name for name, m in members if inspect.isfunction(m) and m.__module__ == module.__name__]


def _private(source: str, names: dict[str, str]) -> str:
    """The source with private names, and without the abstract types that would need an import."""
    for name in names:
        source = re.sub(rf"(?<![.\w]){name}\(", f"_{name}(", source)
    source = _ABSTRACT.sub("Any", source).strip("\n")
    return _SIGNATURE.sub(lambda m: m[0] if len(joined := f"{m[1]}({m[2]}{m[3]}") > 118 else joined, source)
