"""The film reviews of analysis/sentiment.py: fetched by pip without running anything of the archive, and kept."""

import hashlib
import importlib
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RAN = "setup.py ran"


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


def archive(source, mark):
    """A source archive of the same form, whose setup.py leaves a mark where it runs."""
    table = b"1\t2.5\tA fine film.\r\n2\t-1.25\tDull, dull.\r\n"
    setup = f"open({str(mark)!r}, 'w').write({RAN!r})".encode()
    top = source.INNER.partition("/")[0]
    return packed({source.INNER: packed({source.TABLE: table}), f"{top}/setup.py": setup})


def has_pip(source):
    try:
        return bool(source.pip(Path("x")))
    except source.SnippetsError:
        return False


def test_sentences_and_ratings_are_read_from_the_archive_in_the_archive(source, tmp_path):
    found = source.read(archive(source, tmp_path / "mark"))
    assert found == [("A fine film.", 2.5), ("Dull, dull.", -1.25)]


def test_what_is_in_the_cache_is_not_fetched(source, tmp_path, monkeypatch):
    data = archive(source, tmp_path / "mark")
    monkeypatch.setattr(source, "SHA256", hashlib.sha256(data).hexdigest())
    monkeypatch.setattr(source, "fetched", lambda path: pytest.fail("fetched"))
    place = source.cache() / source.ARCHIVE
    place.parent.mkdir(parents=True)
    place.write_bytes(data)
    assert len(source.snippets()) == 2


@pytest.mark.parametrize("right", [True, False])
def test_pip_fetches_what_has_the_right_sum_and_nothing_of_it_runs(source, tmp_path, monkeypatch, right):
    if not has_pip(source):
        pytest.skip("neither this interpreter nor the one below it has pip")
    mark, index = tmp_path / "mark", tmp_path / "index"
    index.mkdir()
    data = archive(source, mark)
    (index / source.ARCHIVE).write_bytes(data)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setattr(source, "SHA256", hashlib.sha256(data if right else b"another").hexdigest())
    if right:
        assert len(source.snippets()) == 2
        assert (source.cache() / source.ARCHIVE).read_bytes() == data
    else:
        with pytest.raises(source.SnippetsError, match="pip could not download it"):
            source.snippets()
        assert not source.cache().exists()
    assert not mark.exists()


def test_without_pip_the_error_says_where_the_archive_belongs(source, monkeypatch):
    no_pip = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr(source.subprocess, "run", lambda *given, **options: no_pip)
    with pytest.raises(source.SnippetsError) as refused:
        source.snippets()
    told = str(refused.value)
    assert sys.executable in told and str(source.cache() / source.ARCHIVE) in told and "--quick" in told
