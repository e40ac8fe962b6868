"""What G starts from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from jaxgan import noise
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import above, returning

PLACE = 60
if TYPE_CHECKING:
    Noise = str
else:
    Noise = Literal[*returning(noise.Noise, noise)]


@dataclass(frozen=True)
class Group:
    """Latents."""

    noise: Noise = "normal"
    """Distribution of the latents."""
    z_dim: Annotated[int, above(0, 2**20)] = 100
    """Length of the latents."""


def latents(config: Config) -> noise.Noise:
    """The distribution that a config's latents are drawn from: (key, index) -> z."""
    return getattr(noise, config.noise)(config.z_dim)


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """The distribution."""
    del number, context
    return ingredients._replace(noise=latents(config))
