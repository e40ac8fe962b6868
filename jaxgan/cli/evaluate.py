"""`jaxgan evaluate`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jaxgan import runtime
from jaxgan.cli import flags
from jaxgan.names import tell

USAGE, DOES, PLACE = "evaluate RUN [flags]", "every metric that applies, a diagnosis in words, a picture", 3
NEEDS = "RUN"


@dataclass(frozen=True)
class Flags(flags.Weights, flags.Together, flags.Sources):
    """Flags of `jaxgan evaluate`."""

    num: int = 10_000
    """Samples to draw."""
    seed: int = 0
    """Of the latents and of every metric's subsets: the same seed draws the same samples."""
    features: str = "auto"
    """What looks at images: classifier (trained on the data once, about a minute, and kept), pixels, or an .npz with the
    weights of Inception or SqueezeNet. auto: the classifier; for points their coordinates."""
    split: Literal["train", "test"] = "train"
    """Real samples to compare with: those that were trained on, or those that were held out."""
    held_out: str | None = None
    """Source of samples that were not trained on: of one that leaves some out, those; of a .txt all. By default what the run's
    own source leaves out: the folder val or test, the part t10k or test of MNIST's files, the split test or validation of
    tfds:NAME."""
    held_out_input: str | None = None
    """Source of what G is given, beside --held-out, where that has it not itself."""
    held_out_masks: str | None = None
    """Folder of the masks, beside --held-out, where that has them not itself."""
    standing_stats: bool = False
    """Give batch norms the statistics of 100 batches of these weights, instead of those kept in training."""
    path_length: bool = False
    """Also measure how far samples move along a path between latents."""
    devices: int = 1
    """How many devices share the samples: the first so many that JAX sees; 0 for all. The numbers are the same."""
    json: str | None = None
    """File for the result, besides the one in the run's folder."""


def run(subject: str | None, argv: Sequence[str]) -> None:
    """Measures, and prints a table."""
    args = flags.parse(Flags, argv, f"jaxgan evaluate {subject or 'RUN'}", DOES)
    flags.check_json(args.json)
    flags.join(args)
    from jaxgan import evaluation, runs
    from jaxgan.processes import agree

    runtime.keep_programs()
    say = lambda line: tell(line, file=sys.stderr) if agree.writer() else None
    found = evaluation.evaluate(subject, **flags.of(args, "json"), say=say)
    tell(found.table())
    tell(f"\npicture    {found.picture or 'none'}\njson       {found.json}")
    if args.json and agree.writer():
        runs.write_json(Path(args.json), found.as_json())
