"""Training of networks: `fit`, optimisers, batches by length, checkpoints, gradient flow by epoch."""

from lstm_sym.ground.progress import reporter
from lstm_sym.training.batches import Samples, in_batches
from lstm_sym.training.fitting import Trained, fit, loss_over, predict
from lstm_sym.training.gradient_flow import FlowMeasure
from lstm_sym.training.optimisers import SGD, Adam, Optimiser, cosine, halved_every, warm_up

__all__ = [
    "SGD",
    "Adam",
    "FlowMeasure",
    "Optimiser",
    "Samples",
    "Trained",
    "cosine",
    "fit",
    "halved_every",
    "in_batches",
    "loss_over",
    "predict",
    "reporter",
    "warm_up",
]
