"""A user's file loaded, and the function that is asked for."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from . import OWN_BUILTINS
from .values import Complaint, Request

globals()["__builtins__"] = OWN_BUILTINS


def load(request: Request) -> ModuleType:
    """The user's file as a module: its folder comes first on the path, as if it were run there."""
    path = Path(request["file"])
    sys.path[:0] = [str(path.parent)]
    sys.path += request["path"]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise Complaint("no module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def function_of(module: ModuleType, name: str) -> Callable[..., Any]:
    """A function of the module."""
    function = getattr(module, name, None)
    if not callable(function):
        names = [n for n, v in vars(module).items() if inspect.isfunction(v) and v.__module__ == module.__name__]
        raise Complaint("not callable" if hasattr(module, name) else "no function", names=names)
    return function  # type: ignore[no-any-return]
