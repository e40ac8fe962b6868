"""Nets between functions, and several on one side."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from arrays import assert_close, normal

from jaxgan import models
from jaxgan.layers import Norm
from jaxgan.net import from_flax, join


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
