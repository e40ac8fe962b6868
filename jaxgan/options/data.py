"""Which samples, brought to which shape, and what of them is given to the networks."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from jaxgan.errors import BadInput
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import ActiveIf, above, at_least

PLACE, ORDER = 0, 0


@dataclass(frozen=True)
class Group:
    """The data."""

    data: str = ""
    """Source of the real samples: one of those that `jaxgan --help` lists."""
    resolution: Annotated[int, at_least(0, 2**14)] = 0
    """Bring images to this many pixels in height, and to --aspect times it in width. 0: as they are."""
    fit: Annotated[
        Literal["crop", "stretch", "pad"],
        ActiveIf(lambda config: config.resolution, lambda config: "--resolution 0: say to how many pixels"),
    ] = "crop"
    """How: the largest centred part of that shape, all of the image stretched, or all of it between black bars."""
    aspect: Annotated[float, above(0, 100)] = 1.0
    """Width / height of the images at --resolution."""
    split: str = ""
    """Of a folder or a set of tfds that has splits: train, val, test or another word for one. By default train."""
    channels: Annotated[int, at_least(0, 4)] = 0
    """1 grey, 3 colour, 4 colour and transparency; of sounds 1 or 2. 0: as found, transparency laid over white."""
    flip: bool = False
    """Let every image count twice, as it is and mirrored."""
    conditional: Annotated[
        bool,
        ActiveIf(
            lambda config: not config.conditional or "label" in config.given,
            lambda config: f"a game that is given {', '.join(config.given) or 'no label'}: remove it",
        ),
    ] = False
    """Give the labels to both networks, so that a class can be asked for."""
    classes: Annotated[int, at_least(0)] = 0
    """How many classes (or numbers in a label vector) there are to be. 0: as many as the data has."""

    @property
    def fitting(self) -> dict[str, Any]:
        """What `data.load` is to do with the images of `data`."""
        own = (
            "resolution",
            "fit",
            "channels",
            "aspect",
            "length",
            "rate",
            "split",
            "input",
            "side_by_side",
            "masks",
            "ignored",
            "labelled",
            "unlabelled",
        )
        found = {name: getattr(self, name) for name in own if hasattr(self, name)}
        return {**found, "unpaired": bool(self.unpaired), "degrade": self.derivation}


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """Labels where G is given them."""
    del number
    label, made = context.specs.get("label"), context.made
    found = len(label.classes) if label else 0
    if "label" in config.given and not found:
        raise BadInput(
            f"--conditional needs labels, {config.data} has none: use sub-folders as classes, or --no-conditional"
        )
    if config.classes and config.classes != found:
        raise BadInput(
            f"--classes {config.classes}, but {config.data} has {found}: remove --classes, or give other data"
        )
    if config.flip and not hasattr(made.kind, "mirror"):
        raise BadInput(f"--flip mirrors images, and {config.data} has {context.kind}: remove it")
    return ingredients._replace(classes=found if "label" in config.given else None)
