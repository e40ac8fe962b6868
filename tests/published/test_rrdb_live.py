"""ESRGAN's generator beside one in PyTorch with its weights. U-Net, PatchGAN, CycleGAN: tests/benchmarks/test_peers.py."""

import jax
import numpy as np
import pytest
from arrays import quick
from published import draw, weights

from jaxgan.models import rrdb

INPUTS = {4: (2, 4, 6, 3), 2: (2, 6, 10, 3), 1: (2, 8, 12, 3)}  # factor -> shape


@pytest.mark.referee
@pytest.mark.parametrize("factor", INPUTS)
def test_images_and_their_gradient_are_pytorchs(factor):
    torch = pytest.importorskip("torch", reason="no torch: make referee")
    from torch.nn.functional import conv2d, interpolate, leaky_relu, pixel_unshuffle

    net, x = rrdb.generator(factor, 3, blocks=2, width=6, growth=4), draw(f"live{factor}", *INPUTS[factor])
    variables = weights(net, x)
    params = variables["params"]

    def conv(x, layer):
        kernel = torch.from_numpy(np.array(layer["kernel"]).transpose(3, 2, 0, 1).copy())
        return conv2d(x, kernel, torch.from_numpy(np.array(layer["bias"])), padding=1)

    act = lambda x: leaky_relu(x, 0.2)

    def dense_block(x, block):
        seen = [x]
        for i in range(4):
            seen.append(act(conv(torch.cat(seen, 1), block[f"Conv_{i}"])))
        return x + 0.2 * conv(torch.cat(seen, 1), block["Conv_4"])

    def residual_in_residual(x, block):
        h = x
        for i in range(3):
            h = dense_block(h, block[f"DenseBlock_{i}"])
        return x + 0.2 * h

    def generated(x):
        first = h = conv(pixel_unshuffle(x, 4 // factor), params["first"])
        for i in range(2):
            h = residual_in_residual(h, jax.tree.map(lambda leaf, i=i: leaf[i], params["blocks"]))
        h = first + conv(h, params["last"])
        for i in range(2):
            h = act(conv(interpolate(h, scale_factor=2), params[f"double_{i}"]))
        return conv(act(conv(h, params["fine"])), params["image"])

    given = torch.from_numpy(x.transpose(0, 3, 1, 2).copy()).requires_grad_()
    theirs = generated(given)
    theirs.square().sum().backward()
    ours, slope = quick(
        lambda x: (net.apply(variables, x)[0], jax.grad(lambda x: (net.apply(variables, x)[0] ** 2).sum())(x))
    )(x)
    for found, true in ((ours, theirs.detach()), (slope, given.grad)):
        true = true.numpy().transpose(0, 2, 3, 1)
        np.testing.assert_allclose(found, true, rtol=0, atol=1e-5 * np.abs(true).max())
