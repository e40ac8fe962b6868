"""Filtered resampling and modulated convolution against SciPy done literally, PyTorch, and finite differences."""

import re
from functools import partial
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal, quick
from jax.sharding import AxisType, PartitionSpec
from scipy.signal import convolve2d, correlate2d

from jaxgan.errors import BadInput
from jaxgan.layers import (
    conv,
    conv_filtered,
    downsample_filtered,
    filter2d,
    modulated_conv,
    setup_filter,
    upfirdn,
    upsample_filtered,
)


def literally(x, f, up=1, down=1, pad=(0, 0, 0, 0)):
    """upfirdn as it is defined, in float64: zeros inserted, padded or cropped, convolved, strided."""
    x, f = np.asarray(x, np.float64), np.asarray(f, np.float64)
    f = np.outer(f, f) if f.ndim == 1 else f
    b, h, w, c = x.shape
    big = np.zeros((b, h * up, w * up, c))
    big[:, ::up, ::up] = x
    top, bottom, left, right = pad
    big = np.pad(big, ((0, 0), (max(top, 0), max(bottom, 0)), (max(left, 0), max(right, 0)), (0, 0)))
    big = big[:, max(-top, 0) : big.shape[1] - max(-bottom, 0), max(-left, 0) : big.shape[2] - max(-right, 0)]
    planes = [[convolve2d(big[i, :, :, j], f, "valid")[::down, ::down] for j in range(c)] for i in range(b)]
    return np.moveaxis(np.array(planes), 1, -1)


FILTERS = {
    "odd": normal(1, 3),
    "even": normal(2, 4),
    "one": np.float32([1.5]),
    "separable": np.outer(normal(3, 3), normal(4, 2)),
    "any": normal(5, 2, 5),
    "tall": normal(6, 4, 3),
}
PADS = [(0, 0, 0, 0), (2, 1, 0, 3), (-1, 2, 1, -1), (4, -2, -1, 5)]
FACTORS = list(product((1, 2, 3), (1, 2, 3)))


@pytest.mark.parametrize(("up", "down"), FACTORS)
def test_upfirdn_is_zeros_padding_convolution_and_stride(up, down):
    x = normal(7, 2, 6, 7, 2)
    forms = [(f, pad) for i, f in enumerate(FILTERS.values()) for pad in (PADS[i % 4], PADS[(i + up + down) % 4])]
    found = quick(lambda x: [upfirdn(x, f, up, down, pad) for f, pad in forms])(x)
    for y, (f, pad) in zip(found, forms, strict=True):
        assert y.dtype == jnp.float32
        assert_close(y, literally(x, f, up, down, pad))


@pytest.mark.parametrize(
    ("up", "down", "name"), [(*factors, ("even", "tall")[sum(factors) % 2]) for factors in FACTORS]
)
def test_derivatives_of_upfirdn_are_those_of_its_matrix(up, down, name):
    f, pad, shape = FILTERS[name], (2, -1, 1, 3), (1, 4, 5, 1)
    basis = np.eye(20).reshape(20, 4, 5, 1)
    matrix = literally(basis, f, up, down, pad).reshape(20, -1).T
    x, c = normal(8, *shape), normal(9, matrix.shape[0])
    scalar = lambda x: jnp.vdot(c, jnp.sin(upfirdn(x, f, up, down, pad).ravel()))
    first = jax.grad(scalar)
    second = jax.grad(lambda x: jnp.sum(first(x) ** 2))
    third = jax.grad(lambda x: jnp.sum(second(x) * normal(10, *shape)))
    ours = quick(lambda x: (first(x), second(x), third(x)))(x)
    x, c, v = np.float64(x).ravel(), np.float64(c), np.float64(normal(10, *shape)).ravel()
    y = matrix @ x
    slope, bend = matrix.T @ (c * np.cos(y)), matrix.T @ ((-c * np.sin(y))[:, None] * matrix)
    turn = matrix.T @ (-c * np.cos(y) * (matrix @ v) * (matrix @ slope)) + bend @ bend @ v
    for found, exact in zip(ours, (slope, 2 * bend @ slope, 2 * turn), strict=True):
        assert np.abs(exact).max() > 1e-2
        assert_close(found.ravel(), exact)


