"""The names that people give to what a backward pass takes and returns, beside those of docs/audit.md."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lstm_sym.audit import names
from lstm_sym.compile.derivation import Derivation
from lstm_sym.ground.size_names import SIZES

INPUT = "x xs x_t xt X Xs inputs input input_seq x_seq seq sequence input_sequence x_in inp data".split()
OUTPUT_GRADIENT = (
    "dout douts d_out dys dhs dH dHs dhout dh_out dout_h upstream grad_output grad_outputs grad_h grad_hs grad_out "
    "output_gradients output_grad delta deltas dhidden d_hidden dL_dh dLdh dL_dy dy_seq dh_seq dh_list dloss gradient "
    "gradients_out error errors grad grads_out"
).split()
TARGETS = "targets target labels label y_true ys_true targets_seq".split()
"""The classes that a loss wants: dy is made inside, of a softmax on a layer after the cell."""

CONSTRUCTOR = {
    **dict.fromkeys("input inputs inp in_ in_size n_ins nx ni x D_in d_x embed embedding emb vocab".split(), "size/D"),
    **dict.fromkeys("hidden hiddens nh na state rnn_size lstm_size gru_size mem_cell_ct n_cells".split(), "size/H"),
    **dict.fromkeys("output outputs out ny no out_".split(), "size/Y"),
    **dict.fromkeys("lr learning_rate eta step_size seed random_seed random_state".split(), "zero"),
}
"""Name of an argument of a constructor -> what it is given, where it would be something else of a pass."""

SIZE_NAMES = ("input_size", "hidden_size", "output_size", "batch_size", "seq_len")
"""What to call sizes."""

SIZE_LETTERS = {"H": "hsa", "D": "xdie", "T": "t", "B": "bm", "Y": "yok"}
"""Size -> letters that stand for it in names like n_h, nx, H_size, dim_x."""

SIZE_WORDS = {
    "H": ("hid", "unit", "neuron", "state", "cell"),
    "B": ("batch",),
    "T": ("seq", "time", "step", "len"),
    "Y": ("out", "class", "target", "label"),
    "D": ("in", "word", "vocab", "embed", "feat", "char", "x"),
}
"""Size -> what a name may have in it that says how many of something there are, the first that fits."""

CACHE = (
    "cache caches tape ctx saved saved_values memory stored history intermediates values context records trace fwd "
    "forward_cache forward_values activations states acts"
).split()
"""What a forward pass keeps for the backward pass."""

PARAMETERS = "p params parameters weights theta model w net network param P".split()
"""A dict of parameters."""

PARAMETER_GRADIENTS = "grads grad gradients dparams d_params dparameters dweights dtheta dp dP gs deltas".split()
"""The gradients of all parameters together."""

READOUT = {
    "matrix": "Wy W_y Why W_hy Wya W_ya V Wv Wo_out W_out Wout Who W_ho".split(),
    "vector": "by b_y bv b_out bout c_y".split(),
}
"""Weights of a layer after the cell: given, for its forward pass may use them, and not audited."""

ALIASES = {"h": ("a", "s", "hidden", "H"), "c": ("C", "cell", "cell_state", "memory_cell"), "x": ("inp",)}
"""Other letters for a quantity, where the cell has none of that name."""

PREVIOUS = (
    "{0}_prev prev_{0} {0}prev {0}0 {0}_0 {0}_init init_{0} {0}_in {0}_t_1 {0}_tm1 {0}_last {0}_old initial_{0} "
    "{0}_start {0}Prev {0}_initial {0}m1 {0}p"
).split()
"""The state that a forward pass starts from."""

NEXT = "d{0}_next d_{0}_next dnext_{0} d{0}next d{0}_carry next_d{0} d{0}_from_next d{0}Next grad_{0}_next".split()
"""The adjoint of a state that arrives from the next step."""

LAST = "d{0}_T d_{0}_T d{0}T d{0}_last d{0}_final dlast_{0} d{0}_n d{0}n dfinal_{0} d{0}_end".split()
"""The adjoint of the last state."""

BEFORE = (
    "d{0}0 d{0}_0 d{0}_prev dprev_{0} d{0}prev d_{0}_prev d_{0}0 d{0}_init dinit_{0} d{0}_next dnext_{0} d{0}next "
    "d_{0}_next grad_{0}0 grad_{0}_prev d{0}_in d_prev_{0} d{0}_initial d{0}Prev"
).split()
"""The gradient of the first state, or of the one before."""

STATE_TUPLES = (
    "state states initial init_state initial_state hidden hidden_state hx hc h_c prev_state init_states"
).split()
STATE_GRADIENT_TUPLES = (
    "dstate d_state dstates dhidden_state dhx dstate_T dnext_state dnext dstate_next dnext_states dlast_state "
    "dfinal_state dstate_last dstate_final dhc grad_state dhidden"
).split()
STATE_GRADIENTS = (
    "dstate0 dstate_0 dstate d_state dstates dstate_prev dprev_state dinit_state dstate_init dinitial_state grad_state "
    "grad_states grad_state0 dstate_in d_initial_state dhx dhc dhidden dhidden_state d_state0 dprev dnext dstate_next"
).split()
"""The gradients of all first states together, or of those of the step before."""


def first_states(states: Sequence[str]) -> dict[str, str]:
    """Name -> the first state, or the one before, that it is, where it can be nothing else."""
    letters = spelled(tuple(states), {})
    return {name.format(letter): state for letter, state in letters.items() for name in (*PREVIOUS, "{0}", "{0}_t")}


def state_gradients(states: Sequence[str]) -> dict[str, str]:
    """Name -> the state whose adjoint it is, that of the last one or one that is carried, where it can be no other."""
    forms = (*LAST, *NEXT, *BEFORE, "d{0}", "d_{0}", "grad_{0}")
    return {name.format(letter): s for letter, s in spelled(tuple(states), {}).items() for name in forms}


def spelled(cell_states: tuple[str, ...], known: Mapping[str, object]) -> dict[str, str]:
    """Letter -> the state that it stands for: its own, and its aliases where the cell has nothing of that name."""
    found = {name: name for name in cell_states}
    for name in cell_states:
        found |= {alias: name for alias in ALIASES.get(name, ()) if alias not in known}
    return found


def size_like(name: str) -> str:
    """The size that a name like word_dim or n_neurons says, "" if it says none."""
    words = name.lower()
    if letter := re.fullmatch(r"(?:(?:n|num|dim|size|len)_?)([a-z])|([a-z])_?(?:size|dim|dims|len|units|count)", words):
        said = letter[1] or letter[2]
        return next((f"size/{size}" for size, letters in SIZE_LETTERS.items() if said in letters), "")
    if not re.search(r"size|dim|len|num|^n_|^n(?=[A-Z])|units|count|features|steps", name):
        return ""
    return next((f"size/{size}" for size, said in SIZE_WORDS.items() if any(word in words for word in said)), "")


def backward_arguments(derivation: Derivation, sizes: Mapping[str, int]) -> dict[str, str]:
    """Name of an argument of a backward pass -> what it is given."""
    cell = derivation.cell
    found = {name: f"size/{size}" for size, spellings in SIZES.items() for name in spellings}
    found |= dict.fromkeys(OUTPUT_GRADIENT, "dy") | dict.fromkeys(INPUT, "x")
    found |= dict.fromkeys(TARGETS, "targets")
    found |= {name: "readout/matrix" for name in READOUT["matrix"]} | {n: "readout/vector" for n in READOUT["vector"]}
    for letter, state in spelled(tuple(cell.states), found | names.arguments(derivation, sizes)).items():
        if state == cell.output:
            found |= {f"d{letter}{end}": "dy" for end in ("", "s", "_t", "t", "_seq", "_all", "_out")}
        found |= {name.format(letter): f"state/{state}" for name in PREVIOUS}
        found |= {
            name.format(letter): f"dstate/{state}" for name in (*LAST, *(["d{0}"] if state != cell.output else []))
        }
        found |= {name.format(letter): f"carried/{state}" for name in NEXT}
        found |= {f"{letter}s": f"tape/{state}"}
    return found | names.arguments(derivation, sizes)


def forward_arguments(derivation: Derivation, sizes: Mapping[str, int]) -> dict[str, str]:
    """Name of an argument of a forward pass -> what it is given: a state is the one that it starts from."""
    found = backward_arguments(derivation, sizes)
    known = dict(found)
    for letter, state in spelled(tuple(derivation.cell.states), known).items():
        found |= {name.format(letter): f"state/{state}" for name in (*PREVIOUS, "{0}", "{0}_t")}
    return found


def outputs(derivation: Derivation) -> dict[str, str]:
    """Name under which a gradient comes back -> the output it is, but for the arrays of parameters."""
    cell = derivation.cell
    documented = names.outputs(cell)
    found = {f"{d}{name}": "x" for name in INPUT for d in ("d", "d_", "grad_")}
    for letter, state in spelled(tuple(cell.states), documented).items():
        found |= {name.format(letter): f"{state}[0]" for name in BEFORE}
    return found | documented
