"""Files damaged at random: a reader says so in its own words or gives arrays that can be there, in bounded memory."""

from __future__ import annotations

import re
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest
from interop.cases import (
    DATA,
    FILES,
    described,
    dynet_parameter,
    expected,
    keras_files,
    members,
    members_of,
    paddle_array,
    safetensors_file,
    same,
    zip_file,
)

from lstm_sym import interop
from lstm_sym.interop import hdf5, keras
from lstm_sym.interop.elements import TYPES

MEMORY = 2**20
"""Bytes that reading one of these files may take: none has 40 kB, and what Python keeps for a while counts too."""
KNOWN = {np.dtype(kind) for kind in ("?", "f4", "u2", "u4", "u8")} | {elements.stored for elements in TYPES.values()}


def flipped(data, rng, _):
    """A few bytes are others."""
    changed = bytearray(data)
    for at in rng.integers(len(data), size=rng.integers(1, 9)):
        changed[at] = rng.integers(256)
    return bytes(changed)


def cut_short(data, rng, _):
    return data[: rng.integers(len(data))]


def spliced(data, rng, others):
    """A stretch of this file, or of another, stands where another stretch was."""
    source = others[rng.integers(len(others))]
    begin, at = rng.integers(len(source)), rng.integers(len(data))
    stretch = source[begin : begin + rng.integers(1, 200)]
    return data[:at] + stretch + data[at + rng.integers(len(stretch) + 1) :]


KINDS = {"flipped": flipped, "cut short": cut_short, "spliced": spliced}


def safetensors_fixture():
    arrays = {"a": np.arange(12, dtype="<f4").reshape(3, 4), "b": np.array([1.5]), "c": np.array([True, False])}
    header, data = {}, b""
    for (name, array), kind in zip(arrays.items(), ("F32", "F64", "BOOL"), strict=True):
        header[name] = described(kind, list(array.shape), [len(data), len(data) + array.nbytes])
        data += array.tobytes()
    return safetensors_file(header, data)


def whole_files():
    """Name -> bytes, and the arrays where every byte of them is under a sum."""
    torch = {file: ((DATA / file).read_bytes(), None if "old" in file else expected(file)) for file in FILES}
    npz = {f"{name}.npz": ((DATA / f"{name}.npz").read_bytes(), None) for name in ("lstm", "numbers")}
    others = {
        "w.safetensors": safetensors_fixture(),
        "w.dynet": dynet_parameter("/_0", np.ones((4, 3))) + dynet_parameter("/_1", np.ones((2, 9)), "LookupParameter"),
        "w.paddle": paddle_array(np.ones((2, 3))) + paddle_array(np.ones(4)),
    }
    return torch | npz | {name: (data, None) for name, data in others.items()} | keras_fixtures()


def keras_fixtures():
    """HDF5 with a description and without one, of Keras 2 and 3, and an archive, whose bytes are under sums."""
    old, new = keras_files(2), keras_files(3)
    files = {"old.h5": old["rnn.h5"], "old.only.h5": old["words.only.h5"], "new.weights.h5": new["words.weights.h5"]}
    archive = new["words.keras"]
    whole = hdf5.of_bytes(members_of(archive)[keras.WEIGHTS], "w").arrays
    return {name: (data, None) for name, data in files.items()} | {"new.keras": (archive, whole)}


def outcome(path, data):
    """The arrays of damaged bytes, or None where they are refused. Anything else that is raised fails the test."""
    path.write_bytes(data)
    try:
        found = interop.arrays(path)
    except interop.InteropError as error:
        assert str(path) in str(error)
        return None
    for array in found.values():
        assert type(array) is np.ndarray and array.dtype in KNOWN and array.size <= len(data)
        array.tobytes()
    return found