def test_upfirdn_under_vmap_and_shard_map_is_that_of_each_row():
    x = normal(1, 8, 2, 5, 6, 2)
    loss = lambda x: jnp.sum(jnp.sin(upfirdn(x, FILTERS["even"], 2, 3, (2, 1, 1, 2))))
    f = lambda x: jax.grad(lambda x: jnp.sum(jax.grad(loss)(x) ** 2))(x)
    one = quick(f)
    each = np.stack([one(row) for row in x])
    mesh = jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,))
    spec = PartitionSpec("data")
    shards = jax.shard_map(lambda x: f(x[0])[None], mesh=mesh, in_specs=spec, out_specs=spec, check_vma=True)
    for form in (jax.vmap(f), shards):
        assert_close(quick(form)(x), each)


# size of the image, FLOPs for each pixel of the larger one in value, gradient and gradient of the gradient
RESAMPLERS = {
    "filter2d": (filter2d, 256, (13, 27, 55)),
    "upsample": (upsample_filtered, 128, (3.8, 10, 22)),
    "downsample": (downsample_filtered, 256, (5.3, 11, 23)),
}


@pytest.mark.parametrize("name", RESAMPLERS)
def test_flops_and_forms_of_resampling_do_not_explode_at_256_pixels(name):
    resample, size, flops = RESAMPLERS[name]
    x = jax.ShapeDtypeStruct((1, size, size, 8), jnp.float32)
    f = setup_filter([1, 3, 3, 1])
    forward = lambda x: resample(x, f)
    back = lambda x: jax.grad(lambda x: jnp.sum(forward(x) ** 2))(x)
    again = lambda x: jax.grad(lambda x: jnp.sum(back(x) ** 2))(x)
    for function, known in zip((forward, back, again), flops, strict=True):
        lowered = jax.jit(function).lower(x)
        text = lowered.as_text()
        pads = re.findall(r"stablehlo\.pad .*interior = \[(.*?)\]", text)
        assert pads and set("".join(pads)) <= set("0, ")  # no multiplication by zeros within x
        assert not re.search("convolution|dot_general|scatter", text)
        found = lowered.compile().cost_analysis()["flops"] / (8 * 256 * 256)
        assert known / 2 < found < 1.5 * known  # a banded matrix for each axis has 200 to 1024 in the value alone


