"""Documents in Chinese: no English is left in them but names, and every block is there in every language."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import cache

import pytest

import lstm_sym as ls
from lstm_sym.check import check_cell
from lstm_sym.document import document as d
from lstm_sym.document.sentences import LANGUAGES, Sentences
from lstm_sym.flow import FlowError
from lstm_sym.report.checked import derivation_pages
from lstm_sym.report.comparison import comparison_document, side
from lstm_sym.studies.reasons import reason

CHINESE = LANGUAGES[1:]
SMALL = {"input": "sunspots", "hidden": 4, "lags": 8, "ends": 4, "seeds": 2, "length": 99}
PROGRAMS = "NumPy SymPy autograd PyTorch Keras ONNX DyNet Paddle JAX Python BPTT chrono tanh sigmoid softmax".split()
PEOPLE = "Karpathy Johnson Fei-Fei Kaplan Yorke Tallec Ollivier".split()
FORMATS = "float16 bfloat16 float32 float64".split()
ALLOWED = {*PROGRAMS, *PEOPLE, *FORMATS, *ls.names()}
WORD = re.compile(r"(?<![0-9.])[A-Za-z][A-Za-z0-9_-]*[A-Za-z0-9]")
"""Two letters or more: one is a symbol."""


@cache
def documents(kind: str) -> dict[str, d.Document]:
    """A document in each language."""
    languages = [Sentences(language) for language in LANGUAGES]
    if kind.startswith("derivation of "):
        cell = ls.cell(kind.removeprefix("derivation of "))
        found = derivation_pages(cell, languages, tuple(check_cell(cell, quick=True)))
        return dict(zip(LANGUAGES, found, strict=True))
    if kind == "comparison":
        sides = [side(name, ls.cell(name), input_size=3, hidden_size=4) for name in ("lstm", "gru")]
        return {one.language: comparison_document(*sides, one) for one in languages}
    if kind == "study":
        study = ls.study(["rnn", "lstm"], **SMALL)
        return {one.language: study._page("out", one) for one in languages}
    flow = ls.gradient_flow(["rnn", "lstm"], time_scale=30, **SMALL)
    return {one.language: flow._page("out", one) for one in languages}


KINDS = ("derivation of lstm", "derivation of slstm", "comparison", "study", "flow")
every_kind = pytest.mark.parametrize("kind", KINDS)


def lines(block: d.Block) -> Iterator[d.Line]:
    """What a block says in words."""
    match block:
        case d.Paragraph():
            yield block.line
        case d.Definitions():
            yield from (line for item in block.items for line in item)
        case d.Table():
            yield from ((head,) for head in block.head)
            yield from (cell for row in block.rows for cell in row)
        case d.Figure():
            yield from ((block.title,), (block.note,), block.caption)
            yield from ((html.unescape(text),) for text in re.findall(r"<text[^>]*>([^<]*)", block.svg))
        case d.Diagram():
            yield from (*block.lines, (block.switch,))
        case d.Comparison():
            sides = (side for pair in block.pairs for side in (pair.left, pair.right))
            yield from (side for side in sides if not isinstance(side, d.Equation))
        case d.Section():
            yield (block.title,)
            yield from (line for inner in block.blocks for line in lines(inner))
        case d.Folded() | d.Beside():
            yield (getattr(block, "summary", ""),)
            yield from (line for inner in block.blocks for line in lines(inner))


def english(document: d.Document) -> set[str]:
    """The Latin words of a document outside of mathematics, code and links."""
    found = [(document.title,), *document.lead, *(line for section in document.sections for line in lines(section))]
    return {word for line in found for part in line if isinstance(part, str) for word in WORD.findall(part)}


def own_words(kind: str) -> set[str]:
    """What belongs to the cells: their English names, their references, their quantities."""
    keys = [kind.rpartition(" ")[2]] if kind.startswith("derivation") else ["lstm", "gru", "rnn"]
    cells = [ls.cell(key) for key in keys]
    texts = " ".join(f"{cell.name} {cell.reference}" for cell in cells)
    return {*WORD.findall(texts), *(name for cell in cells for name in cell.shapes)}


@every_kind
@pytest.mark.parametrize("language", CHINESE)
def test_no_english_is_left_in_a_chinese_document(kind: str, language: str) -> None:
    symbols = {"dh", "dx", "dc"}  # of derivatives, as in ‖dh[T]/dx[t]‖
    assert english(documents(kind)[language]) - ALLOWED - own_words(kind) - symbols == set()


def test_english_is_noticed() -> None:
    table = d.Table(("case", "Code"), (((d.Code("fine"), " seeds, 2e-16"),),))
    document = d.Document("t", "zh-Hant", (("verdict",),), (d.Section("s", "節", (table,)),))
    assert english(document) == {"case", "Code", "seeds", "verdict"}
    assert len(english(documents("flow")["en"])) > 100


@every_kind
def test_every_block_is_of_the_same_kind_in_every_language(kind: str) -> None:
    """So that a page of all languages shows them side by side, and none of them lacks a part."""

    def form(block: d.Block) -> tuple[object, ...]:
        inner = tuple(map(form, getattr(block, "blocks", ())))
        size = len(block.rows) if isinstance(block, d.Table) else len(getattr(block, "items", ()))
        return type(block).__name__, getattr(block, "key", ""), size, inner

    forms = [[form(section) for section in document.sections] for document in documents(kind).values()]
    assert len(forms) == 3 and forms[0] == forms[1] == forms[2]


@pytest.mark.parametrize("name", ls.names())
def test_every_cell_has_a_name_in_chinese(name: str) -> None:
    cell = ls.cell(name)
    for language in CHINESE:
        assert re.search(r"[\u4e00-\u9fff]{2}", cell.names[language])
        assert cell.name_in(language) == cell.names[language]
    assert cell.name_in("en") == cell.name
    assert cell.with_options(**{name: option.choices[-1] for name, option in cell.options.items()}).names == cell.names


def test_a_gate_is_named_as_both_taiwan_and_china_write_it() -> None:
    for kind in ("derivation of lstm", "flow"):
        texts = {language: str(document) for language, document in documents(kind).items()}
        assert "門（又作「閘」）" in texts["zh-Hant"] and "閘" not in texts["zh-Hans"]
        assert texts["zh-Hant"].count("閘") == texts["zh-Hant"].count("（又作「閘」）"), "門 elsewhere"


@pytest.mark.parametrize("language", CHINESE)
def test_why_something_is_left_out_is_said_in_the_language(language: str) -> None:
    """Errors as they are raised, and one that the table does not know."""
    lost = ls.gradient_flow(["rnn", "henon", "indrnn"], choices={"a": 5}, **SMALL)
    errors = [*lost.left_out.values(), *lost.reasons]
    assert len(errors) >= 3
    for error in errors:
        said = "".join(map(str, reason(error, Sentences(language))))
        assert set(WORD.findall(said)) <= {*ls.names()} and re.search(r"[\u4e00-\u9fff]{4}", said), said
        assert "".join(map(str, reason(error, Sentences("en")))) == f"{error.where}: {error.found}"
    unknown = "".join(map(str, reason(FlowError("m", "an odd thing"), Sentences(language))))
    assert "m: an odd thing" in unknown and "英文" in unknown
