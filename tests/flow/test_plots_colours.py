"""The colours of the gates: read as text on light and dark pages, and told apart by everyone."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from contrast import contrast

from lstm_sym.flow.drawing.colours import GATES, MODELS, OWN, channels, darker, gate_colours, model_colours

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D")
LIGHT, DARK = ("#FFFFFF", "#F6F8FA"), ("#000000", "#14171B", "#1C2127")
# Machado, Oliveira & Fernandes (2009), severity 1: protan, deutan, tritan; and normal vision.
VISION = [
    np.eye(3),
    np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    ),
    np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    ),
    np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ),
]
CELLS = ("ifogch", "rznh", "frgch", "inh", "fnh")


def oklab(linear):
    """Ottosson (2020)."""
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    axes = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return axes @ np.cbrt(cones @ linear)


def nearest(colours):
    """The smallest distance of two of the colours, over all forms of vision."""
    srgb = np.array([channels(colour) for colour in colours]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = [[oklab((sight @ one).clip(0, 1)) for one in linear] for sight in VISION]
    return min(np.linalg.norm(a - b) for view in seen for a, b in itertools.combinations(view, 2))


@pytest.mark.parametrize("name", GATES)
def test_every_colour_is_read_as_text(name):
    assert min(contrast(GATES[name].light, page) for page in LIGHT) >= 4.5
    assert min(contrast(GATES[name].dark, page) for page in DARK) >= 4.5


def test_the_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#FFFFFF") == contrast("#FFFFFF", "#000000") == pytest.approx(21, rel=1e-12)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.478, abs=5e-4)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("page", ["light", "dark"])
def test_the_gates_of_a_cell_are_told_apart_with_every_form_of_colour_blindness(cell, page):
    colours = [getattr(colour, page) for colour in gate_colours(cell).values()]
    assert nearest(colours) > nearest(OKABE_ITO)


def test_two_greens_and_reds_would_not_pass():
    assert nearest(["#B03A2E", "#4B6B1E"]) < nearest(OKABE_ITO)


def test_a_letter_has_its_colour_in_every_cell():
    for cell in CELLS:
        given = gate_colours(cell)
        assert all(given[name] == GATES[name] for name in cell if name in GATES)
        assert given == {name: gate_colours(cell[::-1])[name] for name in cell}
    assert gate_colours("rzn")["n"] == GATES["g"]


def test_others_have_what_is_left_in_their_order():
    given = gate_colours(["f", "gain", "q", "g"])
    assert given["gain"] == GATES["i"]
    assert given["q"] == GATES["o"]
    assert len(set(gate_colours(["n", "g", "h"]).values())) == 3
    names = [f"gate {k}" for k in range(20)]
    assert set(gate_colours(names).values()) == set(GATES.values())


@pytest.mark.parametrize("at", [0, 1])
def test_every_line_of_a_model_is_seen_on_light_and_on_dark_pages(at):
    """3 to 1 on both (WCAG 2.2, 1.4.11); their words, darker on white, are read: 4.5 to 1."""
    for colour in MODELS:
        assert min(contrast(colour[at], page) for page in (LIGHT, DARK)[at]) >= 3
        assert min(contrast((darker(colour.light), colour.dark)[at], page) for page in (LIGHT, DARK)[at]) >= 4.5
    assert nearest([colour[at] for colour in MODELS]) > nearest(OKABE_ITO)


def test_a_model_has_one_colour_whatever_stands_beside_it():
    for labels in (["rnn", "lstm"], ["LSTM"], ["gru", "own", "lstm", "lstm, b_f = 1"]):
        given = model_colours(labels)
        assert all(given[label] == OWN[label.lower()].light for label in labels if label.lower() in OWN)
        assert len(set(given.values())) == len(labels)
    assert model_colours(["rnn", "lstm", "lstm, b_f = 1"])["lstm, b_f = 1"] == MODELS[3].light
    assert model_colours(["a", "b"]) == {"a": MODELS[0].light, "b": MODELS[1].light}
    assert set(model_colours([f"model {k}" for k in range(9)]).values()) == {colour.light for colour in MODELS}


def test_no_matplotlib_is_needed():
    modules = ("drawing.colours", "plots.text", "plots.unfolded")
    script = "import sys, lstm_sym.flow." + ", lstm_sym.flow.".join(modules) + "; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
