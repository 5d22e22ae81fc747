"""The works of a reference as entries of BibTeX: what the text says, and nothing else."""

from __future__ import annotations

import re

import pytest

import lstm_sym as ls
from lstm_sym.document.references import Work, bibtex, works

GREFF = "Hochreiter & Schmidhuber 1997, Neural Computation 9(8); variant NFG of Greff et al. 2017, arXiv:1503.04069"


def test_the_parts_of_a_reference_become_fields() -> None:
    first, second = works([GREFF])
    assert first == Work(
        key="hochreiter1997",
        text="Hochreiter & Schmidhuber 1997, Neural Computation 9(8)",
        authors="Hochreiter and Schmidhuber",
        year="1997",
        note="Neural Computation 9(8)",
    )
    assert (second.key, second.authors, second.year, second.arxiv) == (
        "greff2017",
        "Greff and others",
        "2017",
        "1503.04069",
    )
    assert second.note == "variant NFG of Greff et al. 2017"


@pytest.mark.parametrize(
    ("reference", "authors", "key"),
    [
        ("van der Westhuizen & Lasenby 2018, arXiv:1804.04849", "van der Westhuizen and Lasenby", "westhuizen2018"),
        ("Collins, Sohl-Dickstein & Sussillo 2017", "Collins and Sohl-Dickstein and Sussillo", "collins2017"),
        ("Elman 1990", "Elman", "elman1990"),
    ],
)
def test_names_of_several_words_stay_whole(reference: str, authors: str, key: str) -> None:
    [work] = works([reference])
    assert (work.authors, work.key, work.note) == (authors, key, "")


def test_what_names_no_work_is_a_note() -> None:
    [work] = works(["my own notes"])
    assert work.bibtex() == "@misc{reference,\n  note = {my own notes},\n}"
    [work] = works(["Cho et al. 2014; z and 1 - z change places; as in Keras"])
    assert work.note == "z and 1 - z change places; as in Keras"
    assert works([""]) == ()


def test_a_work_stands_once_and_keys_differ() -> None:
    found = works([GREFF, GREFF, "Greff 2017", "Greff & Cho 2017"])
    assert len(found) == 4 and len({work.key for work in found}) == 4


def test_signs_of_tex_end_no_field() -> None:
    [work] = works(["Me 2026: 50 % of {a} \\input{x} & b_c"])
    [note] = re.findall(r"note = \{(.*)\},", work.bibtex())
    assert r"50 \% of" in note and r"\& b\_c" in note and not re.search(r"[{}]|\\i", note)


@pytest.mark.parametrize("name", ls.names())
def test_an_entry_says_nothing_that_the_reference_does_not(name: str) -> None:
    reference = ls.cell(name).reference
    text = bibtex([reference])
    assert text.count("{") == text.count("}") and "@misc{" in text
    said = re.findall(r"= \{(.*)\},", text)
    words = {word for field in said for word in re.findall(r"\w+", field)} - {"and", "others", "arXiv"}
    assert words <= set(re.findall(r"\w+", reference))
    assert all(year in text for year in re.findall(r"\b(?:19|20)\d\d\b(?!\.)", reference))