@contextmanager
def bounded_memory(most):
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def damage(path, kind, count):
    """How many of so many damaged files are read all the same."""
    rng, files = np.random.default_rng(sorted(KINDS).index(kind)), list(whole_files().values())
    read = 0
    for number in range(count):
        data, arrays = files[number % len(files)]
        found = outcome(path, KINDS[kind](data, rng, [data for data, _ in files]))
        assert found is None or arrays is None or same(found, arrays)
        read += found is not None
    return read


def damage_of_pickles(path, kind, count):
    """The same of the pickle alone, in an archive whose sums are right again."""
    rng, files = np.random.default_rng(99), [members(file) for file in FILES if "old" not in file]
    pickles = [next(value for key, value in file.items() if key.endswith("/data.pkl")) for file in files]
    read = 0
    for number in range(count):
        file, pickled = files[number % len(files)], pickles[number % len(files)]
        changed = KINDS[kind](pickled, rng, pickles)
        content = {key: changed if key.endswith("/data.pkl") else value for key, value in file.items()}
        read += outcome(path, zip_file(content)) is not None
    return read


def struck(data, rng, _):
    """A byte or three that are not 0, as most of HDF5 is, are 0, 255, one more, or anything."""
    changed = bytearray(data)
    written = np.flatnonzero(np.frombuffer(data, np.uint8))
    for at in rng.choice(written, size=rng.integers(1, 4)):
        changed[at] = rng.choice([0, 255, changed[at] ^ 1, rng.integers(256)])
    return bytes(changed)


def misspelt(data, rng, _):
    """In a description a setting is another, or stands elsewhere."""
    words = re.findall(rb'"[^"]*"|-?\d+\.?\d*|true|false|null', data)
    old, new = (words[k] for k in rng.integers(len(words), size=2))
    return data.replace(old, new, int(rng.integers(1, 4)))


def damage_of_keras(path, kind, count):
    """The same of the structure of HDF5, of descriptions, and of HDF5 in archives whose sums are right: as models."""
    rng, fixtures = np.random.default_rng(7 + sorted(KINDS).index(kind)), keras_fixtures()
    archive, read = members_of(fixtures.pop("new.keras")[0]), 0
    files, texts = [data for data, _ in fixtures.values()], [archive["config.json"]]
    for number in range(count):
        if number % 3 == 0:
            changed = struck(files[number % len(files)], rng, None)
        else:
            name = ("config.json", keras.WEIGHTS)[number % 2]
            how = rng.choice([KINDS[kind], misspelt if name == "config.json" else struck])
            changed = zip_file(archive | {name: how(archive[name], rng, texts if name == "config.json" else files)})
        outcome(path, changed)
        try:
            model = interop.read(path)
        except interop.InteropError as error:
            assert path.name in str(error)
            continue
        assert all(np.isfinite(value).all() for value in model.params.values())
        read += 1
    return read


@pytest.mark.parametrize("damaged", [damage, damage_of_pickles, damage_of_keras])
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_refused_or_read_rightly(tmp_path, kind, damaged):
    assert damaged(tmp_path / "w", kind, 300) < 300


@pytest.mark.parametrize("damaged", [damage, damage_of_pickles, damage_of_keras])
@pytest.mark.parametrize("kind", KINDS)
def test_damage_takes_no_memory(tmp_path, kind, damaged):
    damaged(tmp_path / "w", kind, 50)  # what is imported at the first call is not of the file
    with bounded_memory(MEMORY):
        damaged(tmp_path / "w", kind, 50)


@pytest.mark.long
@pytest.mark.parametrize("damaged", [damage, damage_of_pickles, damage_of_keras])
@pytest.mark.parametrize("kind", KINDS)
def test_ten_thousand_damaged_files_are_refused_or_read_rightly(tmp_path, kind, damaged):
    assert damaged(tmp_path / "w", kind, 10_000) < 10_000


def test_undamaged_files_pass_the_same_judgement(tmp_path):
    for data, arrays in whole_files().values():
        found = outcome(tmp_path / "w", data)
        assert found and (arrays is None or same(found, arrays))
