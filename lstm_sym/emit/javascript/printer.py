"""The nodes of code as JavaScript: every element-wise statement is a function of row and unit, over views."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lstm_sym.emit import nodes as n
from lstm_sym.emit.scalar import CodeScalarPrinter, filled, in_braces, literal

RESERVED = frozenset(
    "arguments case catch const debugger default delete do enum eval export extends function implements instanceof "
    "interface let new null package private protected public static super switch this throw typeof var void "
    "true false undefined NaN Infinity Math Number Object Float64Array run forward backward shapes named views "
    "given".split()
)
VIEWS = {
    n.Field: "{record}.{name}",
    n.Product: "times({left}, {matrix}, {transposed})",
    n.Transposed: "transposed({matrix})",
    n.Packed: "packed([{parts}])",
    n.Stacked: "stacked([{parts}])",
    n.Largest: "largest({operand}, {share})",
    n.Outer: "outer({left}, {right})",
    n.OverTime: "overTime({operand}, {weight}, {units})",
    n.ZerosLike: "fresh([{operand}], () => 0)",
    n.Copy: "copy({operand})",
}
"""Kind of node -> the call that makes this array."""
ELEMENTS = {
    n.Sum: "{left} + {sign} * ({right})",
    n.Scaled: "{coefficient} * ({operand})",
    n.Weighted: "{weight} * {operand}",
    n.Complement: "(precise ? sigmoid_precise(-{argument}) : 1 - {gate})",
    n.Number: "{value}",
}
"""Kind of node -> its element in row $r and unit $c."""
_STEPS = {"previous": "0, T * B", "current": "1, T * B", "first": "0, B", "last": "T, B"}
_MAPS = {"mean": "meanOf({0})", "sum": "sumOf({0})", "repeat": "repeated({0}, {1})"}


@dataclass(frozen=True, eq=False)
class JavaScriptScalarPrinter(CodeScalarPrinter):
    """Prints expressions; `exact`: whether sigmoid is that of the precise form, None where the caller chooses."""

    exact: bool | None = None

    def call(self, name: str, argument: str) -> str:
        """f(a)."""
        if name == "sigmoid" and self.exact is not False:
            name = "sigmoid_precise" if self.exact else "(precise ? sigmoid_precise : sigmoid)"
        return f"{name}({argument})"


class JavaScriptPrinter:
    """Prints nodes; `support` are names that the module has already, `scalars` variables that are plain numbers."""

    def __init__(self, support: Iterable[str], scalars: Iterable[str]) -> None:
        self.taken, self.scalars = RESERVED | set(support), set(scalars)
        self.operands: dict[str, None] = {}
        self.hoisted: dict[str, str] = {}
        self.count = 0
        self.declared: set[str] = set()

    def name(self, text: str) -> str:
        """A variable; one that JavaScript or the module has already gets a $."""
        return f"{text}$" if text in self.taken else text

    def view(self, node: n.Node) -> str:
        """An array."""
        match node:
            case n.Name():
                return self.name(node.text)
            case n.Steps():
                return f"steps({self.view(node.array)}, {_STEPS[node.which]})"
            case n.Mapped(operator=operator) if operator.kind == "part":
                start = " + ".join(operator.before) or "0"
                end = " + ".join((*operator.before, operator.shape[1]))
                return f"copy(columns({self.view(node.operand)}, {start}, {end}))"
            case n.Mapped(operator=operator):
                call = "runSums({0}, {1})" if operator.kind == "repeat" and node.transposed else _MAPS[operator.kind]
                return call.format(self.view(node.operand), operator.count)
            case n.Full():
                return f"fill({self.array(node.axes)}, ($r, $c) => {self.element(node.value)})"
        if type(node) in VIEWS:
            return filled(VIEWS[type(node)], node, self.view)
        outer, self.operands = self.operands, {}
        element = self.element(node)
        operands, self.operands = ", ".join(self.operands), outer
        return f"fresh([{operands}], ($r, $c) => {element})" if operands else f"everywhere({element})"

    def element(self, node: n.Node) -> str:
        """The element of an array in row $r and unit $c; `operands` notes the arrays that it is made of."""
        if isinstance(node, n.Elementwise):
            operands, constants = node.operands, node.constants
            scalar = JavaScriptScalarPrinter(
                node.values, lambda v: self.element(operands[v.symbol]), constants, node.exact
            )
            return scalar.print(node.expression)
        if type(node) in ELEMENTS:
            return filled(ELEMENTS[type(node)], node, self.element)
        if isinstance(node, n.Name) and node.text in self.scalars:
            return self.name(node.text)
        view = self.computed_once(self.view(node))
        self.operands[view] = None
        return f"at({view}, $r, $c)"

    def computed_once(self, view: str) -> str:
        """The name of an array that a call makes: a statement makes it before its elements, and not for each."""
        if "(" not in view:
            return view
        if view not in self.hoisted:
            self.hoisted[view] = f"${self.count}"
            self.count += 1
        return self.hoisted[view]

    def array(self, axes: tuple[str, ...]) -> str:
        """A new array over these axes."""
        first = axes[0] if axes[0].isidentifier() else f"({axes[0]})"
        rows = first if len(axes) == 2 else f"{first} * {axes[1]}"
        return f"array({rows}, {axes[-1]}, {axes[-2]})"

    def lines(self, nodes: Iterable[n.Node], keyword: str = "let ") -> list[str]:
        """Statements; `keyword` is what a new variable begins with, nothing where it was declared before."""
        return [line for node in nodes for line in self.statement(node, keyword)]

    def statement(self, node: n.Node, keyword: str) -> list[str]:
        """One statement after the arrays that its elements are read from, and the equation that it computes."""
        outer, self.hoisted = self.hoisted, {}
        lines = self.printed(node, keyword)
        made, self.hoisted = [f"const {name} = {view};" for view, name in self.hoisted.items()], outer
        place = int(bool(made) and lines[0].startswith("//"))
        return [*lines[:place], *made, *lines[place:]]

    def printed(self, node: n.Node, keyword: str) -> list[str]:
        """The lines of a statement itself."""
        note = [f"// {found}"] if (found := getattr(node, "note", "")) else []
        match node:
            case n.Assign(target=target, value=n.Extent(rule=rule)):
                array = f"{rule.record}.{rule.array}" if rule.record else rule.array
                extent = " - ".join([f"extent({array}, {rule.axis})", *rule.others])
                whole = extent if rule.divisor == 1 else f"({extent}) / {rule.divisor}"
                return [f"const {target.text} = {whole};"]
            case n.Assign(value=n.Number(value=number)):
                return [f"const {self.view(node.target)} = {literal(number)};"]
            case n.Assign():
                return [*note, f"{keyword}{self.view(node.target)} = {self.view(node.value)};"]
            case n.Rotate():
                targets, values = (", ".join(map(self.view, part)) for part in (node.targets, node.values))
                return [f"{targets} = {values};" if len(node.targets) == 1 else f"[{targets}] = [{values}];"]
            case n.Fill() | n.Add():
                return [*note, f"{type(node).__name__.lower()}({self.view(node.target)}, {self.function(node.value)});"]
            case n.Allocate():
                return [f"{keyword}{self.view(node.target)} = {self.allocated(node)};"]
            case n.Split():
                return [self.split(target, k, node, keyword) for k, target in enumerate(node.targets)]
            case n.Choose():
                return self.choice(node)
            case n.Remark():
                return [f"// {node.text}"]
            case n.Section():
                return [f"// {node.title}", *self.lines(node.body, keyword)]
            case n.Loop():
                head = "let t = T - 1; t >= 0; t--" if node.backwards else "let t = 0; t < T; t++"
                rows = [f"const {self.name(k)} = stepOf({self.view(whole)}, t, B);" for k, whole in node.rows.items()]
                return [f"for ({head}) {{", *in_braces([*rows, *self.lines(node.body, "const ")]), "}"]
            case n.Return():
                return [f"return {self.result(node.value)};"]
        raise TypeError(f"{type(node).__name__} is no statement")

    def function(self, node: n.Node) -> str:
        """The function of row and unit that an array is; what is no formula is computed once."""
        if isinstance(node, n.Elementwise) or type(node) in ELEMENTS:
            return f"($r, $c) => {self.element(node)}"
        return f"entriesOf({self.view(node)})"

    def allocated(self, node: n.Allocate) -> str:
        """A new array; where the precise form alone keeps it, another one or a row in the fast form."""
        if node.fast is None:
            return self.array(node.axes)
        other = self.view(node.fast) if node.fast.text else f"scratch({node.axes[1]}, {node.axes[2]})"
        return f"precise ? {self.array(node.axes)} : {other}"

    def split(self, target: n.Name, k: int, node: n.Split, keyword: str) -> str:
        """A view of some parts of an array."""
        low, high = (node.low + k, node.low + k + 1) if len(node.targets) > 1 else (node.low, node.high)
        call, size = "part" if node.rows else "columns", node.size if node.size.isidentifier() else f"({node.size})"
        span = f"{times_size(low, size)}, {times_size(high, size)}"
        return f"{keyword}{self.view(target)} = {call}({self.view(node.array)}, {span});"

    def choice(self, node: n.Choose) -> list[str]:
        """if (precise) ... else ...; what either branch binds is declared before."""
        inner = [part for branch in (node.precise, node.fast) for part in branch]
        bound = [t for part in inner if isinstance(part, n.Split) for t in part.targets]
        bound += [part.target for part in inner if isinstance(part, n.Assign)]
        new = [name for name in dict.fromkeys(map(self.view, bound)) if name not in self.declared]
        self.declared.update(new)
        fast = ["} else {", *in_braces(self.lines(node.fast, ""))] if node.fast else []
        declared = [f"let {', '.join(new)};"] if new else []
        return [*declared, "if (precise) {", *in_braces(self.lines(node.precise, "")), *fast, "}"]

    def result(self, node: n.Node) -> str:
        """What a function gives back."""
        if isinstance(node, n.Together):
            return f"[{', '.join(map(self.result, node.parts))}]"
        if isinstance(node, n.Record):
            return f"{node.name}({', '.join(map(self.result, node.fields))})"
        return self.view(node)


def times_size(count: int, size: str) -> str:
    """0, H, 2 * H."""
    return f"{count} * {size}" if count > 1 else size if count else "0"
