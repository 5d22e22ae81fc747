"""Tables in a narrow window: what is short stays on a line, and sentences keep a width in which they can be read."""

from __future__ import annotations

import pytest

from lstm_sym.document.document import Document, Section, Table
from lstm_sym.document.html import html_page

ROWS = (("dot test", "forward mode against backward mode: two ways to the same number", "2.0e-15", "✓ passed"),) * 2
TABLE = Table(
    ("check", "what is compared", "measured", "verdict"), tuple(tuple((text,) for text in row) for row in ROWS)
)


@pytest.mark.parametrize("width", [375, 1280])
def test_verdicts_stay_on_a_line_and_sentences_are_wide_enough(open_page, tmp_path, width):
    path = tmp_path / "table.html"
    path.write_text(html_page(Document("A table", "en", (), (Section("one", "One", (TABLE,)),))), encoding="utf-8")
    row = open_page(path, width=width).locator("tbody tr").first
    row.evaluate("(one) => one.closest('table').style.fontSize = '20px'")
    sentence, verdict = row.locator("td").nth(1), row.locator("td").nth(3)
    assert sentence.bounding_box()["width"] >= 160
    lines = (
        "(one) => { const r = document.createRange(); r.selectNodeContents(one); return r.getClientRects().length; }"
    )
    assert verdict.evaluate(lines) == 1