@pytest.mark.parametrize(
    "f", [[1, 3, 3, 1], [1, 2, 1], [1], [1, 1], [1, 2, 3, 4, 5], normal(1, 5, 2) + 3], ids=np.shape
)
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_resampling_keeps_means_and_multiplies_sizes(f, factor):
    f = setup_filter(f)
    flat = np.float32(np.broadcast_to([1.0, -2.0], (1, 18, 36, 2)))
    big, small, same = quick(
        lambda x: (upsample_filtered(x, f, factor), downsample_filtered(x, f, factor), filter2d(x, f, 3.0))
    )(flat)
    assert big.shape == (1, 18 * factor, 36 * factor, 2)
    assert small.shape == (1, 18 // factor, 36 // factor, 2)
    assert same.shape == flat.shape
    for images, gain in ((big, 1), (small, 1), (same, 3)):
        inside = images[:, images.shape[1] // 3 : -images.shape[1] // 3, images.shape[2] // 3 : -images.shape[2] // 3]
        mean = np.mean(inside, axis=(0, 1, 2))  # over whole periods of the zeros
        np.testing.assert_allclose(mean, [gain, -2 * gain], rtol=1e-5)


def test_resampling_pads_as_stylegan2_does():
    x, even, odd = normal(1, 2, 6, 8, 3), setup_filter([1, 3, 3, 1]), setup_filter([1, 2, 3])
    forms = [partial(form, f=f) for form in (upsample_filtered, downsample_filtered, filter2d) for f in (even, odd)]
    found = quick(lambda x: [form(x) for form in forms])(x)
    pads = [(2, 1, 2, 1), (2, 0, 2, 0), (1, 1, 1, 1), (1, 0, 1, 0), (2, 1, 2, 1), (1, 1, 1, 1)]
    for y, form, pad, (up, down) in zip(found, forms, pads, [(2, 1)] * 2 + [(1, 2)] * 2 + [(1, 1)] * 2, strict=True):
        assert_close(y, literally(x, up * form.keywords["f"], up, down, pad))
    # bilinear weights by hand: 1/4 and 3/4 of two neighbours
    row = np.float32([0, 4, 8, 4]).reshape(1, 1, 4, 1).repeat(4, 1)
    np.testing.assert_allclose(upsample_filtered(row, even)[0, 3, 1:7, 0], [1, 3, 5, 7, 7, 5])


def test_setup_filter_is_normalised():
    np.testing.assert_allclose(setup_filter([1, 3, 3, 1]), np.float32([1, 3, 3, 1]) / 8)
    np.testing.assert_allclose(setup_filter([[1, 2], [3, 4]], gain=5), np.float32([[0.5, 1], [1.5, 2]]))
    f = setup_filter([1, 2, 1], gain=4)
    np.testing.assert_allclose(np.outer(f, f).sum(), 4)
    assert f.dtype == np.float32
    x = normal(1, 1, 5, 6, 1)
    assert_close(filter2d(x, f, -3.0), -3 * literally(x, f, pad=(1, 1, 1, 1)))
    with pytest.raises(BadInput, match=r"\[1.0, -1.0\] has sum 0.*another sum"):
        setup_filter([1, -1])


def test_resampling_sums_in_float32_and_gives_the_dtype_of_its_input():
    x = jnp.asarray(normal(1, 1, 8, 8, 2), jnp.bfloat16)
    y = upfirdn(x, FILTERS["any"], 2, 1, (3, 3, 3, 3))
    assert y.dtype == jnp.bfloat16
    exact = literally(np.float32(x), FILTERS["any"], 2, 1, (3, 3, 3, 3))
    np.testing.assert_allclose(np.float32(y), exact, rtol=2**-8, atol=1e-6)  # one rounding
    pixels = np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1)
    assert_close(upfirdn(pixels, [0.5, 0.5]), literally(pixels, [0.5, 0.5]))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x, f: upfirdn(x[0], f), r"x is \[4, 5, 2\]: give images \[B, H, W, C\]"),
        (lambda x, f: upfirdn(x, f, up=0), "up=0 and down=1: give whole numbers"),
        (lambda x, f: upfirdn(x, f, down=1.5), "up=1 and down=1.5: give whole numbers"),
        (lambda x, f: upfirdn(x, f, pad=(1, 1)), r"pad=\(1, 1\) has 2 numbers: give four"),
        (lambda x, f: upfirdn(x, f, pad=(-1, -1, 0, 0)), r"filter is \(4, 4\) and the padded image \(2, 5\): pad more"),
        (lambda x, f: upfirdn(x, np.ones((1, 1, 1))), r"filter is \[1, 1, 1\]: give \[n\]"),
        (lambda x, f: jax.jit(lambda f: upfirdn(x, f))(f), "filter is traced: give a constant"),
        (lambda x, f: downsample_filtered(x, f), r"image of \(4, 5\) does not divide by 2: pad or crop"),
        (lambda x, f: conv_filtered(x, np.ones((3, 3, 2, 1), np.float32), down=2), r"\(4, 5\) does not divide by 2"),
        (lambda x, f: conv_filtered(x, np.ones((3, 3, 3, 1), np.float32)), r"x is \[1, 4, 5, 2\] and w \[3, 3, 3, 1\]"),
        (
            lambda x, f: conv_filtered(x, np.ones((3, 3, 2, 1), np.float32), up=2, down=3),
            "up=2 with down=3: set one of them to 1",
        ),
        (
            lambda x, f: conv_filtered(x, np.ones((3, 3, 2, 1), np.float32), up=2, f=np.ones((2, 2))),
            r"filter is \[2, 2\]: give \[n\]",
        ),
        (
            lambda x, f: modulated_conv(x, np.ones((3, 3, 2, 1), np.float32), np.ones((1, 3), np.float32)),
            r"style is \[1, 3\] and x \[1, 4, 5, 2\]: give style \[1, 2\]",
        ),
    ],
)
def test_what_cannot_be_resampled_is_bad_input(call, said):
    with pytest.raises(BadInput, match=said):
        call(jnp.ones((1, 4, 5, 2)), np.float32([1, 3, 3, 1]))


