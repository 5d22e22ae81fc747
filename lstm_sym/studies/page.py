"""The study as a document: what was found first, then the numbers, the checks, the method, and how to do it again."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_sym.check import CheckResult
from lstm_sym.check.several import Checks
from lstm_sym.document.document import (
    Block,
    Code,
    Definitions,
    Document,
    Line,
    Link,
    Listing,
    Math,
    Paragraph,
    Section,
    Table,
    error_text,
)
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.cell import Cell
from lstm_sym.flow import Profile
from lstm_sym.flow.profiles.tables import power
from lstm_sym.inputs import Stream
from lstm_sym.report.checks import check_name
from lstm_sym.report.titles import cell_title
from lstm_sym.studies.conclusions import conclusion
from lstm_sym.studies.measurement import forget_bias, half_life, steps_text
from lstm_sym.studies.networks import both_sides_steps
from lstm_sym.studies.pictures import Pictures
from lstm_sym.studies.record import versions
from lstm_sym.studies.request import Request
from lstm_sym.studies.settings import Settings

SHOWN_LAGS = (1, 5, 10, 20, 50, 100, 200, 500)


def table_labels(sentences: Sentences) -> dict[str, str]:
    """The words of the table for the terminal."""
    found = {name: sentences.sentence(f"measure.{name}") for name in ("model", "half_life", "lag50", "lag90")}
    return found | {
        "lag": sentences.text("measure.lag", lag="").strip(),
        "caption": sentences.sentence("measure.table"),
    }


def study_document(
    request: Request,
    checks: Checks,
    profiles: Sequence[Profile],
    pictures: Pictures,
    command: str | None,
    sentences: Sentences,
) -> Document:
    """The page of a study in a language. command: what gives the page again, if anything."""
    cells = request.cells
    parts: dict[str, list[Block]] = {
        "answer": _answer(cells, profiles, sentences, pictures),
        "half_life": _half_lives(profiles, request.settings, sentences),
        "checked": _checked(checks, sentences),
        "derivations": _derivations(cells, sentences),
        "method": method_blocks(request, sentences),
        "reproduce": reproduce_blocks(command, "study.json", sentences),
    }
    sections = tuple(Section(key, sentences.text(f"section.{key}"), tuple(blocks)) for key, blocks in parts.items())
    keys = sentences.listed([Code(cell.key) for cell in cells])
    lag = Math(lambda n: n.name("k", [], "", None))
    lead = sentences.line("study.lead", cells=keys, input=Code(request.stream.name), lag=lag)
    return Document(
        sentences.text("study.title"), sentences.language, (lead,), sections, sentences.text("page.contents")
    )


def findings(cells: Sequence[Cell], profiles: Sequence[Profile], sentences: Sentences) -> list[Line]:
    """The conclusion."""
    lives = {profile.model: half_life(profile) for profile in profiles}
    return conclusion(cells, lives, sentences)


def _answer(
    cells: Sequence[Cell], profiles: Sequence[Profile], sentences: Sentences, pictures: Pictures
) -> list[Block]:
    return [*map(Paragraph, findings(cells, profiles, sentences)), pictures.figure("sensitivity", sentences)]


def _half_lives(profiles: Sequence[Profile], settings: Settings, sentences: Sentences) -> list[Block]:
    lags = [lag for lag in SHOWN_LAGS if lag <= settings.lags]
    columns = [sentences.text(f"measure.{key}") for key in ("model", "half_life", "low", "high", "lag50", "lag90")]
    head = (*columns, *(sentences.text("measure.lag", lag=lag) for lag in lags))
    rows = tuple(_half_life_row(profile, lags) for profile in profiles)
    caption = sentences.line("measure.caption", count=str(settings.seeds))
    return [Table(head, rows, frozenset(range(1, len(head)))), Paragraph(caption)]


def _half_life_row(profile: Profile, lags: Sequence[int]) -> tuple[Line, ...]:
    life, median = half_life(profile), profile.median(relative=True)
    bound = "" if profile.settled else "≥ "
    shares = [f"{bound}{profile.share_lag(share)}" for share in (0.5, 0.9)]
    steps = [steps_text(value) for value in (life.together, life.low, life.high)]
    numbers = (*steps, *shares, *(power(float(median[lag])) for lag in lags))
    return ((Code(profile.model),), *((text,) for text in numbers))


def _checked(checks: Checks, sentences: Sentences) -> list[Block]:
    results = [result for of_cell in checks.values() for result in of_cell]
    failed = sum(not result.passed for result in results)
    key, count = ("checked.some" if failed else "checked.all"), str(sum(result.ran for result in results))
    line = sentences.line(key, count=count, failed=str(failed)) if failed else sentences.line(key, count=count)
    head = (sentences.text("checks.check"), *checks, sentences.text("checks.bar"))
    names = [result.name for result in next(iter(checks.values()))]
    rows = tuple(
        _check_row(same, sentences, names.count(same[0].name) > 1) for same in zip(*checks.values(), strict=True)
    )
    why = Paragraph(sentences.line("checks.why"))
    return [Paragraph(line), Table(head, rows, frozenset(range(1, len(head)))), why]


def _check_row(results: Sequence[CheckResult], sentences: Sentences, several: bool) -> tuple[Line, ...]:
    """The same check of every cell; with its case where there are `several` of one name."""
    first = results[0]
    name: Line = (check_name(first, sentences),)
    if several:
        name = (*name, " (", Code(first.detail.split("; ")[-1]), ")")
    sign = "≥" if first.at_least else "≤"
    texts = [("—" if not r.ran else f"{r.error:.3f}" if r.at_least else error_text(r.error)) for r in results]
    marked = [text if result.passed else f"✗ {text}" for text, result in zip(texts, results, strict=True)]
    return (name, *((text,) for text in (*marked, f"{sign} {first.bar:g}")))


def _derivations(cells: Sequence[Cell], sentences: Sentences) -> list[Block]:
    found: list[Block] = []
    for cell in cells:
        derivation = Link(sentences.text("derivations.derivation"), f"derivations/{cell.key}.html")
        kernel = Link(sentences.text("derivations.kernel"), f"kernels/{cell.key}.py")
        parts: dict[str, Line] = {"name": _named(cell, sentences), "derivation": (derivation,), "kernel": (kernel,)}
        found.append(Paragraph(sentences.line("derivations.line", **parts)))
        found.append(Listing(cell.text))
    return found


def _named(cell: Cell, sentences: Sentences) -> Line:
    """A cell by its name, its key beside it."""
    title = cell_title(cell, sentences)
    return (Code(cell.key),) if title == cell.key else (f"{title} ", Code(cell.key))


def method_blocks(request: Request, sentences: Sentences) -> list[Block]:
    """How it was measured: the input, the parameters, the measure."""
    settings = request.settings
    seeds = ", ".join(str(seed) for seed in range(settings.seeds))
    items = _input(request.stream, sentences, "input_as_it_is" if request.is_trained else "input")
    if request.cells:
        drawn = {"hidden": str(settings.hidden), "seeds": str(settings.seeds), "list": seeds}
        items.append(("parameters", sentences.line("method.parameters", **drawn)))
    items += [("network", line) for line in _networks(request, seeds, sentences)]
    biases = {cell.key: forget_bias(cell) for cell in request.cells}
    if any(biases.values()):
        shown = [f"{key}: {name} = {value:g}" for key, bias in biases.items() for name, value in bias.items()]
        items.append(("bias", sentences.line("method.bias", bias=Code(", ".join(shown)))))
    if request.cells or (request.one_way and not request.answers_at_the_end):
        line = sentences.line("method.sensitivity", ends=str(settings.ends), lags=str(settings.lags))
        items.append(("sensitivity", line))
    return [Definitions(tuple(((sentences.text(f"method.term.{term}"),), line) for term, line in items))]


def _networks(request: Request, seeds: str, sentences: Sentences) -> list[Line]:
    """What is measured of networks, and with which parameters."""
    settings, drawn = request.settings, not request.is_trained
    found = []
    for network in request.one_way:
        layers = ", ".join(layer.name for layer in network.layers)
        key = "task" if request.answers_at_the_end else "network" if request.package is None else "package"
        found.append(sentences.line(f"method.{key}", name=Code(network.name), layers=Code(layers)))
    if request.one_way and drawn:
        found.append(sentences.line("method.drawn", seeds=str(settings.seeds), list=seeds))
    for network in request.both_ways:
        steps = str(both_sides_steps(settings, len(request.stream.values)))
        places = {"ends": str(settings.ends), "steps": steps, "lags": str(settings.lags)}
        found.append(sentences.line("method.both_sides", name=Code(network.name), **places))
    if request.both_ways and drawn:
        found.append(sentences.line("method.first_draw"))
    return found if drawn else [*found, sentences.line("method.weights")]


def _input(stream: Stream, sentences: Sentences, key: str) -> list[tuple[str, Line]]:
    steps, channels = stream.values.shape
    places = {"steps": f"{steps:,}", "channels": str(channels)}
    found = [("input", sentences.line(f"method.{key}", name=Code(stream.name), **places))]
    if stream.source.citation:
        citation, licence = stream.source.citation.rstrip("."), stream.source.licence or "-"
        found.append(("source", sentences.line("method.source", citation=Code(citation), licence=Code(licence))))
    return found


def reproduce_blocks(command: str | None, record: str, sentences: Sentences) -> list[Block]:
    """How to do it again. record: the file that holds settings, versions and hashes."""
    used = ", ".join(f"{name} {version}" for name, version in versions().items())
    listing: list[Block] = [Listing(command)] if command else []
    line = Paragraph(sentences.line("reproduce.line" if command else "reproduce.record", record=Code(record)))
    return [*listing, line, Paragraph(sentences.line("reproduce.versions", versions=Code(used)))]
