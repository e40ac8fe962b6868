"""The augmentations of StyleGAN2-ADA. Karras et al. 2020, arXiv:2006.06676, appendix B."""

import jax
import jax.numpy as jnp

from jaxgan.augment.affine import after, blits, geometry
from jaxgan.augment.bands import amplified, gains
from jaxgan.augment.color import color, colored
from jaxgan.augment.corrupt import cut_out, noisy
from jaxgan.augment.draws import checked
from jaxgan.augment.warp import copied, resampled
from jaxgan.errors import BadInput, unknown

GROUPS = "bgcfno"


def ada(groups="bgc"):
    """(images [B, H, W, C] in [-1, 1], keys [B], p []) -> images, every transformation drawn with probability p.

    groups: b pixel blitting, g general geometric transformations, c colour, f filtering of four octaves, n noise,
        o cutout (the paper's last c); always in this order, a group's draws the same with and without the others.
    C is 1 or 3, H and W are any. p may be traced; outside [0, 1] it counts as the nearest end. At p = 0 images come back
    bit for bit without g, and to 1e-5 with it, which resamples always: data decides no branch. Values may leave [-1, 1].
    Any order of derivative in the images, in reverse mode. b and g are one look-up; b alone copies pixels.
    Raises BadInput for unknown groups, other channels, and images and keys that do not fit.
    """
    for group in groups:
        if group not in GROUPS:
            raise unknown("group", group, GROUPS)

    def moved(key_b, key_g, p, size):
        inverse = blits(key_b, p, size) if "b" in groups else jnp.eye(3)
        return after(inverse, geometry(key_g, p, size)) if "g" in groups else inverse

    def augment(images, keys, p):
        x = checked(images, keys)
        if x.shape[-1] not in (1, 3):
            raise BadInput(f"images have {x.shape[-1]} channels: ada takes 1 or 3, diff_augment any number")
        p = jnp.clip(p, 0.0, 1.0)
        keys = dict(zip(GROUPS, jax.vmap(lambda key: jax.random.split(key, len(GROUPS)))(keys).T, strict=True))
        if "b" in groups or "g" in groups:
            inverses = jax.vmap(lambda b, g: moved(b, g, p, x.shape[1:3]))(keys["b"], keys["g"])
            x = (resampled if "g" in groups else copied)(x, inverses)
        if "c" in groups:
            x = colored(x, *jax.vmap(lambda key: color(key, p, x.shape[-1]))(keys["c"]))
        if "f" in groups:
            x = amplified(x, jax.vmap(lambda key: gains(key, p))(keys["f"]))
        if "n" in groups:
            x = jax.vmap(lambda image, key: noisy(image, key, p))(x, keys["n"])
        if "o" in groups:
            x = jax.vmap(lambda image, key: cut_out(image, key, p))(x, keys["o"])
        return x.astype(images.dtype)

    return augment
