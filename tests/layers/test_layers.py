"""Layers against lax, NumPy and scikit-image, and the law that keeps convolutions fast."""

import contextlib
import re
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import quick
from jax.sharding import AxisType, PartitionSpec
from skimage.measure import block_reduce
from skimage.transform import resize

from jaxgan.errors import BadInput
from jaxgan.layers import (
    NORMS,
    Conv,
    Conv1D,
    ConvTranspose,
    ConvTranspose1D,
    Dense,
    Norm,
    SpectralNorm,
    append_label,
    conv,
    conv_transpose,
    direct_form,
    downsample,
    label_vector,
    lowering,
    onednn_form,
    upsample,
)


@pytest.fixture(autouse=True)
def every_form(monkeypatch):
    """Small layers in the forms of large ones: phases, and stretched rows."""
    monkeypatch.setattr(lowering, "_NARROW", 0)
    monkeypatch.setattr(lowering, "_WIDE", (2, 3))


def normal(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def assert_close(ours, theirs, tol=2e-6):
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=0, atol=tol * (1 + np.abs(b).max()))


def started(layer, x, *args):
    return quick(lambda x, *args: layer.init_with_output(jax.random.key(0), x, True, *args)[1])(x, *args)


def applied(layer, variables, x, train, *args):
    """The layer's output and its statistics."""
    mutable = ["batch_stats", "spectral"]
    return quick(lambda variables, x, *args: layer.apply(variables, x, train, *args, mutable=mutable))(
        variables, x, *args
    )


