"""The study as a document: what was found first, then the numbers, the checks, the method, and how to do it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lstm_sym.check import CheckResult
from lstm_sym.document.document import (
    Block,
    Code,
    Document,
    Figure,
    Line,
    Link,
    Listing,
    Math,
    Paragraph,
    Section,
    Table,
    error_text,
)
from lstm_sym.document.sentences import Words
from lstm_sym.equations.cell import Cell
from lstm_sym.flow import Profile
from lstm_sym.flow.drawing.style import has_text
from lstm_sym.flow.profiles.tables import power
from lstm_sym.inputs import Stream
from lstm_sym.report.checks import check_name
from lstm_sym.study.conclusions import conclusion
from lstm_sym.study.measurement import Settings, forget_bias, half_life, steps_text

SHOWN_LAGS = (1, 5, 10, 20, 50, 100, 200, 500)
FIGURE_LABELS = ("title", "subtitle", "lag", "sensitivity", "half_life", "no_half_life")


@dataclass(frozen=True)
class Study:
    """All that a study found: cells with their checks, the input, the settings, one profile a model."""

    cells: tuple[Cell, ...]
    checks: Mapping[str, Sequence[CheckResult]]
    stream: Stream
    settings: Settings
    profiles: tuple[Profile, ...]
    command: str
    versions: Mapping[str, str]

    @property
    def results(self) -> list[CheckResult]:
        """The checks of all cells."""
        return [result for results in self.checks.values() for result in results]


def figure_labels(words: Words) -> dict[str, str]:
    """The words of the figure."""
    return {name: words.sentence(f"figure.{name}") for name in FIGURE_LABELS}


def table_labels(words: Words) -> dict[str, str]:
    """The words of the table for the terminal."""
    found = {name: words.sentence(f"measure.{name}") for name in ("model", "half_life", "lag50", "lag90")}
    return found | {"lag": words.text("measure.lag", lag="").strip(), "caption": words.sentence("measure.table")}


def study_document(study: Study, words: Words, svg: str) -> Document:
    """The page of a study; `svg` is the text of its figure, the file sensitivity.svg beside it."""
    parts: dict[str, list[Block]] = {
        "answer": _answer(study, words, svg),
        "half_life": _half_lives(study, words),
        "checked": _checked(study, words),
        "derivations": _derivations(study, words),
        "method": method_blocks(study, words),
        "reproduce": reproduce_blocks(study, words, "study.json"),
    }
    sections = tuple(Section(key, words.text(f"section.{key}"), tuple(blocks)) for key, blocks in parts.items())
    cells = words.listed([Code(cell.key) for cell in study.cells])
    lag = Math(lambda n: n.name("k", [], "", None))
    lead = words.line("study.lead", cells=cells, input=study.stream.name, lag=lag)
    return Document(words.text("study.title"), words.language, (lead,), sections, words.text("page.contents"))


def findings(study: Study, words: Words) -> list[Line]:
    """The conclusion."""
    lives = {profile.model: half_life(profile) for profile in study.profiles}
    return conclusion(study.cells, lives, words)


def _answer(study: Study, words: Words, svg: str) -> list[Block]:
    caption = words.line(
        "figure.caption",
        data=Link("sensitivity.csv", "sensitivity.csv"),
        drawing=Link("sensitivity.png", "sensitivity.png"),
    )
    models = words.sentence("list.comma").join(profile.model for profile in study.profiles)
    figure = drawn_figure("sensitivity", svg, caption, words.text("figure.alternative", models=models), words)
    return [*map(Paragraph, findings(study, words)), figure]


def drawn_figure(name: str, svg: str, caption: Line, alternative: str, words: Words) -> Figure:
    """A figure of a page; its caption says so where the fonts could not write all of it."""
    lacking = words.line("figure.as_text") if has_text(svg) else ()
    return Figure(svg, f"{name}.svg", (*caption, *lacking), alternative)


def _half_lives(study: Study, words: Words) -> list[Block]:
    lags = [lag for lag in SHOWN_LAGS if lag <= study.settings.lags]
    columns = [words.text(f"measure.{key}") for key in ("model", "half_life", "low", "high", "lag50", "lag90")]
    head = (*columns, *(words.text("measure.lag", lag=lag) for lag in lags))
    rows = tuple(_half_life_row(profile, lags) for profile in study.profiles)
    caption = words.line("measure.caption", count=str(study.settings.seeds))
    return [Table(head, rows, frozenset(range(1, len(head)))), Paragraph(caption)]


def _half_life_row(profile: Profile, lags: Sequence[int]) -> tuple[Line, ...]:
    life, median = half_life(profile), profile.median(relative=True)
    bound = "" if profile.settled else "≥ "
    shares = [f"{bound}{profile.share_lag(share)}" for share in (0.5, 0.9)]
    steps = [steps_text(value) for value in (life.together, life.low, life.high)]
    return tuple((text,) for text in (profile.model, *steps, *shares, *(power(float(median[lag])) for lag in lags)))


def _checked(study: Study, words: Words) -> list[Block]:
    failed = sum(not result.passed for result in study.results)
    key, count = ("checked.some" if failed else "checked.all"), str(sum(result.ran for result in study.results))
    line = words.line(key, count=count, failed=str(failed)) if failed else words.line(key, count=count)
    head = (words.text("checks.check"), *(cell.key for cell in study.cells), words.text("checks.bar"))
    names = [result.name for result in study.checks[study.cells[0].key]]
    rows = tuple(
        _check_row(results, words, names.count(results[0].name) > 1)
        for results in zip(*study.checks.values(), strict=True)
    )
    why = Paragraph(words.line("checks.why"))
    return [Paragraph(line), Table(head, rows, frozenset(range(1, len(head)))), why]


def _check_row(results: Sequence[CheckResult], words: Words, several: bool) -> tuple[Line, ...]:
    """The same check of every cell; with its case where there are `several` of one name."""
    first = results[0]
    name = check_name(first, words) + (f" ({first.detail.split('; ')[-1]})" if several else "")
    sign = "≥" if first.at_least else "≤"
    texts = [("—" if not r.ran else f"{r.error:.3f}" if r.at_least else error_text(r.error)) for r in results]
    marked = [text if result.passed else f"✗ {text}" for text, result in zip(texts, results, strict=True)]
    return tuple((text,) for text in (name, *marked, f"{sign} {first.bar:g}"))


def _derivations(study: Study, words: Words) -> list[Block]:
    found: list[Block] = []
    for cell in study.cells:
        derivation = Link(words.text("derivations.derivation"), f"derivations/{cell.key}.html")
        kernel = Link(words.text("derivations.kernel"), f"kernels/{cell.key}.py")
        name = f"{cell.name} ({cell.key})" if cell.name != cell.key else cell.key
        found.append(Paragraph(words.line("derivations.line", name=name, derivation=derivation, kernel=kernel)))
        found.append(Listing(cell.text))
    return found


def method_blocks(study: Study, words: Words) -> list[Block]:
    """How it was measured."""
    settings = study.settings
    seeds = ", ".join(str(seed) for seed in range(settings.seeds))
    drawn = words.line("method.parameters", hidden=str(settings.hidden), seeds=str(settings.seeds), list=seeds)
    lines = [*_input(study.stream, words), drawn]
    biases = {cell.key: forget_bias(cell) for cell in study.cells}
    if any(biases.values()):
        told = [f"{key}: {name} = {value:g}" for key, bias in biases.items() for name, value in bias.items()]
        lines.append(words.line("method.bias", bias=Code(", ".join(told))))
    lines.append(words.line("method.sensitivity", starts=str(settings.starts), lags=str(settings.lags)))
    return [*map(Paragraph, lines)]


def _input(stream: Stream, words: Words) -> list[Line]:
    steps, channels = stream.values.shape
    found = [words.line("method.input", name=stream.name, steps=f"{steps:,}", channels=str(channels))]
    if stream.source.citation:
        citation, licence = stream.source.citation.rstrip("."), stream.source.licence or "-"
        found.append(words.line("method.source", citation=citation, licence=licence))
    return found


def reproduce_blocks(study: Study, words: Words, record: str) -> list[Block]:
    """How to do it again. record: the file that holds settings, versions and hashes."""
    versions = ", ".join(f"{name} {version}" for name, version in study.versions.items())
    line = Paragraph(words.line("reproduce.line", record=record))
    return [Listing(study.command), line, Paragraph(words.line("reproduce.versions", versions=versions))]
