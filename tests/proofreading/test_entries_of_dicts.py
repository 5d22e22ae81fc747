"""Gradients that a program keeps in a dict or in an object: grads['Wf'], d["W_f"], self.dWf; printed as they stand."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "grads['Wf']",
        'grads["dWf"]',
        "gradients['Wf']",
        "d['W_f']",
        "dW['f']",
        "self.dWf",
        "self.grads['Wf']",
        "grad_Wf",
    ],
)
def test_they_are_gradients(name, judged):
    text = f"daf = df * f * (1 - f)\ndUi = np.outer(dai, h_prev)\ndWi = np.outer(dai, x)\n{name} += np.outer(daf, {{}})"
    assert [f.status for f in judged("lstm", text.format("x")).findings] == ["right"] * 4
    proof = judged("lstm", text.format("h_prev"))
    wrong = proof.findings[-1]
    assert (wrong.status, wrong.written) == ("wrong", f"{name} += np.outer(daf, x)")
    assert name in proof.names
