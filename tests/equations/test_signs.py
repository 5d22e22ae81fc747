r"""How names are shown: '\tilde h' is read, refused where it says something else, and changes only what is seen."""

from dataclasses import replace

import pytest

import lstm_sym as ls
from lstm_sym.document.sentences import LANGUAGES, Sentences
from lstm_sym.equations import CellError, read_cell
from lstm_sym.equations.cell import common_signs
from lstm_sym.equations.signs import ACCENTS, Sign, read_sign
from lstm_sym.notation.breaks import Measure
from lstm_sym.notation.latex import LatexNotation
from lstm_sym.notation.mathml import MathMLNotation
from lstm_sym.notation.text import TextNotation
from lstm_sym.notation.typst import TypstNotation
from lstm_sym.report import PAGES, derivation_document, terminal_text

EQUATIONS = """equations = '''
n[t] = tanh(W_n @ x[t] + U_n @ h[t-1])
h[t] = n[t] + h[t-1]
'''
"""


def cell_with(symbols, equations=EQUATIONS):
    return read_cell((equations + symbols).encode(), key="mine", source="mine.toml")


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        (r"\tilde f", Sign("f", "tilde")),
        (r"\tilde{f}_{in}", Sign("f", "tilde", "in")),
        (r"\bar\alpha_1", Sign("alpha", "bar", "1")),
        (r"\vec{ \beta }", Sign("beta", "vec")),
        (r"\alpha", Sign("alpha")),
        ("alpha", Sign("alpha")),
        ("in", Sign("in")),
        ("c_{in}", Sign("c", "", "in")),
    ],
)
def test_what_is_allowed_is_read(text, sign):
    assert read_sign(text) == sign


@pytest.mark.parametrize(
    ("value", "fix"),
    [
        (r'"\tilde f"', "single quotes"),  # TOML reads \t as a tab
        (r"'\foo'", "no Greek letter"),
        (r"'\tilde in'", "over one letter"),
        (r"'\frac{a}{b}'", "as LaTeX does"),
        (r"'\tilde\tilde f'", "as LaTeX does"),
        ("'x y'", "as LaTeX does"),
        ("'<b>'", "as LaTeX does"),
        (r"'\input{/etc/passwd}'", "as LaTeX does"),
        ("'ñ'", "as LaTeX does"),
        ("''", "as LaTeX does"),
        ("1", "as LaTeX does"),
        (f"'{'a' * 65}'", "as LaTeX does"),
    ],
)
def test_anything_else_is_refused_with_its_name_and_what_is_allowed(value, fix):
    with pytest.raises(CellError) as error:
        cell_with(f"[symbols.n]\nsymbol = {value}\n")
    told = str(error.value)
    assert "the symbol of `n`" in told and r"\tilde" in told and fix in told and "line 5" in told


@pytest.mark.parametrize(
    "symbols",
    [
        "[symbols.n]\nsymbol = 'h'\n",
        "[symbols.h]\nsymbol = 'W_n'\n",
        r"""[symbols]
n = { symbol = '\hat h' }
h = { symbol = '\hat{h}' }
""",
        r"[symbols.n]" + "\n" + r"symbol = '\dot h'",  # the tangent of h
    ],
)
def test_two_names_that_would_look_alike_are_refused(symbols):
    with pytest.raises(CellError, match="would be shown alike"):
        cell_with(symbols)


def test_every_accent_in_every_notation():
    shown = {"tilde": "ñ", "hat": "n̂", "bar": "n̄", "dot": "ṅ", "vec": "n⃗"}
    for accent in ACCENTS:
        cell = cell_with(f"[symbols.n]\nsymbol = '\\{accent} n_{{in}}'\n")
        kinds = (TextNotation, LatexNotation, MathMLNotation, TypstNotation, Measure)
        text, latex, mathml, typst, measure = (kind(signs=cell.signs).named("n", 0) for kind in kinds)
        assert text.startswith(shown[accent][0] if len(shown[accent]) > 1 else "n") and text.endswith("_inₜ")
        assert latex == rf"\{accent}{{n}}_{{\mathrm{{in}},t}}"
        assert mathml.startswith('<msub><mover accent="true"><mi>n</mi><mo>') and "<mi>in</mi>" in mathml
        assert typst == rf'{ {"bar": "macron", "vec": "arrow"}.get(accent, accent) }(n)_("in"\,t)'
        assert len(measure) == len(Measure().name("n", ["in"], "", 0))


