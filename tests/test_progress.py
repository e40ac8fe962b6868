"""What a progress display says is what is left."""

import io
import re

from jaxgan import progress


def test_what_happens_once_is_not_reckoned_into_the_time_left(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    out = io.StringIO()
    with progress.Progress(100_000, out) as shown:
        shown.begin(0)
        for step in range(10, 50_001, 10):
            now[0] += 600 if step == 20 else 0.1  # ten minutes for something that happens once, then 100 steps a second
            shown.show({"step": step, "loss_g": 1.0, "loss_d": 1.0, "images_per_s": 1.0})
    said = [line for line in out.getvalue().splitlines() if " left" in line]
    assert re.search(r"8 min 2\d s left", said[-1])
    assert len(shown._marks) <= 2 * progress._MARKS


def test_what_happens_again_and_again_is(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    out = io.StringIO()
    with progress.Progress(20_000, out) as shown:
        for step in range(10, 10_001, 10):
            now[0] += 0.1 + (9 if step % 100 == 0 else 0)  # a picture every 100 steps: 0.1 s a step
            shown.show({"step": step, "loss_g": 1.0, "loss_d": 1.0, "images_per_s": 1.0})
    minutes = int(re.findall(r"(\d+) min .*left", out.getvalue())[-1])
    assert 15 <= minutes <= 18  # 10,000 steps


def test_half_of_the_rows_is_half_of_them_in_long_runs_too(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    out = io.StringIO()
    with progress.Progress(2_000_000, out) as shown:
        shown.begin(0)
        for step in range(100, 1_000_001, 100):
            now[0] += 0.1 + (600 if step % 250_000 == 0 else 0)  # ten minutes of evaluation, four times
            shown.show({"step": step, "loss_g": 1.0, "loss_d": 1.0, "images_per_s": 1.0})
    assert re.search(r"5[67] min( \d+ s)? left", out.getvalue().splitlines()[-1])  # 1,000 s, and four times ten minutes
    gaps = {b[0] - a[0] for a, b in zip(shown._marks, shown._marks[1:], strict=False)}
    assert len(gaps) == 1 and len(shown._marks) <= progress._MARKS
