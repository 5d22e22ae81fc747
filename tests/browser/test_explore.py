"""The explorer in a browser: what is moved moves the pictures, by pointer and by keyboard, and the address keeps it."""

from __future__ import annotations

import pytest
from browser.looks import hard_to_use, languages_wrong, leading_nowhere, out_of_bounds

import lstm_sym as ls
from lstm_sym.document.html import html_page
from lstm_sym.document.sentences import LANGUAGES, Sentences, in_order
from lstm_sym.explore import explorer_pages

HELD = "#explore?steps=12&lstm.i.held=100000000000&lstm.f.held=111111111111&lstm.o.held=000000000001"
CURVE = ".explorer .curve-{} path"


@pytest.fixture(scope="session")
def explorer(folder):
    """RNN and LSTM beside each other, written once."""
    cells = [ls.cell(name) for name in ("rnn", "lstm")]
    path = folder / "explore.html"
    path.write_text(html_page(*explorer_pages(cells, [Sentences(one) for one in in_order("en")])), encoding="utf-8")
    return path


def drawn(page, place: int) -> str:
    """The path of a curve, once what was asked for is drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.locator(CURVE.format(place)).get_attribute("d")


def set_slider(page, name: str, value: float) -> None:
    page.locator(f'input[name="{name}"]').fill(str(value))


def gate(page, name: str, step: int):
    return page.locator(f'button[data-gate="{name}"][data-step="{step}"]')


@pytest.mark.parametrize(
    ("slider", "value", "moved"),
    [
        ("steps", 9, (0, 1)),
        ("scale", 2.5, (0, 1)),
        ("seed", 2, (0, 1)),
        ("lstm.f", 3, (1,)),
        ("lstm.o", -2, (1,)),
    ],
)
def test_a_slider_moves_the_curves_that_it_is_about(open_page, explorer, slider, value, moved):
    page = open_page(explorer)
    before = [drawn(page, place) for place in (0, 1)]
    shown = page.locator(".legend").inner_text()
    set_slider(page, slider, value)
    after = [drawn(page, place) for place in (0, 1)]
    assert tuple(place for place in (0, 1) if before[place] != after[place]) or slider == "lstm.f"
    assert page.locator(".legend").inner_text() != shown
    assert page.locator(f'output[for="explorer.{slider}"]').inner_text().lstrip("+× ").replace("−", "-") == str(value)
    assert all(before[place] != after[place] for place in moved)


def test_a_click_holds_a_gate_open_then_shut_then_leaves_it(open_page, explorer):
    page = open_page(explorer)
    curves, one = [drawn(page, 1)], gate(page, "f", 5)
    assert one.get_attribute("aria-pressed") == "false"
    for said, pressed in (("held open", "true"), ("held shut", "true"), ("left to the equations", "false")):
        one.click()
        curves.append(drawn(page, 1))
        assert said in one.get_attribute("aria-label") and one.get_attribute("aria-pressed") == pressed
    assert len(set(curves[:3])) == 3 and curves[3] == curves[0]


def test_keys_move_over_the_gates_and_set_them(open_page, explorer):
    page = open_page(explorer)
    gate(page, "i", 1).focus()
    for key in ("ArrowRight", "ArrowDown", "1", "End", "0"):
        page.keyboard.press(key)
    drawn(page, 1)
    assert "open" in gate(page, "f", 2).get_attribute("aria-label")
    assert "shut" in gate(page, "f", 20).get_attribute("aria-label")
    assert page.evaluate("() => document.activeElement.dataset.step") == "20"
    page.keyboard.press("Delete")
    drawn(page, 1)
    assert "left to the equations" in gate(page, "f", 20).get_attribute("aria-label")
    assert page.locator('.held tr:nth-child(2) td button[tabindex="0"]').count() == 1


def test_what_is_stored_kept_and_read_is_the_picture_of_the_textbooks(open_page, explorer):
    page = open_page(explorer)
    page.locator('[data-preset="keep"]').click()
    drawn(page, 1)
    shades = page.evaluate("""() => [...document.querySelectorAll('[data-cell="lstm"] .node')]
        .map((one) => parseFloat(one.style.getPropertyValue("--dark")))""")
    output, cell, inputs = shades[:20], shades[20:40], shades[40:]
    assert min(cell) > 99 and output[19] > 99 and max(output[:19]) < 1
    assert inputs == [100] + 19 * [0]
    page.locator('[data-preset="free_all"]').click()
    assert drawn(page, 1) == drawn(open_page(explorer), 1)


def test_the_address_keeps_a_picture_and_gives_it_back(open_page, explorer):
    page = open_page(explorer)
    set_slider(page, "lstm.f", 2.5)
    gate(page, "o", 3).click()
    curve = drawn(page, 1)
    assert "lstm.f=2.5" in page.url and "lstm.o.held=..1" in page.url
    again = open_page(explorer, address=page.url[page.url.index("#") :])
    assert drawn(again, 1) == curve
    again.locator("button[type=reset]").click()
    assert drawn(again, 1) == drawn(open_page(explorer), 1) and "explore?" not in again.url


@pytest.mark.parametrize("address", ["#explore?steps=1e9&seed=-7&lstm.f=x&toString=1&lstm.f.held=%3Cb%3E&no.f.held=1"])
def test_an_address_that_says_nonsense_does_no_harm(open_page, explorer, address):
    page = open_page(explorer, address=address)
    assert drawn(page, 0) and page.locator('output[for="explorer.steps"]').inner_text() == "60"


def test_without_scripts_the_page_says_so(browser, explorer):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(explorer.as_uri())
    assert page.locator(".asleep").is_visible() and not page.locator(".desk").is_visible()
    page.context.close()


def test_the_page_fits_every_width_and_paper(open_page, explorer):
    assert out_of_bounds(open_page, explorer, HELD) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_hard_to_use_for_nobody(open_page, explorer, scheme):
    page = open_page(explorer, scheme=scheme, address=HELD)
    assert leading_nowhere(page) == [] and hard_to_use(page) == []


def test_the_switch_shows_each_language_and_the_address_keeps_it(open_page, explorer):
    assert languages_wrong(open_page, explorer, LANGUAGES) == []


def test_what_the_script_writes_follows_the_language(open_page, explorer):
    page = open_page(explorer, address="?lang=zh-Hans")
    assert "减半" in page.locator(".legend").inner_text()
    page.locator('label[lang="zh-Hant"]').click()
    page.wait_for_function("() => document.querySelector('.legend').innerText.includes('減半')")


def test_names_have_their_index_below_and_the_name_of_a_gate_holds_its_row(open_page, folder):
    path = folder / "nested.html"
    path.write_text(html_page(*explorer_pages([ls.cell("nested_lstm")], [Sentences("en")])), encoding="utf-8")
    page = open_page(path)
    page.locator(".network .index").last.wait_for(state="attached")
    assert page.locator(".network .index").all_text_contents() == ["", "", "in"]
    assert page.locator("label b sub").all_text_contents() == ["in"] * 3
    page.locator('[data-row="i_in"]').click()
    page.locator('button[data-gate="i_in"][data-step="4"][aria-pressed="true"]').wait_for()
    assert gate(page, "i", 4).get_attribute("aria-pressed") == "false"
