"""Reading reports how far it is once it takes longer than two seconds, and changes nothing."""

from itertools import count

from lstm_sym.inputs.progress import watched


def test_a_quick_reading_is_silent(capsys):
    assert list(watched(range(100_000), 100_000, "quick.csv", lambda: 0.0)) == list(range(100_000))
    assert capsys.readouterr().err == ""


def test_a_slow_reading_reports_its_share_and_the_time_left(capsys):
    seconds = count()
    items = 1 << 16
    assert list(watched(range(items), items, "slow.csv", lambda: float(next(seconds)))) == list(range(items))
    reports = capsys.readouterr().err.splitlines()
    assert reports[0] == "reading slow.csv: 50%, about 3 s left"
    assert all(report.startswith("reading slow.csv: ") for report in reports)


def test_a_total_that_was_too_low_never_exceeds_the_whole(capsys):
    seconds = count(step=5)
    list(watched(range(1 << 15), 10, "long.csv", lambda: float(next(seconds))))
    assert "100%, about 0 s left" in capsys.readouterr().err
