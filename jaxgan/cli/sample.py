"""`jaxgan sample`."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxgan import runtime
from jaxgan.cli import flags
from jaxgan.errors import BadInput
from jaxgan.names import tell
from jaxgan.processes import together

USAGE, DOES, PLACE, NEEDS = "sample RUN [flags]", "draw samples of a run: a grid, an .npz, a folder", 2, "RUN"


@dataclass(frozen=True)
class Flags(flags.Weights, flags.Together, flags.Sources):
    """Flags of `jaxgan sample`."""

    num: int = 64
    """Samples in all, classes in equal shares and in order."""
    seed: int = 0
    """Of the latents."""
    out: str | None = None
    """A .png (one grid), an .npz (the samples as files hold them, `label`, `classes`), a folder (a file each, classes in
    sub-folders), or a file of many of them: of sounds a .wav, of clips a .webp, of texts a .txt. By default a new
    RUN/samples/sample-SEED.png."""
    interpolate: bool = False
    """Let each row of eight go from one latent to another."""
    label: str | None = None
    """Only this class, by its number or its name; where labels are vectors, numbers with commas between them."""
    truncation: float | None = None
    """Share of the styles' distance to their mean that is kept, for stylegan2: below 1 less varied, and cleaner."""
    size: str = ""
    """WIDTHxHEIGHT of one picture, 2048x1024, of a run whose G makes pictures of a field of noise (psgan): any size, made in
    pieces without seams."""
    tile: bool = False
    """Let the edges of that picture match, so that it can be laid side by side."""
    morph: bool = False
    """Let that picture go from one texture to another, from left to right."""


def run(subject: str | None, argv: Sequence[str]) -> None:
    """Draws, and prints where."""
    args = flags.parse(Flags, argv, f"jaxgan sample {subject or 'RUN'}", DOES)
    flags.join(args)
    from jaxgan import inference

    runtime.keep_programs()
    if args.size:
        without = ("num", "interpolate", "data", "input", "masks", "truncation")
        if not together.alone():
            raise BadInput(f"--size {args.size} is of one picture, which one process makes: start one")
        for name in without:
            if getattr(args, name) != getattr(Flags, name):
                raise BadInput(
                    f"--size {args.size} is of one picture, where --{name} has no meaning: remove one of them"
                )
        tell(inference.texture_file(subject, **flags.of(args, *without)))
        return
    if args.tile or args.morph:
        raise BadInput(f"{'--tile' if args.tile else '--morph'} is of one picture: say how large, --size 2048x1024")
    tell(inference.sample(subject, **flags.of(args, "size", "tile", "morph")))
