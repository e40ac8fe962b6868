"""Images of any shape that doublings reach, in every convolutional family."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal, quick

from jaxgan import build, recipes
from jaxgan.cli import main
from jaxgan.data import Spec
from jaxgan.models import dcgan, r3gan, sngan, stylegan2
from jaxgan.models.pyramid import nearest, pyramid

KNOWN = {  # size: (a, b), n
    8: ((4, 4), 1),
    32: ((4, 4), 3),
    1024: ((4, 4), 8),
    28: ((7, 7), 2),
    24: ((6, 6), 2),
    (32, 64): ((4, 8), 3),
    (64, 16): ((8, 2), 3),
    (64, 48): ((8, 6), 3),
    (256, 512): ((4, 8), 6),
}


@pytest.mark.parametrize("size", KNOWN, ids=str)
def test_sizes_are_halved_to_the_smallest_map(size):
    found = pyramid(size)
    assert found == KNOWN[size] and found.size == ((size, size) if isinstance(size, int) else size)


@pytest.mark.parametrize("size", [4, 7, 36, 0, (16, 128), (9, 30), (1080, 1920)], ids=str)
def test_what_is_not_reached_has_a_way_out(size):
    height, width = (size, size) if isinstance(size, int) else size
    assert pyramid(size) is None
    near = nearest(height, width)
    assert pyramid(near) is not None and near[0] >= height and near[1] >= width


SMALL = {"width": 8, "blocks": 1, "cardinality": 4}
STYLE = {"width": 256, "max_width": 8, "mapping_layers": 1}
FAMILIES = {
    "dcgan": lambda size: (dcgan.generator(size, 3, width=4), dcgan.discriminator(width=4)),
    "r3gan": lambda size: (r3gan.generator(size, 3, **SMALL), r3gan.discriminator(**SMALL)),
    "stylegan2": lambda size: (stylegan2.generator(size, 3, w_dim=4, **STYLE), stylegan2.discriminator(**STYLE)),
    "sngan": lambda size: (sngan.generator(size, 3, width=1 / 64), sngan.discriminator(size, width=1 / 64)),
}


@pytest.mark.parametrize("size", [(16, 64), (64, 32), (24, 40), (40, 40), (48, 80)], ids=str)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_makes_and_judges_images_of_that_shape(family, size):
    g, d = FAMILIES[family](size)

    def both(z):
        variables = g.init(jax.random.key(0), z)
        x = g.apply(variables, z, train=False)[0]
        return x, d.apply(d.init(jax.random.key(1), x), x, train=False)[0]

    x, logits = jax.eval_shape(both, jnp.zeros((4, 6)))
    assert x.shape == (4, *size, 3) and logits.shape == (4,)


@pytest.mark.parametrize("family", ["r3gan", "stylegan2"])
def test_turned_networks_make_and_judge_turned_images(family):
    turn = lambda x: np.swapaxes(x, 0, 1) if x.ndim > 2 else x  # kernels, constants and bases [h, w, ...]
    (g, d), (g_turned, d_turned) = FAMILIES[family]((16, 32)), FAMILIES[family]((32, 16))
    z, x = normal(1, 4, 6), normal(2, 4, 16, 32, 3)
    of_g, of_d = quick(g.init)(jax.random.key(0), z), quick(d.init)(jax.random.key(1), x)
    of_g = jax.tree.map(lambda leaf: leaf + 0.1 if leaf.dtype == jnp.float32 else leaf, of_g)
    if family == "stylegan2":  # its noise is no part of that
        still = lambda path, leaf: 0 * leaf if path[-1].key == "strength" else leaf
        of_g = jax.tree_util.tree_map_with_path(still, of_g)
    made = lambda net: quick(lambda variables: net.apply(variables, z, train=False)[0])
    assert_close(made(g_turned)(jax.tree.map(turn, of_g)), np.swapaxes(made(g)(of_g), 1, 2), 1e-5)
    if family == "r3gan":  # StyleGAN2's D is dense at its end
        judged = lambda net: quick(lambda variables, x: net.apply(variables, x)[0])
        assert_close(judged(d_turned)(jax.tree.map(turn, of_d), np.swapaxes(x, 1, 2)), judged(d)(of_d, x), 1e-5)


@pytest.mark.parametrize("name", ["dcgan", "r3gan", "stylegan2", "sngan"])
def test_a_step_of_every_recipe_takes_images_that_are_not_square(name):
    recipe, size = recipes.get(name), (32, 64) if name == "sngan" else (8, 16)
    config = recipe.Config(**{**recipe.TINY, "data": "digits", "augment": "ada", "d_steps": 1})
    specs = {"image": Spec((*size, 3))}
    made = build.experiment(recipe, config, specs)
    state = jax.eval_shape(lambda: build.initial_state(made, config, specs))
    batch = {"image": jax.ShapeDtypeStruct((config.batch_size, *size, 3), np.uint8)}
    after, metrics = jax.eval_shape(made.step, state, batch)
    assert (
        jax.tree.map(lambda x: x.shape, after) == jax.tree.map(lambda x: x.shape, state)
        and metrics.d["loss"].shape == ()
    )


def test_images_that_are_not_square_are_trained_drawn_and_evaluated(tmp_path):
    draw = np.random.default_rng(0)
    np.savez(
        tmp_path / "wide.npz", image=draw.integers(0, 256, (40, 20, 36, 3), dtype=np.uint8), label=np.arange(40) % 2
    )
    run, tiny = tmp_path / "run", ["--tiny", "--steps", "2", "--save-every-steps", "2", "--sample-every-steps", "2"]
    line = ["train", "dcgan", *tiny, "--data", str(tmp_path / "wide.npz"), "--resolution", "8", "--aspect", "2"]
    assert main([*line, "--conditional", "--augment", "diffaugment", "--flip", "--out", str(run)]) == 0
    assert main(["sample", str(run), "--num", "6", "--out", str(tmp_path / "some.npz")]) == 0
    assert np.load(tmp_path / "some.npz")["image"].shape == (6, 8, 16, 3)
    assert main(["sample", str(run), "--num", "6", "--out", str(tmp_path / "some.png")]) == 0
    assert main(["evaluate", str(run), "--num", "40", "--features", "pixels", "--json", str(tmp_path / "e.json")]) == 0
    assert any(metric["name"] == "fd" for metric in json.loads((tmp_path / "e.json").read_text())["metrics"])
