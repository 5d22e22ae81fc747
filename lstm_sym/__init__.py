"""lstm_sym: derive, check, generate and measure the gradients of recurrent networks."""

__version__ = "0.1.0"
