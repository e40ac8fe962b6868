"""What keeps a picture out of the noise of its inversion is what StyleGAN2's authors compute, and what the paper adds to it."""

import jax
import numpy as np
from published import agree, draw, recorded

from jaxgan.inference import noise_images


def test_the_regulariser_of_noise_is_the_authors():
    image, wide = draw("noise image", 32, 32, 1), draw("noise image", 8, 16, 1)
    theirs = recorded("noise_images")
    doubled = 16.0 ** np.arange(3)  # their program halves without doubling: a product of pixels has 4, its square 16
    ours = {
        "levels": np.array([noise_images.dependence([image])]),
        "wide": np.array([noise_images.dependence([wide])]),
        "normalised": noise_images.normalised(draw("noise image", 8, 8, 1, std=3, mean=0.5))[..., 0],
    }
    agree(ours, {**theirs, "levels": np.array([theirs["levels"] @ doubled])}, 1e-5)
    both = noise_images.dependence([image, wide])
    np.testing.assert_allclose(both, float(ours["levels"][0] + ours["wide"][0]), rtol=1e-5)


def test_noise_keeps_its_deviation_where_it_is_halved():
    """So white noise of any size has about as small a value at every level: 2 levels of n^2 pixels, 1 / n^2 each."""
    values = [noise_images.dependence([jax.random.normal(jax.random.key(i), (16, 16, 1))]) for i in range(64)]
    assert np.mean(values) < 3 * (2 / 256 + 2 / 64)
    assert noise_images.dependence([np.ones((16, 16, 1), np.float32)]) == 2 + 2 * 16