def modulated_literally(x, w, style, demodulate, up, down):
    """Eq. 1 to 3 sample by sample, with a weight of its own each, in float64."""
    x, w, style = (np.asarray(a, np.float64) for a in (x, w, style))
    kernel, f = w.shape[0], np.float64([1, 3, 3, 1]) / 8
    images = []
    for image, scale in zip(x, style, strict=True):
        own = w * scale[None, None, :, None]
        if demodulate:
            own = own / np.sqrt(np.sum(own**2, axis=(0, 1, 2)) + 1e-8)
        if up == 2:  # the size of a transposed convolution, then StyleGAN2's paddings of its filter
            big = np.zeros((2 * image.shape[0] - 1, 2 * image.shape[1] - 1, image.shape[2]))
            big[::2, ::2] = image
            image = correlated(big, own, "full")
            pad = {3: 1, 1: 2}[kernel]
            images.append(literally(image[None], 2 * f, pad=(pad,) * 4)[0])
        elif down == 2:
            pad = {3: 2, 1: 1}[kernel]
            images.append(correlated(literally(image[None], f, pad=(pad,) * 4)[0], own, "valid")[::2, ::2])
        else:
            images.append(correlated(image, own, "same"))
    return np.array(images)


def correlated(image, w, mode):
    """[H', W', O] of image [H, W, C] and w [h, w, C, O]."""
    over = lambda o: sum(correlate2d(image[..., c], w[..., c, o], mode) for c in range(w.shape[2]))
    return np.stack([over(o) for o in range(w.shape[3])], axis=-1)


FORMS = [(kernel, up, down) for kernel in (1, 3) for up, down in ((1, 1), (2, 1), (1, 2))]


