"""Resampling is that of StyleGAN2's authors, and what the networks do with it keeps images where they are."""

import jax
import numpy as np
import pytest
from arrays import assert_close, quick
from published import agree, draw, recorded

from jaxgan import layers
from jaxgan.layers import conv_filtered, downsample_filtered, filter2d, upfirdn, upsample_filtered
from jaxgan.models import r3gan, stylegan2
from jaxgan.models.stylegan2 import blocks

UNEVEN = draw("filter", 4)  # no symmetry: a mirrored filter would be seen


def test_resampling_is_the_authors():
    x, w = draw("x", 2, 6, 8, 3), draw("w", 3, 3, 3, 2)
    ours = {
        "setup": np.outer(*2 * [layers.setup_filter(UNEVEN)]),
        "up": upsample_filtered(x, UNEVEN),
        "down": downsample_filtered(x, UNEVEN),
        "filter": filter2d(x, UNEVEN),
        "both": upfirdn(x, UNEVEN, 3, 2, (1, 2, 0, 3)),
        "conv_up": conv_filtered(x, w[::-1, ::-1], up=2, f=UNEVEN),
        "conv_down": conv_filtered(x, w, down=2, f=UNEVEN),
    }
    agree(ours, recorded("resampling"), 1e-5)


NETWORKS = {"r3gan": r3gan._FILTER, "stylegan2": blocks.FILTER}


def centre(x):
    """Centre of mass [2] of an image [1, H, W, 1] of size 1, its corner at 0."""
    x = np.asarray(x, np.float64)[0, :, :, 0]
    places = [(np.arange(n) + 0.5) / n for n in x.shape]
    return np.array([(x.sum(1 - axis) * at).sum() / x.sum() for axis, at in enumerate(places)])


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("resample", [upsample_filtered, downsample_filtered])
def test_the_networks_resampling_keeps_mass_and_its_centre_and_commutes_with_a_mirror(name, resample):
    f, x, block = NETWORKS[name], draw("x", 1, 16, 16, 1), np.zeros((1, 16, 16, 1), np.float32)
    block[:, 5:9, 6:9] = draw("block", 4, 3, 1) ** 2
    again = quick(lambda x: resample(resample(x, f), f))
    out = np.asarray(again(block))
    np.testing.assert_allclose(centre(out), centre(block), atol=1e-6)
    np.testing.assert_allclose(out.mean(), block.mean(), rtol=1e-5)
    for axis in (1, 2):
        assert_close(again(np.flip(x, axis)), np.flip(again(x), axis), 1e-6)
    inside = np.asarray(again(np.ones((1, 32, 32, 1), np.float32)))
    margin = inside.shape[1] // 4
    np.testing.assert_allclose(inside[:, margin:-margin, margin:-margin], 1, rtol=1e-6)


def test_a_stylegan2_without_noise_commutes_with_a_mirror():
    sizes = {"width": 64, "max_width": 8, "mapping_layers": 1}
    net, z = stylegan2.generator(16, 2, w_dim=4, mixing=0.0, **sizes), draw("z", 2, 6)
    variables = net.init(jax.random.key(0), z)
    turn = lambda x: np.flip(x, 1) if x.ndim > 2 else x  # [h, w, ...]
    turned = {**variables, "params": jax.tree.map(turn, variables["params"])}
    shown = quick(lambda variables: net.apply(variables, z, train=False)[0])
    assert_close(shown(turned), np.flip(shown(variables), 2), 1e-5)
