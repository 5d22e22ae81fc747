"""What is kept of a study for JSON: what was measured, and from what."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from lstm_sym import __version__
from lstm_sym.flow import FlowError, LyapunovSpectrum, Profile, Survey
from lstm_sym.ground.numbers import finite
from lstm_sym.studies.measurement import summary
from lstm_sym.studies.networks import parameters_of
from lstm_sym.studies.request import Request


def versions() -> dict[str, str]:
    """What was used, by name."""
    packages = {name: version(name) for name in ("numpy", "sympy", "autograd", "matplotlib")}
    return {"lstm_sym": __version__, "Python": platform.python_version(), **packages}


def record_of(request: Request, profiles: Sequence[Profile]) -> dict[str, Any]:
    """What was measured and from what."""
    stream, settings = request.stream, request.settings
    return {
        "settings": asdict(settings),
        "seeds": list(range(settings.seeds)),
        "input": {
            "name": stream.name,
            "steps": len(stream.values),
            "channels": [channel.name for channel in stream.channels],
            "citation": stream.source.citation,
            "licence": stream.source.licence,
        },
        "cells": [
            {
                "key": cell.key,
                "name": cell.name,
                "content_hash": cell.content_hash,
                "options": dict(cell.chosen),
                "constants": {name: float(value) for name, value in cell.constants.items()},
            }
            for cell in request.cells
        ],
        "networks": [
            {
                "name": network.name,
                "layers": [repr(layer) for layer in network.layers],
                "parameters": parameters_of(network),
            }
            for network in request.networks
        ],
        "models": [summary(profile) for profile in profiles],
    }


def reasons(left_out: Mapping[str, FlowError], surveys: Sequence[Survey]) -> list[dict[str, str | None]]:
    """What could not be measured and why; "part" is None where it is the whole model."""
    found: list[tuple[str, str | None, FlowError]] = [(model, None, error) for model, error in left_out.items()]
    found += [(one.model.label, part, error) for one in surveys for part, error in one.left_out.items()]
    return [{"model": model, "part": part, "reason": f"{e.where}: {e.found}"} for model, part, e in found]


def survey_record(surveys: Sequence[Survey]) -> dict[str, Any]:
    """What the surveys found beside the profiles; nothing where there is none."""
    if not surveys:
        return {}
    return {
        "memory": [one.card.row() for one in surveys],
        "advice": [row for one in surveys for row in one.advice.rows()],
        "spectra": [_spectrum(one.spectrum) for one in surveys if not isinstance(one.spectrum, FlowError)],
        "shares": {one.model.label: one.shares.mean() for one in surveys if not isinstance(one.shares, FlowError)},
    }


def _spectrum(spectrum: LyapunovSpectrum) -> dict[str, Any]:
    return {
        "model": spectrum.model,
        "exponents": list(map(finite, spectrum.exponents.tolist())),
        "errors": list(map(finite, spectrum.errors.tolist())),
        # JSON has no infinity: what is null above, and counted here, is minus infinity.
        "cut_off": sum(exponent == -math.inf for exponent in spectrum.exponents.tolist()),
        "dimension": spectrum.dimension,
        "entropy": spectrum.entropy,
    }
