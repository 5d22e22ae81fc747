"""The converter keeps every digit, and takes the documented files only."""

import io

import numpy as np
import pytest

from lstm_sym.inputs import conversion as convert

HEAD = "# comment\n@problemName Two\n@data\n"


def test_utterances_become_whole_millionths_frame_by_frame():
    data = convert.convert(HEAD + "1.5,-8.3E-4:0.000001,2:7\n", HEAD + "0.1,0.2,0.3:4,5,6:9\n")
    with np.load(io.BytesIO(data)) as archive:
        frames = archive["millionths"].tolist()
        assert frames == [
            [1500000, 1],
            [-830, 2000000],
            [100000, 4000000],
            [200000, 5000000],
            [300000, 6000000],
        ]
        assert archive["millionths"].dtype == np.dtype("<i4")
        assert archive["lengths"].tolist() == [2, 3]
        assert archive["speakers"].tolist() == [7, 9]


def test_the_archive_is_the_same_on_every_run():
    text = HEAD + "1,2:3,4:1\n"
    assert convert.convert(text) == convert.convert(text)


def test_a_seventh_decimal_is_refused():
    with pytest.raises(ValueError, match="six decimals"):
        convert.convert(HEAD + "0.1234567,1:3,4:1\n")


def test_channels_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="inhomogeneous"):
        convert.convert(HEAD + "1,2:3:1\n")


def test_another_file_is_refused_and_nothing_is_written(tmp_path):
    for name in ("train.ts", "test.ts"):
        (tmp_path / name).write_text(HEAD + "1,2:3,4:1\n")
    target = tmp_path / "out.npz"
    with pytest.raises(SystemExit, match="SHA-256"):
        convert.main([str(tmp_path / "train.ts"), str(tmp_path / "test.ts"), str(target)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["test.ts", "train.ts"]


def test_the_documented_files_are_written_whole(tmp_path, monkeypatch, capsys):
    text = HEAD + "1,2:3,4:1\n"
    (tmp_path / "part.ts").write_text(text)
    monkeypatch.setattr(convert, "SHA256", (convert.hashlib.sha256(text.encode()).hexdigest(),) * 2)
    convert.main([str(tmp_path / "part.ts"), str(tmp_path / "part.ts"), str(tmp_path / "out.npz")])
    assert (tmp_path / "out.npz").read_bytes() == convert.convert(text, text)
    assert "out.npz" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.npz", "part.ts"]
