"""How the sizes of a network are called in programs."""

from __future__ import annotations

SIZES = {
    "T": "T seq_len seq_length sequence_length T_x timesteps time_steps n_steps steps num_steps Tx".split(),
    "B": "B N m batch batch_size n_batch bs".split(),
    "D": (
        "D n_x input_size input_dim n_in nin in_dim input_dims vocab_size n_inputs n_input in_features input_features "
        "x_dim d_in inputSize n_features"
    ).split(),
    "H": (
        "H n_a n_h hidden_size hidden_dim hidden n_hidden hidden_units num_hidden nh units n_units hid_dim hidden_dims "
        "state_size num_units out_features h_dim d_hidden d_h hiddenSize hidden_features"
    ).split(),
    "Y": "n_y output_size output_dim n_out num_classes n_classes n_outputs O out_dim n_output y_dim K".split(),
}
"""Size -> names of arguments and of globals; Y is that of a readout, which the cell does not have."""
