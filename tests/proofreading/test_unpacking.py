"""A line of a program for several names is a line for each, as long as none reads what another has changed."""

from __future__ import annotations

import pytest

from lstm_sym.proofreading.unpacking import unpacked


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("di, df = dc * g, dc * c_prev", ["di = dc * g", "df = dc * c_prev"]),
        ("i, f = sigmoid(a_i), np.dot(U, h[t-1])", ["i = sigmoid(a_i)", "f = np.dot(U, h[t-1])"]),
        ("di, df = di * i, df * f", ["di = di * i", "df = df * f"]),
        ("a, b = b, a", ["a, b = b, a"]),
        ("i, f, o, g = np.split(a, 4)", ["i, f, o, g = np.split(a, 4)"]),
        ("da = [di, df]", ["da = [di, df]"]),
    ],
)
def test_lines_of_several_names(line, lines):
    assert unpacked(line) == lines


def test_each_is_judged_by_itself(judged):
    proof = judged("lstm", "di, df = dc * g, dc * c\ni, f = np.split(a, 2)")
    assert [(f.status, f.reason) for f in proof.findings] == [
        ("right", ""), ("wrong", ""), ("unread", "several names stand to the left of ="),
    ]  # fmt: skip


def test_names_that_are_changed_together_are_lost_where_that_is_not_understood(judged):
    proof = judged("lstm", "df = dc * c_prev\ndi, df = scaled(di, df)\ndaf = df * f * (1 - f)")
    assert [f.status for f in proof.findings] == ["right", "unread", "unread"]
