"""What a file of PyTorch may call: the few functions that describe a tensor, each as one of ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lstm_sym.interop.elements import are_counts, count_of
from lstm_sym.interop.errors import InteropError

_STORAGES = {
    "DoubleStorage": "F64",
    "FloatStorage": "F32",
    "HalfStorage": "F16",
    "BFloat16Storage": "BF16",
    "LongStorage": "I64",
    "IntStorage": "I32",
    "ShortStorage": "I16",
    "CharStorage": "I8",
    "ByteStorage": "U8",
    "BoolStorage": "BOOL",
}
"""Name of a storage -> its type of numbers, by the names of `elements.TYPES`."""


@dataclass(frozen=True)
class Name:
    """What a file calls by module and name; never looked up."""

    dotted: str


@dataclass(frozen=True)
class Storage:
    """Numbers that lie outside the pickle, under a key: how many, and of which type."""

    key: str
    kind: str
    count: int


@dataclass(frozen=True)
class Tensor:
    """An array over a storage: where it begins, and how far it is from one number to the next along each axis."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def is_known(dotted: str) -> bool:
    """Whether a file may name this: a function of `CALLS`, or a type of storage."""
    return dotted in CALLS or _storage_kind(dotted) is not None


def refused(where: str, found: str) -> InteropError:
    """The error for what is more than tensors."""
    return InteropError(
        where,
        found,
        "torch.save(model) writes the model as a program, and torch.load runs it; this reader runs nothing",
        "where you trust the file, load it with PyTorch and save model.state_dict()",
    )


def unknown(dotted: str, where: str) -> InteropError:
    """The error for a name that `is_known` does not know."""
    if dotted.startswith("torch.") and dotted.endswith("Storage"):
        kinds = ", ".join(_STORAGES.values())
        return InteropError(
            where,
            f"it holds numbers of a type that is not read, {dotted[:200]}; {kinds} are",
            "complex or quantised weights",
            "convert them, tensor.float(), and save again",
        )
    return refused(where, f"this file holds a whole model, or code: {dotted[:200]}")


def storage(reference: object, where: str) -> Storage:
    """("storage", type, key, device, count), and after them None in the old format. Raises InteropError for others."""
    if not isinstance(reference, tuple) or len(reference) not in (5, 6) or reference[-1:] == reference[5:] != (None,):
        raise refused(where, "it refers to something outside its pickle that is no storage of numbers")
    word, name, key, _, count = reference[:5]
    kind = _storage_kind(name.dotted) if isinstance(name, Name) else None
    if word != "storage" or kind is None or not isinstance(key, str) or not are_counts((count,)):
        raise refused(where, "it refers to a storage of numbers without a known type, a key or a count")
    return Storage(key, kind, count)


def _storage_kind(dotted: str) -> str | None:
    """torch.FloatStorage -> F32; of what is no known storage, nothing."""
    module, _, name = dotted.rpartition(".")
    return _STORAGES.get(name) if module in ("torch", "torch.cuda") else None


def _ordered(arguments: tuple[object, ...], where: str) -> object:
    if arguments:
        raise _arguments(where, "collections.OrderedDict")
    return {}


def _size(arguments: tuple[object, ...], where: str) -> object:
    if len(arguments) != 1 or not are_counts(arguments[0]):
        raise _arguments(where, "torch.Size")
    return tuple(arguments[0])


def _tensor(arguments: tuple[object, ...], where: str) -> object:
    """(storage, offset, shape, strides, gradient wanted, hooks, metadata): inside its storage, or refused."""
    if len(arguments) not in (6, 7):
        raise _arguments(where, "torch._utils._rebuild_tensor_v2")
    numbers, offset, shape, strides = arguments[:4]
    if not isinstance(numbers, Storage) or not isinstance(offset, int) or not are_counts((offset,)):
        raise _arguments(where, "torch._utils._rebuild_tensor_v2")
    if not are_counts(shape) or not are_counts(strides) or len(shape) != len(strides):
        raise _arguments(where, "torch._utils._rebuild_tensor_v2")
    count, last = count_of(shape, where), sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if count and (offset + last >= numbers.count or count > numbers.count):
        raise InteropError(
            where,
            f"a tensor of shape {tuple(shape)}, from {offset} on in steps of {tuple(strides)}, does not fit the "
            f"{numbers.count} numbers that it is said to lie in",
            "an expanded tensor, whose numbers stand there once for many; or bytes that were changed",
            "save tensor.clone(), or fetch the file again",
        )
    return Tensor(numbers, offset, tuple(shape), tuple(strides))


def _parameter(arguments: tuple[object, ...], where: str) -> object:
    if len(arguments) != 3 or not isinstance(arguments[0], Tensor):
        raise _arguments(where, "torch._utils._rebuild_parameter")
    return arguments[0]


def _arguments(where: str, dotted: str) -> InteropError:
    return refused(where, f"it calls {dotted} with other arguments than a tensor has")


CALLS: dict[str, Callable[[tuple[object, ...], str], object]] = {
    "collections.OrderedDict": _ordered,
    "torch.Size": _size,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
}
"""All that a file may call, and what the call gives."""
