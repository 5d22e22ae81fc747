"""What is written in each format comes back, and what a reader decides is stated."""

import math
import struct
import unicodedata
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_sym.inputs import EXTENSIONS, load, stream
from lstm_sym.inputs.sequences import ONE_HOT
from lstm_sym.inputs.table import read_table
from lstm_sym.inputs.text import read_text

RANDOM = np.random.default_rng(11)


def saved(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def wav(width: int, frames: bytes, channels: int = 1, rate: int = 8000, extra: bytes = b"") -> bytes:
    """Return a WAV file; `extra` stands between the header and the format chunk."""
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * width, channels * width, 8 * width)
    body = b"WAVE" + extra + b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(frames)) + frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("shape", [(7,), (7, 3), (2, 7, 3)])
@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<f2", "<i2", ">i4", "<i8", "u1", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_come_back(tmp_path, shape, dtype, order):
    values = np.asarray(RANDOM.integers(0, 2, shape) * 3, dtype=dtype, order=order)
    np.save(tmp_path / "values.npy", values)
    loaded = load(tmp_path / "values.npy")
    expected = values.astype(np.float64)
    if len(shape) == 3:
        assert len(loaded.sequences) == shape[0]
        np.testing.assert_array_equal(np.stack(loaded.sequences), expected)
    else:
        np.testing.assert_array_equal(loaded.sequences[0], expected.reshape(7, -1))
    assert all(part.dtype == np.float64 and not part.flags.writeable for part in loaded.sequences)
    assert bool(loaded.notes) == (dtype != "<f8")
    assert (loaded.name, len(loaded.channels)) == ("values.npy", shape[-1] if len(shape) > 1 else 1)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': True, 'shape': (3, 2)}",
        '{"shape": (3L, 2L,), "descr": "<f8", "fortran_order": False, }',
        " {'fortran_order':False,'descr':'<f8','shape':( 3,2 )} \n",
        "{'descr': '=f8',\n 'fortran_order': False,\n 'shape': (6,), }\n\n",
    ],
)
@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_header_may_be_written_in_any_way(tmp_path, header, version):
    """As other programs write it."""
    text = header.encode().ljust(118)
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    content = b"\x93NUMPY" + bytes([version, 0]) + length + text + struct.pack("<6d", *range(6))
    path = saved(tmp_path, "values.npy", content)
    shape, order = ((6, 1) if "6" in header else (3, 2)), ("F" if "True" in header else "C")
    expected = np.arange(6.0).reshape(shape, order=order)
    np.testing.assert_array_equal(load(path).sequences[0], expected)


def test_an_array_of_integers_states_its_conversion(tmp_path):
    np.save(tmp_path / "values.npy", np.arange(5))
    assert load(tmp_path / "values.npy").notes == ("int64 values are converted to float64 (beyond 2**53 rounded)",)


@given(
    rows=st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2), min_size=2),
    delimiter=st.sampled_from(",;\t"),
    header=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
)
def test_numbers_in_a_table_come_back_exactly(rows, delimiter, header, end, mark):
    lines = [["alpha", "beta"]] * header + [[repr(cell) for cell in row] for row in rows]
    text = "\ufeff" * mark + end.join(delimiter.join(line) for line in lines) + end
    loaded = read_table(text.encode("utf-8"), "values.csv")
    np.testing.assert_array_equal(loaded.sequences[0], np.array(rows))
    expected = ["alpha", "beta"] if header else ["column 1", "column 2"]
    assert [channel.name for channel in loaded.channels] == expected


@pytest.mark.parametrize(
    ("text", "names", "values"),
    [
        ("1\n2\n3\n", ["column 1"], [[1], [2], [3]]),
        ("x\n1\n2", ["x"], [[1], [2]]),
        ("date,a,b\n2020-01-01,1,2\n2020-01-02,3,4\n", ["a", "b"], [[1, 2], [3, 4]]),
        ("2020-01-01;1;2\n2020-01-02;3;4\n", ["column 2", "column 3"], [[1, 2], [3, 4]]),
        ("date\t2019\t2020\n01/02\t1\t2\n02/02\t3\t4\n", ["2019", "2020"], [[1, 2], [3, 4]]),
        (",0,1\n0,5,6\n1,7,8\n", ["0", "1"], [[5, 6], [7, 8]]),
        (",a,b\n0,5,6\n1,7,8\n", ["a", "b"], [[5, 6], [7, 8]]),
        ('"a, m/s","b"\n"1","2"\n"3","4"\n', ["a, m/s", "b"], [[1, 2], [3, 4]]),
        ("# a, b\n 1 , 2\n 3 , 4\n", ["a", "b"], [[1, 2], [3, 4]]),
        ("\n\n1,2\n\n3,4\n  \n", ["column 1", "column 2"], [[1, 2], [3, 4]]),
        ("a,\n1,2\n3,4\n", ["a", "column 2"], [[1, 2], [3, 4]]),
        ("日期,溫度,湿度\n2024年1月1日,1.5,2\n2024年1月2日,-3,4e1\n", ["溫度", "湿度"], [[1.5, 2], [-3, 40]]),
        ("x²,2020,2021\n2024年1月,1,2\n2024年2月,3,4\n", ["2020", "2021"], [[1, 2], [3, 4]]),
    ],
)
def test_a_table_is_understood(tmp_path, text, names, values):
    loaded = load(saved(tmp_path, "table.csv", text))
    assert [channel.name for channel in loaded.channels] == names
    np.testing.assert_array_equal(loaded.sequences[0], values)


