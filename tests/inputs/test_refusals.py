"""Every refusal names the file, the place, what stands there, the usual cause and the fix."""

import io
import os
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_sym.inputs import EXTENSIONS, Channel, InputError, Sequences, Source, load, windows
from lstm_sym.inputs.arrays import read_array
from lstm_sym.inputs.sound import read_sound
from lstm_sym.inputs.table import read_table
from lstm_sym.inputs.text import read_text


def npy(values: object, **options: bool) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, **options)
    return buffer.getvalue()


def npy_header(shape: str, descr: str = "'<f8'") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


def wav(
    tag: int = 1, width: int = 2, frames: bytes = bytes(8), announced: int | None = None, tail: bytes = b""
) -> bytes:
    form = struct.pack("<HHIIHH", tag, 1, 8000, 8000 * width, width, 8 * width) + tail
    size = len(frames) if announced is None else announced
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size) + frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


ARRAYS = {
    "nan": (npy(np.array([[1.0, 2.0], [3.0, np.nan]])), "index [1, 1]", "nan", "fill the gap"),
    "infinity": (npy(np.array([1.0, -np.inf])), "index [1]", "-inf", "fill the gap"),
    "infinity in a batch": (npy(np.full((2, 3, 1), np.inf)), "index [0, 0, 0]", "one of 6", "fill the gap"),
    "objects": (
        npy(np.array([[1], [2, 3]], dtype=object), allow_pickle=True),
        "dtype |O",
        "unpickled",
        "one file per",
    ),
    "complex": (npy(np.ones(5, dtype=complex)), "dtype <c16", "complex", "values.real"),
    "strings": (npy(np.array(["a", "b"])), "dtype <U1", "strings", "np.save"),
    "bytes": (npy(np.array([b"a", b"b"])), "dtype |S1", "byte strings", "np.save"),
    "dates": (npy(np.array(["2020-01-01"] * 3, dtype="M8[D]")), "dtype <M8[D]", "dates", "np.save"),
    "intervals": (npy(np.zeros(3, dtype="m8[s]")), "dtype <m8[s]", "time differences", "np.save"),
    "records": (npy(np.zeros(3, dtype=[("a", "f8")])), "dtype", "named fields", "np.save"),
    "no axis": (npy(np.array(3.0)), "shape ()", "0 axes", "reshape"),
    "four axes": (npy(np.zeros((2, 2, 2, 2))), "shape (2, 2, 2, 2)", "4 axes", "reshape"),
    "empty": (npy(np.zeros((0, 3))), "shape (0, 3)", "empty array", "look at"),
    "negative": (npy_header("(-4, 2)") + bytes(64), "shape (-4, 2)", "length -4", "look at"),
    "short": (npy(np.zeros((1, 5))), "", "1 of at least 2 steps", "at least 2 steps"),
    "short batch": (npy(np.zeros((9, 1, 5))), "", "1 of at least 2 steps", "at least 2 steps"),
    "cut short": (npy(np.zeros((10, 3)))[:-7], "byte 361", "announces 240", "again"),
    "immense": (npy_header("(10000000000000, 10000000000000)"), "byte 128", "announces", "again"),
    "not an array": (b"1,2\n3,4\n", "byte 1", "begins with", "np.save"),
    "archive": (b"PK\x03\x04" + bytes(40), "byte 1", "begins with", "np.save"),
    "pickle": (pickle.dumps([1.0, 2.0]), "byte 1", "begins with", "np.save"),
    "header cut short": (npy(np.zeros(3))[:40], "byte 1", "header cannot be read", "np.save"),
    "version": (b"\x93NUMPY\x09\x00" + bytes(60), "byte 1", "version (9, 0)", "np.save"),
    "wide": (npy(np.zeros((2, 4097), "i1")), "the last axis of shape (2, 4097)", "4097 channels", "transpose"),
    "many": (npy(np.zeros((65537, 2, 1), "i1")), "shape (65537, 2, 1)", "65537 sequences", "along time"),
    "no header": (b"\x93NUMPY", "byte 1", "version () of the format", "np.save"),
    "no length": (b"\x93NUMPY\x01\x00", "byte 1", "0 bytes long", "np.save"),
    "endless header": (b"\x93NUMPY\x02\x00" + b"\xff" * 99, "byte 1", "4294967295 bytes long", "np.save"),
    "long header": (npy_header("(" + "1," * 6000 + ")"), "byte 1", "bytes long", "np.save"),
    "huge axis": (npy_header("(" + "9" * 99 + ",)"), "byte 1", "the shape (999", "np.save"),
    "many axes": (npy_header("(" + "1," * 99 + ")") + bytes(8), "shape", "99 axes", "reshape"),
    "deep": (npy_header("(" * 900 + ")" * 900), "byte 1", "header cannot be read", "np.save"),
    "twice": (npy_header("(3,), 'shape': (3,)") + bytes(24), "byte 1", "header cannot be read", "np.save"),
    "another key": (npy_header("(3,), 'order': 1") + bytes(24), "byte 1", "header cannot be read", "np.save"),
    "a sum": (npy_header("(1+2,)") + bytes(24), "byte 1", "header cannot be read", "np.save"),
    "no type": (npy_header("(3,)", "'<q9'") + bytes(24), "byte 1", "the type '<q9'", "np.save"),
    "no size": (npy_header("(3,)", "'<f'") + bytes(24), "byte 1", "the type '<f'", "np.save"),
    "odd size": (npy_header("(3,)", "'<f3'") + bytes(24), "byte 1", "the type '<f3'", "np.save"),
    "type of an axis": (npy_header("(3,)", "'(2,2)<f8'") + bytes(96), "byte 1", "the type", "np.save"),
    "nested types": (npy_header("(3,)", "[" * 900 + "]" * 900), "dtype [[[", "named fields", "np.save"),
    "code in the header": (npy_header("__import__('os')"), "byte 1", "header cannot be read", "np.save"),
}
TABLES = {
    "wide": (b"1" + b",1" * 4096 + b"\n", "", "1 of at least 2 rows", "at least 2"),
    "wide rows": (2 * (b"1" + b",1" * 4096 + b"\n"), "row 1", "4097 channels", "transpose"),
    "nan": (b"a,b\n1,2\n3,nan\n", "row 3, column 2 ('b')", "'nan'", "fill the gap"),
    "infinity": (b"1,2\n-inf,4\n", "row 2, column 1", "'-inf'", "fill the gap"),
    "out of range": (b"1\n1e999\n", "row 2, column 1", "'1e999'", "fill the gap"),
    "missing marker": (b"1,2\n3,N/A\n", "row 2, column 2", "'N/A'", "fill the gap"),
    "missing marker in row 1": (b"1,NA\n3,4\n", "row 1, column 2", "'NA'", "fill the gap"),
    "empty cell": (b"a,b,c\n1,2,3\n4,,6\n", "row 3, column 2 ('b')", "an empty cell", "fill the gap"),
    "empty first cell": (b",2\n3,4\n5,6\n", "row 1, column 1", "an empty cell", "fill the gap"),
    "decimal comma by a date": (
        b"d;a\nx1;1,5\nx2;2,5\n",
        "row 2, column 2 ('a')",
        "'1,5'",
        "decimal point",
    ),
    "delimiter too many": (b"1,2,\n3,4,\n", "row 1, column 3", "an empty cell", "fill the gap"),
    "word": (b"a,b\n1,2\n\n3,high\n", "row 4, column 2 ('b')", "'high'", "delete the column"),
    "long word": (b"1\n" + b"x" * 5000 + b"\n", "row 2, column 1", "xxx...", "delete the column"),
    "number after labels": (b"d,a\nx1,1\nx2,y\n", "row 3, column 2 ('a')", "'y'", "delete the column"),
    "decimal comma": (b"a;b\n1,5;2\n", "row 2, column 1 ('a')", "'1,5'", "decimal point"),
    "grouped thousands": (b'a,b\n"1,234",2\n', "row 2, column 1 ('a')", "'1,234'", "decimal point"),
    "spaces": (b"1 2\n3 4\n5 6\n", "row 2, column 1", "'3 4'", "commas, semicolons or tabs"),
    "full-width digits": ("1,2\n3,\uff14\n".encode(), "row 2, column 2", "'\uff14'", "in the digits 0 to 9"),
    "Arabic digits": ("\u0661\n\u0662\n".encode(), "row 1, column 1", "'\u0661'", "in the digits 0 to 9"),
    "Arabic decimals": ("a\n1.5\n\u0661\u066b\u0665\n".encode(), "row 3, column 1", "", "in the digits 0 to 9"),
    "underscore": (b"1\n1_000\n", "row 2, column 1", "'1_000'", "delete the column"),
    "ragged": (b"a,b\n1,2\n3,4\n5,6,7\n", "row 4", "3 cells, where row 1 has 2", "same number of cells"),
    "ragged below blank rows": (
        b"\n1,2\n\n3\n",
        "row 4",
        "1 cells, where row 2 has 2",
        "same number of cells",
    ),
    "header alone": (b"a,b\n", "", "1 of at least 2 rows", "at least 2 rows"),
    "one row": (b"a,b\n1,2\n", "", "1 of at least 2 rows of data", "at least 2 rows"),
    "blank": (b"\n \n\n", "", "0 of at least 2 rows", "at least 2 rows"),
    "open quotation": (b'a,b\n1,2\n"3,4\n', "row 3", "cannot be split", "close the quotation"),
    "stray quotation": (b'a,b\n"1"x,2\n', "row 2", "cannot be split", "close the quotation"),
    "big5": ("溫度\n1\n2\n".encode("big5"), "line 1, byte 1 of", "0xB7", "UTF-8"),
    "gbk below a mark": (b"\xef\xbb\xbfa\n" + "温".encode("gbk"), "line 2, byte 6 of", "0xCE", "UTF-8"),
    "utf-16": ("a\n1\n2\n".encode("utf-16"), "byte 1", "UTF-16", "UTF-8"),
    "spreadsheet": (b"PK\x03\x04" + bytes(30), "byte 1", "a zip archive", "UTF-8"),
    "null": (b"1\n2\n3\x00\n", "line 3, character 2", "U+0000", "UTF-8"),
}
SOUNDS = {
    "wide": (
        wav(frames=bytes(4 * 4097)).replace(b"\x01\x00\x01\x00", b"\x01\x00\x01\x10", 1),
        "format chunk",
        "4097 channels",
        "transpose",
    ),
    "chunk after chunk": (
        b"RIFF\x00\x00\x00\x00WAVE" + 1001 * (b"LIST" + bytes(4)) + wav()[12:],
        "byte 1",
        "1000 chunks",
        "pcm_s16le",
    ),
    "float": (wav(3, 4, bytes(16)), "byte 21", "floating-point samples", "pcm_s16le"),
    "extensible float": (
        wav(0xFFFE, 4, bytes(16), tail=struct.pack("<HHIH", 22, 32, 0, 3) + bytes(14)),
        "byte 21",
        "floating-point samples",
        "pcm_s16le",
    ),
    "mu-law": (wav(7, 1), "byte 21", "mu-law", "pcm_s16le"),
    "unknown": (wav(0x1234), "byte 21", "0x1234", "pcm_s16le"),
    "width": (wav(width=8, frames=bytes(32)), "format chunk", "64 bits", "pcm_s16le"),
    "cut short": (
        wav(announced=100),
        "sample 5",
        "after 4 samples, its header announces 50",
        "copy the file again",
    ),
    "pipe": (wav(announced=0xFFFFFFFE), "sample 5", "announces 2147483647", "pcm_s16le"),
    "short": (wav(frames=bytes(2)), "", "1 of at least 2 samples", "at least 2 samples"),
    "silent header": (wav(frames=b""), "", "0 of at least 2 samples", "at least 2 samples"),
    "mp3": (b"ID3\x04" + bytes(50), "byte 1", "begins with", "pcm_s16le"),
    "no format": (b"RIFF" + struct.pack("<I", 4) + b"WAVE", "byte 1", "format chunk", "pcm_s16le"),
    "header cut short": (wav()[:38], "byte 1", "header", "pcm_s16le"),
    "no channel": (
        wav().replace(struct.pack("<HH", 1, 1), struct.pack("<HH", 1, 0)),
        "byte 1",
        "channels",
        "pcm_s16le",
    ),
}
CJK = "".join(chr(0x4E00 + index) for index in range(600))
TEXTS = {
    "short": (b"a", "", "1 of at least 2 characters", "at least 2 characters"),
    "only a mark": (b"\xef\xbb\xbf", "", "0 of at least 2 characters", "at least 2 characters"),
    "one character": (b"aaaa", "line 1, character 1", "constant channel", "2 different"),
    "alphabet": (("\n" + CJK).encode(), "line 2, character 512", "number 513 of 601", "first 512 characters"),
    "memory": (
        ("ab" * 2**21 + CJK[:400]).encode(),
        "",
        "more than the 512 MiB",
        f"at most {2**29 // (8 * 402)} characters",
    ),
    "binary": (bytes(range(256)), "line 2, byte 129 of", "0x80", "UTF-8"),
    "control": ("好\n\x1b[0m".encode(), "line 2, character 1", "U+001B", "UTF-8"),
    "pdf": (b"%PDF-1.7\nabc", "byte 1", "a PDF document", "UTF-8"),
    "image": (b"\x89PNG\r\n", "byte 1", "a PNG image", "UTF-8"),
    "shift jis": ("あ\nい".encode("shift-jis"), "line 1, byte 1 of", "0x82", "UTF-8"),
}
CASES = [
    pytest.param(extension, *case, id=f"{extension[1:]}: {name}")
    for extension, cases in ((".npy", ARRAYS), (".csv", TABLES), (".wav", SOUNDS), (".txt", TEXTS))
    for name, case in cases.items()
]


