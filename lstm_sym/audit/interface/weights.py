"""Which parameters of the cell an array holds, by its name: Wx, W_hh, Wf, b_ih, weight_hh, W_xi, ...

A name is a letter, and what it says of kind and gate. How people's names are to be read shows in all of them together:
beside Uf a Wf is what multiplies the input, by itself it multiplies [h, x]; beside Wz and Wr a Wh is that of a gate.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace

from lstm_sym.audit.interface.description import Pack, Packs
from lstm_sym.audit.interface.gates import Gates
from lstm_sym.ground.weight_names import PEEPHOLES

NAME = re.compile(r"((?:weights?|theta)(?=[_A-Z\d])|kernel|recurrent_kernel|biases|bias|[WwURb])(.*)", re.DOTALL)
KIND_WORDS = {
    "x": "x xh xa ax ih in input inp i2h xz hx_in xw".split(),
    "h": "h hh aa ah hid hidden rec recurrent r h2h a s ss hu prev".split(),
}
"""Kind -> what names say for it."""

GATE_WORDS = {
    "i": "i in input u update".split(),
    "f": "f forget".split(),
    "o": "o out output".split(),
    "g": "g c a cell cand candidate ctilde cbar chat z".split(),
    "r": "r reset".split(),
    "z": "z update u".split(),
    "n": "n h new c g hat htilde cand candidate hh".split(),
}
"""Gate, by the letter that cells have for it -> what names say for it."""

BIASES = ("1", "1h")
"""Kinds that a file may be without: the cell's bias, and a second one."""

GRADIENT = ("d", "d_", "grad_", "D", "g_", "delta_", "g", "dLd", "dL_d", "dJd", "dJ_d", "dEd", "dE_d")
"""What stands before the name of a gradient."""


def readings(
    words: Iterable[str], gates: Gates, parameters: Iterable[str], scalings: Mapping[str, tuple[str, str]]
) -> tuple[Packs, ...]:
    """The names among these words that hold parameters, read in every way that gives each parameter a place.

    A name of the cell's own is that parameter. scalings: as `gates.scalings` has them. The first reading is the
    likeliest; ({},) if there is none.
    """
    found = dict.fromkeys(words)
    own = {name: Pack(parameter=name) for name in parameters if name in found}
    is_whole = _all_kinds(own, gates)
    own |= _scaling({name: of for name, of in scalings.items() if name not in own}, found)
    # Where all of the cell's own are there, arrays of several may be unpacked into them.
    bases = [name for name in found if NAME.fullmatch(name) and not (is_whole and name in own)]
    ways = [way for way in (_by_gate(bases, gates), _together(bases, gates)) if way]
    complete = [{**way, **_not_held(own, way, gates)} for way in ways if covers(way, gates)]
    if is_whole:
        own |= _biases(own, ways, gates)
        complete = [own, *complete]
    if "U" in own and "W" in own and len(gates) == 1:  # many write U for the input and W for the state
        complete.append({**own, "U": own["W"], "W": own["U"]})
    return tuple(complete) or (own,)


def _scaling(scalings: Mapping[str, tuple[str, str]], names: Container[str]) -> dict[str, Pack]:
    """What multiplies quantities unit by unit, if all of it has names of one form."""
    for form in PEEPHOLES if scalings else ():
        found: dict[str, Pack] = {}
        for parameter, (gate, of) in scalings.items():
            spelled = [form.format(gate=word, of=of) for word in (gate, *GATE_WORDS.get(gate, ()))]
            found |= {name: Pack(parameter=parameter) for name in [n for n in spelled if n in names][:1]}
        if len(found) == len(scalings):
            return found
    return {}


def _biases(own: Packs, ways: Iterable[Packs], gates: Gates) -> dict[str, Pack]:
    """The biases that have no name of the cell's own, beside matrices that have."""
    named = {pack.parameter for pack in own.values()}
    for way in ways:
        found = {name: pack for name, pack in way.items() if pack.kinds and {*pack.kinds} <= {*BIASES}}
        held = {gates[g].get(k, gates[g].get("1")) for p in found.values() for g in p.gates or gates for k in p.kinds}
        if found and not held & named:
            return found
    return {}


def _all_kinds(own: Packs, gates: Gates) -> bool:
    needed = {name for kinds in gates.values() for kind, name in kinds.items() if kind not in BIASES}
    return bool(needed) and needed <= set(own)


