"""A package opened: its archives fetched, its model read, and proved to be read right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lstm_sym.ground.progress import Progress, part_of
from lstm_sym.inputs import Sequences
from lstm_sym.interop import Model
from lstm_sym.shipped.archives import members
from lstm_sym.shipped.catalogue import Package, package
from lstm_sym.shipped.errors import ShippedError
from lstm_sym.shipped.fetching import kept
from lstm_sym.shipped.models import MODELS
from lstm_sym.shipped.models.base import ShippedModel
from lstm_sym.shipped.proofs import Proof


@dataclass(frozen=True, eq=False)
class Opened:
    """A package whose model was read, and gives out what the package itself does.

    Attributes:
        package: the package. read: its model, with the layers below and above in NumPy. proof: what was asked of it
            before anything else.
    """

    package: Package
    read: ShippedModel
    proof: Proof

    @property
    def model(self) -> Model:
        """The network that is measured, its parameters, and how they were read."""
        return self.read.model

    @cached_property
    def sequences(self) -> Sequences:
        """What the first recurrent layer reads in the real task: a sequence for each time that it begins anew."""
        return self.read.sequences


def open_package(name: str, progress: Progress | None = None) -> Opened:
    """The model of a package: fetched where it is not in the cache, read, and proved to be read right.

    Nothing of an archive is run. Raises ShippedError: an unknown name, no pip or no network, a model that does not give
    out what the package itself does.
    """
    wanted = package(name)
    count, found = len(wanted.contents), dict[str, bytes]()
    for index, content in enumerate(wanted.contents):
        data = kept(content.archive, part_of(progress, index, count))
        found |= members(data, content.members, content.archive.file)
    read = MODELS[wanted.name.lower()](wanted, found)
    proof = read.proof
    for claim in proof:
        if not claim.holds:
            raise ShippedError(
                f"{wanted.name} {wanted.version}",
                f"its model is not read right: {claim.line}",
                "a change in how weights of this kind are read",
                "report it, with this message and the version of lstm-sym",
            )
    return Opened(wanted, read, proof)
