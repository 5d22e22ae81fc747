"""The reader of HDF5: what h5py writes, in its older forms and the newer; and each thing that is not followed."""

from __future__ import annotations

import numpy as np
import pytest
from interop.cases import keras_files, same

from lstm_sym.interop import InteropError, hdf5, read_hdf5

EVERY_FILE = [(version, name) for version in (2, 3) for name in keras_files(version) if name.endswith(".h5")]
ARRAYS = {
    "a/float64": np.array([[1 / 3, -2.0]]),
    "a/b/float32": np.float32([[1.5], [2.5]]),
    "float16": np.float16([65504, -0.1]),
    "int8": np.int8([-128, 127]),
    "uint32": np.uint32([2**32 - 1]),
    "int64": np.array([2**62, -1]),
    "number": np.array(2.5),
    "empty": np.zeros((0, 3)),
}
FORMS = {
    "as Keras writes": {},
    "of HDF5 1.8": {"libver": ("earliest", "v108")},
    "of HDF5 1.12": {"libver": ("v112", "v112")},
    "the newest": {"libver": "latest"},
    "in the order of making": {"track_order": True},
}


@pytest.fixture
def h5py():
    return pytest.importorskip("h5py", reason="h5py, of the extra weights, writes the files")


def written(h5py, path, make, **how):
    with h5py.File(path, "w", **how) as file:
        make(file)
    return path


@pytest.mark.parametrize("how", FORMS.values(), ids=FORMS)
def test_arrays_come_back_bit_for_bit(h5py, tmp_path, how):
    found = read_hdf5(written(h5py, tmp_path / "w", lambda file: [file.update(ARRAYS)], **how))
    assert same(found, ARRAYS)
    assert all(value.flags.writeable for value in found.values())


@pytest.mark.parametrize("how", FORMS.values(), ids=FORMS)
def test_attributes_are_texts_and_lists_of_them(h5py, tmp_path, how):
    given = {"words": "hé", "list": ["a", "bc"], "number": 3}
    fixed = {"one": np.bytes_(b"abc"), "many": np.array([b"x", b"yz"]), "none": h5py.Empty("f")}

    def make(file):
        file.create_group("a").attrs.update(given | fixed)

    found = hdf5.of_bytes(written(h5py, tmp_path / "w", make, **how).read_bytes(), "w").attributes["a"]
    assert found == given | {"one": "abc", "many": ["x", "yz"], "none": None}


@pytest.mark.parametrize(("version", "name"), EVERY_FILE)
def test_files_of_keras_are_read_as_h5py_reads_them(h5py, tmp_path, version, name):
    path = tmp_path / name
    path.write_bytes(keras_files(version)[name])
    wanted, attributes = {}, {}

    def note(place, thing):
        wanted.update({place: thing[()]} if isinstance(thing, h5py.Dataset) else {})
        attributes.update({place: sorted(thing.attrs)} if thing.attrs else {})

    with h5py.File(path) as file:
        file.visititems(note)
    found = hdf5.of_bytes(path.read_bytes(), name)
    assert same(found.arrays, wanted)
    assert {place: sorted(own) for place, own in found.attributes.items() if place} == attributes


def test_numbers_of_the_other_order_of_bytes_are_turned(h5py, tmp_path):
    given = np.arange(3, dtype=">f4")
    assert same(read_hdf5(written(h5py, tmp_path / "w", lambda f: f.update({"a": given}))), {"a": given.astype("<f4")})


def test_bfloat16_of_keras_is_widened(h5py, tmp_path):
    def make(file):
        file.create_dataset("a", data=np.array([0x3F80, 0xC049], "<u2").view("V2")).attrs["dtype"] = "bfloat16"
        file.create_dataset("b", data=np.zeros(2, "V2"))

    assert same(read_hdf5(written(h5py, tmp_path / "w", make)), {"a": np.float32([1.0, -3.140625])})


def test_a_thousand_arrays_in_a_group(h5py, tmp_path):
    given = {f"n{k}": np.array(k) for k in range(1000)}
    assert same(read_hdf5(written(h5py, tmp_path / "w", lambda file: file.update(given))), given)


def test_what_is_no_number_is_left_out(h5py, tmp_path):
    def make(file):
        file.update({"text": "words", "records": np.zeros(2, [("x", "f4")]), "truth": np.array([True]), "a": 1.0})

    assert list(read_hdf5(written(h5py, tmp_path / "w", make))) == ["a"]


def links(h5py, file):
    file["a"] = h5py.SoftLink("/b")


def views(h5py, file):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "a", (4,))
    file.create_virtual_dataset("a", layout)


def named(h5py, file):
    file["t"] = np.dtype("f4")
    file.create_dataset("a", (3,), file["t"])