def modulation(kernel):
    return normal(1, 3, 6, 8, 4), normal(2, kernel, kernel, 4, 5), normal(3, 3, 4) + 1


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize(("kernel", "up", "down"), FORMS)
def test_modulated_convolution_is_a_convolution_with_a_weight_for_each_sample(kernel, up, down, demodulate):
    x, w, style = modulation(kernel)
    y = quick(lambda *args: modulated_conv(*args, demodulate=demodulate, up=up, down=down))(x, w, style)
    assert y.shape == (3, 6 * up // down, 8 * up // down, 5)
    assert_close(y, modulated_literally(x, w, style, demodulate, up, down))


@pytest.mark.parametrize(("kernel", "up", "down"), FORMS)
def test_derivatives_of_modulated_convolution_are_finite_differences(kernel, up, down):
    x, w, style = modulation(kernel)
    x = x[:, :4, :4]
    with jax.enable_x64(True):
        point = [jnp.asarray(a, jnp.float64) for a in (x, w, style)]
        way = [normal(20 + i, *a.shape).astype(np.float64) for i, a in enumerate(point)]
        other = [normal(30 + i, *a.shape).astype(np.float64) for i, a in enumerate(point)]
        scalar = lambda *args: jnp.sum(jnp.sin(modulated_conv(*args, up=up, down=down)))
        inner = lambda a, b: sum(jnp.vdot(u, v) for u, v in zip(a, b, strict=True))
        slope = lambda *args: inner(jax.grad(scalar, (0, 1, 2))(*args), way)

        @quick
        def both(*args):
            return scalar(*args), slope(*args), inner(jax.grad(slope, (0, 1, 2))(*args), other)

        step = 1e-5
        along = lambda way, t: both(*(a + t * v for a, v in zip(point, way, strict=True)))
        _, first, second = both(*point)
        np.testing.assert_allclose(first, (along(way, step)[0] - along(way, -step)[0]) / (2 * step), rtol=1e-6)
        np.testing.assert_allclose(second, (along(other, step)[1] - along(other, -step)[1]) / (2 * step), rtol=1e-6)
        assert abs(first) > 0.1 and abs(second) > 0.1


@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
@pytest.mark.parametrize("factor", [2, 3])
def test_filtered_convolutions_are_resampling_and_convolution_but_for_the_border(kernel, factor):
    x, w, f = normal(1, 2, 12, 18, 3), normal(2, kernel, kernel, 3, 4), (1, 3, 3, 1)
    big, apart, small, slow = quick(
        lambda x, w: (
            conv_filtered(x, w, up=factor, f=f),
            conv(upsample_filtered(x, setup_filter(f), factor), w),
            conv_filtered(x, w, down=factor, f=f),
            conv(upfirdn(x, setup_filter(f), pad=((3 + 1 - factor + 1) // 2, 4, (3 + 1 - factor + 1) // 2, 4)), w),
        )
    )(x, w)
    assert big.shape == (2, 12 * factor, 18 * factor, 4)
    assert small.shape == (2, 12 // factor, 18 // factor, 4)
    assert_close(big[:, 6:-6, 6:-6], apart[:, 6:-6, 6:-6])
    slow = slow[:, ::factor, ::factor][:, : small.shape[1], : small.shape[2]]
    assert_close(small[:, 1:-2, 1:-2], slow[:, 1:-2, 1:-2])


def test_demodulated_outputs_have_variance_one_whatever_the_style():
    x, w = normal(1, 2, 32, 32, 32), 7 * normal(2, 3, 3, 32, 16)
    style = np.stack([np.full(32, 100.0), np.exp(normal(3, 32))]).astype(np.float32)
    y = modulated_conv(x, w, style)
    np.testing.assert_allclose(np.std(y[:, 1:-1, 1:-1], axis=(1, 2, 3)), 1, atol=0.05)


def test_modulated_convolution_stays_in_the_fast_layout_at_second_order():
    x, w, style = modulation(3)

    def loss(x, w, style):
        y = modulated_conv(x, w, style, up=2)
        return jnp.sum(jnp.tanh(modulated_conv(y[..., :4], w, style, down=2)))

    first = lambda *args: sum(jnp.sum(g**2) for g in jax.grad(loss, (0, 1, 2))(*args))
    text = jax.jit(jax.grad(first, (0, 1, 2))).lower(x, w, style).compile().as_text()
    lines = [line for line in text.splitlines() if "convolution(" in line]
    assert len(lines) >= 8
    assert {re.search(r"dim_labels=(\S+?)(,|$)", line)[1] for line in lines} == {"b01f_01io->b01f"}
    assert not any("group_count" in line for line in lines)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_modulated_convolution_computes_in_the_dtype_of_its_input(dtype):
    x, w, style = modulation(3)
    y = modulated_conv(jnp.asarray(x, dtype), w, style)
    assert y.dtype == dtype
    np.testing.assert_allclose(np.float32(y), modulated_literally(x, w, style, True, 1, 1), atol=0.05)


@pytest.mark.referee
@pytest.mark.parametrize(("up", "down"), [(1, 1), (2, 1), (1, 2)])
def test_modulated_convolution_is_pytorch_s_grouped_convolution(up, down):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    x, w, style = modulation(3)
    ours = modulated_conv(x, w, style, up=up, down=down)
    x, w, style = (torch.from_numpy(a.astype(np.float64)) for a in (x, w, style))
    b, h, v, c = x.shape
    own = w.permute(3, 2, 0, 1)[None] * style[:, None, :, None, None]  # [B, O, C, 3, 3]
    own = own * (own.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
    image = x.permute(0, 3, 1, 2).reshape(1, b * c, h, v)
    f = torch.tensor([1.0, 3, 3, 1], dtype=torch.float64) / 8
    f = torch.outer(f, f)[None, None]
    smooth = lambda y, pad: functional.conv2d(
        functional.pad(y, (pad,) * 4), f.expand(y.shape[1], 1, 4, 4), groups=y.shape[1]
    )
    if up == 2:
        kernels = own.flip(3, 4).transpose(1, 2).reshape(b * c, 5, 3, 3)
        y = 4 * smooth(functional.conv_transpose2d(image, kernels, stride=2, groups=b), 1)
    elif down == 2:
        y = functional.conv2d(smooth(image, 2), own.reshape(b * 5, c, 3, 3), stride=2, groups=b)
    else:
        y = functional.conv2d(image, own.reshape(b * 5, c, 3, 3), padding=1, groups=b)
    assert_close(ours, y.reshape(b, 5, *y.shape[2:]).permute(0, 2, 3, 1).numpy())