def test_what_belongs_to_a_name_is_shown_with_it():
    """Adjoint, slope, tangent, the pre-activation, and the weights whose subscript is the name."""
    cell = cell_with(r"[symbols.n]" + "\n" + r"symbol = '\tilde h'" + "\n")
    lines = [
        text
        for kind in (TextNotation, LatexNotation)
        for statement in (*ls.derive(cell).adjoint.statements, *ls.derive(cell).tangent.statements)
        for text in [
            replace(kind.of(ls.derive(cell).adjoint, ls.derive(cell).tangent), signs=cell.signs).line(statement)
        ]
    ]
    for part in ("δh̃ₜ", "h̃′ₜ", "a_h̃ₜ", "W_h̃", r"\dot{\tilde{h}}_{t}", r"U_{\tilde{h}}", r"a_{\tilde{h},t}"):
        assert any(part in line for line in lines), part


def test_a_symbol_changes_neither_hash_nor_kernel_nor_ids():
    shown = cell_with("[symbols.n]\nsymbol = '\\tilde h'\n")
    plain = cell_with("")
    assert shown.signs and not plain.signs
    assert shown.content_hash == plain.content_hash
    for target, is_plain in (("numpy", False), ("numpy", True), ("javascript", False)):
        assert ls.generate(shown, target=target, plain=is_plain) == ls.generate(plain, target=target, plain=is_plain)
    ids = [[e.id for e in derivation_document(cell, Sentences()).equations()] for cell in (shown, plain)]
    assert ids[0] == ids[1]


def test_a_symbol_outlives_options():
    equations = "equations = '''\nn[t] = phi(W @ x[t])\nh[t] = n[t] + h[t-1]\n'''\n"
    options = "[options.phi]\nchoices = ['tanh', 'relu']\ndefault = 'tanh'\n[symbols.n]\nsymbol = '\\tilde h'\n"
    cell = cell_with(options, equations)
    assert cell.with_options(phi="relu").signs == cell.signs == {"n": Sign("h", "tilde")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_format_shows_the_symbol_and_says_what_programs_call_it(language):
    document = derivation_document(ls.cell("gru"), Sentences(language))
    signs = {
        "html": '<mover accent="true"><mi>h</mi><mo>˜</mo></mover>',
        "md": r"\tilde{h}_{t}",
        "tex": r"\tilde{h}_{t}",
    }
    for name, sign in signs.items():
        page = PAGES[name](document)
        assert sign in page, name
        assert "n_{t}" not in page and "<mi>n</mi>" not in page, name
    assert "h̃ₜ = tanh(W_h̃ xₜ" in terminal_text(document)
    assert "h̃ₜ = n" in terminal_text(document, prose=True, width=1000)


def test_the_drawing_shows_the_symbol():
    from lstm_sym.diagram.drawing import Drawing

    drawing = Drawing(ls.derive(ls.cell("gru"))).svg({})
    assert ">h̃<" in drawing and ">n<" not in drawing


def test_a_page_of_several_cells_shows_what_all_of_them_show():
    gru, mgu, slstm = map(ls.cell, ("gru", "mgu", "slstm"))
    assert common_signs([gru, mgu]) == {"n": Sign("h", "tilde")}
    assert common_signs([gru, slstm]) == {}  # n of the sLSTM is another quantity, shown as n
    other = cell_with("[symbols.n]\nsymbol = 'h_1'\n")
    taken = read_cell(b"equations = '''\nh_1[t] = tanh(W @ h_1[t-1] + V @ x[t])\n'''", key="taken", source="taken")
    assert common_signs([other]) and common_signs([other, taken]) == {}
