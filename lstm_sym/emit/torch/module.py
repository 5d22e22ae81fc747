"""A file that stands alone on NumPy and PyTorch: the kernel, and the layer around it."""

from __future__ import annotations

from importlib.resources import files

from lstm_sym.compile.plan import Plan
from lstm_sym.emit.numpy.kernel import NumPyKernel

_IMPORTS = """import sys
from collections import namedtuple
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.autograd.function import once_differentiable
"""


class _Kernel(NumPyKernel):
    standing = "stands alone on NumPy and PyTorch"


def torch_source(plan: Plan) -> str:
    """The text: deterministic, byte for byte, on every machine."""
    kernel = _Kernel(plan).source()
    own = "from collections import namedtuple\nfrom typing import Any, NamedTuple\n\nimport numpy as np\n"
    head, _, body = kernel.partition(own)
    layer = files(__package__).joinpath("layer.py").read_text(encoding="utf-8")
    return f"{head}{_IMPORTS}{body}\n\nclass _Run{layer.partition('class _Run')[2]}"