def lax_conv(x, w, stride, padding):
    stride = (stride, stride) if isinstance(stride, int) else stride
    return jax.lax.conv_general_dilated(x, w, stride, padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def lax_transpose(y, w, stride, padding, size):
    x = jax.ShapeDtypeStruct((y.shape[0], *size, w.shape[2]), y.dtype)
    return jax.linear_transpose(lambda x: lax_conv(x, w, stride, padding), x)(y)[0]


def weights(kernel, c=2, o=3):
    h, w = (kernel, kernel) if isinstance(kernel, int) else kernel
    return normal(2, h, w, c, o) / np.sqrt(h * w * c)


PADS = ((2, 1), (0, 3))
FORMS = [
    *product((1, 3, 4, 5), (1, 2, 3), ("SAME", "VALID", PADS)),
    ((3, 4), (2, 3), ((0, 1), (2, 0))),
    ((4, 1), (1, 2), "SAME"),
    ((2, 5), (3, 2), "VALID"),
    ((3, 3), (2, 2), ((4, 5), (3, 6))),
]
FEW = [(3, 1, "SAME"), (3, 2, PADS), (4, 2, "SAME"), ((2, 5), (3, 2), "VALID")]


def size_of(form):
    return [(7, 6), (5, 9), (8, 8)][FORMS.index(form) % 3] if form in FORMS else (7, 6)


def orders(f, x, w, highest):
    """f, then its derivatives of every order in x, in w and in the cotangent c, along fixed directions.

    <c, f(x, w)> is linear in each of the three, so its gradients are a convolution and its transposes in x and in w;
    those of the next orders are the derivatives of all three, by each of their arguments.
    """
    value = f(x, w)
    c = normal(5, *value.shape)
    found, scalar = [value], lambda x, w, c: jnp.vdot(c, f(x, w))
    for order in range(highest):
        gradient = jax.grad(scalar, (0, 1, 2))
        found.append(gradient(x, w, c))

        def scalar(x, w, c, gradient=gradient, order=order):
            return sum(jnp.vdot(normal(10 * order + i, *g.shape), g) for i, g in enumerate(gradient(x, w, c)))

    return found


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_conv_equals_lax_at_any_order_of_derivative(form):
    kernel, stride, padding = form
    x, w = normal(1, 2, *size_of(form), 2), weights(kernel)
    ours = quick(lambda x, w: orders(lambda x, w: conv(x, w, stride=stride, padding=padding), x, w, 3))(x, w)
    lax = quick(lambda x, w: orders(lambda x, w: lax_conv(x, w, stride, padding), x, w, 3))(x, w)
    assert all(np.abs(leaf).max() > 1e-3 for leaf in jax.tree.leaves(lax))
    assert_close(ours, lax, 5e-6)


@pytest.mark.parametrize("form", FEW, ids=str)
def test_conv_transpose_equals_lax_at_any_order_of_derivative(form):
    kernel, stride, padding = form
    size, w = size_of(form), weights(kernel)
    y = normal(1, *lax_conv(jnp.zeros((2, *size, 2)), w, stride, padding).shape)
    f = lambda y, w: conv_transpose(y, w, stride=stride, padding=padding, size=size)
    ours = quick(lambda y, w: orders(f, y, w, 2))(y, w)
    lax = quick(lambda y, w: orders(lambda y, w: lax_transpose(y, w, stride, padding, size), y, w, 2))(y, w)
    assert_close(ours, lax, 5e-6)


@pytest.mark.parametrize("form", FORMS[::3] + FORMS[-4:], ids=str)
def test_conv_transpose_is_the_adjoint_of_conv(form):
    kernel, stride, padding = form
    x, w = normal(1, 2, *size_of(form), 2), weights(kernel)

    @quick
    def both(x, w):
        there = conv(x, w, stride=stride, padding=padding)
        y = normal(3, *there.shape)
        back = conv_transpose(y, w, stride=stride, padding=padding, size=x.shape[1:3])
        return there, y, back

    there, y, back = (np.asarray(part, np.float64) for part in both(x, w))
    assert back.shape == x.shape
    np.testing.assert_allclose(np.vdot(there, y), np.vdot(x, back), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("stride", [1, 2, (3, 2)])
@pytest.mark.parametrize("kernel", [1, 4, 5])
def test_conv_transpose_multiplies_the_size_by_its_stride(kernel, stride):
    y, w = normal(1, 2, 3, 5, 3), weights(kernel)
    by = (stride, stride) if isinstance(stride, int) else stride
    back = conv_transpose(y, w, stride=stride)
    assert back.shape == (2, 3 * by[0], 5 * by[1], 2)
    assert_close(back, lax_transpose(y, w, stride, "SAME", back.shape[1:3]))


SHIFTED = [  # size, kernel, stride, padding, groups: windows that begin within x, or a kernel before it
    ((6, 6), (3, 3), 1, ((0, 0), (-1, 1)), 1),
    ((6, 6), (3, 3), 1, ((-1, 1), (-2, 2)), 2),
    ((7, 6), (3, 2), 2, ((-2, 3), (1, -1)), 1),
    ((6, 6), (3, 3), 1, ((2, 2), (3, 1)), 1),
    ((6, 6), (3, 3), 1, ((3, 1), (3, 1)), 2),
    ((6, 5), (3, 3), 1, ((4, 0), (5, -2)), 2),
    ((5, 8), (4, 5), (2, 4), ((3, 5), (5, 3)), 1),  # phases of the transpose do, where the convolution does not
    ((5, 4), (4, 4), 2, ((-1, 3), (6, -1)), 2),
]


def by_hand(x, w, c, stride, pads, groups):
    """y of x and w, and the gradients of <c, y>, a tap at a time, in float64: a window sees the pixels that there are."""
    x, w, c = (np.asarray(a, np.float64) for a in (x, w, c))
    stride = (stride, stride) if isinstance(stride, int) else stride
    out = [(n + sum(p) - k) // s + 1 for n, k, s, p in zip(x.shape[1:3], w.shape, stride, pads, strict=False)]
    c = np.ones((len(x), *out, w.shape[3])) if c.ndim == 0 else c
    y, by_x, by_w = np.zeros(c.shape), np.zeros(x.shape), np.zeros(w.shape)
    for tap in np.ndindex(w.shape[:2]):
        seen = [np.arange(n) * s + i - low for n, s, i, (low, _) in zip(out, stride, tap, pads, strict=True)]
        there = [np.flatnonzero((at >= 0) & (at < n)) for at, n in zip(seen, x.shape[1:3], strict=True)]
        of_y, of_x = np.ix_(*there), np.ix_(*(at[here] for at, here in zip(seen, there, strict=True)))
        for g in range(groups):
            i, o = (slice(g * n // groups, (g + 1) * n // groups) for n in (x.shape[3], w.shape[3]))
            y[:, *of_y, o] += x[:, *of_x, i] @ w[*tap, :, o]
            by_x[:, *of_x, i] += c[:, *of_y, o] @ w[*tap, :, o].T
            by_w[*tap, :, o] += np.einsum("bhwi,bhwo->io", x[:, *of_x, i], c[:, *of_y, o])
    return [y, by_x, by_w]


@pytest.mark.parametrize("how", ["usual", "direct", "onednn", "whole groups"])
@pytest.mark.parametrize("form", SHIFTED, ids=str)
def test_windows_may_begin_within_the_image_or_a_kernel_before_it(form, how, monkeypatch):
    """XLA's first library for CPUs reads past an image that is cropped at its low end and padded at the high one."""
    monkeypatch.setattr(lowering, "_WIDE", (64, 128))  # nothing is stretched, which is for the second one
    size, kernel, stride, padding, groups = form
    x, w = normal(1, 2, *size, 8), normal(2, *kernel, 8 // groups, 6)
    options = {"groups": groups, "block": 0 if how == "whole groups" else None}
    within = {"direct": direct_form, "onednn": onednn_form}.get(how, contextlib.nullcontext)
    c = normal(3, *by_hand(x, w, 0, stride, padding, groups)[0].shape)
    with within():
        f = lambda x, w: conv(x, w, stride=stride, padding=padding, **options)
        y, by_x, by_w = jax.jit(lambda x, w: (lambda y, back: (y, *back(c)))(*jax.vjp(f, x, w)))(x, w)
        back = lambda y, w: conv_transpose(y, w, stride=stride, padding=padding, size=size)
        transposed = by_x if groups > 1 else jax.jit(back)(c, w)
    expected = by_hand(x, w, c, stride, padding, groups)
    assert_close([y, by_x, by_w], expected, 1e-5)
    assert_close(transposed, expected[1], 1e-5)


@pytest.mark.parametrize("size", [(8, 10), (4, 9), (6, 7)])
def test_conv_transpose_to_a_size_that_no_conv_comes_from_raises(size):
    y, w = normal(1, 1, 3, 5, 3), weights(3)
    assert conv_transpose(y, w, stride=2, size=(5, 9)).shape == (1, 5, 9, 2)
    with pytest.raises(ValueError, match=r"\(3, 5\).*size"):
        conv_transpose(y, w, stride=2, size=size)


@pytest.mark.parametrize("form", [(4, 2, "SAME"), (5, 2, "SAME"), (3, 3, PADS), (1, 2, "SAME")], ids=str)
def test_small_layers_have_forms_of_their_own(form, monkeypatch):
    kernel, stride, padding = form
    x, w = normal(1, 2, 13, 12, 2), weights(kernel)
    f = lambda x, w: orders(lambda x, w: conv(x, w, stride=stride, padding=padding), x, w, 2)
    text = lambda: jax.jit(lambda x, w: f(x, w)).lower(x, w).as_text()
    large, stretched = quick(lambda x, w: f(x, w))(x, w), "lhs_dilate = [2, 1]"
    assert stretched in text()
    monkeypatch.setattr(lowering, "_NARROW", 16)
    monkeypatch.setattr(lowering, "_WIDE", (64, 128))
    assert stretched not in text() and f"lhs_dilate = [{stride}, {stride}]" in text()
    assert_close(quick(lambda x, w: f(x, w))(x, w), large, 5e-6)


SMALL = [(1, 6, 32, 128, 4, 2), (2, 7, 20, 300, 4, 2), (1, 12, 20, 300, 6, 3), (1, 8, 24, 3, 3, 1), (5, 9, 40, 3, 5, 1)]


@pytest.mark.parametrize("padding", ["SAME", "VALID", ((0, 2), (1, 0))], ids=str)
@pytest.mark.parametrize("form", SMALL, ids=str)
def test_few_pixels_and_narrow_results_are_products(form, padding, monkeypatch):
    """Counted, not timed: what a CPU would spend on a convolution of few images is the copying of its kernel."""
    monkeypatch.setattr(lowering, "_NARROW", 16)
    monkeypatch.setattr(lowering, "_WIDE", (64, 128))
    batch, size, c, o, kernel, stride = form
    x, w = normal(1, batch, size, size, c), weights(kernel, c, o)

    def maps(f):
        def three(x, w):
            y, back = jax.vjp(f, x, w)
            return y, *back(jnp.cos(y))

        return three

    ours = maps(lambda x, w: conv(x, w, stride=stride, padding=padding))
    text = jax.jit(ours).lower(x, w).as_text()
    assert (text.count("stablehlo.convolution"), text.count("stablehlo.dot_general")) == (
        (1, 2) if stride > 1 else (2, 1)
    )
    assert_close(quick(ours)(x, w), quick(maps(lambda x, w: lax_conv(x, w, stride, padding)))(x, w), 5e-6)


@pytest.mark.parametrize("batch, stretched", [(4, 0), (5, 1)])
def test_a_weight_gradient_of_few_large_images_is_not_stretched(batch, stretched, monkeypatch):
    """Counted, not timed: of one image of 128 x 128 pixels the second library takes three times as long as the first."""
    monkeypatch.setattr(lowering, "_MANY", 0)
    x, w = normal(1, batch, 8, 8, 4), weights(4, 4, 5)
    gradient = lambda f: lambda x, w: jax.grad(lambda w: jnp.sum(jnp.sin(f(x, w))))(w)
    ours = gradient(lambda x, w: conv(x, w, stride=2))
    forward = jax.jit(lambda x, w: conv(x, w, stride=2)).lower(x, w).as_text().count("lhs_dilate = [2, 1]")
    assert jax.jit(ours).lower(x, w).as_text().count("lhs_dilate = [2, 1]") - forward == stretched
    assert_close(quick(ours)(x, w), quick(gradient(lambda x, w: lax_conv(x, w, 2, "SAME")))(x, w), 5e-6)


@pytest.mark.parametrize(
    "form", [(2, 4, 2, "SAME"), (4, 4, 1, "VALID"), (5, 4, 2, "VALID"), (2, 5, 3, PADS), (1, 3, 1, "SAME")]
)
def test_a_single_pixel_is_a_dense_layer(form):
    size, kernel, stride, padding = form
    x, w = normal(1, 3, size, size, 6), weights(kernel, 6, 5)
    ours = lambda x, w: conv(x, w, stride=stride, padding=padding)
    text = jax.jit(ours).lower(x, w).as_text()
    assert text.count("stablehlo.convolution") == 0 and text.count("stablehlo.dot_general") == 1
    lax = quick(lambda x, w: orders(lambda x, w: lax_conv(x, w, stride, padding), x, w, 2))(x, w)
    assert lax[0].shape[1:3] == (1, 1)
    assert_close(quick(lambda x, w: orders(ours, x, w, 2))(x, w), lax, 5e-6)


@pytest.mark.parametrize("form", [(4, 2, "SAME"), (3, 3, PADS)], ids=str)
def test_direct_form_gives_the_same_values(form):
    kernel, stride, padding = form
    x, w = normal(1, 2, 7, 6, 2), weights(kernel)
    f = lambda x, w: orders(lambda x, w: conv(x, w, stride=stride, padding=padding), x, w, 2)
    dilated = lambda: f"lhs_dilate = [{stride}, {stride}]" in jax.jit(lambda x, w: f(x, w)).lower(x, w).as_text()
    phases = quick(lambda x, w: f(x, w))(x, w)
    assert not dilated()
    with direct_form():
        assert dilated()
        direct = quick(lambda x, w: f(x, w))(x, w)
    assert not dilated()
    assert_close(direct, phases, 5e-6)


@pytest.mark.parametrize("mapped", [(0, None), (None, 0), (0, 0), (1, 2)], ids=str)
def test_convolutions_under_vmap_are_those_of_each_row(mapped):
    x, w = normal(1, 2, 7, 6, 2), weights(3)
    x, w = (a if axis is None else jnp.stack([a, 2 - a, a**2], axis) for a, axis in zip((x, w), mapped, strict=True))
    f = lambda x, w: orders(lambda x, w: conv(x, w, stride=2), x, w, 2)
    rows = [
        [a if axis is None else jnp.take(a, i, axis) for a, axis in zip((x, w), mapped, strict=True)] for i in (0, 1, 2)
    ]
    one = quick(f)
    each = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(one(*row) for row in rows))
    assert_close(quick(jax.vmap(f, mapped))(x, w), each, 5e-6)


def test_convolutions_under_shard_map_are_those_of_each_device():
    assert jax.device_count() == 8
    mesh = jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,))
    x, w = normal(1, 8, 1, 7, 6, 2), normal(2, 8, 3, 3, 2, 3) / 4
    loss = lambda x, w: jnp.sum(jnp.sin(conv_transpose(conv(x, w, stride=2), w, stride=2, size=(7, 6))))
    first = jax.grad(loss, (0, 1))
    second = jax.grad(lambda x, w: sum(jnp.sum(g**2) for g in first(x, w)), (0, 1))
    both = lambda x, w: (first(x, w), second(x, w))
    local = lambda x, w: jax.tree.map(lambda leaf: leaf[None], both(x[0], w[0]))
    spec = PartitionSpec("data")
    sharded = jax.shard_map(local, mesh=mesh, in_specs=spec, out_specs=spec, check_vma=True)
    assert_close(quick(sharded)(x, w), quick(jax.vmap(both))(x, w), 2e-5)


def test_every_convolution_of_a_compiled_training_loop_is_in_the_fast_layout():
    down = [Conv(8, kernel=4, stride=2), Conv(12, kernel=3, stride=2)]
    up = ConvTranspose(3)
    x = normal(1, 4, 8, 8, 3)

    def forward(params, x):
        for layer, p in zip(down, params, strict=False):
            x = jnp.tanh(layer.apply({"params": p}, x, True))
        return up.apply({"params": params[-1]}, x, True)

    def loss(params, x):
        slope = jax.grad(lambda x: jnp.sum(forward(params, x) ** 2))(x)
        return jnp.mean(forward(params, x) ** 2) + jnp.sum(slope**2)

    def train(params, x):
        def step(params, _):
            return jax.tree.map(lambda p, g: p - 0.01 * g, params, jax.grad(loss)(params, x)), None

        return jax.lax.scan(step, params, length=3)[0]

    shapes = [(4, 4, 3, 8), (3, 3, 8, 12), (4, 4, 3, 12)]
    params = [
        {"kernel": normal(i, *shape), "bias": normal(9, n)}
        for i, (shape, n) in enumerate(zip(shapes, (8, 12, 3), strict=True))
    ]
    lines = [
        line for line in jax.jit(train).lower(params, x).compile().as_text().splitlines() if "convolution(" in line
    ]
    layouts = [re.search(r"dim_labels=(\S+?)(,|$)", line)[1] for line in lines]
    assert len(layouts) >= 12
    assert set(layouts) == {"b01f_01io->b01f"}


@pytest.mark.parametrize("factor", [2, 3])
def test_upsampling_to_the_nearest_repeats_every_pixel(factor):
    x = normal(1, 2, 3, 4, 2)
    big = np.asarray(upsample(x, factor))
    assert big.shape == (2, 3 * factor, 4 * factor, 2)
    for i, j in product(range(factor), range(factor)):
        np.testing.assert_array_equal(big[:, i::factor, j::factor], x)


@pytest.mark.parametrize("size", [(1, 1), (3, 5)])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_bilinear_upsampling_puts_samples_at_pixel_centres_and_repeats_the_edge(factor, size):
    x = normal(1, 2, *size, 3)
    shape = (size[0] * factor, size[1] * factor)
    reference = np.stack([resize(np.asarray(image), shape, order=1, mode="edge", anti_aliasing=False) for image in x])
    big = quick(lambda x: upsample(x, factor, "bilinear"))(x)
    assert big.dtype == jnp.float32
    assert_close(big, reference)


def test_unknown_upsampling_is_bad_input():
    with pytest.raises(BadInput, match=r"unknown method 'bilinar'.*bilinear"):
        upsample(normal(1, 1, 2, 2, 1), 2, "bilinar")


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_downsampling_takes_the_mean_of_each_block(factor):
    x = normal(1, 2, 6, 12, 3)
    assert_close(downsample(x, factor), block_reduce(np.asarray(x), (1, factor, factor, 1), np.mean))


def test_downsampling_undoes_upsampling_to_the_nearest():
    x = normal(1, 2, 4, 6, 3)
    assert_close(downsample(upsample(x, 3), 3), x)


def test_dense_is_a_matrix_product_and_a_bias():
    x = normal(1, 4, 5)
    variables = {"params": {"kernel": normal(2, 5, 3), "bias": normal(3, 3)}}
    y = Dense(3).apply(variables, x, True)
    assert_close(y, np.asarray(x) @ np.asarray(variables["params"]["kernel"]) + np.asarray(variables["params"]["bias"]))
    assert "bias" not in started(Dense(3, bias=False), x)["params"]


def test_convolutional_layers_are_a_convolution_and_a_bias():
    x = normal(1, 2, 6, 6, 4)
    kernel, bias = normal(2, 3, 3, 4, 5), normal(3, 5)
    y = Conv(5, stride=2).apply({"params": {"kernel": kernel, "bias": bias}}, x, True)
    assert_close(y, np.asarray(lax_conv(x, kernel, 2, "SAME")) + np.asarray(bias))
    kernel = normal(2, 4, 4, 5, 4)
    y = ConvTranspose(5).apply({"params": {"kernel": kernel, "bias": bias}}, x, True)
    assert_close(y, np.asarray(lax_transpose(x, kernel, 2, "SAME", (12, 12))) + np.asarray(bias))


LINEAR = {
    "dense": (Dense(64), (2, 200), 200),
    "conv": (Conv(48, kernel=4, stride=2), (2, 8, 8, 20), 4 * 4 * 20),
    "conv_transpose": (ConvTranspose(24), (2, 4, 4, 50), 4 * 4 * 50),
}


@pytest.mark.parametrize("name", LINEAR)
def test_initial_weights_have_the_variance_of_their_own_fan_in(name):
    layer, shape, fan_in = LINEAR[name]
    kernel = np.asarray(started(layer, jnp.zeros(shape))["params"]["kernel"])
    assert abs(kernel.std() * np.sqrt(fan_in) - 1) < 0.05


@pytest.mark.parametrize("name", LINEAR)
def test_parameters_are_float32_and_compute_is_in_dtype(name):
    layer, shape, _ = LINEAR[name]
    layer = layer.copy(dtype=jnp.bfloat16, spectral=True)
    out, variables = jax.eval_shape(lambda x: layer.init_with_output(jax.random.key(0), x, True), jnp.zeros(shape))
    assert out.dtype == jnp.bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype(jnp.float32)}


def top(w):
    return np.linalg.svd(np.asarray(w, np.float64).reshape(-1, w.shape[-1]), compute_uv=False)[0]


def spectral_step():
    return quick(lambda variables, w: SpectralNorm().apply(variables, w, True, mutable=["spectral"]))


# 30 iterations from noise leave a few per cent where the largest singular values lie close together
WEIGHTS = {(4, 4, 3, 64): 0.01, (3, 3, 16, 24): 0.02, (512, 1): 1e-5, (64, 10): 0.04, (48, 48): 0.04}


@pytest.mark.parametrize("shape", WEIGHTS, ids=str)
def test_spectral_norm_is_right_from_the_first_step(shape):
    w = 0.02 * normal(1, *shape)
    at_init, variables = quick(lambda w: SpectralNorm().init_with_output(jax.random.key(0), w, True))(w)
    for normalised in (at_init, *(applied(SpectralNorm(), variables, w, train)[0] for train in (True, False))):
        assert abs(top(normalised) - 1) < WEIGHTS[shape]
        assert_close(normalised / top(normalised), w / top(w), 1e-5)


@pytest.mark.parametrize("shape", [(3, 3, 4, 8), (40, 24)], ids=str)
def test_spectral_norm_follows_a_changing_weight(shape):
    step, w = spectral_step(), normal(1, *shape)
    variables = started(SpectralNorm(), w)
    stale = variables
    for i in range(40):
        w = w + 0.2 * normal(10 + i, *shape)
        normalised, variables = step(variables, w)
        assert abs(top(normalised) - 1) < 0.1
    assert top(applied(SpectralNorm(), stale, w, False)[0]) > 1.15
    for _ in range(20):
        normalised, variables = step(variables, w)
    assert abs(top(normalised) - 1) < 0.01


def test_spectral_norm_moves_in_training_alone():
    module, w, changed = SpectralNorm(), normal(1, 3, 3, 2, 8), normal(2, 3, 3, 2, 8)
    variables = started(module, w)
    u = variables["spectral"]["u"]
    np.testing.assert_array_equal(applied(module, variables, changed, False)[1]["spectral"]["u"], u)
    module.apply(variables, changed, True)  # where the collection cannot move it is left as it is
    moved = applied(module, variables, changed, True)[1]["spectral"]["u"]
    assert np.abs(moved - u).max() > 0.1
    np.testing.assert_allclose(np.linalg.norm(moved), 1, rtol=1e-6)


def test_an_average_of_spectral_vectors_normalises_as_one_of_them():
    module, w = SpectralNorm(), normal(1, 3, 3, 2, 8)
    variables = started(module, w)
    shorter = jax.tree.map(lambda u: 0.7 * u, variables)  # as the mean of vectors that turn is
    assert_close(applied(module, shorter, w, False)[0], applied(module, variables, w, False)[0], 1e-6)


@pytest.mark.parametrize("train", [True, False])
def test_gradient_of_spectral_norm_takes_its_vectors_as_constants(train):
    module = SpectralNorm()
    w, c = normal(1, 3, 3, 2, 4), normal(2, 3, 3, 2, 4)
    variables = {"spectral": {"u": normal(3, 4) / np.linalg.norm(normal(3, 4))}}  # far from a singular vector
    out, moved = applied(module, variables, w, train)
    gradient = quick(jax.grad(lambda w: jnp.vdot(c, module.apply(variables, w, train, mutable=["spectral"])[0])))(w)
    matrix, cotangent = (np.asarray(a, np.float64).reshape(-1, 4) for a in (w, c))
    u = np.asarray(moved["spectral"]["u"], np.float64)
    v = matrix @ u / np.linalg.norm(matrix @ u)
    sigma = v @ matrix @ u
    assert_close(out.reshape(-1, 4), matrix / sigma, 1e-5)
    constant = cotangent / sigma - np.sum(cotangent * matrix) / sigma**2 * np.outer(v, u)
    assert_close(gradient.reshape(-1, 4), constant, 1e-5)


@pytest.mark.parametrize("name", LINEAR)
def test_spectral_layers_have_a_largest_singular_value_of_one(name):
    layer, shape, _ = LINEAR[name]
    x = normal(1, *shape)
    layer = layer.copy(spectral=True, bias=False)
    variables = started(layer, x)
    kernel = variables["params"]["kernel"]
    matrix = kernel.swapaxes(2, 3) if name == "conv_transpose" else kernel  # rows are what one output is summed over
    plain, _ = applied(layer.copy(spectral=False), {"params": {"kernel": kernel / top(matrix)}}, x, False)
    out, _ = applied(layer, variables, x, False)
    np.testing.assert_allclose(np.vdot(out, plain) / np.vdot(plain, plain), 1, atol=0.02)
    _, moved = applied(layer, variables, x, True)
    assert jax.tree.map(jnp.shape, moved["spectral"]) == {"spectral": {"u": (layer.features,)}}


def standard(x, axes, epsilon=1e-5):
    x = np.asarray(x, np.float64)
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)


REFERENCES = {
    "batch": lambda x: standard(x, tuple(range(x.ndim - 1))),
    "layer": lambda x: standard(x, tuple(range(1, x.ndim))),
    "instance": lambda x: standard(x, tuple(range(1, x.ndim - 1))),
    "pixel": lambda x: x / np.sqrt(np.mean(np.asarray(x, np.float64) ** 2, -1, keepdims=True) + 1e-8),
    "none": lambda x: x,
}
SCALED = ("batch", "layer", "instance")


def features(*shape):
    return 2 * normal(1, *shape) + normal(2, shape[-1]).reshape(*(1,) * (len(shape) - 1), -1)


def test_every_norm_has_a_reference():
    assert set(REFERENCES) == set(NORMS)


@pytest.mark.parametrize(
    ("kind", "shape"),
    # a point has no statistics of its own: "instance" is for images alone
    [(kind, shape) for kind in NORMS for shape in ((6, 5), (4, 3, 5, 6)) if (kind, len(shape)) != ("instance", 2)],
    ids=str,
)
def test_norm_equals_its_definition(kind, shape):
    x, norm = features(*shape), Norm(kind)
    variables = started(norm, x)
    assert set(variables.get("params", {})) == ({"scale", "bias"} if kind in SCALED else set())
    y, _ = applied(norm, variables, x, True)
    assert_close(y, REFERENCES[kind](x), 1e-5)
    if kind in SCALED:
        scale, bias = normal(3, shape[-1]), normal(4, shape[-1])
        y, _ = applied(norm, {**variables, "params": {"scale": scale, "bias": bias}}, x, True)
        assert_close(y, REFERENCES[kind](x) * np.asarray(scale) + np.asarray(bias), 1e-5)


@pytest.mark.parametrize("shape", [(6, 5), (4, 3, 5, 6)], ids=str)
@pytest.mark.parametrize("kind", ["batch", "layer", "pixel"])
def test_conditional_norm_is_scaled_and_shifted_by_the_label(kind, shape):
    x, norm = features(*shape), Norm(kind)
    label = jnp.abs(normal(5, shape[0], 3))
    variables = started(norm, x, label)
    assert jax.tree.map(jnp.shape, variables["params"]) == {
        "scale": {"kernel": (3, shape[-1])},
        "shift": {"kernel": (3, shape[-1])},
    }
    y, _ = applied(norm, variables, x, True, label)
    assert_close(y, REFERENCES[kind](x), 1e-5)
    scale, shift = normal(6, 3, shape[-1]), normal(7, 3, shape[-1])
    params = {"scale": {"kernel": scale}, "shift": {"kernel": shift}}
    y, _ = applied(norm, {**variables, "params": params}, x, True, label)
    middle = (shape[0], *(1,) * (len(shape) - 2), shape[-1])
    s, b = (np.asarray(label @ part).reshape(middle) for part in (scale, shift))
    assert_close(y, REFERENCES[kind](x) * (1 + s) + b, 1e-5)


def test_scale_of_a_norm_starts_around_one():
    scale = started(Norm("batch", scale_std=0.02), jnp.zeros((2, 2000)))["params"]["scale"]
    assert abs(scale.mean() - 1) < 0.003 and abs(scale.std() - 0.02) < 0.002
    np.testing.assert_array_equal(started(Norm("batch"), jnp.zeros((2, 3)))["params"]["scale"], 1)


def test_batch_norm_out_of_training_uses_the_running_statistics():
    x, norm = features(4, 3, 5, 6), Norm("batch")
    variables = started(norm, x)
    _, moved = applied(norm, variables, x, True)
    (stats,) = moved["batch_stats"].values()
    flat = np.asarray(x, np.float64).reshape(-1, 6)
    assert_close(stats["mean"], 0.1 * flat.mean(0), 1e-5)
    assert_close(stats["var"], 0.9 + 0.1 * flat.var(0), 1e-5)
    other = normal(9, 2, 3, 5, 6)
    y, still = applied(norm, {**variables, **moved}, other, False)
    mean, var = (np.asarray(stats[name]) for name in ("mean", "var"))
    assert_close(y, (np.asarray(other) - mean) / np.sqrt(var + 1e-5), 1e-5)
    jax.tree.map(np.testing.assert_array_equal, still["batch_stats"], moved["batch_stats"])


def test_batch_norm_over_devices_is_that_of_the_whole_batch():
    x, alone, shared = features(8, 3, 3, 5), Norm("batch"), Norm("batch", axis_name="data")
    variables = started(shared, x)  # outside of the axis
    split = x.reshape(4, 2, 3, 3, 5)

    @quick
    def train(variables, x, split):
        play = lambda norm: lambda x: norm.apply(variables, x, True, mutable=["batch_stats"])
        return play(alone)(x), jax.vmap(play(shared), axis_name="data")(split), jax.vmap(play(alone))(split)

    (y, moved), (y_shared, moved_shared), (y_apart, _) = train(variables, x, split)
    assert_close(y_shared.reshape(x.shape), y, 1e-5)
    for row in range(4):
        assert_close(jax.tree.map(lambda leaf: leaf[row], moved_shared), moved, 1e-5)  # noqa: B023
    assert np.abs(y_apart.reshape(x.shape) - y).max() > 0.1
    sampled, _ = applied(shared, {**variables, **moved}, x, False)  # outside of the axis
    assert_close(sampled, applied(alone, {**variables, **moved}, x, False)[0])


@pytest.mark.parametrize("kind", (*SCALED, "pixel"))
def test_statistics_of_a_norm_are_float32_in_any_compute_dtype(kind):
    x = features(4, 16, 16, 6)
    norm = Norm(kind, dtype=jnp.bfloat16)
    variables = started(norm, x)
    y, moved = applied(norm, variables, x.astype(jnp.bfloat16), True)
    assert y.dtype == jnp.bfloat16
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves((variables, moved)))
    np.testing.assert_allclose(
        np.float32(y), REFERENCES[kind](np.float32(x.astype(jnp.bfloat16))), rtol=6e-3, atol=1e-4
    )