@pytest.mark.parametrize(("extension", "content", "position", "found", "fix"), CASES)
def test_a_file_is_refused_with_place_cause_and_fix(tmp_path, extension, content, position, found, fix):
    path = tmp_path / f"mine{extension}"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load(path)
    error = caught.value
    assert error.file == str(path)
    assert error.position.startswith(position) and bool(error.position) == bool(position)
    assert found in error.found
    assert fix in error.fix
    assert error.why
    message = str(error)
    assert all(part in message for part in (str(path), error.position, error.found, error.why, error.fix))


def test_a_missing_file_lists_close_names(tmp_path):
    (tmp_path / "Speech.csv").write_text("1\n2\n")
    with pytest.raises(InputError, match=r"did you mean Speech\.csv\?"):
        load(tmp_path / "speach.csv")
    with pytest.raises(InputError, match=r"the folder holds Speech\.csv"):
        load(tmp_path / "zzzzzzzzzzz.npy")


@pytest.mark.parametrize("name", ["none/mine.csv", "file.txt/mine.csv", "a\0b.csv"])
def test_a_path_that_leads_nowhere_is_refused(tmp_path, name):
    (tmp_path / "file.txt").write_text("text")
    with pytest.raises(InputError, match="no such file"):
        load(os.path.join(tmp_path, name))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match=r"the folder .*none does not exist"):
        load(tmp_path / "none" / "mine.csv")


