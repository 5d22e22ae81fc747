"""What a study is asked for: cells, an input, settings, a language; and the command line that asks for the same."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import cast

from lstm_sym.document.sentences import Sentences
from lstm_sym.equations import Cell
from lstm_sym.flow import Look, Model
from lstm_sym.ground.safe_text import printable
from lstm_sym.inputs import Stream
from lstm_sym.interop import Model as Read
from lstm_sym.interop import Table, Target, from_state_dict, mapped, read
from lstm_sym.networks import Network
from lstm_sym.shipped import Opened
from lstm_sym.studies.errors import StudyError
from lstm_sym.studies.measurement import Input, input_stream, models_of, stems_of
from lstm_sym.studies.networks import Weights, as_network, network_models, network_stems, runs_one_way
from lstm_sym.studies.selection import Choices, Given, files_of, named_on_a_command_line, select
from lstm_sym.studies.settings import Settings


@dataclass(frozen=True)
class Request:
    """What is studied, and how: everything that decides what is found.

    Raises, as soon as it is made, what `select` raises, and ValueError for a language that there is not.
    """

    given: tuple[Given, ...]
    input: Input
    settings: Settings
    language: str = "en"
    choices: Choices = field(default_factory=dict)
    time_scale: float | None = None
    weights: Weights | None = None
    weights_cell: Target | None = None
    weights_map: Table | None = None
    weights_node: str | None = None
    package: Opened | None = None
    paper: float | None = None

    def __post_init__(self) -> None:
        scale = self.time_scale
        if scale is not None and (not isinstance(scale, int | float) or isinstance(scale, bool) or not scale > 1):
            raise StudyError(
                "time_scale",
                f"{scale!r}, which is no number of steps above 1",
                "a text, or a rate in place of its inverse",
                "give time_scale=100, say, for gates that should keep the state about 100 steps",
            )
        _ = self.cells, self.sentences
        if self.paper is not None:
            _ = Look.paper(self.paper)
        told = (self.weights_cell, self.weights_map, self.weights_node)
        if self.weights is None and any(one is not None for one in told):
            names = "weights_cell, weights_map, weights_node"
            raise StudyError(names, "given without weights", "", "name the file of the weights")
        if self.package is not None and (self.weights is not None or any(self._read)):
            raise StudyError(
                "package",
                "given with weights, or with a network",
                "two sources of trained parameters, asked for at once",
                "measure the package by itself, or beside cells",
            )
        if self.weights is not None and len(self.networks) != 1:
            raise StudyError(
                "weights",
                f"given for {len(self.networks)} networks",
                "weights are the parameters of one network",
                "name one network file; trained parameters of a cell are measured in Python: flow.Model(params=...)",
            )

    @cached_property
    def _read(self) -> list[Network | None]:
        """The network of each that is given, None for what is a cell; every file is read once."""
        return [as_network(one) for one in self.given]

    @cached_property
    def model(self) -> Read | None:
        """What is read of a package, or of weights that are not the parameters of a network by its own names.

        Raises InteropError, NetworkError, CellError.
        """
        if self.package is not None:
            return self.package.model
        named = next((network for network in self._read if network is not None), None)
        if self.weights is None or (named is not None and self.weights_map is None and self.weights_node is None):
            return None
        into = named or self.weights_cell
        if not isinstance(self.weights, Mapping):
            return read(self.weights, into=into, table=self.weights_map, node=self.weights_node)
        return from_state_dict(self.weights) if into is None else mapped(self.weights, into, self.weights_map)

    @property
    def is_trained(self) -> bool:
        """Whether networks have trained parameters, so that the input is taken as it is."""
        return self.weights is not None or self.package is not None

    @property
    def answers_at_the_end(self) -> bool:
        """Whether the model of a package answers at the end of each sequence of its task, and is measured there."""
        package = self.package
        return package is not None and package.read.readout is not None and self.input is package.sequences

    @property
    def trained(self) -> Weights | None:
        """The parameters of the network that is measured; None where they are drawn."""
        return self.weights if self.model is None else self.model.params

    @property
    def networks(self) -> tuple[Network, ...]:
        """The networks among what is given, and the one that weights are of. Raises NetworkError, CellError."""
        named = tuple(network for network in self._read if network is not None)
        return named or (() if self.model is None else (self.model.network,))

    @property
    def one_way(self) -> list[Network]:
        """The networks all of whose layers run forward: recurrences, which are measured as cells are."""
        return [network for network in self.networks if runs_one_way(network)]

    @property
    def both_ways(self) -> list[Network]:
        """The other networks, which feel what comes after a step as well."""
        return [network for network in self.networks if not runs_one_way(network)]

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The cells with their options."""
        cells = [one for one, network in zip(self.given, self._read, strict=True) if network is None]
        return tuple(select(cells, self.choices)) if cells or self.choices else ()

    @property
    def names(self) -> list[str]:
        """The keys of the cells and the names of the networks."""
        return [*(cell.key for cell in self.cells), *(network.name for network in self.networks)]

    @cached_property
    def sentences(self) -> Sentences:
        """The sentences of the language."""
        return Sentences(self.language)

    @cached_property
    def stream(self) -> Stream:
        """The input: standardised, or as it is where there are trained parameters. Raises InputError."""
        return input_stream(self.input, self.settings.length, standardise=not self.is_trained)

    @cached_property
    def models(self) -> list[Model]:
        """The models that are measured, of cells, then of networks; of a package what its network gives out."""
        channels = self.stream.values.shape[1]
        found = models_of(self.cells, channels, self.settings.hidden)
        of_networks = (network_models(network, channels, self.trained) for network in self.one_way)
        every = [model for models in of_networks for model in models.values()]
        return [*found, *(every if self.package is None else every[:1])]

    @cached_property
    def stems(self) -> list[str]:
        """The names of the files of each model, in the order of `models`."""
        of_networks = [stem for network in self.one_way for stem in network_stems(network)]
        return [*stems_of(self.cells), *(of_networks if self.package is None else of_networks[:1])]

    @property
    def files(self) -> list[Path]:
        """The files among what is given, cells, networks and data: none of them may be overwritten."""
        data = (self.input, self.weights, self.weights_cell, self.weights_map)
        return files_of([*self.given, *(one for one in data if isinstance(one, str | os.PathLike))])

    def command(self, name: str, folder: str | os.PathLike[str] | None = None) -> str | None:
        """The command that gives this again, every setting spelt out; None where no command line can say it."""
        cells = named_on_a_command_line(self.given)
        trained = {"--weights": self.weights, "--cell": self.weights_cell, "--map": self.weights_map}
        trained |= {"--package": None if self.package is None else self.package.package.name}
        own = self.package is not None and self.input is self.package.sequences
        given = (trained if own else {"--input": self.input} | trained) | {"--node": self.weights_node}
        words = {option: one for option, one in given.items() if one is not None}
        if cells is None or not all(isinstance(one, str | os.PathLike) for one in words.values()):
            return None
        settings = asdict(self.settings) | ({} if self.time_scale is None else {"time_scale": self.time_scale})
        settings |= {} if self.paper is None else {"paper": self.paper}
        options = [part for key, value in settings.items() for part in (f"--{key.replace('_', '-')}", f"{value!r}")]
        chosen = [part for key, value in self.choices.items() for part in ("--set", f"{key}={value}")]
        data = [part for option, one in words.items() for part in (option, os.fspath(cast(str, one)))]
        output = [] if folder is None else ["-o", os.fspath(folder)]
        parts = ["lstm-sym", name, *cells, *data, *options, *chosen]
        return printable(shlex.join([*parts, "--lang", self.language, *output]))


def cells_given(cells: Given | Iterable[Given]) -> tuple[Given, ...]:
    """The cells as given, one or several. Raises StudyError without one."""
    single = isinstance(cells, Cell | Network | str | os.PathLike) or not isinstance(cells, Iterable)
    given = cast(tuple[Given, ...], (cells,) if single else tuple(cast(Iterable[Given], cells)))
    if not given:
        raise StudyError("cells", "none is given", "a selection that selected nothing", 'give one at least: "lstm"')
    return given
