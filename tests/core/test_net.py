"""Nets between functions, and several on one side."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal

from jaxgan import models
from jaxgan.errors import BadInput
from jaxgan.layers import Norm
from jaxgan.net import from_flax, join, layers_of


class Normed(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x, *, train):
        return Norm("batch")(nn.Dense(self.width)(x), train)


def test_map_is_the_net_between_two_functions():
    plain = from_flax(Normed(3))
    net = plain.map(before=lambda a, b: jnp.concatenate([a, b], -1), after=lambda x: 2 * x)
    a, b = normal(0, 4, 2), normal(1, 4, 5)
    variables = net.init(jax.random.key(0), a, b)
    (ours, moved), (theirs, expected) = net.apply(variables, a, b), plain.apply(variables, np.concatenate([a, b], 1))
    assert_close(ours, 2 * np.asarray(theirs))
    jax.tree.map(np.testing.assert_array_equal, moved, expected)
    assert net.classes is None and models.mlp.generator(classes=3).map().classes == 3


def test_joined_nets_share_a_tree_and_move_their_own_part_alone():
    nets = {"ab": from_flax(Normed(3)), "ba": from_flax(Normed(5))}
    side, x, y = join(**nets), normal(0, 4, 5), normal(1, 4, 3)
    variables = side.init(jax.random.key(0), ab=x, ba=(y,))
    assert {kind: set(tree) for kind, tree in variables.items()} == {kind: {"ab", "ba"} for kind in variables}
    keys = jax.random.split(jax.random.key(0), 2)
    for key, (name, net), given in zip(keys, nets.items(), (x, y), strict=True):
        own = net.init(key, given)
        jax.tree.map(np.testing.assert_array_equal, own, {kind: tree[name] for kind, tree in variables.items()})
        (ours, moved), (theirs, expected) = side.nets[name].apply(variables, given), net.apply(own, given)
        assert_close(ours, np.asarray(theirs))
        other = "ba" if name == "ab" else "ab"
        for kind, tree in expected.items():
            jax.tree.map(np.testing.assert_array_equal, moved[kind][name], tree)
            assert moved[kind][other] is variables[kind][other]


LAYERS = {  # discriminators of 16x16 and 32x32 pixels, and their first layers from the image on, as their files stack them
    "mlp": (models.mlp.discriminator((8, 4)), 16, ["Dense_0", "Dense_1", "Dense_2"]),
    "dcgan": (models.dcgan.discriminator(width=4), 16, ["Conv_0", "Conv_1+Norm_0", "Dense_0"]),
    "sngan": (
        models.sngan.discriminator(width=0.05),
        32,
        ["Residual_0/ResizedConv_0", "Residual_0/ResizedConv_1", "Residual_0/shortcut", "Residual_1/ResizedConv_0"],
    ),
    "r3gan": (
        models.r3gan.discriminator(width=4, cardinality=2, blocks=1),
        16,
        ["see", "Stage_0/Block_0/widen", "Stage_0/Block_0", "Stage_0/Block_0/narrow", "Stage_1/Block_0/widen"],
    ),
    "stylegan2": (
        models.stylegan2.discriminator(width=64, max_width=8),
        16,
        ["EqualConv_0", "EqualConv_1", "EqualConv_2", "EqualConv_3"],
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_counted_from_the_image_on(name):
    net, size, first = LAYERS[name]
    x = normal(0, 4, size, size, 3)
    variables = net.init(jax.random.key(0), x)
    for called in (net, net._replace(apply=jax.jit(net.apply, static_argnames="train"))):
        layers = layers_of(called, variables, x)
        owners = ["+".join(dict.fromkeys("/".join(k.key for k in path[:-1]) for path in layer)) for layer in layers]
        assert owners[: len(first)] == first
        assert sum(map(len, layers)) == len(jax.tree.leaves(variables["params"]))  # each weight is in one


def test_frozen_layers_have_no_gradient_and_all_else_has_its_own():
    net, x = LAYERS["dcgan"][0], normal(0, 4, 16, 16, 3)
    frozen, variables = net.freeze(2), net.init(jax.random.key(0), x)
    jax.tree.map(np.testing.assert_array_equal, variables, frozen.init(jax.random.key(0), x))
    grad = lambda net: jax.grad(lambda v, x: jnp.sum(net.apply(v, x)[0] ** 2), argnums=(0, 1))(variables, x)
    (ours, of_x), (theirs, expected) = grad(frozen), grad(net)
    assert_close(of_x, expected)
    for owner, leaves in ours["params"].items():
        for name, leaf in leaves.items():
            if owner == "Dense_0":
                assert_close(leaf, theirs["params"][owner][name])
            else:
                assert not leaf.any() and np.abs(theirs["params"][owner][name]).max() > 0
    jax.tree.map(np.testing.assert_array_equal, frozen.apply(variables, x), net.apply(variables, x))
    with pytest.raises(BadInput, match="3 layers: give 2 or less"):
        net.freeze(3).init(jax.random.key(0), x)


class Sowing(nn.Module):
    where: str

    @nn.compact
    def __call__(self, x, train=True):
        self.sow(self.where, "size", jnp.mean(x**2))
        return nn.Dense(3)(x)


class Warm(nn.Module):
    """Keeps a number of Python's."""

    @nn.compact
    def __call__(self, x, train=True):
        warm = self.variable("seen", "warm", lambda: jnp.zeros((), bool))
        if train and not self.is_initializing():
            warm.value = True
        return nn.Dense(3)(x)


def test_a_number_of_python_may_be_kept():
    net, x = from_flax(Warm()), jnp.ones((2, 4))
    assert net.apply(net.init(jax.random.key(0), x), x)[1] == {"seen": {"warm": True}}


class Growing(nn.Module):
    """Keeps all that it has seen, in one array."""

    @nn.compact
    def __call__(self, x, train=True):
        seen = self.variable("seen", "rows", lambda: x[:0])
        if train and not self.is_initializing():
            seen.value = jnp.concatenate([seen.value, x])
        return nn.Dense(3)(x)


def test_an_array_that_grows_is_refused():
    net, x = from_flax(Growing()), jnp.ones((2, 4))
    with pytest.raises(BadInput, match="Growing has other arrays in 'seen' after a step than before"):
        net.apply(net.init(jax.random.key(0), x), x)


def test_what_is_sown_does_not_grow_from_step_to_step():
    x = jnp.ones((2, 4))
    net = from_flax(Sowing("intermediates"))
    variables = net.init(jax.random.key(0), x)
    assert variables.keys() == {"params"} and net.apply(variables, x)[1] == {}
    net = from_flax(Sowing("losses"))
    with pytest.raises(BadInput, match="Sowing has other arrays in 'losses' after a step"):
        net.apply(net.init(jax.random.key(0), x), x)
