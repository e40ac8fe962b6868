"""`jaxgan data check`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from jaxgan.cli import flags
from jaxgan.names import shown, tell
from jaxgan.options.degrade import What
from jaxgan.options.marks import ActiveIf

USAGE, DOES, PLACE, NEEDS = "data check SOURCE [flags]", "report on a data set before training on it", 5, "SOURCE"


@dataclass(frozen=True)
class Flags:
    """Flags of `jaxgan data check`."""

    recipe: str | None = None
    """Also try whether this recipe, a name or a file of yours, can take the data."""
    split: str = ""
    """Of a folder or a set of tfds that has splits: train, val, test or another word for one. By default the one that is
    trained on."""
    resolution: int = 0
    """Bring images to this many pixels in height for that, as `jaxgan train --resolution` does."""
    length: int = 0
    """Cut sounds, films and texts to this many values, frames or letters for that, as `jaxgan train --length` does."""
    rate: float = 0.0
    """Bring sounds to this many values a second for that."""
    input: str = ""
    """Source of what G is given: pictures of the same names."""
    side_by_side: Literal["left-input", "right-input"] | None = None
    """Each picture is two, side by side: which half is the input."""
    unpaired: bool = False
    """The pictures of --input belong to none of the others."""
    degrade: tuple[What, ...] = ()
    """The inputs are made of the pictures themselves: what `jaxgan train --degrade` takes. With `down` see --factor."""
    factor: Annotated[
        Literal[2, 4], ActiveIf(lambda flags: "down" in flags.degrade, lambda flags: "no --degrade down: add it")
    ] = 4
    """How many times fewer pixels a side `down` leaves."""
    masks: str = ""
    """Folder of masks, of the same names."""
    ignored: int | None = None
    """Number in the masks that is no class."""


def run(subject: str | None, argv: Sequence[str]) -> None:
    """Prints the report."""
    args = flags.parse(Flags, argv, f"jaxgan data check {subject or 'SOURCE'}", DOES)
    from jaxgan import data
    from jaxgan.options import degrade

    how = degrade.Group(degrade=args.degrade, factor=args.factor)
    degrade.check(how)
    lines, problems = data.check(subject, degrade=how.derivation, **flags.of(args, "recipe", "degrade", "factor"))
    tell("\n".join(lines))
    for problem in problems:
        tell(f"to mend     {shown(problem)}")
    if args.recipe:
        from jaxgan.cost import estimate

        unused = ["unpaired", *([] if "down" in args.degrade else ["factor"])]
        tell(f"recipe      {shown(estimate.fits(source=subject, **flags.of(args, *unused)))}")