def _not_held(own: Packs, way: Packs, gates: Gates) -> dict[str, Pack]:
    """The parameters under names of the cell's own that no array of a reading holds: peepholes, a bias."""
    held = {gates[gate].get(kind) for pack in way.values() for gate in (pack.gates or gates) for kind in pack.kinds}
    return {name: pack for name, pack in own.items() if name not in held and name not in way}


def covers(way: Packs, gates: Gates) -> bool:
    """Whether every matrix of the cell has a place."""
    held = {(gate, kind) for pack in way.values() for gate in (pack.gates or gates) for kind in pack.kinds}
    return bool(gates) and {(g, k) for g, kinds in gates.items() for k in kinds if k not in BIASES} <= held


def _by_gate(names: list[str], gates: Gates) -> dict[str, Pack]:
    """Every gate has arrays of its own: Wf, Uf, bf, W_xf, W_hf."""
    if len(gates) == 1:
        return {}
    found: dict[str, Pack] = {}
    for name in names:
        letter, rest = _parts(name)
        for kind, gate in _splits(rest, gates):
            found.setdefault(name, Pack(_kinds(letter, kind), (gate,)))
            if kind or not rest:
                break
    recurrent = {pack.gates for pack in found.values() if pack.kinds == ("h",)}
    explicit = {pack.gates for name, pack in found.items() if pack.kinds == ("x",)}
    for name, pack in found.items():
        if pack.kinds == () and (pack.gates in explicit or not recurrent & {pack.gates}):
            found[name] = replace(pack, kinds=("h",) if pack.gates in explicit else ("h", "x"))
        elif pack.kinds == ():
            found[name] = replace(pack, kinds=("x",))
    return _shared(found)


def _together(names: list[str], gates: Gates) -> dict[str, Pack]:
    """All gates in one array, or a cell of one gate: Wx, Wh, b; W_ih, W_hh; W, U, b; W."""
    found: dict[str, Pack] = {}
    for name in names:
        letter, rest = _parts(name)
        kind = next((kind for kind, said in KIND_WORDS.items() if rest in said), None)
        own = len(gates) == 1 and rest in (*gates, "c", "lstm", "rnn", "gru")
        if kind or rest in ("", "lstm", "rnn", "gru", "gates", "all", "z", "ifog", "ifgo") or own:
            found[name] = Pack(_kinds(letter, kind or ""))
    recurrent = any(pack.kinds == ("h",) for pack in found.values())
    explicit = any(pack.kinds == ("x",) for pack in found.values())
    for name, pack in list(found.items()):
        if pack.kinds == () and not (recurrent and explicit):
            found[name] = replace(pack, kinds=("x",) if recurrent else ("h",) if explicit else ("h", "x"))
        elif pack.kinds == ():
            del found[name]
    return _shared(found)


def _parts(name: str) -> tuple[str, str]:
    """The letter of a name, w, u or b, and what it says besides, without signs between and digits at the end."""
    match = NAME.fullmatch(name)
    assert match is not None
    letter = {"kernel": "w", "theta": "w", "recurrent_kernel": "u", "R": "u"}.get(match[1], match[1][0].lower())
    return letter, re.sub(r"[_\d]", "", match[2].removesuffix("_l0")).lower()


def _kinds(letter: str, said: str) -> tuple[str, ...]:
    """What an array multiplies: () if its name does not say."""
    if letter == "b":
        return ("1h",) if said == "h" else ("1",)
    if letter == "u":
        return ("h",)
    return (said,) if said else ()


def _splits(rest: str, gates: Gates) -> Iterator[tuple[str, str]]:
    """Kind and gate, as what is said may be taken apart: xf, fx, f."""
    words = {word: gate for gate in reversed(gates) for word in GATE_WORDS.get(gate, [gate])}
    words |= {gate: gate for gate in gates}
    if rest in words:
        yield "", words[rest]
    for kind in ("x", "h"):
        for said in KIND_WORDS[kind]:
            if rest.startswith(said) and rest.removeprefix(said) in words:
                yield kind, words[rest.removeprefix(said)]
            if rest.endswith(said) and rest.removesuffix(said) in words:
                yield kind, words[rest.removesuffix(said)]


def _shared(found: Mapping[str, Pack]) -> dict[str, Pack]:
    """Where two biases are added, b_ih and b_hh, each is a share of the cell's one."""
    biases = {kind: {pack.gates for pack in found.values() if pack.kinds == (kind,)} for kind in ("1", "1h")}
    both = biases["1"] & biases["1h"]
    shares = {"1": 0.25, "1h": 0.75}
    return {n: replace(p, share=shares.get(p.kinds[0], 1.0)) if p.gates in both else p for n, p in found.items()}
