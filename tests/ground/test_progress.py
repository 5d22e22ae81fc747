"""What is said while something long runs: nothing in the first two seconds, and it changes nothing."""

from itertools import count

from lstm_sym.ground.progress import part_of, reporter, tell, watched


def test_share_and_time_left_are_printed_every_two_seconds(capsys):
    times = iter([0.0, 1.0, 2.5, 3.0, 5.0, 9.0])
    report = reporter("measuring", clock=lambda: next(times))
    for done in (1, 25, 30, 50, 100):
        report(done, 100)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "measuring: 25%, about 8 s left\nmeasuring: 50%, about 5 s left\n"


def test_a_note_stands_behind_the_time_left(capsys):
    report = reporter("training", clock=iter([0.0, 3.0, 6.0]).__next__)
    tell(report, 1, 4, "loss 0.5")
    tell(part_of(report, 1, 2), 1, 4, "loss 0.25")
    assert capsys.readouterr().err.splitlines() == [
        "training: 25%, about 9 s left; loss 0.5",
        "training: 62%, about 4 s left; loss 0.25",
    ]


def test_who_hears_no_note_is_told_without_it():
    heard = []
    tell(lambda done, total: heard.append((done, total)), 1, 4, "loss 0.5")
    tell(part_of(lambda done, total: heard.append((done, total)), 1, 2), 1, 4, "loss 0.5")
    tell(None, 1, 4, "loss 0.5")
    assert heard == [(1, 4), (5, 8)]


def test_what_is_short_says_nothing(capsys):
    times = iter([0.0, 0.5, 1.9])
    report = reporter("measuring", clock=lambda: next(times))
    report(1, 2)
    report(2, 2)
    assert capsys.readouterr().err == ""


def test_the_name_of_a_file_moves_no_cursor(capsys):
    reporter("reading a\x1b[2J.csv", clock=iter([0.0, 9.0]).__next__)(1, 2)
    assert "\x1b" not in capsys.readouterr().err


def test_a_quick_reading_is_silent(capsys):
    assert list(watched(range(100_000), 100_000, reporter("quick.csv", clock=lambda: 0.0))) == list(range(100_000))
    assert capsys.readouterr().err == ""


def test_a_slow_reading_reports_its_share_and_the_time_left(capsys):
    seconds, items = count(step=2), 1 << 16
    report = reporter("reading slow.csv", clock=lambda: float(next(seconds)))
    assert list(watched(range(items), items, report)) == list(range(items))
    assert capsys.readouterr().err.splitlines() == [
        "reading slow.csv: 25%, about 6 s left",
        "reading slow.csv: 50%, about 4 s left",
        "reading slow.csv: 75%, about 2 s left",
    ]


def test_a_total_that_was_too_low_never_exceeds_the_whole(capsys):
    seconds = count(step=5)
    list(watched(range(1 << 15), 10, reporter("long.csv", clock=lambda: float(next(seconds)))))
    assert capsys.readouterr().err == ""