REFUSED = {
    "a link": (links, {}, "'a' stands for another name"),
    "a link in the newer form": (links, {"libver": "latest"}, "'a' stands for another name"),
    "a link to a file": (lambda h, f: f.update({"a": h.ExternalLink("o.h5", "/b")}), {}, "stands for another name"),
    "numbers in another file": (
        lambda h, f: f.create_dataset("a", (3,), "f4", external=[("/etc/passwd", 0, 12)]), {}, "lie in another file"),
    "a view of another file": (views, {}, "a view of other arrays"),
    "a view in the newer form": (views, {"libver": "latest"}, "a view of other arrays"),
    "two names of one array": (
        lambda h, f: f.update({"a": f.create_dataset("b", data=[1.0])}), {}, "two of its names lead to one place"),
    "a group in itself": (lambda h, f: f.create_group("a").update({"b": f["/"]}), {}, "two of its names lead to one"),
    "a named type": (named, {}, "stands elsewhere"),
    "compressed": (lambda h, f: f.create_dataset("a", data=[1, 2], compression="gzip"), {}, "compressed"),
    "in pieces": (lambda h, f: f.create_dataset("a", data=[1, 2], chunks=(1,)), {}, "in pieces"),
    "never written": (lambda h, f: f.create_dataset("a", (10**9,), "f4"), {}, "an address that is not there"),
    "numbers of 16 bytes": (lambda h, f: f.update({"a": np.zeros(1, np.longdouble)}), {}, "numbers of 16 bytes"),
    "a large group": (
        lambda h, f: [f.update({f"n{k}": k}) for k in range(20)], {"libver": "latest"}, "HDF5 1.8 and later for large"),
    "many attributes": (
        lambda h, f: [f.attrs.update({f"n{k}": k}) for k in range(20)], {"libver": "latest"}, "1.8 and later for many"),
    "a block before it": (lambda h, f: f.update({"a": 1.0}), {"userblock_size": 512}, "does not begin as an HDF5 file"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "how", "found"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_read_is_named(h5py, tmp_path, make, how, found):
    written(h5py, tmp_path / "w", lambda file: make(h5py, file), **how)
    with pytest.raises(InteropError) as error:
        read_hdf5(tmp_path / "w")
    assert found in str(error.value) and "fix:" in str(error.value) and str(tmp_path / "w") in str(error.value)


def header(*messages):
    """A header of version 1 with these messages: kind and content."""
    parts = [kind.to_bytes(2, "little") + len(body).to_bytes(2, "little") + bytes(4) + body for kind, body in messages]
    content = b"".join(parts)
    count, size = len(parts).to_bytes(2, "little"), len(content).to_bytes(4, "little")
    return b"\x01\x00" + count + bytes(4) + size + bytes(4) + content


def file_of(*headers):
    """A file whose headers stand one after the other, the first of them the root, and the places of the headers."""
    start = hdf5.SIGNATURE + b"\x02\x08\x08\x00" + bytes(8) + b"\xff" * 8 + bytes(8) + (48).to_bytes(8, "little")
    return start + bytes(48 - len(start)) + b"".join(headers)


def link(name, at):
    return 6, b"\x01\x00" + bytes([len(name)]) + name + at.to_bytes(8, "little")


def number(of):
    return of.to_bytes(8, "little")


BROKEN = {
    "a name that is a path": (file_of(header(link(b"a/b", 48))), "a name in it is 'a/b'"),
    "no name": (file_of(header(link(b"", 48))), "a name in it is ''"),
    "a name twice": (file_of(header(link(b"a", 48), link(b"a", 49))), "two of its members have one name"),
    "a name of other bytes": (file_of(header(link(b"\xff", 48))), "no UTF-8"),
    "a root beyond the file": (file_of()[:36] + b"\xff" * 12, "an address that is not there"),
    "a header that goes on in itself": (file_of(header((0x10, number(48) + number(64)))), "goes on in itself"),
    "a header of another version": (file_of(b"OHDR\x09\x00"), "of version 9; there are 1 and 2"),
    "another head": (hdf5.SIGNATURE + b"\x09" + bytes(80), "its head is of version 9"),
    "addresses of four bytes": (hdf5.SIGNATURE + b"\x02\x04\x08" + bytes(80), "addresses have 4 bytes"),
    "a shape with too many axes": (
        file_of(header((3, bytes.fromhex("10 08 00 00 04000000 0000 2000")), (1, b"\x01\x40" + bytes(6)),
                       (8, b"\x03\x01"))),
        "64 axes"),
    "a shape that no array has": (
        file_of(header((3, bytes.fromhex("11 20 3f 00 08000000 0000 4000 34 0b 00 34 ff030000")),
                       (1, b"\x01\x02" + bytes(6) + number(2**62) + number(0)), (8, b"\x03\x01" + bytes(16)))),
        "which no array can have"),
    "an array without a type": (file_of(header((8, b"\x03\x01" + bytes(16)))), "its type or its shape is missing"),
    "more numbers than there are": (
        file_of(header((3, bytes.fromhex("11 20 3f 00 08000000 0000 4000 34 0b 00 34 ff030000")),
                       (1, b"\x01\x01" + bytes(6) + number(2**40)), (8, b"\x03\x01" + number(48) + number(2**43)))),
        "8,796,093,022,208 bytes from 48 on"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "found"), BROKEN.values(), ids=BROKEN)
def test_what_the_format_does_not_have_is_refused_in_words(data, found):
    with pytest.raises(InteropError) as error:
        hdf5.of_bytes(data, "w.h5")
    assert found in str(error.value) and "w.h5" in str(error.value)


def test_parts_that_many_refer_to_are_read_a_few_times_at_most():
    """A thousand headers that go on in one long block: a few readings of the file, and no more."""
    many, block = 1000, bytes(16_000)

    def root(first):
        return header(*(link(f"{k:04}".encode(), first + 40 * k) for k in range(many)))

    first = 48 + len(root(0))
    place = number(first + 40 * many) + number(len(block))
    one = b"\x01\x00\xff\xff" + bytes(4) + (24).to_bytes(4, "little") + bytes(4)
    one += b"\x10\x00\x10\x00" + bytes(4) + place
    with pytest.raises(InteropError, match="refer to each other more than 4 times over"):
        hdf5.of_bytes(file_of(root(first), one * many, block), "w.h5")
