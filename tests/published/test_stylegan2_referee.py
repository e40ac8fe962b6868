"""StyleGAN2's networks, styles, path lengths and gradients are those of its authors' program, in all architectures."""

import jax
import numpy as np
import pytest
from arrays import quick
from published import agree, draw, equalised, probes, recorded, weights

from jaxgan import losses
from jaxgan.models import stylegan2
from jaxgan.net import TRACKERS

SIZES = {"width": 128, "max_width": 12, "mapping_layers": 2}
ARCHITECTURES = {"skip": 5, "residual": None, "plain": None}  # of G, with classes
JUDGES = {"residual": 5, "skip": None, "plain": None}  # of D
PSI, GAMMA = 0.6, 0.7


@pytest.fixture(autouse=True)
def fixed_noise(monkeypatch):
    """What the networks draw is the noise of that size that the authors' program was given, the same for every sample."""
    monkeypatch.setattr(jax.random, "normal", lambda key, shape=(), dtype=np.float32: noise(*shape))


def noise(*shape):
    return draw(f"noise/{shape}", *shape)


def generator(architecture, **options):
    """(G, its variables, latents, labels in a tuple)."""
    classes = ARCHITECTURES[architecture]
    net = stylegan2.generator(
        16, 3, w_dim=8, architecture=architecture, classes=classes, mixing=0.0, **SIZES, **options
    )
    z, label = draw("z", 2, 6), (np.array([1, 4], np.int32),) if classes else ()
    return net, weights(net, z, *label, like=equalised), z, label


def discriminator(architecture):
    """(D, its variables, images, labels in a tuple)."""
    classes = JUDGES[architecture]
    net = stylegan2.discriminator(architecture=architecture, classes=classes, group=2, **SIZES)
    x, label = draw("x", 4, 16, 16, 3), (np.array([0, 3, 1, 3], np.int32),) if classes else ()
    return net, weights(net, x, *label, like=equalised), x, label


def without_noise(path, leaf):
    return 0 * leaf if path[-1].key == "strength" else leaf


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_images_are_the_authors(architecture):
    net, variables, z, label = generator(architecture)
    shown = quick(lambda variables: net.apply(variables, z, *label, train=False)[0])
    still = jax.tree_util.tree_map_with_path(without_noise, variables)
    agree({"image": shown(variables), "still": shown(still)}, recorded(f"stylegan2_g_{architecture}"), 1e-5)


def test_styles_path_lengths_and_gradients_of_g_are_the_authors():
    net, variables, z, label = generator("skip")
    cut = generator("skip", truncation=PSI)[0]
    key, index = jax.random.key(0), np.arange(2)

    @quick
    def played(variables):
        styles = lambda net, z=z, **options: net.apply(variables, z, *label, method="mapping", **options)
        moved = styles(net, key=key, index=index)[1]
        shown = lambda params: (
            net.apply({**variables, "params": params}, z, *label, train=False)[0] * noise(1, 16, 16, 3)
        ).sum()
        path = stylegan2.path_length(net, weight=1.0, shrink=1)
        begun = {**variables, TRACKERS: {"path": np.float32(0)}}
        longer, tracked = path(begun, z, *label, key=key, index=index)
        return {
            "w": styles(net, train=False)[0][:, 0],
            "w_of_small": styles(net, np.float32(1e-3) * z, train=False)[0][
                :, 0
            ],  # by the epsilon of the normalisation
            "truncated": styles(cut, train=False)[0][:, 0],
            "w_avg": moved["w_avg"]["w"],
            "path_square": longer,
            "path_moved": tracked[TRACKERS]["path"],
        }, jax.grad(shown)(variables["params"])

    out, slope = played(variables)
    agree({**out, "slope": probes(slope)}, recorded("stylegan2_styles"), 1e-5)


@pytest.mark.parametrize("architecture", JUDGES)
def test_logits_penalties_and_gradients_of_d_are_the_authors(architecture):
    net, variables, x, label = discriminator(architecture)

    @quick
    def judged(params):
        d = lambda params: lambda x: net.apply({"params": params}, x, *label)[0]
        penalty = lambda params: losses.r1(GAMMA)(d(params), x, x, None)
        slope = jax.grad(lambda params: (penalty(params) + d(params)(x)).mean())(params)
        return {"logits": d(params)(x), "r1": penalty(params)}, slope

    out, slope = judged(variables["params"])
    agree({**out, "slope": probes(slope)}, recorded(f"stylegan2_d_{architecture}"), 2e-5)
