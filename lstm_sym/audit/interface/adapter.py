"""The same interface as a Python file: what was found out, for a user to read, to complete and to audit."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from lstm_sym.audit.interface.adapter_helpers import CONTEXT, HELPERS, OBJECT
from lstm_sym.audit.interface.convention import Convention
from lstm_sym.audit.interface.description import Arguments, Call, Interface
from lstm_sym.audit.interface.gates import blocks, shares
from lstm_sym.audit.interface.tuples import named_in
from lstm_sym.audit.running.child.results import is_gradient
from lstm_sym.audit.running.child.targets import HELD, HELD_GRADIENT
from lstm_sym.document.sentences import Sentences


def mark(sentences: Sentences, key: str) -> str:
    """What marks a line: "fill", what could not be found out; "look", what was found by trial or is the likeliest."""
    return f"# <-- {sentences.text(f'audit.init.{key}')}"


def adapter_text(
    convention: Convention,
    words: Sequence[str],
    file: Path,
    function: str,
    target: Path | None,
    sentences: Sentences,
    *,
    tried: bool,
) -> str:
    """The file. Its function `audited` takes and returns what docs/audit.md says, so that it can be audited itself.

    words: all names in the user's file; tried: the arrangement was found by trial, and is not the likeliest alone.
    """
    interface = convention.interface
    assert interface is not None
    writer = Writer(convention, interface, words, sentences, tried=tried)
    return "\n".join(
        [
            f'"""{sentences.text("audit.init.title", file=file.name, function=function)}',
            "",
            f"lstm-sym audit {target.name if target else 'adapter.py'}:audited --cell {convention.derivation.cell.key}",
            '"""',
            "",
            *imports(file, target, interface),
            "",
            *writer.tables(),
            "",
            "",
            *writer.helpers(),
            "",
            "",
            *writer.function(),
            "",
        ]
    )


def imports(file: Path, target: Path | None, interface: Interface) -> Iterator[str]:
    """The user's file, from wherever it stands."""
    away = os.path.relpath(file.resolve().parent, (target or Path("adapter.py")).resolve().parent)
    yield from ("import importlib", "import sys", "from pathlib import Path", "", "import numpy as np", "")
    yield f"sys.path.insert(0, str(Path(__file__).resolve().parent / {away!r}))"
    yield f"own = importlib.import_module({file.stem!r})"


LAYER = {"Why": "matrix", "by": "vector"}
"""Arguments of an adapter for weights of a layer after the cell, where a loss is worked out inside."""