def test_unknown_norm_is_bad_input():
    with pytest.raises(BadInput, match=r"unknown norm 'bacth'.*batch"):
        Norm("bacth").init(jax.random.key(0), normal(1, 2, 3), True)


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.int64])
def test_integer_labels_become_one_hot_rows(dtype):
    vector = label_vector(np.array([2, 0, 1], dtype), 3)
    assert vector.dtype == jnp.float32
    np.testing.assert_array_equal(vector, np.eye(3)[[2, 0, 1]])


def test_float_labels_stay_as_they_are():
    label = np.abs(normal(1, 4, 3)).astype(np.float16)
    vector = label_vector(label, 3)
    assert vector.dtype == jnp.float32
    np.testing.assert_array_equal(vector, label)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        (np.zeros(4, np.float32), r"float32\[4\]"),
        (np.zeros((4, 5), np.float32), r"float32\[4, 5\]"),
        (np.zeros((4, 3), np.int32), r"int32\[4, 3\]"),
        (np.zeros(4, bool), r"bool\[4\]"),
        (np.zeros((4, 3, 1), np.float32), r"float32\[4, 3, 1\]"),
    ],
)
def test_labels_that_do_not_fit_are_named_with_the_classes_and_the_way_out(label, said):
    with pytest.raises(BadInput, match=rf"label is {said}.*classes=3.*integers \[B\].*floats \[B, 3\]"):
        label_vector(label, 3)


