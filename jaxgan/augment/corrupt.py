"""Additive noise and cutout. Karras et al. 2020, arXiv:2006.06676, appendix B."""

import jax
import jax.numpy as jnp

from jaxgan.augment.draws import sometimes


def noisy(image, key, p):
    """image [H, W, C] with normal noise, its deviation |N(0, 0.1^2)|, with probability p."""
    key_sigma, key_noise = jax.random.split(key)
    sigma = sometimes(key_sigma, p, lambda key: 0.1 * abs(jax.random.normal(key)), 0.0)
    return image + (sigma * jax.random.normal(key_noise, image.shape)).astype(image.dtype)


def cut_out(image, key, p):
    """image [H, W, C] with a rectangle of half of each side at 0, its centre anywhere on the image, with probability p."""
    centre = sometimes(key, p, lambda key: jax.random.uniform(key, (2,)), jnp.full(2, jnp.inf))
    cut = [abs((jnp.arange(n) + 0.5) / n - c) < 1 / 4 for n, c in zip(image.shape[:2], centre, strict=True)]
    return jnp.where(cut[0][:, None, None] & cut[1][None, :, None], 0, image)
