"""Resemblyzer: who speaks. Mel spectra of 10 ms, three LSTM layers, a linear layer, and a vector of length 1."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from lstm_sym.inputs import Sequences
from lstm_sym.interop import from_state_dict
from lstm_sym.interop.model import Model
from lstm_sym.kernels import Array
from lstm_sym.networks import Network, dense
from lstm_sym.networks.layer import below
from lstm_sym.shipped.archives import weights
from lstm_sym.shipped.catalogue import Package
from lstm_sym.shipped.models.base import Files, ShippedModel
from lstm_sym.shipped.proofs import Claim, Proof
from lstm_sym.shipped.sound import RATE, mel_filters, power_spectrum, samples

BANDS, WINDOW, HOP = 40, 400, 160
PART, PER_SECOND, COVERED = 160, 1.3, 0.75
"""Steps of a part of a recording, parts a second, and how much of the last there must be."""
LOUDNESS = -30.0
"""dB of full scale that a recording is brought up to."""


class Voice(ShippedModel):
    """The LSTM layers and the linear layer with its relu are measured; dividing by the length is of the proof."""

    def __init__(self, package: Package, files: Files) -> None:
        super().__init__(package, files)
        state = weights(files["weights"], package.content.members["weights"])
        own = below("model_state.", state)
        read = from_state_dict(own, name=package.name)
        layers = (*read.network.layers[:-1], dense("linear", len(own["linear.bias"]), "relu"))
        network = Network(layers, read.network.inputs, name=package.name)
        told = (*read.told[:-1], f"{read.told[-1]}, relu")
        self.model = Model(network, read.params, told, read.unused)

    @cached_property
    def recordings(self) -> dict[str, Array]:
        """Every recording by its name, as loud as the package makes it."""
        return {name: louder(samples(data, name)) for name, data in self.files.items() if name != "weights"}

    def vector(self, sound: Array) -> Array:
        """The voice of a recording (256,), of length 1: the mean over parts of 1.6 s."""
        first = starts(len(sound))
        spectra = mel_spectrum(np.pad(sound, (0, max(0, (first[-1] + PART) * HOP - len(sound)))))
        parts = np.stack([spectra[at : at + PART] for at in first], axis=1)
        last = self.model.network.forward(parts, self.model.params)[0][-1]
        return unit(unit(last).mean(axis=0))

    @cached_property
    def vectors(self) -> dict[str, Array]:
        """The voice of every recording."""
        return {name: self.vector(sound) for name, sound in self.recordings.items()}

    @cached_property
    def readout(self) -> Array:  # type: ignore[override]
        """The voice of the reader: how like it a part is, before it is divided by its length."""
        return unit(np.mean([vector for name, vector in self.vectors.items() if name.startswith("sentence")], axis=0))

    @property
    def proof(self) -> Proof:
        """Vectors as the package has them; one reader is nearer to herself than to another voice."""
        found = self.vectors
        rows = (line.split(",") for line in self.package.beside("csv").splitlines())
        expected = {name: unit(np.array(values, dtype=np.float64)) for name, *values in rows}
        alike = min(float(found[name] @ vector) for name, vector in expected.items())
        reader = np.stack([vector for name, vector in found.items() if name.startswith("sentence")])
        others = np.stack([vector for name, vector in found.items() if not name.startswith("sentence")])
        within, between = (reader @ reader.T).min(), (reader @ others.T).max()
        return (
            Claim(f"smallest cosine to the vectors of {len(expected)} recordings by Resemblyzer", alike, 0.9999),
            Claim("cosine between recordings of one reader, less that to another voice", float(within - between), 0.0),
        )

    @property
    def sequences(self) -> Sequences:
        """A sequence a part of a sentence, as far as they are whole."""
        said = [mel_spectrum(sound) for name, sound in self.recordings.items() if name.startswith("sentence")]
        parts = [x[at : at + PART] for x in said for at in starts((len(x) - 1) * HOP) if at + PART <= len(x)]
        return self.read_by_the_first_layer([part.astype(np.float64) for part in parts], RATE / HOP)


def mel_spectrum(sound: Array) -> Array:
    """(T, 40), a step for every 160 samples: the power in bands of pitch."""
    return np.asarray(power_spectrum(sound, WINDOW, HOP) @ mel_filters(BANDS, WINDOW).T, dtype=np.float32)


def louder(sound: Array) -> Array:
    """A recording of -30 dB of full scale, in the mean of its squares, where it was not as loud."""
    change = LOUDNESS - 10 * np.log10(np.mean(sound.astype(np.float64) ** 2))
    return sound * np.float32(10 ** (max(change, 0.0) / 20))


def starts(count: int) -> list[int]:
    """The steps at which the parts of so many samples begin: 1.3 a second, the last of them three quarters full."""
    steps, step = -(-(count + 1) // HOP), round(RATE / PER_SECOND / HOP)
    found = [*range(0, max(1, steps - PART + step + 1), step)]
    full = (count - found[-1] * HOP) / (PART * HOP)
    return found[:-1] if full < COVERED and len(found) > 1 else found


def unit(vectors: Array) -> Array:
    """Vectors divided by their lengths."""
    found: Array = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return found
