"""The models of the packages, a module each: what stands below and above the recurrent layers, in NumPy.

The recurrent layers themselves are networks of this package, run by its kernels.
"""

from lstm_sym.shipped.models.base import ShippedModel
from lstm_sym.shipped.models.dgaintel import DomainJudge
from lstm_sym.shipped.models.dksplit import DomainWords
from lstm_sym.shipped.models.g2p_en import Pronunciation
from lstm_sym.shipped.models.jieba import ChineseWords
from lstm_sym.shipped.models.nagisa import JapaneseWords
from lstm_sym.shipped.models.resemblyzer import Voice
from lstm_sym.shipped.models.silero_vad import SpeechDetector
from lstm_sym.shipped.models.textgenrnn import NextLetter

MODELS: dict[str, type[ShippedModel]] = {
    "g2p-en": Pronunciation,
    "silero-vad": SpeechDetector,
    "resemblyzer": Voice,
    "dgaintel": DomainJudge,
    "textgenrnn": NextLetter,
    "nagisa": JapaneseWords,
    "dksplit": DomainWords,
    "jieba": ChineseWords,
}
"""Name of a package -> its model."""
