"""The film reviews of analysis/sentiment.py: read of an archive in an archive, and what is said where there is none."""

import hashlib
import importlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from lstm_sym.shipped import ShippedError

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def source(monkeypatch, tmp_path):
    """The module, with a cache of its own."""
    monkeypatch.syspath_prepend(str(ROOT / "analysis"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return importlib.import_module("_snippets")


def packed(members):
    """A gzipped tar of these members."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return data.getvalue()


def test_sentences_and_ratings_are_read_from_the_archive_in_the_archive(source, monkeypatch):
    table = b"1\t2.5\tA fine film.\r\n2\t-1.25\tDull, dull.\r\n"
    data = packed({source.INNER: packed({source.TABLE: table})})
    monkeypatch.setattr(source, "ARCHIVE", replace(source.ARCHIVE, sha256=hashlib.sha256(data).hexdigest()))
    source.ARCHIVE.place.parent.mkdir(parents=True)
    source.ARCHIVE.place.write_bytes(data)
    assert source.snippets() == [("A fine film.", 2.5), ("Dull, dull.", -1.25)]


def test_without_the_archive_the_error_names_the_way_without_data(source, monkeypatch):
    def refuse(archive):
        raise ShippedError(archive.file, "no network", "", f"put it at {archive.place}")

    monkeypatch.setattr(source, "kept", refuse)
    with pytest.raises(source.SnippetsError) as refused:
        source.snippets()
    assert str(source.ARCHIVE.place) in str(refused.value) and "--quick" in str(refused.value)