def test_missing_labels_are_bad_input_that_says_what_to_give():
    with pytest.raises(BadInput, match=r"classes=3 needs labels.*batch\['label'\]"):
        label_vector(None, 3)


@pytest.mark.parametrize("shape", [(2, 4), (2, 3, 5, 4)], ids=str)
def test_appended_labels_are_more_channels_at_every_place(shape):
    x, label = normal(1, *shape), normal(2, 2, 3)
    both = append_label(x, label)
    assert both.shape == (*shape[:-1], 7)
    np.testing.assert_array_equal(both[..., :4], x)
    np.testing.assert_array_equal(both[..., 4:].reshape(2, -1, 3), np.repeat(label[:, None], x[0, ..., 0].size, 1))
    assert append_label(x.astype(jnp.bfloat16), label).dtype == jnp.bfloat16


def test_explicit_pads_may_crop_at_any_stride():
    x, w = normal(1, 1, 9, 8, 2), normal(2, 3, 3, 2, 3)
    pads = ((-1, 0), (0, -2))
    plain = lambda x: jax.lax.conv_general_dilated(x, w, (2, 2), pads, dimension_numbers=("NHWC", "HWIO", "NHWC"))
    y, back = jax.vjp(plain, x)
    ours, our_back = jax.vjp(lambda x: conv(x, w, stride=2, padding=pads), x)
    assert_close(ours, y)
    assert_close(our_back(y), back(y))


