"""Which reader a file is given to is said by what it holds."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest
from interop.cases import DATA, FILES, described, expected, safetensors_file, same, zip_file

from lstm_sym import interop, networks
from lstm_sym.interop import InteropError

WEIGHTS = {"W": np.arange(6.0).reshape(2, 3), "b": np.float32([1.5])}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("name", ["w", "w.npz", "w.safetensors"])
def test_a_file_of_pytorch_under_any_name(tmp_path, file, name):
    (tmp_path / name).write_bytes((DATA / file).read_bytes())
    assert interop.file_format(tmp_path / name) == "pytorch"
    assert same(interop.arrays(tmp_path / name), expected(file))


@pytest.mark.parametrize("name", ["w.npz", "w", "w.pt"])
def test_an_archive_of_numpy_under_any_name(tmp_path, name):
    networks.save(tmp_path / "x.npz", WEIGHTS)
    (tmp_path / "x.npz").rename(tmp_path / name)
    assert interop.file_format(tmp_path / name) == "npz"
    assert same(interop.arrays(str(tmp_path / name)), WEIGHTS)


def test_a_safetensors_file_under_any_name(tmp_path):
    (tmp_path / "w.pt").write_bytes(safetensors_file({"a": described()}, np.float32([1, 2]).tobytes()))
    assert interop.file_format(tmp_path / "w.pt") == "safetensors"
    assert interop.arrays(tmp_path / "w.pt")["a"].tolist() == [1, 2]


OTHERS = {
    "nothing": (b"", "it is empty"),
    "one array": (b"\x93NUMPY\x01\x00", "one NumPy array"),
    "a plain pickle": (pickle.dumps({"a": 1}), "a pickle that torch.save did not write"),
    "gzip": (b"\x1f\x8b\x08", "gzip"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "a page": (b"<!DOCTYPE html>", "the download gave a page"),
    "an empty archive": (zip_file({}), "a zip archive of nothing"),
    "a broken archive": (b"PK\x03\x04", "zip archive that cannot be read"),
    "anything": (b"abcdefgh", "begins with b'abcdefgh'"),
    "objects": (zip_file({"a.npy": b"\x93NUMPY"}), "cannot be read"),
}


@pytest.mark.parametrize(("data", "found"), OTHERS.values(), ids=OTHERS)
def test_what_is_none_of_them_is_called_by_its_name(tmp_path, data, found):
    (tmp_path / "w.pt").write_bytes(data)
    with pytest.raises(InteropError) as error:
        interop.arrays(tmp_path / "w.pt")
    assert found in str(error.value) and "fix:" in str(error.value) and "w.pt" in str(error.value)


def test_an_array_of_objects_is_not_unpickled(tmp_path):
    np.savez(tmp_path / "w.npz", a=np.array([{}], dtype=object))
    with pytest.raises(InteropError, match="cannot be read"):
        interop.arrays(tmp_path / "w.npz")


@pytest.mark.parametrize("read", [interop.arrays, interop.file_format, interop.read_pytorch, interop.read_safetensors])
def test_what_is_no_file_is_refused(tmp_path, read):
    for path, found in [(tmp_path, "a folder"), (tmp_path / "none", "cannot be read"), ("a\0b", "cannot be read")]:
        with pytest.raises(InteropError, match=found):
            read(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InteropError, match="a device, a pipe"):
        interop.arrays(tmp_path / "pipe")


def test_a_file_larger_than_is_read_is_refused_by_its_size(tmp_path):
    with open(tmp_path / "w", "wb") as file:
        file.truncate(8 * 2**30 + 1)
    with pytest.raises(InteropError, match="at most 8,589,934,592 are read"):
        interop.arrays(tmp_path / "w")
