"""Functions of NumPy, PyTorch, Keras and JAX that no cell has: the line that says the same, or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Foreign:
    """A function: its names, its arguments with their defaults ("a, alpha=1"), its line, and its value in NumPy."""

    names: str
    arguments: str
    line: str
    value: Callable[..., Any]
    note: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """Argument -> its default as text, "" where it must be given."""
        pairs = (argument.partition("=") for argument in self.arguments.split(", "))
        return {name: default for name, _, default in pairs}


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def _softmax(a: Any) -> Any:
    return np.exp(a) / np.sum(np.exp(a))


_FLAT = "its derivative is 0 wherever it has one, so no gradient passes"

FOREIGN: tuple[Foreign, ...] = (
    Foreign("sigma logistic expit", "a", "sigmoid(a)", _sigmoid),
    Foreign("hyperbolic_tangent", "a", "tanh(a)", np.tanh),
    Foreign("rectifier", "a", "relu(a)", lambda a: np.maximum(a, 0)),
    Foreign("ln", "a", "log(a)", np.log),
    Foreign("exponential", "a", "exp(a)", np.exp),
    Foreign("absolute fabs", "a", "abs(a)", np.abs),
    Foreign(
        "elu",
        "a, alpha=1",
        "relu(a) + alpha * (exp(minimum(a, 0)) - 1)",
        lambda a, alpha=1: np.where(a > 0, a, alpha * np.expm1(a)),
    ),
    Foreign(
        "celu",
        "a, alpha=1",
        "relu(a) + alpha * (exp(minimum(a, 0) / alpha) - 1)",
        lambda a, alpha=1: np.where(a > 0, a, alpha * np.expm1(a / alpha)),
    ),
    Foreign(
        "selu",
        "a",
        "1.0507009873554805 * (relu(a) + 1.6732632423543772 * (exp(minimum(a, 0)) - 1))",
        lambda a: 1.0507009873554805 * np.where(a > 0, a, 1.6732632423543772 * np.expm1(a)),
    ),
    Foreign("silu swish", "a", "a * sigmoid(a)", lambda a: a * _sigmoid(a)),
    Foreign("swish", "a, beta", "a * sigmoid(beta * a)", lambda a, beta: a * _sigmoid(beta * a)),
    Foreign(
        "leaky_relu leakyrelu",
        "a, negative_slope=0.01",
        "relu(a) + negative_slope * minimum(a, 0)",
        lambda a, negative_slope=0.01: np.where(a > 0, a, negative_slope * a),
        "0.01 is the slope of PyTorch and JAX; that of Keras and TensorFlow is 0.2",
    ),
    Foreign("prelu", "a, w", "relu(a) + w * minimum(a, 0)", lambda a, w: np.where(a > 0, a, w * a)),
    Foreign("relu6", "a", "minimum(relu(a), 6)", lambda a: np.clip(a, 0, 6)),
    Foreign(
        "hardtanh hard_tanh",
        "a, min_val=-1, max_val=1",
        "minimum(maximum(a, min_val), max_val)",
        lambda a, min_val=-1, max_val=1: np.clip(a, min_val, max_val),
    ),
    Foreign(
        "hardsigmoid",
        "a",
        "hard_sigmoid(a)",
        lambda a: np.clip(a + 3, 0, 6) / 6,
        "that of Keras 2 is minimum(relu(0.2 * a + 0.5), 1)",
    ),
    Foreign(
        "hardswish hard_swish hardsilu hard_silu", "a", "a * hard_sigmoid(a)", lambda a: a * np.clip(a + 3, 0, 6) / 6
    ),
    Foreign("softplus", "a, beta", "softplus(beta * a) / beta", lambda a, beta: np.logaddexp(0, beta * a) / beta),
    Foreign("mish", "a", "a * tanh(softplus(a))", lambda a: a * np.tanh(np.logaddexp(0, a))),
    Foreign("logsigmoid log_sigmoid", "a", "-softplus(-a)", lambda a: np.log(_sigmoid(a))),
    Foreign(
        "softmax",
        "a",
        "exp(a - max(a)) / sum(exp(a - max(a)))",
        _softmax,
        "or in two equations: e[t] = exp(a[t] - max(a[t])), then e[t] / sum(e[t])",
    ),
    Foreign("softmin", "a", "exp(-a - max(-a)) / sum(exp(-a - max(-a)))", lambda a: _softmax(-a)),
    Foreign("log_softmax logsoftmax", "a", "a - max(a) - log(sum(exp(a - max(a))))", lambda a: np.log(_softmax(a))),
    Foreign("logsumexp", "a", "max(a) + log(sum(exp(a - max(a))))", lambda a: np.log(np.sum(np.exp(a)))),
    Foreign("logaddexp", "u, v", "maximum(u, v) + softplus(-abs(u - v))", np.logaddexp),
    Foreign("tanhshrink tanh_shrink", "a", "a - tanh(a)", lambda a: a - np.tanh(a)),
    Foreign(
        "softshrink soft_shrink",
        "a, lambd=0.5",
        "relu(a - lambd) + minimum(a + lambd, 0)",
        lambda a, lambd=0.5: np.sign(a) * np.maximum(np.abs(a) - lambd, 0),
    ),
    Foreign(
        "hardshrink hard_shrink",
        "a, lambd=0.5",
        "where(abs(a) - lambd, a, 0)",
        lambda a, lambd=0.5: np.where(np.abs(a) > lambd, a, 0),
    ),
    Foreign(
        "threshold",
        "a, threshold, value",
        "where(a - threshold, a, value)",
        lambda a, threshold, value: np.where(a > threshold, a, value),
    ),
    Foreign("quick_gelu", "a", "a * sigmoid(1.702 * a)", lambda a: a * _sigmoid(1.702 * a)),
    Foreign(
        "clip clamp clip_by_value",
        "a, min, max",
        "minimum(maximum(a, min), max)",
        lambda a, min, max: np.clip(a, min, max),
    ),
    Foreign("clamp clip", "a, min", "maximum(a, min)", lambda a, min: np.maximum(a, min)),
    Foreign("clamp clip", "a, max", "minimum(a, max)", lambda a, max: np.minimum(a, max)),
    Foreign("pow power", "a, exponent", "a ** exponent", lambda a, exponent: a**exponent),
    Foreign("square", "a", "a ** 2", np.square),
    Foreign("reciprocal", "a", "1 / a", lambda a: 1 / a),
    Foreign("rsqrt", "a", "1 / sqrt(a)", lambda a: 1 / np.sqrt(a)),
    Foreign("expm1", "a", "exp(a) - 1", np.expm1),
    Foreign("log1p", "a", "log(1 + a)", np.log1p),
    Foreign("exp2", "a", "exp(0.6931471805599453 * a)", np.exp2),
    Foreign("log2", "a", "log(a) / 0.6931471805599453", np.log2),
    Foreign("log10", "a", "log(a) / 2.302585092994046", np.log10),
    Foreign("tan", "a", "sin(a) / cos(a)", np.tan),
    Foreign("sinh", "a", "(exp(a) - exp(-a)) / 2", np.sinh),
    Foreign("cosh", "a", "(exp(a) + exp(-a)) / 2", np.cosh),
    Foreign("sign sgn", "a", "where(a, 1, 0) - where(-a, 1, 0)", np.sign, _FLAT),
    Foreign("heaviside step", "a", "where(a, 1, 0)", lambda a: np.where(a > 0, 1.0, 0.0), _FLAT),
    Foreign("norm", "a", "sqrt(sum(a ** 2))", lambda a: np.sqrt(np.sum(a**2))),
    Foreign("std", "a", "sqrt(mean((a - mean(a)) ** 2))", np.std),
    Foreign("var", "a", "mean((a - mean(a)) ** 2)", np.var),
    Foreign(
        "layer_norm layernorm",
        "a, eps=1e-05",
        "(a - mean(a)) / sqrt(mean((a - mean(a)) ** 2) + eps)",
        lambda a, eps=1e-5: (a - np.mean(a)) / np.sqrt(np.var(a) + eps),
    ),
    Foreign(
        "rms_norm rmsnorm",
        "a, eps=1e-06",
        "a / sqrt(mean(a ** 2) + eps)",
        lambda a, eps=1e-6: a / np.sqrt(np.mean(a**2) + eps),
    ),
    Foreign("normalize", "a", "a / sqrt(sum(a ** 2))", lambda a: a / np.sqrt(np.sum(a**2))),
    Foreign("min amin reduce_min", "a", "-max(-a)", np.min),
    Foreign("amax reduce_max", "a", "max(a)", np.max),
    Foreign("reduce_sum", "a", "sum(a)", np.sum),
    Foreign("reduce_mean average", "a", "mean(a)", np.mean),
    Foreign("max", "u, v", "maximum(u, v)", np.maximum),
    Foreign("max", "u, v, w", "maximum(u, maximum(v, w))", lambda u, v, w: np.maximum(u, np.maximum(v, w))),
    Foreign("min fmin", "u, v", "minimum(u, v)", np.minimum),
    Foreign("min", "u, v, w", "minimum(u, minimum(v, w))", lambda u, v, w: np.minimum(u, np.minimum(v, w))),
    Foreign("fmax", "u, v", "maximum(u, v)", np.maximum),
    Foreign("mul multiply hadamard", "u, v", "u * v", np.multiply),
    Foreign("add", "u, v", "u + v", np.add),
    Foreign("sub subtract", "u, v", "u - v", np.subtract),
    Foreign("div divide true_divide", "u, v", "u / v", np.divide),
    Foreign("neg negative", "a", "-a", np.negative),
    Foreign("inner vdot", "u, v", "sum(u * v)", np.inner),
    Foreign("lerp", "u, v, weight", "u + weight * (v - u)", lambda u, v, weight: u + weight * (v - u)),
)
"""One row a function and number of arguments; `value` is what it is in NumPy."""

_RANDOM = (
    "a cell draws no random numbers: leave it out, and apply it to x or y outside the cell; "
    "for a mask that stays for a sequence, scale the rows or columns of the parameters"
)
_WHOLE = f"a cell has no line for it: {_FLAT}; train with a smooth function, as sigmoid(8 * a)"
_OVER_UNITS = "units have no order in a cell: write M @ v, with M a parameter that holds the pattern of ones"
_MATRIX = "a quantity is a vector, and no equation makes a matrix of vectors; what is multiplied with it, write out"

WORDS: dict[str, str] = {
    **dict.fromkeys(("round", "floor", "ceil", "trunc", "rint"), _WHOLE),
    **dict.fromkeys(("dropout", "alpha_dropout", "bernoulli", "rand", "randn", "normal"), _RANDOM),
    **dict.fromkeys(("cumsum", "cumprod", "roll", "flip", "sort", "take", "gather", "diff"), _OVER_UNITS),
    **dict.fromkeys(("outer", "einsum", "tensordot", "kron", "bmm"), f"{_MATRIX}: (u outer v) @ w is u * sum(v * w)"),
    **dict.fromkeys(
        ("batch_norm", "batchnorm"),
        "its statistics are over a batch, and a cell sees one sequence; layer_norm is over units: "
        "(a - mean(a)) / sqrt(mean((a - mean(a)) ** 2) + 1e-05)",
    ),
    **dict.fromkeys(("dot", "matmul", "mm", "mv", "linear", "dense"), "write W @ x[t]"),
    **dict.fromkeys(("cat", "concat", "concatenate", "hstack", "stack"), "stack with brackets: W @ [h[t-1], x[t]]"),
    "bilinear": "u' M v for every unit is beyond a cell; of low rank it is (U @ u[t]) * (V @ v[t])",
    "erf": "there is none; gelu(a) is the tanh form of the exact one, 0.5 a (1 + erf(a / sqrt(2))), to 5e-4",
    "glu": "it halves a vector, and no vector is cut in a cell: write u[t] * sigmoid(v[t]), a quantity for each half",
    "argmax": _WHOLE.replace(", as sigmoid(8 * a)", ", as a softmax: exp(a - max(a)) / sum(exp(a - max(a)))"),
    "diag": "write p * v for diag(p) @ v",
    "transpose": "write W.T @ v, with W a name",
    "prod": "write the product out, or exp(sum(log(a))) for positive quantities",
}
"""A function without a line of its own, or one whose line depends on what it is given: what to do."""
