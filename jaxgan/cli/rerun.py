"""`jaxgan rerun`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jaxgan import runtime
from jaxgan.cli import flags
from jaxgan.names import tell

USAGE, DOES = "rerun RUN [flags]", "train a run once more by what its folder says, and compare the states"
PLACE, NEEDS = 1.5, "RUN"


@dataclass(frozen=True)
class Flags(flags.Bits, flags.Own):
    """Flags of `jaxgan rerun`."""

    out: str | None = None
    """Folder of the new run. Without it a new one: runs/RECIPE-001 and so on."""
    data: str | None = None
    """Where the data are now, if not where they were. They have to be the same."""
    input: str | None = None
    """Where the pictures that G is given are now, for a run that was trained with --input."""
    masks: str | None = None
    """Where the masks are now, for a run that was trained with --masks."""
    init_from: str | None = None
    """Where the run that it began with is now, if not where it was."""
    resume: Literal["never", "auto"] = "never"
    """Go on with a rerun in --out that was broken off."""


def run(subject: str | None, argv: Sequence[str]) -> int:
    """Trains, and says whether it came to the same state: status 0, or 1 where it did not."""
    args = flags.parse(Flags, argv, f"jaxgan rerun {subject or 'RUN'}", DOES)
    if args.deterministic:
        runtime.deterministic()
    runtime.keep_memory()
    runtime.keep_programs()
    flags.choose_library(args)
    from jaxgan import training

    try:
        found = training.rerun(subject, **flags.of(args, "deterministic", "onednn"))
    except training.Stopped as stop:
        tell(stop)
        return stop.status
    tell(f"state      {found.now}\nwas        {found.was}")
    for line in found.differ:
        tell(f"differs    {line}")
    if found.same:
        tell(f"the same   bit for bit, {found.run.folder}")
        return 0
    tell("not the same: other versions, another kind of processor, or a GPU without --deterministic round otherwise")
    return 1