def test_what_is_left_out_of_a_table_is_stated(tmp_path):
    loaded = load(saved(tmp_path, "table.csv", "date;a\n2020-01-01;1\n2020-01-02;2\n"))
    assert loaded.notes == (
        "cells separated by semicolons",
        "row 1 is the header",
        "column 1 ('date') holds labels and is left out",
    )


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_samples_come_back_within_full_scale(tmp_path, width, channels):
    half = 2 ** (8 * width - 1)
    samples = np.array([-half, half - 1, 0, 1, -1, *RANDOM.integers(-half, half, 15)]).repeat(channels)
    if width == 1:
        frames = (samples + 128).astype(np.uint8).tobytes()
    else:
        frames = b"".join(int(sample).to_bytes(width, "little", signed=True) for sample in samples)
    with wave.open(str(tmp_path / "tone.wav"), "wb") as file:
        file.setparams((channels, width, 44100, 20, "NONE", ""))
        file.writeframes(frames)
    loaded = load(tmp_path / "tone.wav")
    values = loaded.sequences[0]
    np.testing.assert_array_equal(values, (samples / half).reshape(20, channels))
    assert (values.min(), loaded.sample_rate) == (-1.0, 44100.0)
    assert values.max() == 1.0 - 1.0 / half < 1.0
    assert len(loaded.channels) == channels
    assert f"{8 * width}-bit" in loaded.notes[0]


def test_extensible_integer_samples_are_read(tmp_path):
    frames = struct.pack("<4h", 0, 16384, -16384, -32768)
    guid = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    form = struct.pack("<HHIIHH", 0xFFFE, 2, 8000, 32000, 4, 16) + struct.pack("<HHI", 22, 16, 3) + guid
    body = b"WAVEfmt " + struct.pack("<I", 40) + form + b"data" + struct.pack("<I", 8) + frames
    path = saved(tmp_path, "field.wav", b"RIFF" + struct.pack("<I", len(body)) + body)
    np.testing.assert_array_equal(load(path).sequences[0], [[0.0, 0.5], [-0.5, -1.0]])


def test_chunks_before_the_format_are_stepped_over(tmp_path):
    extra = b"JUNK" + struct.pack("<I", 3) + b"fmt" + b"\0"
    path = saved(tmp_path, "tone.wav", wav(2, struct.pack("<2h", 1, -1), extra=extra))
    np.testing.assert_array_equal(load(path).sequences[0] * 32768, [[1], [-1]])


def test_an_extension_may_be_in_capitals(tmp_path):
    assert load(saved(tmp_path, "TABLE.CSV", "1\n2\n")).name == "TABLE.CSV"
    assert load(saved(tmp_path, "t.tsv", "1\t2\n3\t4\n")).sequences[0].shape == (2, 2)
    assert set(EXTENSIONS) == {".npy", ".csv", ".tsv", ".wav", ".txt"}


def test_chinese_text_comes_back(tmp_path):
    poem = "床前明月光,\n疑是地上霜。\n舉頭望明月,\n低頭思故鄉。\n"
    loaded = load(saved(tmp_path, "靜夜思.txt", poem))
    (one_hot,) = loaded.sequences
    names = [channel.name for channel in loaded.channels]
    assert one_hot.shape == (len(poem), len(set(poem)))
    assert "".join(names[index] for index in one_hot.argmax(axis=1)).replace("newline", "\n") == poem
    assert {channel.unit for channel in loaded.channels} == {ONE_HOT}
    assert loaded.name == "靜夜思.txt"
    assert stream(loaded).values.shape == one_hot.shape


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=2, max_size=60))
def test_text_is_one_hot_in_the_order_of_code_points(text):
    composed = unicodedata.normalize("NFC", text)
    alphabet = sorted(set(composed))
    if len(alphabet) < 2 or text.startswith("\ufeff"):
        return
    (one_hot,) = read_text(text.encode("utf-8"), "some.txt").sequences
    np.testing.assert_array_equal(one_hot.sum(axis=1), 1.0)
    assert "".join(alphabet[index] for index in one_hot.argmax(axis=1)) == composed


def test_decomposed_letters_are_composed(tmp_path):
    loaded = load(saved(tmp_path, "a.txt", "e\u0301a\u0308"))
    assert [channel.name for channel in loaded.channels] == ["ä", "é"]


def test_line_ends_become_one_newline_and_unseen_characters_get_names(tmp_path):
    loaded = load(saved(tmp_path, "a.txt", "\ufeffa\r\nb\rc\n\t \u3000"))
    assert loaded.sequences[0].shape[0] == 9
    names = [channel.name for channel in loaded.channels]
    assert names == ["tab", "newline", "space", "a", "b", "c", "ideographic space"]


@pytest.mark.parametrize("size", [511, 512])
def test_the_alphabet_may_have_512_characters(tmp_path, size):
    text = "".join(chr(0x4E00 + index) for index in range(size))
    assert load(saved(tmp_path, "many.txt", text)).sequences[0].shape == (size, size)


def test_a_user_file_is_named_without_its_folder(tmp_path):
    loaded = load(saved(tmp_path, "mine.csv", "1\n2\n"))
    assert str(tmp_path) not in loaded.source.citation and "mine.csv" in loaded.source.citation
    assert loaded.source.licence and math.isfinite(loaded.sequences[0].sum())
