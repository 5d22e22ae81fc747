"""How far a gradient lives in float16, bfloat16, float32 and float64, as its profile foretells and as it is computed.

A component of the gradient of size a at lag 0 is about a m(l) at lag l. It loses precision where that falls below the
smallest normal number, is 0 where it is rounded to 0, and overflows where it exceeds the largest number (formats.py).
Beyond the lags measured, m goes on from its last value as `decay.continuation` says. A loss scale of 2^k
(Micikevicius et al. 2018, Mixed precision training, section 3.2) moves all of it up by k binades.

`rounded_gradient` does the arithmetic: every Jacobian and every product vector is rounded to the format. One effect of
rounding no magnitude foretells: of k subnormal units a step that leaves more than k - 1/2 of them leaves all of them,
so a single component with a factor above 1/2 a step stays at the last unit for ever instead of becoming 0.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym.flow.advice.formats import float_format, rounded
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.memory.decay import continuation
from lstm_sym.flow.memory.laws import Law
from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array
from lstm_sym.flow.runs.trajectory import Trajectory
from lstm_sym.ground.progress import Progress, tell

# Logarithms closer than this are equal: 2^-25 reached by 25 halvings is 2^-25.
EQUAL = 1e-9


@dataclass(frozen=True)
class PrecisionHorizon:
    """The first lags at which a gradient leaves the range of a format; inf: never, None: beyond what can be told.

    Attributes:
        model: its label.
        format: the name of the format.
        magnitude: the size of a component at lag 0, the loss scale not counted.
        scale: k of the loss scale 2^k.
        subnormal: the first lag at which it is below the smallest normal number.
        zero: the first lag at which it is rounded to 0.
        overflow: the first lag at which it is rounded to infinity.
        measured: L, the lags measured; a larger lag is extrapolated by `law`.
        law: the law of the lags beyond L; None where the data cannot tell one.
    """

    model: str
    format: str
    magnitude: float
    scale: int
    subnormal: float | None
    zero: float | None
    overflow: float | None
    measured: int
    law: str | None

    @property
    def extrapolated(self) -> bool:
        """Whether a lag rests on the law beyond the lags measured, which is a model: one beyond them, or "never"."""
        lags = [self.subnormal, self.zero, *([self.overflow] if self.overflow != math.inf else [])]
        return self.law is not None and any(lag is not None and lag > self.measured for lag in lags)


@dataclass(frozen=True, eq=False)
class RoundedGradient:
    """A gradient carried back in the arithmetic of a format.

    Attributes:
        format: the name of the format.
        largest: (L + 1, B), the largest |component| of dL/ds[T - lag] of every sequence; 0 where all are 0.
        zeros: (L + 1, B), the share of components that are 0.
        subnormals: (L + 1, B), the share that is not 0 and below the smallest normal number.
    """

    format: str
    largest: Array
    zeros: Array
    subnormals: Array

    @property
    def zero(self) -> Array:
        """The first lag at which all components are 0, of every sequence (B,); inf where that does not happen."""
        return _first(self.largest == 0)

    @property
    def subnormal(self) -> Array:
        """The first lag at which no component is a normal number, (B,); inf where that does not happen."""
        return _first(self.zeros + self.subnormals == 1)

    @property
    def overflow(self) -> Array:
        """The first lag at which some component is not finite, (B,); inf where that does not happen."""
        return _first(~np.isfinite(self.largest))


def precision_horizon(profile: Profile, format: str, *, magnitude: float = 1.0, scale: int = 0) -> PrecisionHorizon:
    """The lags at which a gradient of this magnitude at lag 0, times 2^scale, leaves the range of a format.

    Raises FlowError: no such format, a magnitude that is not positive and finite, fewer than 3 lags.
    """
    refusals.refuse_all_but("Profile", profile)
    form, start = float_format(format), _log_magnitude(magnitude, profile.model) + scale * math.log(2.0)
    curve = profile.median(relative=True) + start
    found = continuation(profile)
    beyond = None if found is None else found.law.through(len(curve) - 1, float(curve[-1]))
    return PrecisionHorizon(
        profile.model,
        form.name,
        magnitude,
        scale,
        subnormal=_lag_below(curve, beyond, form.log_normal - EQUAL),
        zero=_lag_below(curve, beyond, form.log_zero + EQUAL),
        overflow=_lag_above(curve, beyond, form.log_overflow - EQUAL),
        measured=len(curve) - 1,
        law=None if found is None else found.law.name,
    )


def loss_scale(profile: Profile, format: str, *, magnitude: float = 1.0) -> PrecisionHorizon:
    """The largest loss scale 2^k with which no measured lag overflows, and how far the gradient lives with it.

    The largest sensitivity measured stays below the largest number of the format; a profile that grows beyond the
    lags measured overflows there, and `overflow` says where. Raises FlowError as `precision_horizon` does.
    """
    refusals.refuse_all_but("Profile", profile)
    form = float_format(format)
    top = float(profile.median(relative=True).max()) + _log_magnitude(magnitude, profile.model)
    scale = math.ceil((form.log_overflow - EQUAL - top) / math.log(2.0)) - 1
    return precision_horizon(profile, format, magnitude=magnitude, scale=scale)


def scale_to_reach(profile: Profile, format: str, lag: int, *, magnitude: float = 1.0) -> int | None:
    """The smallest k for which a loss scale of 2^k keeps lag 0 .. `lag` normal numbers; None where 2^k overflows.

    Raises FlowError: a lag that is not measured; and as `precision_horizon` does.
    """
    refusals.refuse_all_but("Profile", profile)
    form, lag = float_format(format), operator.index(lag)
    if not 0 <= lag < len(profile.lags):
        raise FlowError(
            f"{profile.model}, lag",
            f"the lag {lag} of a profile that has the lags 0 to {len(profile.lags) - 1}",
            "a lag chosen for a longer profile",
            "measure more lags, or ask for one within them",
        )
    curve = profile.median(relative=True) + _log_magnitude(magnitude, profile.model)
    scale = math.ceil((form.log_normal - EQUAL - float(curve[: lag + 1].min())) / math.log(2.0))
    fits = float(curve[: lag + 1].max()) + scale * math.log(2.0) < form.log_overflow
    return scale if fits else None


def rounded_gradient(
    trajectory: Trajectory,
    format: str,
    *,
    lags: int,
    cotangent: Any = None,
    magnitude: float = 1.0,
    flush: bool = False,
    progress: Progress | None = None,
) -> RoundedGradient:
    """Carry a gradient from the last step back `lags` steps, rounded to a format at every step.

    u[T] = cotangent scaled to a largest component of `magnitude`;   u[t-1] = round(u[t] round(J[t]))

    for each of the B sequences. Sums are taken wide and rounded once, as matrix units do. cotangent: (S,) over all
    states, by default 1 for each unit of the output. flush: subnormal results become 0.

    Raises FlowError: no such format, more lags than steps, a cotangent of another shape or 0, a magnitude that is
    not positive and finite.
    """
    refusals.refuse_all_but("Trajectory", trajectory)
    form = float_format(format)
    carried = np.tile(_cotangent(trajectory, cotangent, magnitude), (trajectory.batch, 1))
    refusals.end_points(None, len(trajectory), operator.index(lags), trajectory.model)
    carried = rounded(carried, form, flush=flush)
    rows, done = [carried], 0
    for block in trajectory.blocks(np.arange(len(trajectory) - lags, len(trajectory)), descending=True):
        for jacobian in block.state[::-1]:
            with np.errstate(over="ignore", invalid="ignore", under="ignore"):
                product = (carried[:, None] @ rounded(jacobian, form, flush=flush))[:, 0]
                carried = rounded(product, form, flush=flush)
            rows.append(carried)
        done += len(block.steps)
        tell(progress, done, lags)
    sizes = np.abs(rows)
    small = (sizes > 0) & (sizes < 2.0**form.least)
    return RoundedGradient(form.name, sizes.max(axis=2), (sizes == 0).mean(axis=2), small.mean(axis=2))


def _cotangent(trajectory: Trajectory, given: Any, magnitude: float) -> Array:
    """(S,), its largest component of this magnitude."""
    _log_magnitude(magnitude, trajectory.model)
    if given is None:
        values = np.zeros(trajectory.width)
        values[trajectory.columns(trajectory.output())] = 1.0
    else:
        values = trajectory.vector("cotangent", given)
    return np.asarray(values * (magnitude / np.abs(values).max()))


def _log_magnitude(magnitude: float, model: str) -> float:
    if not 0 < magnitude < math.inf:
        raise FlowError(
            f"{model}, magnitude", f"{magnitude}", "a gradient of 0", "give the size of a component, above 0"
        )
    return math.log(magnitude)


def _lag_below(curve: Array, law: Law | None, limit: float) -> float | None:
    """The first lag at which a curve, continued by a law, is below the limit; inf: never; None: not known."""
    found = np.flatnonzero(curve < limit)
    if found.size:
        return float(found[0])
    if law is None:
        return None
    lag = law.crossing(limit) if law.slope > 0 else math.inf
    return lag if math.isinf(lag) else float(max(math.ceil(lag), len(curve)))


def _lag_above(curve: Array, law: Law | None, limit: float) -> float | None:
    """The same for above the limit: the mirror image."""
    mirrored = None if law is None else Law(law.shape, -law.slope, -law.level)
    return _lag_below(-curve, mirrored, -limit)


def _first(reached: np.ndarray[Any, np.dtype[np.bool_]]) -> Array:
    """The first lag, along the first axis, that is reached; inf where none is."""
    return np.where(reached.any(axis=0), np.argmax(reached, axis=0), np.inf)
