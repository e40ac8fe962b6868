"""ESRGAN's generator and Real-ESRGAN's discriminator are those of their authors, as are pixels that become channels."""

import jax
import numpy as np
import pytest
from arrays import quick
from published import agree, draw, probes, recorded, weights

from jaxgan.layers.shuffle import pixel_shuffle, pixel_unshuffle
from jaxgan.models import rrdb, unet_discriminator

EVERY = np.s_[:, 1::3, ::4]  # of an image's pixels: enough to see a difference
INPUTS = {4: (2, 4, 6, 3), 2: (2, 6, 10, 3), 1: (2, 8, 12, 1)}  # factor -> shape; the last becomes colour


def generator(factor):
    """(G, its variables, images)."""
    net, x = rrdb.generator(factor, 3, blocks=2, width=6, growth=4), draw(f"x{factor}", *INPUTS[factor])
    return net, weights(net, x), x


def discriminator():
    """(D, its variables, with the singular vectors of its weights, images)."""
    net, x = unet_discriminator.discriminator(width=4), draw("x", 2, 16, 24, 3)
    variables = weights(net, x)
    return net, {**variables, "spectral": leading(variables["params"], variables["spectral"])}, x


def leading(params, spectral):
    """The right singular vector of each kernel's largest singular value, in the tree of `spectral`."""
    if "spectral" in spectral:
        kernel = params["kernel"]
        return {"spectral": {"u": np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]))[2][0]}}
    return {name: leading(params[name], below) for name, below in spectral.items()}


def seen(net, variables, x):
    """(what the net makes of x, the gradient of its sum of squares by the parameters, and by x)."""

    @quick
    def all_of_it(params, x):
        out = lambda params, x: net.apply({**variables, "params": params}, x, train=False)[0]
        return out(params, x), *jax.grad(lambda params, x: (out(params, x) ** 2).sum(), (0, 1))(params, x)

    return all_of_it(variables["params"], x)


@pytest.mark.parametrize("factor", INPUTS)
def test_images_and_gradients_are_those_of_the_referee(factor):
    image, slope, by_x = seen(*generator(factor))
    ours = {"image": np.asarray(image)[EVERY], "slope": probes(slope), "by_x": by_x}
    agree(ours, {name: recorded("rrdb")[f"{name}{factor}"] for name in ours}, 1e-5)


def test_logits_of_pixels_and_gradients_are_those_of_the_referee():
    logits, slope, by_x = seen(*discriminator())
    ours = {"logits": np.asarray(logits)[EVERY], "slope": probes(slope), "by_x": np.asarray(by_x)[EVERY]}
    agree(ours, recorded("unet_discriminator"), 1e-5)


def test_channels_and_pixels_are_exchanged_as_pytorch_does_it():
    x = np.arange(2 * 3 * 2 * 12, dtype=np.float32).reshape(2, 3, 2, 12)
    y = np.asarray(pixel_shuffle(x, 2))
    np.testing.assert_array_equal(y[1].ravel(), recorded("rrdb")["shuffled"])
    np.testing.assert_array_equal(
        np.asarray(pixel_unshuffle(x.reshape(2, 6, 4, 3), 2))[1].ravel(), recorded("rrdb")["unshuffled"]
    )
    np.testing.assert_array_equal(pixel_unshuffle(y, 2), x)