def test_a_directory_is_refused(tmp_path):
    folder = tmp_path / "data.csv"
    folder.mkdir()
    for number in range(7):
        (folder / f"{number}.csv").touch()
    with pytest.raises(InputError, match=r"0\.csv, 1\.csv, 2\.csv, 3\.csv, 4\.csv and 2 more") as caught:
        load(folder)
    assert "a directory" in caught.value.found


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match="regular file"):
        load(tmp_path / "pipe.csv")


def test_a_name_that_the_system_refuses_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / ("x" * 5000 + ".csv"))


def test_a_file_that_cannot_be_opened_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "mine.csv"
    path.write_text("1\n2\n")

    def refuse(_path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        load(path)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_an_empty_file_is_refused(tmp_path, extension):
    path = tmp_path / f"mine{extension}"
    path.touch()
    with pytest.raises(InputError, match="0 bytes"):
        load(path)


@pytest.mark.parametrize(
    ("extension", "limit"), [(".npy", 512), (".wav", 512), (".csv", 32), (".tsv", 32), (".txt", 32)]
)
def test_a_file_too_large_is_refused_unread(tmp_path, extension, limit):
    path = tmp_path / f"mine{extension}"
    with path.open("wb") as file:
        file.truncate(limit * 2**20 + 1)  # a hole: it takes no room on the disk
    with pytest.raises(InputError, match=f"more than the {limit} MiB") as caught:
        load(path)
    assert ("np.save" in caught.value.fix) == (limit < 512)


def test_an_array_that_grows_beyond_the_bound_is_refused(tmp_path):
    path = tmp_path / "bits.npy"
    with path.open("wb") as file:
        file.write(npy_header("(100000000,)", "'|i1'"))
        file.truncate(128 + 100_000_000)
    with pytest.raises(InputError, match=r"762\.9 MiB as float64"):
        load(path)


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("a.npz", "np.save"),
        ("a.pkl", "np.save"),
        ("a.xlsx", "CSV UTF-8"),
        ("a.MP3", "pcm_s16le"),
        ("a.md", ".txt"),
        ("a.dat", ".csv"),
        ("a", ".csv"),
        ("a.foo", "convert the data"),
    ],
)
def test_an_unknown_extension_lists_those_allowed(tmp_path, name, fix):
    (tmp_path / name).write_bytes(b"something")
    with pytest.raises(InputError) as caught:
        load(tmp_path / name)
    assert ", ".join(EXTENSIONS) in caught.value.found
    assert fix in caught.value.fix


