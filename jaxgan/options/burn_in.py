"""Numbers that move: those whose field has a partner --*-end go there over the first images of a training."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgan.options import Config
from jaxgan.options.marks import ActiveIf, at_least, inactive

PLACE = 80


@dataclass(frozen=True)
class Group:
    """The burn-in."""

    burn_in_images: Annotated[
        int,
        at_least(0),
        ActiveIf(lambda config: any_end(config), lambda config: "nothing to change: add --lr-g-end, for example"),
    ] = 0
    """Images over which what has an --*-end goes there from its start, along half a cosine; then it stays. 0: nothing has."""

    @property
    def ends(self) -> dict[str, float]:
        """Name -> value after the burn-in, of the fields that have one and have an effect."""
        names = movable(type(self)) if self.burn_in_images else []
        without = inactive(self, [f"{name}_end" for name in names])
        found = {name: getattr(self, f"{name}_end") for name in names if f"{name}_end" not in without}
        return {name: end for name, end in found.items() if end is not None}

    @property
    def inactive(self) -> dict[str, str]:
        """As of the other options, and every --*-end without a burn-in."""
        found = super().inactive
        if not self.burn_in_images:
            ends = (f"{name}_end" for name in movable(type(self)))
            found = {**dict.fromkeys(ends, "--burn-in-images 0: say over how many images"), **found}
            found.pop("burn_in_images", None)
        return found


def movable(kind: type) -> list[str]:
    """Names of the fields of a Config class that a burn-in can change, and populations differ in."""
    names = [field.name for field in dataclasses.fields(kind)]
    return [name for name in names if f"{name}_end" in names]


def any_end(config: Config) -> bool:
    """Whether some number has an end that has an effect."""
    return not config.burn_in_images or bool(config.ends)


def moved(config: Config, images: ArrayLike, values: Mapping[str, ArrayLike] | None = None) -> dict[str, Any]:
    """{name: number} of what has an end, after so many images, which may be traced. values: where they start
    in place of the config's.

    start + (end - start) (1 - cos(pi t)) / 2 with t = min(images / burn_in_images, 1), as in R3GAN (Huang et al. 2024,
    arXiv:2501.05441, appendix).
    """
    t = jnp.minimum(images / config.burn_in_images, 1.0)
    share = (1 - jnp.cos(jnp.pi * t)) / 2
    first = {name: (values or {}).get(name, getattr(config, name)) for name in config.ends}
    return {name: first[name] + (end - first[name]) * share for name, end in config.ends.items()}
