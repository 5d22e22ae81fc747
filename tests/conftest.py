"""Options of the whole suite."""

from __future__ import annotations

import gc
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

# How fast examples are made says something of the machine, nothing of the code.
settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the processes that tests start would all compile the package
os.environ["LSTM_SYM_CACHE"] = "off"  # what a test changes in the code would not be measured
os.environ.pop("LSTM_SYM_CELLS", None)  # the tests are about the built-in cells, whatever this machine adds to them


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the checked-in kernels instead of comparing them")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is collected stays to the end: looking through it again and again for what could go finds nothing."""
    gc.disable()
    yield
    gc.freeze()
    gc.set_threshold(20_000)
    gc.enable()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A fresh run.py that leaves the signals of the tests alone."""
    spec = importlib.util.spec_from_file_location("run_under_test", Path(__file__).parents[1] / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module.signal, "signal", lambda *_: None)
    return module
