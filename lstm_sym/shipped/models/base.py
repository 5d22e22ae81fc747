"""What the module of a model offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from lstm_sym.inputs import Sequences, Source
from lstm_sym.inputs.sequences import channels_named, numbered
from lstm_sym.interop import Model
from lstm_sym.kernels import Array
from lstm_sym.shipped.catalogue import Package
from lstm_sym.shipped.proofs import Proof

Files = Mapping[str, bytes]
"""The members of the archives, by the names in the table of the package."""


class ShippedModel(ABC):
    """A model of a package, read of its files."""

    model: Model
    """The network that is measured, its parameters, and how they were read."""
    readout: Array | None = None
    """What is read of its output at the end of each sequence, (M,), of a model that answers there, and is measured
    there; None for one that answers at every step."""

    def __init__(self, package: Package, files: Files) -> None:
        self.package, self.files = package, files

    @property
    @abstractmethod
    def proof(self) -> Proof:
        """What must hold: the model gives out what the package itself does."""

    @property
    @abstractmethod
    def sequences(self) -> Sequences:
        """What the first recurrent layer reads, a sequence for each time that the real task begins anew."""

    def read_by_the_first_layer(self, found: list[Array], rate: float | None = None) -> Sequences:
        """These arrays (T, D) as sequences, with the source and the licence of what they are made of."""
        content = self.package.recordings or self.package.content
        notes = (self.package.input, f"one step is {self.package.step}", f"in the real task: {self.package.resets}")
        source = Source(content.citation, content.licence)
        channels = channels_named(numbered(found[0].shape[1]), "1")
        return Sequences(f"{self.package.name} input", source, channels, tuple(found), sample_rate=rate, notes=notes)
