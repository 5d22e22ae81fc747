r"""What stands above and below a letter: transposes in any type, \delta^{(c)}."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "turned", [r"^{\rm T}", r"^{\sf T}", r"^{\mathrm T}", r"^{\mathrm{T}}", r"^\mathsf{T}", r"^{\rm{T}}"]
)
def test_a_transpose_in_any_type(turned, judged):
    [found] = judged("lstm", rf"$\delta U_f = \sum_t \delta a_{{f,t}} h_{{t-1}}{turned}$").findings
    assert found.status == "right"


def test_what_an_error_is_of_may_stand_in_brackets_above_it(judged):
    first = r"$\delta_t^{(c)} = \partial L / \partial c_t$, $\delta_t^{(c)} = \partial L/\partial h_t \odot o_t"
    text = first + r" \odot (1 - \tanh^2 c_t) + \delta_{t+1}^{(c)} \odot f_{t+1}$"
    assert [found.status for found in judged("lstm", text).findings] == ["right", "right"]
