"""What G starts from."""

from dataclasses import dataclass
from typing import Annotated, Literal

from jaxgan import noise
from jaxgan.options.marks import above

PLACE = 60


@dataclass(frozen=True)
class Group:
    """Latents."""

    noise: Literal["normal", "uniform", "truncated_normal", "spherical", "one_hot"] = "normal"
    """Distribution of the latents."""
    z_dim: Annotated[int, above(0, 2**20)] = 100
    """Length of the latents."""


def latents(config):
    """The distribution that a config's latents are drawn from: (key, index) -> z."""
    return getattr(noise, config.noise)(config.z_dim)


def apply(ingredients, config, number, context):
    """The distribution."""
    del number, context
    return ingredients._replace(noise=latents(config))
