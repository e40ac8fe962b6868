"""`jaxgan sample`."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxgan import runtime
from jaxgan.cli import flags

USAGE, DOES, PLACE, NEEDS = "sample RUN [flags]", "draw samples of a run: a grid, an .npz, a folder", 2, "RUN"


@dataclass(frozen=True)
class Flags(flags.Weights):
    """Flags of `jaxgan sample`."""

    num: int = 64
    """Samples in all, classes in equal shares and in order."""
    seed: int = 0
    """Of the latents."""
    out: str | None = None
    """A .png (one grid), an .npz (the samples as files hold them, `label`) or a folder (a file each, classes in sub-folders).
    By default a new RUN/samples/sample-SEED.png."""
    interpolate: bool = False
    """Let each row of eight go from one latent to another."""
    label: str | None = None
    """Only this class, by its number or its name; where labels are vectors, numbers with commas between them."""
    data: str | None = None
    """Where the run's data are now, for a G that is given samples of them, if not where they were."""
    truncation: float | None = None
    """Share of the styles' distance to their mean that is kept, for stylegan2: below 1 less varied, and cleaner."""


def run(subject: str | None, argv: Sequence[str]) -> None:
    """Draws, and prints where."""
    args = flags.parse(Flags, argv, f"jaxgan sample {subject or 'RUN'}", DOES)
    from jaxgan import inference

    runtime.keep_programs()
    print(inference.sample(subject, **flags.of(args)))
