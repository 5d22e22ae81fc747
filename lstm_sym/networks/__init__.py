"""Networks of layers, on the generated kernels: stacked and bidirectional cells, embeddings, pooling, losses.

    from lstm_sym import networks
    from lstm_sym.networks import CellLayer, Dropout, Embedding, LOSSES, Network, Pooling, dense

    network = Network(
        (
            Embedding("words", tokens=10_000, size=64),
            CellLayer("lstm", ls.cell("lstm"), 128, direction="both"),
            Pooling("mean"),
            dense("output", 1),
        ),
        loss=LOSSES["logistic"],
    )
    params = network.init(fill={"lstm.b_f": 1.0})          # a dict: params["lstm.ahead.W_f"]
    loss, grads, state = network.value_and_grad(words, labels, params, lengths=lengths)

Every gradient is exact, and none is written by hand: what a layer computes are equations, whose kernels are derived.
"""

from lstm_sym.networks.cell_layer import CellLayer, dense
from lstm_sym.networks.dropout import Dropout
from lstm_sym.networks.embedding import Embedding
from lstm_sym.networks.errors import NetworkError
from lstm_sym.networks.file import load
from lstm_sym.networks.layer import Layer
from lstm_sym.networks.losses import LOSSES, Loss
from lstm_sym.networks.network import Grads, Network, Tape
from lstm_sym.networks.pooling import Pooling
from lstm_sym.networks.recurrence import Recurrence
from lstm_sym.networks.sensitivity import SensitivityMap, sensitivity_map
from lstm_sym.networks.storage import load_params, save

__all__ = [
    "LOSSES",
    "CellLayer",
    "Dropout",
    "Embedding",
    "Grads",
    "Layer",
    "Loss",
    "Network",
    "NetworkError",
    "Pooling",
    "Recurrence",
    "SensitivityMap",
    "Tape",
    "dense",
    "load",
    "load_params",
    "save",
    "sensitivity_map",
]