class Writer:
    """Writes the parts of the file."""

    def __init__(
        self, convention: Convention, interface: Interface, words: Sequence[str], sentences: Sentences, *, tried: bool
    ) -> None:
        self.convention, self.interface, self.words = convention, interface, words
        self.sentences, self.tried = sentences, tried
        self.arrangement = convention.arrangement
        self.packs = interface.packs[self.arrangement.reading]
        self.is_by_step = interface.by == "step"
        order = self.arrangement.states or tuple(convention.derivation.cell.states)
        self.returns = named_in(interface.backward.returns, interface.outputs, order)
        self.order = self.arrangement.sequence.replace("T", "") if self.is_by_step else self.arrangement.sequence
        self.x_axes = "TB" if self.arrangement.tokens else "TBD"
        self.x_order = "".join(axis for axis in self.order if axis in self.x_axes or axis == "1")

    @property
    def asks_parameters(self) -> bool:
        """Whether it is left to the user what the function takes as all parameters: it failed with a dict of them."""
        return not self.tried and "params" in self.interface.sources

    def says(self, key: str, **facts: object) -> str:
        """A sentence of the adapter."""
        return self.sentences.text(f"audit.init.{key}", **facts)

    def marked(self, key: str, what: str, **facts: object) -> str:
        """A comment that marks a line, with what is to be looked at or filled in."""
        comma = self.sentences.text("audit.init.colon")
        return f"{mark(self.sentences, key)}{comma}{self.says(what, **facts)}"

    def tables(self) -> Iterator[str]:
        """The arrays of parameters, and the names of gradients."""
        gates, arrangement = self.convention.gates, self.arrangement
        yield f"PACKS = {{  {self.marked('look', 'packs' if self.tried else 'packs_untried')}"
        rows = {name: blocks(pack, arrangement, gates) for name, pack in self.packs.items()}
        for name, parameters in rows.items():
            if parameters:
                yield f"    {name!r}: {[list(row) for row in parameters]},"
        yield "}"
        yield f'"""{self.says("packs_are")}"""'
        parts = {name: list(shares(pack, arrangement, gates)) for name, pack in self.packs.items() if pack.share != 1}
        yield f"SHARES = {parts}"
        yield f"TRANSPOSED = {self.arrangement.turned}  {self.marked('look', 'transposed')}"
        words = {name: what for name, what in self.interface.outputs.items() if self.is_used(name)}
        yield "GRADIENTS = {"
        yield from (f"    {name!r}: {what.removeprefix('pack/')!r}," for name, what in words.items())
        yield "}"
        yield f'"""{self.says("gradients_are")}"""'

    def is_used(self, name: str) -> bool:
        """Whether the gradient of this name comes back, or may do: it is in the file, or made up of what is in it. What
        is called as a state is may be the last one.
        """
        is_state = name in (*flat(self.returns), *self.convention.derivation.cell.states)
        if self.interface.outputs[name].endswith("[0]") and is_state and not is_gradient(name):
            return False
        words = {*self.words, *flat(self.returns)}
        return name.partition("/")[0] in words or name.removeprefix("d") in self.packs

    def helpers(self) -> list[str]:
        """Functions that every adapter has, for this arrangement."""
        vector = {"H": "", "1H": "[None]", "H1": "[:, None]"}[self.arrangement.vector]
        text = HELPERS + (OBJECT if self.interface.is_object else CONTEXT if self.interface.context else "")
        docs = {
            name: self.says(name)
            for name in ("packed", "taken_apart", "named", "holders", "put_in", "left_in", "context")
        }
        return text.format(vector=vector, held=HELD, held_gradient=HELD_GRADIENT, **docs).strip("\n").split("\n")

    def function(self) -> Iterator[str]:
        """`audited`, and what it does for one sequence where it is one at a time."""
        arguments = self.arguments()
        name = "one" if self.arrangement.is_single else "audited"
        yield f"def {name}({', '.join(arguments)}):"
        yield from (f"    {line}" for line in self.body())
        if not self.arrangement.is_single:
            return
        whole = {name: name for name in ("params", *LAYER)}
        batched = {**{name: f"{name}[:, b]" for name in ("x", "dy", "targets")}, **whole}
        if self.is_by_step:
            batched = {"x": "x[b]", "dy": "dy[b]", **whole}
        given = ", ".join(batched.get(argument, f"{argument}[b]") for argument in arguments)
        count = "x.shape[0]" if self.is_by_step else "x.shape[1]"
        axis = 0 if self.is_by_step else 1
        yield ""
        yield ""
        yield f"def audited({', '.join(arguments)}):"
        yield f'    """{self.says("batch")}"""'
        yield f"    found = [one({given}) for b in range({count})]"
        yield "    whole = {name: sum(each[name] for each in found) for name in found[0]}"
        yield "    for name in set(whole) - set(params):"
        yield f"        axis = {axis} if name == 'x' else 0"
        yield "        whole[name] = np.stack([each[name] for each in found], axis=axis)"
        yield "    return whole"

    def arguments(self) -> list[str]:
        """What `audited` takes, by the names of docs/audit.md."""
        sources, states = self.interface.sources, list(self.convention.derivation.cell.states)
        found = ["x"]
        suffix = "_prev" if self.is_by_step else "0"
        takes_all = self.interface.takes_all("state")
        found += [f"{s}{suffix}" for s in states if takes_all or f"state/{s}" in sources]
        found += [*dict.fromkeys(s.partition("/")[2] or "tape" for s in sorted(sources) if s.startswith("tape"))]
        found += ["params"]
        if self.interface.has_loss:
            found += ["targets", *(name for name in LAYER if f"readout/{LAYER[name]}" in self.interface.readouts)]
        output = self.convention.derivation.cell.output
        if "dy" in sources:
            found += [f"d{output}_T"] if self.arrangement.last else ["dy"]
        takes_all = self.interface.takes_all("dstate")
        found += [f"d{s}_T" for s in states if takes_all or f"dstate/{s}" in sources]
        return [*found, *(f"d{s}_next" for s in states if f"carried/{s}" in sources)]

    def body(self) -> Iterator[str]:
        """The calls, and what comes of them."""
        interface = self.interface
        yield f'"""{self.says("given", axes=self.axes(), name=interface.backward.name)}"""'
        yield "given = {name: packed(params, name) for name in PACKS}"
        yield "width = {'D': x.shape[-1], 'H': len(next(iter(params.values())))}"
        if self.arrangement.tokens:
            yield "x = x.argmax(axis=-1)"
        placed, look = self.placed("x", self.x_axes), self.marked("look", "axes", axes=self.x_order)
        yield look if placed == "x" else f"x = {placed}  {look}"
        for function, arguments in interface.calls.items():
            for name in [name for name, source in arguments if not source]:
                yield f"{name} = None  {self.marked('fill', 'fill_what', function=function, name=name)}"
        for name, source in interface.readout:
            yield f"given[{name!r}] = {self.value(source)}"
        if self.asks_parameters:
            yield f"parameters = given  {self.marked('fill', 'parameters')}"
        yield from self.globals()
        owner = "own"
        if interface.owner:
            owner = f"own.{interface.owner}"
        if interface.is_object:
            look = f"  {self.marked('look', 'sizes')}" if interface.guessed else ""
            yield f"layer = {owner}({self.written(interface.construct)}){look}"
            yield "put_in(layer, given)"
            for name in self.convention.left:
                yield f"# layer.{name} = params[...]  {self.marked('fill', 'left', name=name)}"
            owner = "layer"
        first = "context"
        if interface.context:
            yield "context = Context()"
        if interface.forward:
            yield f"kept = {self.call(owner, interface.forward, first)}"
        yield f"result = {self.call(owner, interface.backward, first)}"
        yield f"found = named(result, {list_text(self.returns)})  {self.marked('look', 'returned')}"
        if interface.is_object:
            yield "found = {**left_in(layer), **found}"
        yield from self.answer()

    def globals(self) -> Iterator[str]:
        """What is set in the module."""
        for name, source in self.interface.globals:
            yield f"own.{name} = {self.value(source)}"
        for name, _ in self.interface.readout:
            if name in self.words and not self.interface.owner:
                yield f"own.{name} = given[{name!r}]"

    def call(self, owner: str, call: Call, first: str) -> str:
        """One call."""
        written = self.written(call.arguments, positional=self.interface.context)
        start = f"{first}, " if self.interface.context else ""
        return f"{owner}.{call.name}({start}{written})"

    def written(self, arguments: Arguments, *, positional: bool = False) -> str:
        """Arguments, each as it is given."""
        values = [(n, self.value(source) if source else n) for n, source in arguments]
        return ", ".join(value if positional else f"{name}={value}" for name, value in values)

    def value(self, source: str) -> str:
        """What an argument is given, in terms of those of `audited`."""
        kind, _, name = source.partition("/")
        output = self.convention.derivation.cell.output
        states = self.convention.derivation.cell.states
        suffix = "_prev" if self.is_by_step else "0"
        match kind:
            case "x":
                return "x"
            case "dy" if self.arrangement.last:
                return self.placed(f"d{output}_T", "BD")
            case "dy":
                return self.placed("dy", "TBD")
            case "tape":
                return self.placed(name, "TBD") if name else "tape"
            case "pack":
                return f"given[{name!r}]"
            case "params":
                return self.parameter(name) if name else "parameters" if self.asks_parameters else "given"
            case "packs":
                return f"[{', '.join(f'given[{one!r}]' for one in name.split(','))}]"
            case "state" if name:
                return self.placed(f"{name}{suffix}", "BD")
            case "dstate" if name:
                return self.placed(f"d{name}_T", "BD")
            case "carried":
                return self.placed(f"d{name}_next", "BD")
            case "states" | "dstates":
                form = "d{0}_T" if kind == "dstates" else f"{{0}}{suffix}"
                order = name.split(",") if name else self.arrangement.states or states
                return f"({', '.join(self.placed(form.format(s), 'BD') for s in order)},)"
            case "forward":
                return f"kept[{name}]" if name else "kept"
            case "zero":
                return "0"
            case "targets":
                return self.placed("targets", "TB")
            case "readout":
                return self.layer(name)
            case "size" if name in "DH":
                return f"width[{name!r}]"
            case "size" if name in self.x_order:
                return f"x.shape[{self.x_order.index(name)}]"
            case "size" if name == "Y":
                return f"len({self.layer('matrix')})" if not self.interface.has_loss else "len(Why)"
        return "None"

    def parameter(self, name: str) -> str:
        """A parameter of the cell under its own name, as it is stored."""
        axes = {"1H": "[None]", "H1": "[:, None]"}.get(self.arrangement.vector, "")
        [count] = [len(one.shape) for one in self.convention.derivation.forward.parameters if one.name == name]
        return f"params[{name!r}]{axes if count == 1 else '.T' * self.arrangement.turned if count == 2 else ''}"

    def layer(self, kind: str) -> str:
        """Weights of the layer after the cell: those that the loss is made with, zero where there is none."""
        if not self.interface.has_loss:
            return "np.zeros((1, width['H']))" if kind == "matrix" else "np.zeros((1, 1))"
        if kind == "matrix":
            return "Why.T if TRANSPOSED else Why"
        return {"H": "by", "1H": "by[None]", "H1": "by[:, None]"}[self.arrangement.vector]

    def placed(self, name: str, axes: str) -> str:
        """An array with its axes in the order that is wanted; one sequence of it comes without its batch."""
        if self.is_by_step:
            axes = axes.replace("T", "")
        if self.arrangement.is_single:
            axes = axes.replace("B", "")
        letters = [letter for letter in self.order if letter in axes]
        order = tuple(axes.index(letter) for letter in letters)
        turned = name if order == tuple(range(len(order))) else f"{name}.transpose{order}"
        is_column = "1" in self.order and name != "targets" and not (name == "x" and self.arrangement.tokens)
        return f"{turned}[..., None]" if is_column else turned

    def axes(self) -> str:
        """The axes of x as `audited` gets it."""
        axes = "".join(
            a for a in "TBD" if not (self.is_by_step and a == "T") and not (self.arrangement.is_single and a == "B")
        )
        return f"({', '.join(axes)})"

    def answer(self) -> Iterator[str]:
        """Gradients by the names of the cell, in the layout of the equations."""
        suffix = "_prev" if self.is_by_step else "0"
        yield "gradients = {}"
        yield "for name, value in found.items():"
        yield "    what = GRADIENTS.get(name)"
        yield "    if what in PACKS:"
        yield "        gradients |= taken_apart(value, what, params)"
        yield "    elif what in params:"
        yield "        value = np.asarray(value).T if TRANSPOSED else np.asarray(value)"
        yield "        gradients[what] = value.reshape(params[what].shape)"
        yield "    elif what == 'x':"
        yield f"        gradients['x'] = {self.back('TBD')}"
        yield "    elif what and what.endswith('[0]'):"
        yield f"        gradients['d' + what.replace('[0]', {suffix!r})] = {self.back('BD')}"
        yield "return gradients"

    def back(self, axes: str) -> str:
        """A gradient in the user's arrangement, its axes as those of the equations."""
        if self.is_by_step:
            axes = axes.replace("T", "")
        if self.arrangement.is_single:
            axes = axes.replace("B", "")
        letters = [letter for letter in self.order if letter in axes]
        order = tuple(letters.index(letter) for letter in axes)
        text = "np.asarray(value)" if "1" not in self.order else "np.asarray(value)[..., 0]"
        return text if order == tuple(range(len(order))) else f"{text}.transpose{order}"


def list_text(names: Sequence[object]) -> str:
    """Names as a list, those in tuples too."""
    inner = [list_text(name) if isinstance(name, list | tuple) else repr(name) for name in names]
    return f"[{', '.join(inner)}]"


def flat(names: Sequence[object]) -> Iterator[str]:
    """All of the names."""
    for name in names:
        if isinstance(name, list | tuple):
            yield from flat(name)
        else:
            yield str(name)
