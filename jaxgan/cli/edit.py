"""`jaxgan edit`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import tyro

from jaxgan import runtime
from jaxgan.cli import flags
from jaxgan.errors import BadInput
from jaxgan.names import tell
from jaxgan.options.marks import ActiveIf

USAGE, DOES = "edit RUN [flags]", "directions, style mixing, truncation; of real pictures too, by inversion"
PLACE, NEEDS = 2.2, "RUN"


_INVERTED = ActiveIf(
    lambda flags: flags.invert or flags.folders, lambda flags: "no picture that is inverted: add --invert FILES"
)
_DIRECTED = ActiveIf(
    lambda flags: flags.directions or flags.direction, lambda flags: "no direction to find: add --direction 1"
)
_ROWS = ActiveIf(
    lambda flags: flags.directions or flags.direction or flags.truncate,
    lambda flags: "no sheet from one end to another: add --direction 1",
)


@dataclass(frozen=True)
class Flags(flags.Weights):
    """Flags of `jaxgan edit`."""

    directions: int = 0
    """Draw so many directions in G's latents: a sheet with a row for each, and an animation."""
    direction: int = 0
    """Draw this one, from 1 on: a row for each sample, an animation, and every picture as a file of its own."""
    mix: tuple[str, str] | None = None
    """Two files of latents: rows of the first with the styles of the second in --layers, by default the finer half."""
    truncate: bool = False
    """Go from the mean style to each sample's own, --from 0 --to 1 if nothing else is said."""
    by: Annotated[Literal["sefa", "pca", "features", "label", "folders", "jacobian"], _DIRECTED] = "sefa"
    """How directions are found. sefa: from the kernels that latents or styles meet first. pca: of w. features: PCA of what
    --layer makes, traced back to latents. label: towards each class, of w by label, or of what a classifier takes samples for.
    folders: from the pictures of one folder to another's. jacobian: what changes the first sample's pixels most."""
    folders: tuple[str, str] | None = None
    """Of --by folders: without and with what is wanted. Both are inverted."""
    layer: Annotated[
        int, ActiveIf(lambda flags: flags.by == "features", lambda flags: f"--by {flags.by}: add --by features")
    ] = 2
    """Of --by features: which of G's layers, from 1 on."""
    begin: Annotated[float | None, tyro.conf.arg(name="from")] = None
    """Where the sheet begins, in standard deviations of G's latents along the direction. By default -3."""
    end: Annotated[float | None, tyro.conf.arg(name="to")] = None
    """Where it ends. By default 3."""
    columns: Annotated[int, _ROWS] = 7
    """Of the sheet."""
    layers: tuple[int, int] | None = None
    """First and last layer, from 1, the coarsest, on, whose styles are changed; of --by sefa whose kernels count, too. By default
    all."""
    invert: tuple[str, ...] = ()
    """Pictures, folders or zips of them, or sources of data, whose latents are found and edited: written to latents.npz with
    their errors, and drawn beside what G makes of them. Where G is given a class and --label none, each is tried."""
    fit: Literal["", "crop", "stretch", "pad"] = ""
    """How pictures of another shape are brought to that of the run. By default they are refused."""
    steps: Annotated[int, _INVERTED] = 1000
    """Of inversion."""
    starts: Annotated[int, _INVERTED] = 2
    """Latents that each inversion begins with, of which the best is kept."""
    perceptual: Annotated[
        float,
        ActiveIf(lambda flags: flags.perceptual_features, lambda flags: "no network: add --perceptual-features FILE"),
    ] = 1.0
    """Of inversion and --tune: weight of the perceptual loss beside that of pixels, where --perceptual-features is given."""
    perceptual_features: str = ""
    """File with the weights of SqueezeNet (.npz), or of a classifier that `jaxgan evaluate` has trained and kept."""
    noise_images: bool = False
    """Of inversion: find the images of noise that G adds too, kept as noise by a regulariser, so that they take up what
    latents cannot say. By default they stay what they are in samples."""
    tune: bool = False
    """Then move G itself until it makes the pictures, and little else (PTI). latents.npz keeps its weights too."""
    latents: str | None = None
    """File of latents that an edit has written, to be edited, instead of new samples."""
    space: Literal["", "z", "w", "w+"] = ""
    """Of the latents. By default w where G has styles, else z; w+, a w for each layer, inverts most nearly."""
    num: int = 0
    """How many samples; how many of the pictures. By default 1 of --directions, 8 of others, and all pictures."""
    seed: int = 0
    """Of the samples, and of inversion's starts."""
    label: str | None = None
    """Their class, by its number or its name; where labels are vectors, numbers with commas between them."""
    out: str | None = None
    """Folder that is written. By default a new RUN/edit-NAME."""
    data: str | None = None
    """Of --by label: where the run's training data are now, if not where they were."""


def run(subject: str | None, argv: Sequence[str]) -> None:
    """Edits, and prints what was found and where it is."""
    args = flags.parse(Flags, argv, f"jaxgan edit {subject or 'RUN'}", DOES)
    from jaxgan import inference

    runtime.keep_programs()
    assert subject is not None
    say = lambda line: tell(line, file=sys.stderr)
    found = inference.edit(subject, **flags.of(args), classify=classify, say=say)
    tell("\n".join([*found.lines, str(found.out)]))


def classify(run: Any, data: str | None, say: Any) -> tuple[Any, tuple[str, ...]]:
    """(function images uint8 [N, H, W, C] -> class numbers [N], names) of a classifier of the run's data, trained or kept."""
    from jaxgan import inference
    from jaxgan.evaluation import extractors

    dataset, _ = inference.data_of(run, data)
    if len(dataset.classes) < 2 or dataset.specs["label"].examples:
        raise BadInput(f"{dataset.name} has no classes: give --by folders --folders A B")
    net = extractors.choose("classifier", dataset, say, run.config.real)
    return (lambda images: net.apply(net.variables, images).logits.argmax(axis=1)), dataset.classes
