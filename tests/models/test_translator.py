"""CycleGAN's generator against its paper's table; what it hands out for contrastive learning."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal, quick

from jaxgan.errors import BadInput
from jaxgan.models import translator

TINY = {"width": 4, "blocks": 2}
BFLOAT16 = jnp.dtype(jnp.bfloat16)


def shapes(net, *inputs, **options):
    """Variables and output as shapes: nothing is computed."""

    def both(*inputs):
        variables = net.init(jax.random.key(0), *inputs)
        return variables, net.apply(variables, *inputs, **options)[0]

    return jax.eval_shape(both, *inputs)


@pytest.mark.parametrize(
    ("options", "theirs", "before_norms"),
    [
        ({"blocks": 9}, 11_378_179, [64, 128, 256, *18 * [256], 128, 64]),
        ({"blocks": 6}, 7_837_699, [64, 128, 256, *12 * [256], 128, 64]),
        ({"halvings": 4}, 182_443_267, [64, 128, 256, 512, 1024, *18 * [1024], 512, 256, 128, 64]),
    ],
    ids=["256", "128", "pix2pixhd"],
)
def test_parameters_are_those_of_the_papers_but_for_biases_that_norms_take_away(options, theirs, before_norms):
    # with them theirs: 11.378 M, 7.838 M, and for the 36 channels of pix2pixHD's maps 182.547 M
    net = translator.generator(**options)
    variables, out = shapes(net, jnp.zeros((1, 256, 512, 3)))
    found = sum(leaf.size for leaf in jax.tree.leaves(variables["params"]))
    assert variables.keys() == {"params"} and out.shape == (1, 256, 512, 3)
    assert found == theirs - sum(before_norms) and net.multiple == 2 ** options.get("halvings", 2)


@pytest.mark.parametrize("dtype", [jnp.float32, BFLOAT16], ids=["float32", "bfloat16"])
def test_pictures_and_features_are_float32_whatever_it_computes_in(dtype):
    net, x = translator.generator(1, **TINY, dtype=dtype), jnp.zeros((2, 16, 24, 3))
    variables, out = shapes(net, x)
    assert {leaf.dtype for leaf in jax.tree.leaves((variables, out))} == {jnp.dtype(jnp.float32)}
    assert out.shape == (2, 16, 24, 1)
    kernels = {"/".join(part.key for part in path): leaf.shape for path, leaf in jax.tree.leaves_with_path(variables)}
    assert kernels["params/first/kernel"] == (7, 7, 3, 4) and kernels["params/last/kernel"] == (7, 7, 4, 1)


@pytest.mark.parametrize(("blocks", "places"), [(9, 5), (5, 5), (3, 5), (1, 4)])
def test_features_are_pixels_halvings_and_two_blocks_the_fifth_at_most(blocks, places):
    net, x = translator.generator(3, 4, blocks), jnp.zeros((2, 16, 24, 3))
    assert net.methods == ("features",)
    _, found = shapes(net, x, method="features")
    expected = [(2, 16, 24, 3), (2, 8, 12, 8), (2, 4, 6, 16), (2, 4, 6, 16), (2, 4, 6, 16)]
    assert [each.shape for each in found] == expected[:places]
    assert {each.dtype for each in found} == {jnp.dtype(jnp.float32)}


def test_features_end_where_the_picture_goes_on():
    net, x = translator.generator(3, 4, 6, halvings=1), normal(0, 1, 8, 8, 3)
    variables = quick(net.init)(jax.random.key(0), x)

    @quick
    def slope(params):
        last = lambda params: jnp.sum(net.apply({"params": params}, x, method="features")[0][-1] ** 2)
        return jax.grad(last)(params)

    moved = {name for name, leaf in slope(variables["params"]).items() if any(np.any(x) for x in jax.tree.leaves(leaf))}
    assert moved == {"first", "down0", "block0", "block1", "block2", "block3", "block4"}


def test_contrast_and_brightness_of_a_picture_do_nothing():
    # behind edges that are mirrored, and not black, instance norm takes both away
    net, x = translator.generator(3, **TINY), normal(0, 1, 8, 8, 3)
    variables = quick(net.init)(jax.random.key(0), x)
    variables["params"]["first"]["kernel"] *= 10.0  # far above the norm's epsilon
    made = quick(lambda x: net.apply(variables, x, train=False)[0])
    assert_close(made(2 * x + 1), made(x), 1e-4)
    assert np.abs(made(x[:, ::-1]) - made(x)).max() > 1e-3


@pytest.mark.parametrize(
    ("shape", "halvings", "words"),
    [
        ((18, 16), 2, "multiples of 4 pixels from 8 on, not 18x16: set --resolution 16"),
        ((4, 4), 2, "from 8 on, not 4x4: set --resolution 8"),
        ((128, 250), 4, "multiples of 16 pixels from 32 on, not 128x250: set --resolution 128 --aspect 2"),
    ],
)
def test_sizes_that_cannot_be_halved_have_a_way_out(shape, halvings, words):
    net = translator.generator(3, **TINY, halvings=halvings)
    with pytest.raises(BadInput, match=words):
        jax.eval_shape(net.init, jax.random.key(0), jnp.zeros((1, *shape, 3)))


def test_numbers_below_one_are_refused():
    for name in ("width", "blocks", "halvings"):
        with pytest.raises(BadInput, match=f"{name} is 0: give 1 or more"):
            translator.generator(**{name: 0})


def test_the_head_gives_unit_vectors_and_a_slope_where_all_is_zero():
    net, features = translator.head(8), (normal(0, 2, 5, 3), normal(1, 2, 4, 6))
    variables = quick(net.init)(jax.random.key(0), *features)
    out = net.apply(variables, *features)[0]
    assert [each.shape for each in out] == [(2, 5, 8), (2, 4, 8)]
    for each in out:
        np.testing.assert_allclose(np.linalg.norm(each, axis=-1), 1, rtol=1e-4)
    zeros = jax.tree.map(jnp.zeros_like, features)
    total = lambda variables: sum(jnp.sum(each) for each in net.apply(variables, *zeros)[0])
    value, slope = quick(jax.value_and_grad(total))(variables)
    assert value == 0 and all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slope))
