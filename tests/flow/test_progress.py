"""What is said while a measurement runs."""

from lstm_sym.flow import reporter


def test_share_and_time_left_are_printed_every_two_seconds(capsys):
    times = iter([0.0, 1.0, 2.5, 3.0, 5.0, 9.0])
    report = reporter("measuring", clock=lambda: next(times))
    for done in (1, 25, 30, 50, 100):
        report(done, 100)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "measuring: 25%, about 8 s left\nmeasuring: 50%, about 5 s left\n"


def test_a_short_measurement_says_nothing(capsys):
    times = iter([0.0, 0.5, 1.9])
    report = reporter("measuring", clock=lambda: next(times))
    report(1, 2)
    report(2, 2)
    assert capsys.readouterr().err == ""
