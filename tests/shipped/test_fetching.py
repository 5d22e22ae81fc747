"""Archives are fetched by pip without running anything of them, checked, and kept; no network is needed here."""

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import replace

import pytest

from lstm_sym.shipped import Archive, ShippedError, fetching
from lstm_sym.shipped.archives import members

RAN = "code of the archive ran"
BACKENDS = {
    "setup.py alone": ("setuptools.build_meta", ""),
    "setuptools": ("setuptools.build_meta", '[build-system]\nrequires = []\nbuild-backend = "setuptools.build_meta"\n'),
    "another": ("some_builder.build", '[build-system]\nrequires = []\nbuild-backend = "some_builder.build"\n'),
}


def source_archive(mark, project_table=""):
    """A source archive whose setup.py leaves a mark where it runs, and one text."""
    setup = f"open({str(mark)!r}, 'w').write({RAN!r})".encode()
    files = {"tiny-1.0/setup.py": setup, "tiny-1.0/weights.txt": b"1 2 3"}
    files |= {"tiny-1.0/pyproject.toml": project_table.encode()} if project_table else {}
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return data.getvalue()


def wheel():
    """A wheel with one text."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("tiny/weights.txt", "1 2 3")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    return data.getvalue()


def archive_of(data, file="tiny-1.0.tar.gz", **further):
    return Archive("tiny", "1.0", file, hashlib.sha256(data).hexdigest(), len(data), **further)


@pytest.fixture
def index(monkeypatch, tmp_path):
    """A folder in the place of the index, and a cache of one's own."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def with_pip():
    try:
        fetching.pip(archive_of(b""))
    except ShippedError:
        pytest.skip("neither this interpreter nor the one below it has pip")


@pytest.mark.usefixtures("with_pip")
@pytest.mark.parametrize("kind", BACKENDS)
def test_a_source_archive_is_fetched_and_nothing_of_it_runs(index, tmp_path, kind):
    backend, table = BACKENDS[kind]
    data = source_archive(tmp_path / "mark", table)
    (index / "tiny-1.0.tar.gz").write_bytes(data)
    archive, told = archive_of(data, backend=backend), []
    assert not archive.is_kept
    assert fetching.kept(archive, lambda done, total: told.append((done, total))) == data
    assert archive.place.read_bytes() == data and archive.is_kept
    assert told and all(0 <= done <= total == len(data) for done, total in told)
    assert not (tmp_path / "mark").exists()
    assert members(data, {"weights": "tiny-1.0/weights.txt"}, "tiny") == {"weights": b"1 2 3"}


@pytest.mark.usefixtures("with_pip")
def test_a_wheel_is_fetched(index):
    data = wheel()
    (index / "tiny-1.0-py3-none-any.whl").write_bytes(data)
    archive = archive_of(data, "tiny-1.0-py3-none-any.whl")
    assert fetching.kept(archive) == data
    assert members(data, {"weights": "tiny/weights.txt"}, "tiny") == {"weights": b"1 2 3"}


@pytest.mark.usefixtures("with_pip")
@pytest.mark.parametrize("there", ["another archive", "a truncated archive", "nothing"])
def test_what_is_not_the_archive_is_refused_and_not_kept(index, tmp_path, there):
    data = source_archive(tmp_path / "mark")
    if there != "nothing":
        (index / "tiny-1.0.tar.gz").write_bytes(data[:-20] if there == "a truncated archive" else data)
    wanted = replace(archive_of(data), sha256="0" * 64) if there == "another archive" else archive_of(data)
    with pytest.raises(ShippedError, match="pip could not download it") as refused:
        fetching.kept(wanted)
    assert str(wanted.place) in refused.value.fix and "tiny 1.0" in refused.value.fix
    assert not wanted.place.exists() and not (tmp_path / "mark").exists()


def test_what_is_in_the_cache_is_not_fetched(index, monkeypatch):
    archive = archive_of(b"data")
    archive.place.parent.mkdir(parents=True)
    archive.place.write_bytes(b"data")
    monkeypatch.setattr(fetching, "fetched", lambda *_: pytest.fail("fetched"))
    assert fetching.kept(archive) == b"data"


def test_what_was_cut_short_in_the_cache_is_fetched_again(index, monkeypatch):
    archive = archive_of(b"data")
    archive.place.parent.mkdir(parents=True)
    archive.place.write_bytes(b"da")
    monkeypatch.setattr(fetching, "fetched", lambda *_: b"data")
    assert fetching.kept(archive) == b"data" == archive.place.read_bytes()


def test_without_pip_the_error_says_where_the_archive_belongs(index, monkeypatch):
    no_pip = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr(fetching.subprocess, "run", lambda *given, **options: no_pip)
    archive = archive_of(b"data")
    with pytest.raises(ShippedError, match="has no pip") as refused:
        fetching.kept(archive)
    assert sys.executable in str(refused.value) and str(archive.place) in str(refused.value)


@pytest.mark.parametrize(
    "data",
    [b"", b"PK but no archive", source_archive("x")[:50], source_archive("x")],
    ids=["empty", "no archive", "cut short", "another archive"],
)
def test_a_member_that_is_not_there_is_refused(data):
    with pytest.raises(ShippedError, match="it cannot be read"):
        members(data, {"weights": "tiny-1.0/other.txt"}, "tiny-1.0.tar.gz")
