"""The reader of .safetensors: what the format has, against arrays and the package; and each thing it does not have."""

from __future__ import annotations

import numpy as np
import pytest
from interop.cases import described, safetensors_file, same

from lstm_sym.interop import InteropError, read_safetensors

ARRAYS = {
    "F64": np.array([[1 / 3, -2.0]]),
    "F32": np.float32([[1.5], [2.5]]),
    "F16": np.float16([65504, -0.1]),
    "I64": np.array([2**62, -1]),
    "I32": np.int32([2**30, -1]),
    "I16": np.int16([-5]),
    "I8": np.int8([-128, 127]),
    "U8": np.uint8([255]),
    "BOOL": np.array([True, False]),
}
EIGHT = bytes(range(8))


def by_hand(arrays=ARRAYS):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        header[name] = described(name, list(array.shape), [len(data), len(data) + array.nbytes])
        data += array.tobytes()
    return safetensors_file(header, data)


def read(tmp_path, data):
    (tmp_path / "w.safetensors").write_bytes(data)
    return read_safetensors(tmp_path / "w.safetensors")


def test_every_type_comes_back_bit_for_bit(tmp_path):
    assert same(read(tmp_path, by_hand()), ARRAYS)


def test_arrays_are_ones_own(tmp_path):
    found = read(tmp_path, by_hand())
    for array in found.values():
        assert array.flags.writeable and array.flags.aligned and array.flags.c_contiguous
    found["F64"][:] = 0
    assert same({"F32": found["F32"]}, {"F32": ARRAYS["F32"]})


def test_bfloat16_is_widened_bit_for_bit(tmp_path):
    bits = np.array([0x3F80, 0xC049, 0x0001, 0x7F80], "<u2")
    found = read(tmp_path, safetensors_file({"a": described("BF16", [4], [0, 8])}, bits.tobytes()))
    assert found["a"].dtype == np.float32
    assert found["a"].tolist() == [1.0, -3.140625, 2.0**-133, np.inf]


def test_scalars_empty_arrays_and_blanks_after_the_header(tmp_path):
    header = (
        b'{"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]},"b":{"dtype":"I8","shape":[0,3],"data_offsets":[8,8]}}'
    )
    found = read(tmp_path, safetensors_file(header + b"   ", np.float64(2.5).tobytes()))
    assert found["a"] == 2.5 and found["a"].shape == () and found["b"].shape == (0, 3)


DAMAGED = {
    "empty": (b"", "announce a header of 0"),
    "seven bytes": (b"1234567", "0 follow"),
    "header longer than the file": ((99).to_bytes(8, "little") + b"{}", "99 bytes; 2 follow"),
    "header of 2^63 bytes": (b"\xff" * 8 + b"{}", "18,446,744,073,709,551,615"),
    "no object": (safetensors_file([]), "begins with b'['"),
    "no JSON": (safetensors_file(b"{'a': 1}"), "no JSON"),
    "no UTF-8": (safetensors_file(b'{"\xff": 1}'), "no JSON"),
    "nested without end": (safetensors_file(b'{"a":' + b"[" * 100_000), "no JSON"),
    "number without end": (safetensors_file(b'{"a":' + b"9" * 10_000 + b"}"), "no JSON"),
    "a name twice": (safetensors_file(b'{"a": 1, "a": 2}'), "has 'a' twice"),
    "a key twice": (safetensors_file(b'{"a": {"dtype": "F32", "dtype": "F64"}}'), "has 'dtype' twice"),
    "metadata of numbers": (safetensors_file({"__metadata__": {"a": 1}}), "__metadata__"),
    "metadata of text": (safetensors_file({"__metadata__": "a"}), "__metadata__"),
    "an array as a list": (safetensors_file({"a": [1]}), "not described by data_offsets, dtype, shape"),
    "an array with more": (safetensors_file({"a": described() | {"x": 1}}, EIGHT), "nothing else"),
    "unknown type": (safetensors_file({"a": described("F8_E4M3", [8])}, EIGHT), "'F8_E4M3'; F64, F32"),
    "type as a list": (safetensors_file({"a": described(["F32"])}, EIGHT), "its dtype is"),
    "negative shape": (safetensors_file({"a": described(shape=[-2])}, EIGHT), "integers from 0 on"),
    "shape of floats": (safetensors_file({"a": described(shape=[2.0])}, EIGHT), "integers from 0 on"),
    "shape of truth": (safetensors_file({"a": described(shape=[True, 2])}, EIGHT), "integers from 0 on"),
    "shape as text": (safetensors_file({"a": described(shape="2")}, EIGHT), "integers from 0 on"),
    "three offsets": (safetensors_file({"a": described(span=[0, 8, 8])}, EIGHT), "integers from 0 on"),
    "turned offsets": (safetensors_file({"a": described(span=[8, 0])}, EIGHT), "takes 8 bytes"),
    "too few bytes": (
        safetensors_file({"a": described(shape=[3])}, EIGHT),
        "takes 12 bytes, its data_offsets 0, 8 span 8",
    ),
    "too many axes": (safetensors_file({"a": described(shape=[1] * 65, span=[0, 4])}, EIGHT[:4]), "integers from 0 on"),
    "empty and huge": (
        safetensors_file({"a": described(shape=[0, 2**62, 2**62], span=[0, 0])}),
        "which no array can have",
    ),
    "beyond every memory": (
        safetensors_file({"a": described(shape=[2**62], span=[0, 2**62])}, EIGHT),
        "which no array can have",
    ),
    "beyond the file": (safetensors_file({"a": described()}, EIGHT[:7]), "take 8 bytes after the header, and 7 are"),
    "bytes left over": (safetensors_file({"a": described()}, EIGHT + b"x"), "and 9 are there"),
    "a gap": (safetensors_file({"a": described(span=[4, 12])}, EIGHT + EIGHT[:4]), "a gap before it"),
    "overlap": (safetensors_file({"a": described(), "b": described(span=[4, 12])}, EIGHT + EIGHT), "overlaps another"),
    "truth of two": (safetensors_file({"a": described("BOOL", [8])}, EIGHT), "a truth value of 7"),
}


@pytest.mark.parametrize(("data", "found"), DAMAGED.values(), ids=DAMAGED)
def test_what_the_format_does_not_have_is_refused_in_words(tmp_path, data, found):
    with pytest.raises(InteropError) as error:
        read(tmp_path, data)
    assert found in str(error.value) and "fix:" in str(error.value) and "w.safetensors" in str(error.value)


def test_the_package_reads_and_writes_the_same(tmp_path):
    package = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "w.bin"
    path.write_bytes(package.save(ARRAYS, {"by": "the package"}))
    assert same(read_safetensors(path), ARRAYS)
    assert same(package.load(by_hand()), ARRAYS)


READ_BY_THE_PACKAGE = {"unknown type", "too many axes", "an array with more", "empty and huge", "truth of two"}


@pytest.mark.parametrize("name", sorted(set(DAMAGED) - READ_BY_THE_PACKAGE))
def test_what_is_refused_the_package_refuses_too(name):
    package = pytest.importorskip("safetensors")
    with pytest.raises(package.SafetensorError):
        package.deserialize(DAMAGED[name][0])