def test_a_pickle_within_an_array_is_not_executed(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    (tmp_path / "bomb.npy").write_bytes(npy(np.array([Bomb()] * 3), allow_pickle=True))
    with pytest.raises(InputError, match="unpickled"):
        load(tmp_path / "bomb.npy")
    assert not (tmp_path / "executed").exists()


def test_a_refusal_survives_pickling():
    error = InputError("a.csv", "row 3", "found", "why", "fix")
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, ValueError)
    assert (str(copy), copy.position, copy.fix) == (str(error), "row 3", "fix")
    assert str(error) == "a.csv, row 3: found\n  usual cause: why\n  fix: fix"


SOUND = wav(frames=struct.pack("<6h", 0, 5, -7, 32767, -32768, 1))
TABLE = b'day;a;b\n2020-01-01;1.5;"2"\n2020-01-02;3;4e5\n'
FUZZED = [
    (read_array, npy(np.arange(6.0).reshape(3, 2))),
    (read_sound, SOUND),
    (read_table, TABLE),
    (read_text, TABLE),
]


@settings(max_examples=400)
@given(
    case=st.sampled_from(FUZZED),
    edits=st.lists(st.tuples(st.integers(0, 1000), st.binary(max_size=3)), max_size=4),
    length=st.integers(0, 1000),
)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(case, edits, length):
    read, whole = case
    data = bytearray(whole)
    for place, patch in edits:
        data[place % len(whole) : place % len(whole) + len(patch)] = patch
    try:
        result = read(bytes(data[: length or None]), "damaged")
    except InputError as error:
        assert error.file == "damaged" and error.found and error.fix
    else:
        assert all(np.isfinite(values).all() for values in result.sequences)


def test_masked_values_are_refused():
    values = np.ma.array(np.arange(20.0).reshape(10, 2), mask=np.arange(20).reshape(10, 2) == 5)
    channels = (Channel("a"), Channel("b"))
    with pytest.raises(InputError, match="a masked array"):
        Sequences("mine", Source("me", "none"), channels, (values,))
    with pytest.raises(InputError, match="a masked array"):
        windows(values, 2, 3, np.random.default_rng(0))
