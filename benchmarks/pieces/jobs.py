"""Measurements, each in a process of its own, whose rows are kept at once: what is killed goes on, what fails is a row.

This process touches no device, so that those it starts have all of it.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent.parent
MARK = "row: "
QUICK = "--xla_backend_optimization_level=0"  # compiled in half the time: for rehearsals


class Job(NamedTuple):
    """What one row is made of."""

    name: str
    function: str  # "module:function", called as function(limit, **options) in the process
    options: dict[str, Any] = {}
    limit: float = 150  # seconds until it is ended
    least: float = 30  # seconds without which it is not begun
    env: dict[str, str] = {}


def rows(path):
    """{name: row} of a file; the last of a name counts. A line that a kill has cut is left out."""
    found = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        with contextlib.suppress(json.JSONDecodeError):
            row = json.loads(line)
            found[row["name"]] = row
    return found


def play(jobs, path, minutes, size, again=False):
    """Names of the jobs that are left after about so many minutes; the others have rows in the file.

    A job is not begun twice, but for those that could not be measured where they are to be tried `again`. What is ended for
    the minutes' sake, and not its own, has no row. Exits where the file has rows of another size, device or version.
    """
    known, end, left, first = rows(path), time.monotonic() + 60 * minutes, [], True
    _same(path, {row["size"] for row in known.values()} - {size}, size)
    for job in jobs:
        if job.name in known and not (again and "not_measured" in known[job.name]):
            continue
        limit = min(job.limit, end - time.monotonic())
        if not first and limit < min(job.least, job.limit):
            left.append(job.name)
            continue
        begin = time.monotonic()
        found = measured(job, max(limit, 1), QUICK if size == "tiny" else "")
        if found.pop("late", False) and limit < job.limit and not first:
            left.append(job.name)
            continue
        first = False
        taken = round(time.monotonic() - begin, 1)
        row = {"name": job.name, "size": size, "date": f"{datetime.now(UTC):%Y-%m-%d}", "taken_s": taken, **found}
        for name, this in _made_with(row).items():
            _same(path, {_made_with(other).get(name, this) for other in known.values()} - {this}, this)
        known[job.name] = row
        _append(path, row)
        print(json.dumps({k: v for k, v in row.items() if k not in ("rows", "versions", "host")}), flush=True)
    return left


def measured(job, limit, flags=""):
    """What the job's function gave, or {"not_measured": why}, "late" too where time was what it had too little of."""
    paths = (str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", ""))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **job.env}
    env["XLA_FLAGS"] = f"{env.get('XLA_FLAGS', '')} {flags}".strip()
    words = [sys.executable, "-m", "pieces.worker", job.function, json.dumps(job.options), str(limit)]
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=said, text=True, env=env, start_new_session=True
        )
        try:
            out, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            return {"not_measured": f"it took longer than {limit:.0f} s", "late": True}
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with what it has started
            process.communicate()
        for line in out.splitlines():
            if line.startswith(MARK):
                return json.loads(line.removeprefix(MARK))
        said.seek(0)
        last = said.read().strip().splitlines()[-1:] or ["nothing on stderr"]
    return {"not_measured": f"its process ended with status {process.returncode}: {last[0][:300]}"}


def table(head, lines):
    """Markdown."""
    line = lambda cells: "| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |"
    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, lines)])


def mib(count):
    """Bytes in words, nothing for None."""
    return "" if count is None else f"{count / 2**20:,.1f} MiB"


def _append(path, row):
    with path.open("a+") as file:
        file.seek(0, os.SEEK_END)
        if file.tell() and not path.read_text().endswith("\n"):
            file.write("\n")
        file.write(json.dumps(row) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _made_with(row):
    """{what: words} of the device and the versions that a row is of."""
    versions = {name: f"{name} {version}" for name, version in row.get("versions", {}).items()}
    return versions | ({"device": row["device"]} if "device" in row else {})


def _same(path, others, this):
    if others:
        sys.exit(f"{path} has rows of {', '.join(sorted(others))}, and this is {this}: give another folder")