@pytest.mark.parametrize("padding", ["VALID", "same", 1])
def test_geometry_that_cannot_be_meant_is_refused(padding):
    with pytest.raises(ValueError, match="padding"):
        conv(jnp.ones((1, 2, 2, 3)), jnp.ones((4, 4, 3, 5)), padding=padding)


@pytest.mark.parametrize("size", [32, 30])
def test_a_sequence_is_convolved_as_xla_convolves_it(size):
    x = jax.random.normal(jax.random.key(0), (2, size, 3))
    layer = Conv1D(5, kernel=25, stride=4)
    variables = layer.init(jax.random.key(1), x, True)
    y = layer.apply(variables, x, True)
    kernel = variables["params"]["kernel"]
    direct = jax.lax.conv_general_dilated(x, kernel, (4,), "SAME", dimension_numbers=("NWC", "WIO", "NWC"))
    np.testing.assert_allclose(y, direct, rtol=1e-6, atol=1e-6)


def test_a_sequence_is_made_longer_by_the_transpose():
    y = jax.random.normal(jax.random.key(0), (2, 8, 5))
    layer = ConvTranspose1D(3, kernel=25, stride=4)
    variables = layer.init(jax.random.key(1), y, True)
    x = jax.random.normal(jax.random.key(2), (2, 32, 3))
    kernel = variables["params"]["kernel"]
    down = jax.lax.conv_general_dilated(x, kernel, (4,), "SAME", dimension_numbers=("NWC", "WIO", "NWC"))
    np.testing.assert_allclose(jnp.vdot(layer.apply(variables, y, True), x), jnp.vdot(y, down), rtol=1e-5)
