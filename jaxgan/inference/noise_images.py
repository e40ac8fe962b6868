"""The images of noise that G adds, found for a picture like its latents. Karras et al. 2020, arXiv:1912.04958, appendix D."""

from collections.abc import Iterable
from pathlib import Path

import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.inference import latents as seam
from jaxgan.inference.latents import Kept, Space
from jaxgan.inference.load import Loaded
from jaxgan.layers import fixed_noise

_SMALLEST = 8  # pixels of a side: of fewer there is no halving


def own(loaded: Loaded, where: Space) -> dict[str, jax.Array]:
    """{name of a layer: float32 [H, W, 1]}: what G adds to every picture, {} where it adds nothing."""
    variables, net = loaded.state.ema, where.net
    if net is None or not variables.get("noise"):
        return {}
    apply, x = net.apply, jnp.zeros((1, *where.shape))
    label = [each for each in [seam.given(loaded, 1)] if each is not None]
    look = lambda variables: apply(variables, x, *label, train=False, seen=True)[1]["intermediates"]
    return fixed_noise(variables, jax.eval_shape(look, variables))


def check(path: str | Path, kept: Kept, loaded: Loaded) -> None:
    """Raises BadInput where noise that a file of latents has is none that G adds."""
    if kept.noise:
        wanted = {name: image.shape for name, image in own(loaded, seam.space(loaded, kept.space)).items()}
        found = {name: image.shape for name, image in kept.noise.items()}
        if found != {name: (len(kept.latents), *shape) for name, shape in wanted.items()}:
            raise BadInput(f"{path} has noise {found}, and G adds {wanted or 'none'} to each: give latents of it")


def dependence(images: Iterable[jax.Array]) -> jax.Array:
    """float32 []: how far images [H, W, 1] are from noise whose pixels know nothing of their neighbours.

    sum_i,j (mean_xy n(x, y) n(x - 1, y))^2 + (mean_xy n(x, y) n(x, y - 1))^2 over images i and their halvings j, until the
    smaller side has 8 pixels or fewer: means of 2x2 pixels, doubled, so that noise keeps its deviation. (The authors' program
    does not double.)
    """
    total = jnp.zeros(())
    for x in images:
        total += _of_neighbours(x)
        while min(x.shape[:2]) > _SMALLEST:
            height, width = (n // 2 for n in x.shape[:2])
            x = 2 * x[: 2 * height, : 2 * width].reshape(height, 2, width, 2, 1).mean(axis=(1, 3))
            total += _of_neighbours(x)
    return total


def normalised(image: jax.Array) -> jax.Array:
    """The image with mean 0 and deviation 1, as noise has them: after each step."""
    image = image - jnp.mean(image)
    return image * jax.lax.rsqrt(jnp.maximum(jnp.mean(image**2), 1e-12))


def _of_neighbours(x):
    return sum(jnp.mean(x * jnp.roll(x, 1, axis)) ** 2 for axis in (0, 1))
