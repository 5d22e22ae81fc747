"""Files that torch.save wrote, against the arrays that torch says they hold; and files that it would not write."""

from __future__ import annotations

import pickle
import zipfile

import numpy as np
import pytest
from interop.cases import (
    DATA,
    FILES,
    entry,
    expected,
    integer,
    members,
    name,
    same,
    several,
    storage,
    tensor,
    text,
    torch_file,
    zip_file,
)

from lstm_sym.interop import InteropError, read_pytorch
from lstm_sym.interop.pytorch import LONGEST_NAME

SIX = np.arange(6, dtype="<f4")
NUMBERS = {"0": SIX.tobytes()}


def read(tmp_path, data):
    (tmp_path / "w.pt").write_bytes(data)
    return read_pytorch(tmp_path / "w.pt")


@pytest.mark.parametrize("file", FILES)
def test_what_torch_wrote_is_read_bit_for_bit(file):
    assert same(read_pytorch(DATA / file), expected(file))


def test_tensors_keep_the_order_of_the_file():
    assert list(read_pytorch(DATA / "lstm.pt"))[:3] == ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0"]


@pytest.mark.parametrize("file", ["checkpoint.pt", "checkpoint_old.pt"])
def test_tensors_over_the_same_numbers_share_memory(file):
    found = read_pytorch(DATA / file)
    assert np.shares_memory(found["shared"], found["model.weight"])
    assert not np.shares_memory(found["shared"], found["model.bias"])
    assert all(array.flags.writeable and array.flags.aligned for array in found.values())


@pytest.mark.parametrize("file", ["whole_model.pt", "whole_model_old.pt"])
def test_a_whole_model_is_refused_by_name(file):
    with pytest.raises(InteropError, match=r"a whole model, or code: torch\.nn\.modules\.linear\.Linear") as error:
        read_pytorch(DATA / file)
    assert "model.state_dict()" in error.value.fix


def test_views_of_numbers(tmp_path):
    found = read(tmp_path, torch_file(entry(tensor(storage(), 1, (2, 2), (1, 3))), NUMBERS))
    assert found["w"].tolist() == [[1, 4], [2, 5]]
    found = read(tmp_path, torch_file(entry(tensor(storage(), 5, (1, 1), (2**62, 2**62))), NUMBERS))
    assert found["w"].tolist() == [[5]]
    found = read(tmp_path, torch_file(entry(tensor(storage(), 6, (0, 7), (7, 1))), NUMBERS))
    assert found["w"].shape == (0, 7)


OUTSIDE = {
    "beyond the end": (1, (2, 3), (3, 1)),
    "strides too long": (0, (2, 3), (4, 1)),
    "begins at the end": (6, (1,), (1,)),
    "expanded": (0, (7,), (0,)),
    "expanded beyond every memory": (0, (2**40,), (0,)),
    "beyond every memory": (0, (2**62, 2**62), (1, 1)),
    "empty and huge": (0, (0, 2**62, 2**62), (1, 1, 1)),
    "too many axes": (0, (1,) * 40, (1,) * 40),
    "negative offset": (-1, (2,), (1,)),
    "negative shape": (0, (-2,), (1,)),
    "negative strides": (5, (2,), (-1,)),
    "fewer strides than axes": (0, (2, 3), (1,)),
    "overflowing strides": (0, (2, 2), (2**63 - 1, 2**63 - 1)),
    "overflowing offset": (2**63 - 1, (1,), (1,)),
}


@pytest.mark.parametrize("case", OUTSIDE.values(), ids=OUTSIDE)
def test_a_tensor_outside_its_numbers_is_refused(tmp_path, case):
    with pytest.raises(InteropError, match=r"does not fit|no array can have|other arguments"):
        read(tmp_path, torch_file(entry(tensor(storage(), *case)), NUMBERS))


DAMAGED = {
    "no zip": (b"PK\x03\x04" + b"x" * 50, "zip archive is damaged"),
    "neither": (b"hello", "neither a zip archive nor its older form"),
    "empty archive": (zip_file({}), "without a data.pkl"),
    "big-endian": (torch_file(entry(tensor(storage())), NUMBERS, byteorder=b"big"), "byteorder is b'big'"),
    "no numbers": (torch_file(entry(tensor(storage()))), "24 bytes of numbers belong under the key '0', none are"),
    "too few numbers": (torch_file(entry(tensor(storage())), {"0": b"abcd"}), "'0', 4 are there"),
    "a storage of two types": (
        torch_file(entry(several(storage(), storage(6, "0", "torch.IntStorage"))), NUMBERS),
        "two storages have the key '0'",
    ),
    "a member twice": (
        torch_file(entry(tensor(storage())), NUMBERS | {"1": bytes(24)}).replace(b"a/data/1", b"a/data/0"),
        "two of its members have one name",
    ),
    "two values": (torch_file(b"\x80\x02}}."), "it does not end with one value"),
    "one tensor": (torch_file(pickle.PROTO + b"\x02" + tensor(storage()) + b".", NUMBERS), "no dictionary of tensors"),
    "no tensors": (torch_file(pickle.dumps({"epoch": 3}, 2)), "hold no tensors"),
    "a key twice": (
        torch_file(b"\x80\x02}(" + (text("w") + tensor(storage())) * 2 + b"u.", NUMBERS),
        "the key 'w' twice",
    ),
    "a name twice": (
        torch_file(
            b"\x80\x02}(" + text("a.b") + tensor(storage()) + text("a") + b"}" + text("b") + tensor(storage()) + b"su.",
            NUMBERS,
        ),
        "two of its tensors have the name a.b",
    ),
    "quantised": (
        torch_file(entry(tensor(storage(6, "0", "torch.QInt8Storage"))), NUMBERS),
        "not read, torch.QInt8Storage; F64",
    ),
    "complex": (torch_file(entry(tensor(storage(6, "0", "torch.ComplexFloatStorage"))), NUMBERS), "ComplexFloat"),
    "a truth value of seven": (
        torch_file(entry(tensor(storage(1, "0", "torch.BoolStorage"), 0, (), ())), {"0": b"\x07"}),
        "a truth value of 7",
    ),
    "a name without end": (
        torch_file(entry(tensor(storage()), text("w" * 2000)), NUMBERS),
        f"{LONGEST_NAME:,} letters",
    ),
}


