"""Inputs that are made of the images, for a G that undoes what was done."""

from dataclasses import dataclass
from typing import Annotated, Literal

from jaxgan import degrade
from jaxgan.data.pairs import INPUT, Derivation
from jaxgan.errors import BadInput
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import ActiveIf, Range, above
from jaxgan.sharing import sample_keys

PLACE, ORDER, EVERY = 4, 1, False
What = Literal["down", "noise", "blur", "grey", "jpeg", "holes"]


def _of(what):
    active = lambda config: what in config.degrade and not _given(config)
    return ActiveIf(active, lambda config: _given(config) or f"no --degrade {what}: add it")


def _given(config):
    """The flag that gives inputs, "" where they are made."""
    if getattr(config, "input", ""):
        return f"--input {config.input}"
    side = getattr(config, "side_by_side", None)
    return f"--side-by-side {side}" if side else ""


@dataclass(frozen=True)
class Group:
    """Degradations."""

    degrade: Annotated[
        tuple[What, ...],
        ActiveIf(
            lambda config: not _given(config), lambda config: f"{_given(config)}, which gives the inputs: remove it"
        ),
    ] = ()
    """What is done to the images to make the inputs, one after the other: fewer pixels, noise, blur, no colours, JPEG, holes."""
    factor: Annotated[Literal[2, 4], _of("down")] = 4
    """How many times fewer pixels a side, by a bicubic filter."""
    noise_std: Annotated[float, above(0, 255), _of("noise")] = 25.0
    """Standard deviation of normal noise, in levels of 0 .. 255."""
    blur_sigma: Annotated[float, above(0, 64), _of("blur")] = 1.5
    """Standard deviation of a Gaussian blur, in pixels."""
    jpeg_quality: Annotated[int, Range(1, 100), _of("jpeg")] = 30
    """Quality of JPEG, as Pillow counts it."""
    hole: Annotated[Literal["free-form", "box"], _of("holes")] = "free-form"
    """Shape of the holes: strokes of a brush, or a rectangle."""

    @property
    def derivation(self) -> Derivation | None:
        """The degradations in order, rounded to the levels of a file."""
        if not self.degrade or _given(self):
            return None
        made = {
            "down": lambda: degrade.down(self.factor),
            "noise": lambda: degrade.noise(self.noise_std),
            "blur": lambda: degrade.blur(self.blur_sigma),
            "grey": degrade.grey,
            "jpeg": lambda: degrade.jpeg(self.jpeg_quality),
            "holes": lambda: degrade.holes(self.hole),
        }
        numbers = {
            "down": "factor",
            "noise": "noise_std",
            "blur": "blur_sigma",
            "jpeg": "jpeg_quality",
            "holes": "hole",
        }
        words = [f"{what} {getattr(self, numbers[what])}" if what in numbers else what for what in self.degrade]
        return Derivation(", ".join(words), degrade.chain(*(made[what]() for what in self.degrade), degrade.to_levels))

    @property
    def drawn(self) -> tuple[str, ...]:
        """The inputs, where they are made of the images."""
        return (INPUT,) if self.derivation else ()


def check(config: Config) -> None:
    """Holes come last."""
    if "holes" in config.degrade[:-1]:
        raise BadInput(f"--degrade {' '.join(config.degrade)}: holes are a channel that comes last, put them there")


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """What a step does to its batch."""
    del number
    how = config.derivation
    if how is None:
        return ingredients

    def draw(batch, key):
        return {**batch, INPUT: how.apply(batch[config.real], sample_keys(key, batch["index"]))}

    return ingredients.with_draw(draw)
