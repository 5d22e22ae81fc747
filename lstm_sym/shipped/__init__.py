r"""Trained models that packages ship: fetched, read without their frameworks, proved to be read right, measured.

from lstm_sym import shipped

opened = shipped.open_package("silero-vad")         # fetched once, by pip, checked by its SHA-256; nothing of it runs
print(*(claim.line for claim in opened.proof), sep="\n")
opened.model.network, opened.model.params, opened.model.told
opened.sequences                                    # what its first recurrent layer reads of a real recording
"""

from lstm_sym.shipped.catalogue import Package, package, packages
from lstm_sym.shipped.errors import ShippedError
from lstm_sym.shipped.fetching import Archive
from lstm_sym.shipped.opening import Opened, open_package
from lstm_sym.shipped.proofs import Claim

__all__ = ["Archive", "Claim", "Opened", "Package", "ShippedError", "open_package", "package", "packages"]
