"""What a progress display says is what is left."""

import io
import math
import re

from jaxgan import progress


def shown(monkeypatch, stop, rows, took, until=math.inf):
    """(Progress, its lines) of a run whose rows come as long after each other as `took` says of their steps."""
    now, out = [0.0], io.StringIO()
    for clock in ("perf_counter", "monotonic"):
        monkeypatch.setattr(progress.time, clock, lambda: now[0])
    with progress.Progress(stop, out, until) as made:
        made.begin(0)
        for step in rows:
            now[0] += took(step)
            made.show({"step": step, "loss_g": 1.0, "loss_d": 1.0, "images_per_s": 1.0})
    return made, [line for line in out.getvalue().splitlines() if " left" in line]


def test_what_happens_once_is_not_reckoned_into_the_time_left(monkeypatch):
    once = lambda step: (
        600 if step == 20 else 0.1
    )  # ten minutes for something that happens once, then 100 steps a second
    made, said = shown(monkeypatch, 100_000, range(10, 50_001, 10), once)
    assert re.search(r"8 min 2\d s left", said[-1])
    assert len(made._marks) <= progress._MARKS


def test_what_happens_again_and_again_is(monkeypatch):
    often = lambda step: 0.1 + (9 if step % 100 == 0 else 0)  # a picture every 100 steps: 0.1 s a step
    _, said = shown(monkeypatch, 20_000, range(10, 10_001, 10), often)
    assert 15 <= int(re.search(r"(\d+) min .*left", said[-1])[1]) <= 18  # 10,000 steps


def test_half_of_the_rows_is_half_of_them_in_long_runs_too(monkeypatch):
    rarely = lambda step: 0.1 + (600 if step % 250_000 == 0 else 0)  # ten minutes of evaluation, four times
    made, said = shown(monkeypatch, 2_000_000, range(100, 1_000_001, 100), rarely)
    assert re.search(r"5[67] min( \d+ s)? left", said[-1])  # 1,000 s, and four times ten minutes
    gaps = {b[0] - a[0] for a, b in zip(made._marks, made._marks[1:], strict=False)}
    assert len(gaps) == 1 and len(made._marks) <= progress._MARKS


def test_no_more_is_left_than_the_minutes_that_it_may_take(monkeypatch):
    _, said = shown(monkeypatch, 10_000, range(10, 1001, 10), lambda step: 1.0, until=160.0)  # 100 s of 1,000
    assert said[0].endswith(" left of --max-minutes") and said[-1].endswith("1 min 4 s left of --max-minutes")
    _, said = shown(monkeypatch, 1000, range(10, 1001, 10), lambda step: 1.0, until=160.0)
    assert not any("--max-minutes" in line for line in said)
