"""RUN/population.json: what several runs side by side have come to, and which of them were left behind."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jaxgan import reading, runs
from jaxgan.progress import Progress
from jaxgan.training.member import Member

FILE = "population.json"


def lines(members: Sequence[Member], program: Any) -> Iterator[dict[str, Any]]:
    """A row of the table for each."""
    for member in members:
        config = member.run.config
        differ = {name: getattr(config, name) for name in ("seed", *sorted(program.values))}
        mark = {} if member.diverged is None else {"diverged": member.diverged}
        finite = {k: v if not isinstance(v, float) or np.isfinite(v) else None for k, v in member.last.items()}
        yield {"run": member.run.folder.name, **differ, **finite, **mark}


def write(home: Path, members: Sequence[Member], program: Any) -> None:
    """Writes the table."""
    runs.write_json(home / FILE, list(lines(members, program)))


def marked(home: Path) -> dict[str, int]:
    """{run: step at which it diverged} of a population that goes on."""
    try:
        return {row["run"]: row["diverged"] for row in reading.json_of(home / FILE) if "diverged" in row}
    except (OSError, ValueError, TypeError, KeyError):  # killed before its first row
        return {}


def overview(progress: Progress) -> Callable[..., None]:
    """The hook that shows the mean losses of all."""

    def show(step, state, row):
        mean = lambda v: float(np.mean(v, where=np.isfinite(v)))
        progress.show({k: mean(v) if k.startswith("loss") else v for k, v in row.items()})

    return show
