"""What is asked of pages, each given a page that must be complained about."""

from __future__ import annotations

import pytest
from browser.looks import hard_to_use, languages_wrong, leading_nowhere, out_of_bounds

HEAD = '<!DOCTYPE html><html lang="en"><head><title>A page</title></head><body><main><h1>A page</h1>'
SWITCH = '<label lang="en"><input type="radio" name="language">E</label><label lang="zh-Hant">中</label>'


@pytest.fixture
def written(tmp_path):
    def write(body: str):
        path = tmp_path / "page.html"
        path.write_text(f"{HEAD}{body}</main></body></html>", encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("body", "complaints"),
    [
        ("<p>short</p>", 0),
        ('<p style="width: 700px">long</p>', 2),
        ('<div class="formula" style="overflow: auto; width: 90px"><p style="width: 100px">a</p></div>', 4),
    ],
)
def test_what_does_not_fit_is_noticed(open_page, written, body, complaints):
    assert len(out_of_bounds(open_page, written(body))) == complaints


@pytest.mark.parametrize(
    ("body", "complaints"),
    [('<a href="#a">a</a><p id="a">', 0), ('<a href="#b">b</a><p id="a">', 1), ('<p id="a"></p><p id="a"></p>', 1)],
)
def test_a_link_that_leads_nowhere_is_noticed(open_page, written, body, complaints):
    assert len(leading_nowhere(open_page(written(body)))) == complaints


@pytest.mark.parametrize(
    ("body", "complaints"),
    [("<button>a</button>", 0), ("<button></button>", 1), ('<p style="color: #ccc">pale words</p>', 1)],
)
def test_what_is_hard_to_use_is_noticed(open_page, written, body, complaints):
    assert len(hard_to_use(open_page(written(body)))) == complaints


def test_a_switch_that_does_nothing_is_noticed(open_page, written):
    path = written(f'{SWITCH}<p class="told" lang="en">a</p><p class="told" lang="zh-Hant">b</p>')
    assert len(languages_wrong(open_page, path, ["en", "zh-Hant"])) == 5


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<script>nothing()</script>", "an error"),
        ('<script>console.error("bad")</script>', "error: bad"),
        ('<img alt="a" src="http://127.0.0.1:9/a.png">', "a request for http://127.0.0.1:9/a.png"),
    ],
)
def test_errors_and_requests_are_noticed(open_page, problems, written, body, said):
    open_page(written(body))
    assert any(said in problem for problem in problems)
    problems.clear()
