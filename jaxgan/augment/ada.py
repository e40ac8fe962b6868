"""The augmentations of StyleGAN2-ADA. Karras et al. 2020, arXiv:2006.06676, appendix B."""

import re

import jax
import jax.numpy as jnp

from jaxgan.augment.affine import after, blits, geometry
from jaxgan.augment.augmented import unmoved
from jaxgan.augment.bands import amplified, gains
from jaxgan.augment.color import color, colored
from jaxgan.augment.corrupt import cut_out, noisy
from jaxgan.augment.draws import Augmentation, checked
from jaxgan.augment.warp import copied, resampled
from jaxgan.errors import BadInput, unknown

GROUPS = "bgcfno"


def ada(groups: str = "bgc") -> Augmentation:
    """(images [B, H, W, C] in [-1, 1], keys [B], p []) -> images, every transformation drawn with probability p.

    groups: b pixel blitting, g general geometric transformations, c colour, f filtering of four octaves, n noise,
        o cutout (the paper's last c); always in this order, a group's draws the same with and without the others. A number
        up to 1 behind a letter multiplies p for that group: "bgc0.5o" is what R3GAN is trained with (arXiv:2501.05441).
    C is 1 or 3, H and W are any. p may be traced; outside [0, 1] it counts as the nearest end. At p = 0 images come back
    bit for bit without g, and to 1e-5 with it, which resamples always: data decides no branch. Values may leave [-1, 1].
    Any order of derivative in the images, in reverse mode. b and g are one look-up; b alone copies pixels.
    Raises BadInput for groups that are unknown or come twice, other channels, and images and keys that do not fit.
    """
    share = shares(groups)

    def moved(key_b, key_g, p, size):
        inverse = blits(key_b, share["b"] * p, size) if "b" in share else jnp.eye(3)
        return after(inverse, geometry(key_g, share["g"] * p, size)) if "g" in share else inverse

    def augment(images, keys, p):
        x = checked(images, keys)
        if x.shape[-1] not in (1, 3):
            raise BadInput(f"images have {x.shape[-1]} channels: ada takes 1 or 3, diff_augment any number")
        p = jnp.clip(p, 0.0, 1.0)
        keys = dict(zip(GROUPS, jax.vmap(lambda key: jax.random.split(key, len(GROUPS)))(keys).T, strict=True))
        if "b" in share or "g" in share:
            inverses = jax.vmap(lambda b, g: moved(b, g, p, x.shape[1:3]))(keys["b"], keys["g"])
            x = (resampled if "g" in share else copied)(x, inverses)
        if "c" in share:
            x = colored(x, *jax.vmap(lambda key: color(key, share["c"] * p, x.shape[-1]))(keys["c"]))
        if "f" in share:
            x = amplified(x, jax.vmap(lambda key: gains(key, share["f"] * p))(keys["f"]))
        if "n" in share:
            x = jax.vmap(lambda image, key: noisy(image, key, share["n"] * p))(x, keys["n"])
        if "o" in share:
            x = jax.vmap(lambda image, key: cut_out(image, key, share["o"] * p))(x, keys["o"])
        return x.astype(images.dtype)

    return augment


def ada_geometry(groups: str = "bgc") -> Augmentation:
    """What `ada` of these groups does to where pixels are, by the same draws, and nothing to their colours."""
    moving = "".join(re.findall(r"[bg][\d.]*", groups))
    return ada(moving) if moving else unmoved


def shares(groups: str) -> dict[str, float]:
    """{group: what p is multiplied by}, of letters with or without a number behind. Raises BadInput for what is not that."""
    found = {}
    for letter, number in re.findall(r"(.)(\d*\.?\d*)", groups):
        if letter not in GROUPS:
            raise unknown("group of ada", letter, GROUPS)
        if letter in found:
            raise BadInput(f"groups of ada are {groups}: give {letter} once")
        found[letter] = float(number) if number.strip(".") else 1.0
        if not 0 < found[letter] <= 1:
            raise BadInput(f"groups of ada are {groups}: give a number in (0, 1] behind {letter}, or none")
    if not found:
        raise BadInput(f"groups of ada are {groups!r}: give some of {', '.join(GROUPS)}")
    return found
