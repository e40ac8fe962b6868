"""What the commands take, as frozen dataclasses: tyro makes flags and help of their fields."""

import dataclasses
import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import tyro

from jaxgan import config
from jaxgan.errors import BadInput


@dataclass(frozen=True)
class Where:
    """On which devices."""

    parallel: Literal["single", "pmap", "mesh", "fsdp"] = "single"
    """One device, or data parallel over several: under pmap, on a mesh, or with the state cut into a share for each (fsdp).
    The numbers are the same."""
    devices: int = 0
    """How many: the first so many that JAX sees. 0: one for single, all for the others."""
    tiny: bool = False
    """The recipe at its smallest sizes on embedded data: a smoke test of a few seconds. Flags given beside it win."""
    config: str = ""
    """A JSON file with fields of the recipe's Config, such as a run's own config.json. Flags given beside it win."""


@dataclass(frozen=True)
class Train(Where):
    """Flags of `jaxgan train`."""

    out: str = ""
    """Folder of the run. Without it a new one: runs/RECIPE-001 and so on."""
    resume: Literal["never", "auto", "must"] = "never"
    """What to do with an existing run: refuse, go on with it or begin, go on or refuse."""
    max_minutes: float = 0.0
    """End the training, saved, so many minutes after its start. 0: no limit."""
    log_to: tuple[Literal["tensorboard", "wandb"], ...] = ()
    """Also write scalars and pictures for TensorBoard (into RUN/tensorboard) or Weights & Biases."""
    population: int = 1
    """Train so many GANs side by side in one program, with seeds from --seed on: runs 00, 01, ... in one folder."""
    sweep: tuple[str, ...] = ()
    """And with every combination of such numbers: lr_g=1e-3,1e-4 penalty_weight=0.1,1."""
    dry_run: bool = False
    """Print the resolved config, parameters, FLOPs, bytes, the largest batch that fits, and exit."""
    memory_gib: float = 0.0
    """What a device has, for --dry-run. 0: as much as the device says that it has."""


@dataclass(frozen=True)
class Bench(Where):
    """Flags of `jaxgan bench`."""

    json: str = ""
    """File for the result, a flat JSON object."""
    seconds: float = 10.0
    """How long to measure, after compiling and warming up."""


@dataclass(frozen=True)
class Sample:
    """Flags of `jaxgan sample`."""

    num: int = 64
    """Samples in all, classes in equal shares and in order."""
    seed: int = 0
    """Of the latents."""
    out: str = ""
    """A .png (one sheet), an .npz (`image` uint8, `label`) or a folder (a .png each, sub-folders are classes)."""
    raw: bool = False
    """Take G's own weights instead of their moving average."""
    ema_sigma: float | None = None
    """Take an average of G's weights of this width, a share of the training such as 0.1, in place of the one that was kept:
    put together from the checkpoints of a run that was trained with --posthoc-ema."""
    interpolate: bool = False
    """Let each row of eight go from one latent to another."""
    label: str = ""
    """Only this class, by its number or its name; where labels are vectors, numbers with commas between them."""
    truncation: float | None = None
    """Share of the styles' distance to their mean that is kept, for stylegan2: below 1 less varied, and cleaner."""
    checkpoint: int | None = None
    """Step of the checkpoint to take; the newest by default."""
    recipe: str = ""
    """File of the recipe, for a run of one of your own: a run's folder alone never runs code."""


@dataclass(frozen=True)
class Evaluate:
    """Flags of `jaxgan evaluate`."""

    checkpoint: str = "latest"
    """Step of the checkpoint, latest, or best (by the run's --best-metric)."""
    num: int = 10_000
    """Samples to draw."""
    seed: int = 0
    """Of the latents and of every metric's subsets: the same seed draws the same samples."""
    features: str = "auto"
    """What looks at images: classifier (trained on the data once, about a minute, and kept), pixels, or an .npz with the
    weights of Inception or SqueezeNet. auto: the classifier; for points their coordinates."""
    split: Literal["train", "test"] = "train"
    """Real samples to compare with: those that were trained on, or those that were held out."""
    held_out: str = ""
    """Source of samples that were not trained on. By default what the run's own source leaves out: the t10k part of
    MNIST's files, the test split of tfds:NAME."""
    data: str = ""
    """Where the run's training data are now, if not where they were."""
    raw: bool = False
    """Take G's own weights instead of their moving average."""
    ema_sigma: float | None = None
    """Take an average of G's weights of this width, a share of the training such as 0.1, in place of the one that was kept:
    put together from the checkpoints of a run that was trained with --posthoc-ema."""
    standing_stats: bool = False
    """Give batch norms the statistics of 100 batches of these weights, instead of those kept in training."""
    path_length: bool = False
    """Also measure the perceptual path length."""
    devices: int = 1
    """How many devices share the samples: the first so many that JAX sees; 0 for all. The numbers are the same."""
    json: str = ""
    """File for the result, besides the one in the run's folder."""
    recipe: str = ""
    """File of the recipe, for a run of one of your own: a run's folder alone never runs code."""


@dataclass(frozen=True)
class Report:
    """Flags of `jaxgan report`."""

    recipe: str = ""
    """File of the recipe, for a run of one of your own: a run's folder alone never runs code."""


@dataclass(frozen=True)
class Check:
    """Flags of `jaxgan data check`."""

    recipe: str = ""
    """Also try whether this recipe can take the data."""
    resolution: int = 0
    """Bring images to this many pixels in height first, as `jaxgan train --resolution` does."""


@dataclass(frozen=True)
class Write:
    """Flags of `jaxgan data write`."""

    name: str
    """Of the new set: lower-case letters, digits and _."""
    folder: str = ""
    """Where tensorflow-datasets keeps its sets. By default TFDS_DATA_DIR, or ~/tensorflow_datasets."""
    resolution: int = 0
    """Bring images to this many pixels in height first."""
    fit: Literal["crop", "stretch", "pad"] = "crop"
    """How, as `jaxgan train --fit` does."""


def parse(options, recipe, argv, prog):
    """`options` with the recipe's Config in its field `recipe`, from a command line where both have flags."""
    kind = dataclasses.make_dataclass(
        options.__name__,
        [("recipe", tyro.conf.OmitArgPrefixes[recipe.Config])],
        bases=(options,),
        frozen=True,
        kw_only=True,
    )
    return tyro.cli(
        kind, args=argv, prog=prog, description=recipe.__doc__, default=kind(recipe=_defaults(recipe, argv))
    )


def _defaults(recipe, argv):
    """Config that the flags change: the recipe's own, its tiny one, or that of the file behind --config."""
    if "--tiny" in argv:
        defaults = {"data": recipe.Config().data or "digits", **recipe.TINY}
    else:
        defaults = {}
    path = next((value for flag, value in pairwise(argv) if flag == "--config"), None)
    path = next((word.partition("=")[2] for word in argv if word.startswith("--config=")), path)
    if path is not None:
        try:
            fields = json.loads(Path(path).read_text())
        except (OSError, ValueError) as error:
            raise BadInput(f"--config {path} cannot be read ({error}): give a JSON file") from error
        if not isinstance(fields, dict):
            raise BadInput(f"--config {path} holds a {type(fields).__name__}: give an object with fields of the Config")
        defaults |= fields["config"] if "recipe" in fields and "config" in fields else fields
    return config.from_json(recipe.Config, defaults, path or "--tiny")
