"""The models of the packages, a module each: what stands below and above the recurrent layers, in NumPy.

The recurrent layers themselves are networks of this package, run by its kernels.
"""

from lstm_sym.shipped.models.base import ShippedModel
from lstm_sym.shipped.models.g2p_en import Pronunciation
from lstm_sym.shipped.models.resemblyzer import Voice
from lstm_sym.shipped.models.silero_vad import SpeechDetector

MODELS: dict[str, type[ShippedModel]] = {
    "g2p-en": Pronunciation,
    "silero-vad": SpeechDetector,
    "resemblyzer": Voice,
}
"""Name of a package -> its model."""
