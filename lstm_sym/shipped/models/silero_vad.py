"""silero-vad: where somebody speaks. Spectra of 32 ms, four convolutions, an LSTM, and a probability."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from lstm_sym.equations import parse
from lstm_sym.inputs import Sequences
from lstm_sym.interop import from_state_dict
from lstm_sym.interop.model import Model
from lstm_sym.kernels import Array
from lstm_sym.networks import CellLayer, Network
from lstm_sym.shipped.archives import weights
from lstm_sym.shipped.catalogue import Package
from lstm_sym.shipped.convolution import convolved
from lstm_sym.shipped.models.base import Files, ShippedModel
from lstm_sym.shipped.proofs import Claim, Proof
from lstm_sym.shipped.sound import RATE, frames, samples

STEP, CONTEXT, AFTER, WINDOW, HOP = 512, 64, 64, 256, 128
"""Samples of a step, those before it that it sees again, those mirrored after it; window of the spectra, and hop."""
STRIDES = (1, 2, 2, 1)
"""Of the four convolutions."""
HEAD = "y[t] = V @ relu(x[t]) + b"
LSTM, CONVOLUTION, LAST = "model.decoder.rnn.", "model.encoder.{}.reparam_conv.", "model.decoder.decoder.2."
EDGE = 0.2
"""Seconds after which the probability has followed the sound, at a pause or a word."""


class SpeechDetector(ShippedModel):
    """The LSTM and the logit of speech that is read out of it are measured."""

    def __init__(self, package: Package, files: Files) -> None:
        super().__init__(package, files)
        self.arrays = weights(files["weights"], package.content.members["weights"])
        own = {f"{key}_l0": value for key, value in self.arrays.items() if key.startswith(LSTM)}
        read = from_state_dict(own, name=package.name)
        head = CellLayer("speech", parse(HEAD, key="speech", stateless=True), 1)
        network = Network((*read.network.layers, head), read.network.inputs, name=package.name)
        above = {"speech.V": self.arrays[f"{LAST}weight"][:, :, 0], "speech.b": self.arrays[f"{LAST}bias"]}
        told = (
            "below, in NumPy: spectra, and four convolutions",
            *read.told,
            f"speech: {LAST}weight, 128 to 1, of relu(h): the logit of speech",
        )
        self.model = Model(network, network.checked(package.name, read.params | above), told, ())

    @cached_property
    def sound(self) -> Array:
        """The sentences that are read aloud, one after the other."""
        return np.concatenate([samples(self.files[name], name) for name in self.files if name.startswith("sentence")])

    def features(self, sound: Array) -> Array:
        """What the LSTM reads: (T, 128), a step for every 512 samples; a last step that is not whole is left out."""
        cut = frames(np.pad(sound, (CONTEXT, 0)), CONTEXT + STEP, STEP)
        mirrored = np.pad(cut, ((0, 0), (0, AFTER)), "reflect")
        kernel = self.arrays["model.stft.forward_basis_buffer"][:, 0]
        waves = np.lib.stride_tricks.sliding_window_view(mirrored, WINDOW, axis=1)[:, ::HOP] @ kernel.T
        real, imaginary = np.split(waves.transpose(0, 2, 1), 2, axis=1)
        x = np.sqrt(real**2 + imaginary**2)
        for k, stride in enumerate(STRIDES):
            kernel, bias = (self.arrays[CONVOLUTION.format(k) + part] for part in ("weight", "bias"))
            x = np.maximum(0, convolved(x, kernel, bias, stride))
        found: Array = x[:, :, 0]
        return found

    def probabilities(self, sound: Array) -> Array:
        """That somebody speaks, at every step: (T,)."""
        logits = self.model.network.forward(self.features(sound)[:, None], self.model.params)[0]
        return 0.5 + 0.5 * np.tanh(0.5 * logits[:, 0, 0])

    @property
    def proof(self) -> Proof:
        """Every step as the package has it; high where the recording has words, low in its pauses."""
        found = self.probabilities(self.sound)
        expected = np.array(self.package.beside("txt").split(), dtype=np.float64)
        apart = np.abs(found - expected).max() if found.shape == expected.shape else np.inf
        begin = np.arange(len(found)) * STEP / RATE
        end = begin + STEP / RATE
        pauses = self.package.own["pauses"]
        silent = np.any([(begin >= low + EDGE) & (end <= high) for low, high in pauses], axis=0)
        spoken = ~np.any([(end > low - EDGE) & (begin < high + EDGE) for low, high in pauses], axis=0)
        return (
            Claim(f"largest difference to {len(expected)} probabilities of silero-vad", float(apart), 1e-4, True),
            Claim("median of the probability of speech where words are", float(np.median(found[spoken])), 0.95),
            Claim("median of it in the pauses", float(np.median(found[silent])), 0.06, True),
        )

    @property
    def sequences(self) -> Sequences:
        """The whole recording as one sequence."""
        return self.read_by_the_first_layer([self.features(self.sound).astype(np.float64)], RATE / STEP)
