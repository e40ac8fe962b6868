"""CycleGAN's networks, CUT's features, head and PatchNCE are those that its authors published."""

import jax
import numpy as np
import pytest
from arrays import quick
from published import agree, draw, probes, recorded, weights

from jaxgan.losses.patch_nce import patch_nce
from jaxgan.models import patchgan, translator

EVERY = np.s_[:, ::3, 1::2]


def generator():
    """(G, its variables, pictures that are not square)."""
    net, x = translator.generator(3, width=4, blocks=3), np.tanh(draw("photo", 2, 16, 12, 3))
    return net, weights(net, x), x


def head():
    """(H, its variables, features of two layers)."""
    net, features = translator.head(6), (draw("near", 2, 5, 3), draw("far", 2, 5, 8))
    return net, weights(net, *features), features


def discriminator(norm):
    """(D, its variables, pictures)."""
    net, x = patchgan.discriminator(2, 70, norm=norm), draw("painting", 2, 32, 40, 3)
    return net, weights(net, x), x


def test_pictures_features_and_gradients_are_the_authors():
    net, variables, x = generator()

    @quick
    def played(variables):
        made = lambda variables: net.apply(variables, x)[0]
        slope = jax.grad(lambda variables: (made(variables) * draw("way", *x.shape)).sum())(variables)
        return made(variables), net.apply(variables, x, method="features")[0], slope

    made, (pixels, *features), slope = played(variables)
    np.testing.assert_array_equal(pixels, x)
    ours = {"pictures": made[EVERY], "slope": probes(slope["params"])}
    ours |= {f"feature{i}": np.asarray(each)[EVERY] for i, each in enumerate(features)}
    agree(ours, recorded("translator_g"), 2e-5)


def test_the_head_is_the_authors():
    net, variables, features = head()
    out = net.apply(variables, *features)[0]
    agree({f"layer{i}": each for i, each in enumerate(out)}, recorded("patch_head"), 1e-5)


def test_patch_nce_and_its_gradient_are_the_authors():
    unit = lambda x: x / np.linalg.norm(x, axis=-1, keepdims=True)
    query, positive = (unit(draw(name, 2, 5, 4)) for name in ("query", "positive"))
    slope = jax.grad(lambda query: patch_nce(query, positive).sum())(query)
    agree({"loss": patch_nce(query, positive), "slope": slope}, recorded("patch_nce"), 1e-5)


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_logits_of_patches_and_gradients_are_the_authors(norm):
    net, variables, x = discriminator(norm)

    @quick
    def judged(params):
        logits = lambda params: net.apply({**variables, "params": params}, x)[0].logits
        out = logits(params)
        return out, jax.grad(lambda params: (logits(params) * draw("way", *out.shape)).sum())(params)

    logits, slope = judged(variables["params"])
    agree({"logits": logits, "slope": probes(slope)}, recorded(f"patchgan_{norm}"), 2e-5)
