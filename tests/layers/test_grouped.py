"""Grouped convolution against sums in NumPy, a dense convolution, and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal, quick

from jaxgan.errors import BadInput
from jaxgan.layers import conv, direct_form

# channels in and out, groups: one block, several blocks, groups wider than a block, other widths out, depthwise, dense
FORMS = [(12, 12, 3), (64, 64, 8), (80, 40, 2), (24, 48, 6), (40, 40, 40), (6, 4, 1)]


def drawn(c, o, groups, kernel=(3, 3), size=(5, 6)):
    return normal(1, 2, *size, c), normal(2, *kernel, c // groups, o)


def by_hand(x, w, groups):
    """The definition, a window at a time, in float64."""
    (h, v, c, o), (b, height, width, _) = w.shape, x.shape
    low = [((n - 1) // 2, n // 2) for n in (h, v)]
    x = np.pad(np.float64(x), [(0, 0), *low, (0, 0)]).reshape(b, height + h - 1, width + v - 1, groups, c)
    w = np.float64(w).reshape(h, v, c, groups, o // groups)
    out = np.zeros((b, height, width, groups, o // groups))
    for i in range(height):
        for j in range(width):
            out[:, i, j] = np.einsum("bhvgc,hvcgo->bgo", x[:, i : i + h, j : j + v], w)
    return out.reshape(b, height, width, o)


def block_diagonal(w, groups):
    h, v, c, o = w.shape
    dense = np.zeros((h, v, c * groups, o), w.dtype)
    for i in range(groups):
        rows, cols = slice(i * c, i * c + c), slice(i * o // groups, (i + 1) * o // groups)
        dense[:, :, rows, cols] = w[..., cols]
    return dense


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_it_is_the_sum_over_each_group(form):
    x, w = drawn(*form)
    expected = by_hand(x, w, form[2])
    assert_close(quick(lambda x, w: conv(x, w, groups=form[2]))(x, w), expected)
    with direct_form():  # what is traced where there is no CPU
        assert_close(quick(lambda x, w: conv(x, w, groups=form[2]))(x, w), expected)


@pytest.mark.parametrize("kernel", [(1, 1), (4, 2)], ids=str)
def test_any_kernel_has_the_padding_of_conv(kernel):
    x, w = drawn(8, 8, 4, kernel)
    ours = quick(lambda x, w: conv(x, w, groups=4))(x, w)
    assert_close(ours, by_hand(x, w, 4))
    assert_close(ours, quick(conv)(x, block_diagonal(w, 4)))


def test_gradients_of_two_orders_are_those_of_a_block_diagonal_convolution():
    x, w = drawn(64, 64, 16)
    act = jax.nn.leaky_relu
    score = lambda f: lambda x, w: jnp.sum(jnp.sin(f(act(f(x, w)), w)))
    spread = lambda w: jnp.concatenate(
        [jnp.pad(part, [(0, 0), (0, 0), (4 * i, 60 - 4 * i), (0, 0)]) for i, part in enumerate(jnp.split(w, 16, -1))],
        -1,
    )

    def all_of(f):
        penalty = lambda x, w: jnp.sum(jax.grad(score(f))(x, w) ** 2)
        return (*jax.grad(score(f), (0, 1))(x, w), *jax.grad(penalty, (0, 1))(x, w))

    def three():
        ours = all_of(lambda x, w: conv(x, w, groups=16))
        with direct_form():
            return ours, all_of(lambda x, w: conv(x, w, groups=16)), all_of(lambda x, w: conv(x, spread(w)))

    w = w / 6
    for here, elsewhere, dense in zip(*quick(three)(), strict=True):
        assert_close(here, dense, 2e-5)
        assert_close(elsewhere, dense, 2e-5)


def test_second_order_gradient_equals_finite_differences_in_float64():
    with jax.enable_x64(True):
        x, w, along = (jnp.asarray(np.float64(a)) for a in (*drawn(16, 16, 4, size=(3, 3)), normal(3, 3, 3, 4, 16)))

        def penalty(w):
            score = lambda x: jnp.sum(jnp.tanh(conv(jnp.tanh(conv(x, w, groups=4)), w, groups=4)))
            return jnp.sum(jax.grad(score)(x) ** 2)

        f, w, step = quick(penalty), w / 6, 1e-5
        found = jnp.vdot(quick(jax.grad(penalty))(w), along)
        expected = (f(w + step * along) - f(w - step * along)) / (2 * step)
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_it_maps_and_scans():
    x, w = drawn(16, 16, 4)
    alone = [conv(x, w * scale, groups=4) for scale in (1, 2)]
    many = jnp.stack([w, 2 * w])
    assert_close(quick(jax.vmap(lambda w: conv(x, w, groups=4)))(many), np.stack(alone))
    twice = quick(lambda x: jax.lax.scan(lambda x, w: (conv(x, w, groups=4), None), x, many)[0])(x)
    assert_close(twice, np.asarray(conv(alone[0], 2 * w, groups=4)))


@pytest.mark.parametrize(("c", "shape", "groups"), [(6, (3, 3, 2, 6), 4), (6, (3, 3, 2, 4), 3), (6, (3, 3, 3, 6), 3)])
def test_groups_that_do_not_fit_are_refused(c, shape, groups):
    with pytest.raises(BadInput, match=f"groups={groups}"):
        conv(jnp.zeros((1, 4, 4, c)), jnp.zeros(shape), groups=groups)
