"""The parts that a training was computed in, one after the other: a resume may be on other devices, or in another mode."""

from collections.abc import Sequence
from typing import Any

HOW = ("parallel", "devices", "computed_in")  # what a state's bits depend on, and a resume may change
Parts = tuple[dict[str, Any], ...]  # each with its first step and how it was computed


def going_on(before: Any, start: int, **how: Any) -> Parts:
    """Parts of a training that is computed so from step `start` on. before: those that its checkpoint tells, None without."""
    known = until(before, start)
    if known and all(known[-1].get(name) == value for name, value in how.items()):
        return known
    return (*known, {"step": start, **how})


def until(found: Any, step: int) -> Parts:
    """Those that have steps before `step`, as far as they can be read."""
    parts = found if isinstance(found, Sequence) else ()
    return tuple(part for part in parts if isinstance(part, dict) and type(at := part.get("step")) is int and at < step)


def told(parts: Sequence[dict[str, Any]]) -> str:
    """What they were, in words."""

    def words(part):
        devices = part.get("devices")
        many = "1 device" if devices == 1 else f"{devices} devices"
        return f"{part.get('parallel')} on {many} in {part.get('computed_in')} from step {part['step']} on"

    return ", then ".join(map(words, parts))
