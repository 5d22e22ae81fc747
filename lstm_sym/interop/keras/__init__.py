"""Models of Keras: HDF5 of Keras 2, .weights.h5 and .keras of Keras 3, with their description or without one."""

from lstm_sym.interop.keras.files import WEIGHTS, KerasFile, of_archive, of_hdf5
from lstm_sym.interop.keras.layers import model_of_keras
from lstm_sym.interop.keras.writing import keras_file, to_keras

__all__ = ["WEIGHTS", "KerasFile", "keras_file", "model_of_keras", "of_archive", "of_hdf5", "to_keras"]