@pytest.mark.parametrize(("data", "found"), DAMAGED.values(), ids=DAMAGED)
def test_what_torch_would_not_write_is_refused_in_words(tmp_path, data, found):
    with pytest.raises(InteropError) as error:
        read(tmp_path, data)
    assert found in str(error.value) and "fix:" in str(error.value) and "w.pt" in str(error.value)


def test_an_archive_larger_than_its_file_is_refused(tmp_path):
    content = members("lstm.pt")
    with pytest.raises(InteropError, match="compressed"):
        read(tmp_path, zip_file(content | {"lstm/bomb": bytes(10**6)}, zipfile.ZIP_DEFLATED))
    stored = bytearray(zip_file(content))
    at = stored.rindex(b"PK\x01\x02")
    stored[at + 20 : at + 28] = (10**9).to_bytes(4, "little") * 2
    with pytest.raises(InteropError, match="larger than the file"):
        read(tmp_path, bytes(stored))


def old_parts():
    """The pickles before the dictionary, and what stands from it on."""
    data = (DATA / "lstm_old.pt").read_bytes()
    cut = data.index(b"\x80\x02ccollections")
    return data[:cut], data[cut:]


def test_the_older_form_is_checked_to_its_last_byte(tmp_path):
    head, rest = old_parts()
    assert same(read(tmp_path, head + rest), expected("lstm_old.pt"))
    for data, found in [
        (head + rest + b"x", "1 bytes stand after"),
        (head + rest[:-1], "fewer are there"),
        (head, "damaged"),
        (head.replace(pickle.NEWTRUE, pickle.NEWFALSE) + rest, "little-endian"),
        (head.replace(b"M\xe9\x03.", b"M\xe8\x03.", 1) + rest, "protocol is not 1001"),
    ]:
        with pytest.raises(InteropError, match=found):
            read(tmp_path, data)


def doubled(times):
    """A dictionary that stands twice in one that stands twice in one ..."""
    below = doubled(times - 1) if times else pickle.EMPTY_DICT
    return b"}" + text("a") + below + b"q%cs" % times + text("b") + b"h%cs" % times


ENDLESS = {
    "a dictionary in itself": (b"}q\x00" + text("a") + b"h\x00s", "32 dictionaries in each other"),
    "doubled thirty times": (doubled(30), "more than 200,000 entries"),
    "deeper than any stack": ((b"}" + text("a")) * 100_000 + b"N" + b"s" * 100_000, "32 dictionaries in each other"),
    "a key whose hash takes for ever": (b"}N\x85" + b"q\x00h\x00\x86" * 60 + b"Ns", "neither text nor a number"),
    "a place far away": (b"}r\xff\xff\xff\xff" + text("a") + b"j\xff\xff\xff\xffs", "32 dictionaries in each other"),
    "text longer than the file": (b"X\xff\xff\xff\x7fa", "damaged: expected 2147483647 bytes"),
    "a million and one steps": (b"}" * 1_000_001, "more than 1,000,000 steps"),
}


@pytest.mark.parametrize(("steps", "found"), ENDLESS.values(), ids=ENDLESS)
def test_what_would_take_all_time_or_memory_ends_soon(tmp_path, steps, found):
    with pytest.raises(InteropError, match=found):
        read(tmp_path, torch_file(b"\x80\x02" + steps + b"."))


def test_keys_that_are_numbers_become_names(tmp_path):
    assert list(read(tmp_path, torch_file(entry(tensor(storage()), integer(7)), NUMBERS))) == ["7"]


def test_versions_of_layers_are_dropped(tmp_path):
    ordered = name("collections.OrderedDict") + b")R"
    pickled = b"\x80\x02" + ordered + text("w") + tensor(storage()) + b"s}" + text("_metadata") + ordered + b"sb."
    assert list(read(tmp_path, torch_file(pickled, NUMBERS))) == ["w"]
