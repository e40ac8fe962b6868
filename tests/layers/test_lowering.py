"""Programs for a GPU or a TPU have XLA's own convolutions and its own gradients, and nothing that was found on a CPU."""

import contextlib
import re
from collections import Counter

import jax
import jax.numpy as jnp
import pytest
from jax.sharding import AxisType, PartitionSpec

from jaxgan import build, recipes
from jaxgan.data import batch, load
from jaxgan.layers import conv, conv_transpose, lowering
from jaxgan.layers.upfirdn import upfirdn

PLATFORMS = ("cuda", "tpu")
FORMS = [  # kernel, stride, padding, channels in and out
    (3, 1, "SAME", 2, 3),
    (4, 2, "SAME", 2, 3),
    (4, 2, "SAME", 64, 128),  # which a CPU stretches
    (4, 2, "SAME", 128, 32),  # which a CPU takes phase by phase
    (3, 3, ((1, 2), (0, 1)), 5, 2),
    (1, 2, "VALID", 4, 4),
    (3, 1, ((-1, 1), (4, -2)), 8, 8),  # which a CPU crops first
]


def lowered(f, *args, platform="cuda"):
    return jax.jit(f).trace(*args).lower(lowering_platforms=(platform,)).as_text()


def convolutions(text):
    """How often there is a convolution of these attributes and types, and what its kernel is."""
    made, found = {}, Counter()
    one = r"convolution\(%\w+, (%\w+)\) dim_numbers = (.*?), window = \{(.*?)\} \{(.*?)\} ?: (\(.*?\) -> tensor<\S+>)"
    for line in text.splitlines():
        if match := re.search(one, line):
            kernel, dims, window, more, types = match.groups()
            window = dict(re.findall(r"(\w+) = (\[\[.*?\]\]|\[.*?\])", window))
            usual = {"stride": "[1, 1]", "pad": "[[0, 0], [0, 0]]", "lhs_dilate": "[1, 1]", "rhs_dilate": "[1, 1]"}
            window = tuple(window.get(name, value) for name, value in usual.items())
            groups = tuple(re.findall(r"group_count = (\d+)", more))
            found[made.get(kernel, "argument"), dims.replace(" ", ""), window, groups, types] += 1
        elif match := re.search(r"(%\w+) = \"?stablehlo\.(\w+)", line):
            made[match[1]] = match[2]
    return found


def shapes(form, size=(9, 8)):
    kernel, _, _, c, o = form
    return jnp.ones((2, *size, c)), jnp.ones((kernel, kernel, c, o))


def ours(form):
    return lambda x, w: conv(x, w, stride=form[1], padding=form[2])


def theirs(form):
    dims = ("NHWC", "HWIO", "NHWC")
    return lambda x, w: jax.lax.conv_general_dilated(x, w, (form[1],) * 2, form[2], dimension_numbers=dims)


def first(f):
    """(f, its gradient in x, in w) at a y of its own."""

    def maps(x, w):
        y, back = jax.vjp(f, x, w)
        return y, *back(jnp.cos(y))

    return maps


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_the_three_maps_are_xlas_operator_and_its_own_gradients(form, platform):
    args = shapes(form)
    expected = convolutions(lowered(first(theirs(form)), *args, platform=platform))
    assert (
        convolutions(lowered(first(ours(form)), *args, platform=platform)) == expected and sum(expected.values()) == 3
    )
    kernels = Counter(kernel for kernel, *_ in expected.elements())
    assert kernels["reverse"] == 1  # the operand itself: what XLA takes for a backward pass


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_the_second_order_is_made_of_the_same_three(form):
    """XLA's own second order has other attributes: ours are those of the first, whatever is differentiated."""
    args = shapes(form)
    penalty = lambda f: (
        lambda x, w: sum(
            jnp.sum(jnp.sin(g) ** 2) for g in jax.grad(lambda x, w: jnp.sum(jnp.sin(f(x, w))), (0, 1))(x, w)
        )
    )
    found = convolutions(lowered(jax.grad(penalty(ours(form)), (0, 1)), *args))
    known = convolutions(lowered(first(theirs(form)), *args))
    without_kernel = lambda counted: {tuple(rest) for _, *rest in counted}
    assert without_kernel(found) <= without_kernel(known) and sum(found.values()) >= 6


@pytest.mark.parametrize("mapped", [(0, None), (None, 0), (0, 0)], ids=str)
def test_under_vmap_they_are_what_vmap_makes_of_xlas(mapped):
    form = FORMS[1]
    args = [a if axis is None else jnp.stack([a] * 3) for a, axis in zip(shapes(form), mapped, strict=True)]
    found, expected = (convolutions(lowered(jax.vmap(first(f(form)), mapped), *args)) for f in (ours, theirs))
    assert found == expected and len(found) == 3


def test_inside_a_loop_and_on_each_device_they_are_the_same():
    form = FORMS[3]
    x, w = shapes(form)
    looped = lambda f: (
        lambda x, w: jax.lax.scan(lambda w, _: (w - jax.grad(lambda w: jnp.sum(f(x, w) ** 2))(w), None), w, length=3)
    )
    assert convolutions(lowered(looped(ours(form)), x, w)) == convolutions(lowered(looped(theirs(form)), x, w))
    mesh = jax.make_mesh((2,), ("data",), axis_types=(AxisType.Auto,))
    spec = PartitionSpec("data")
    local = lambda f: jax.shard_map(first(f), mesh=mesh, in_specs=(spec, spec), out_specs=spec)
    both = jnp.concatenate([x, x]), jnp.concatenate([w, w])
    assert convolutions(lowered(local(ours(form)), *both)) == convolutions(lowered(local(theirs(form)), *both))


def test_an_exported_program_has_the_forms_of_its_platform():
    form = FORMS[3]
    args = shapes(form)
    exported = jax.export.export(jax.jit(first(ours(form))), platforms=["cuda"])(*args)
    expected = convolutions(lowered(first(theirs(form)), *args))
    assert convolutions(exported.mlir_module()) == expected


def maps(form, size=(8, 8)):
    """(f, kernels, channels): a transposed convolution, a convolution and their gradients in x and w, of x [B, H, W, C]."""
    kernel, stride, padding, c, o = form

    def f(x, w):
        y = conv(x, w, stride=stride, padding=padding)
        return conv_transpose(y, w, stride=stride, padding=padding, size=size)

    def both(x, w):
        loss = lambda x, w: jnp.sum(f(x, w) ** 2)
        return f(x, w), *jax.grad(loss, (0, 1))(x, w)

    return both, jnp.ones((kernel, kernel, c, o)) / (kernel * c), c


@pytest.mark.parametrize("asked", [contextlib.nullcontext, lowering.direct_form, lowering.onednn_form])
@pytest.mark.parametrize("form", [*FORMS[:4], (4, 4, "VALID", 128, 256), (8, 1, "VALID", 20, 3), (3, 1, "SAME", 20, 3)])
def test_a_program_of_any_batch_is_exported_for_every_platform(form, asked):
    f, w, c = maps(form)
    (batch,) = jax.export.symbolic_shape("b")
    x = jax.ShapeDtypeStruct((batch, 8, 8, c), jnp.float32)
    with asked():
        export = lambda *platforms: jax.export.export(jax.jit(lambda x: f(x, w)), platforms=platforms)(x)
        for platforms in (("cuda",), ("tpu",), ("cuda", "tpu")):
            export(*platforms)
        whole, own = export("cpu", "cuda", "tpu"), jax.jit(f)
        for size in (1, 5):
            given = jax.random.normal(jax.random.key(size), (size, 8, 8, c))
            for one, other in zip(jax.jit(whole.call)(given), own(given, w), strict=True):
                assert one.shape == other.shape and jnp.allclose(
                    one, other, rtol=1e-4, atol=1e-4 * jnp.abs(other).max()
                )


def test_a_transposed_convolution_is_the_gradient():
    y, w = jnp.ones((2, 4, 4, 32)), jnp.ones((4, 4, 128, 32))
    own = lambda y, w: jax.vjp(lambda x: theirs(FORMS[3])(x, w), jnp.ones((2, 8, 8, 128)))[1](y)[0]
    assert convolutions(lowered(lambda y, w: conv_transpose(y, w, stride=2), y, w)) == convolutions(lowered(own, y, w))


def test_groups_are_dense_blocks_or_xlas_own():
    x, w = jnp.ones((2, 6, 6, 64)), jnp.ones((3, 3, 4, 64))
    groups = lambda block: re.findall(
        r"feature_group_count = (\d+)", lowered(lambda x, w: conv(x, w, groups=16, block=block), x, w)
    )
    assert set(groups(32)) == {"1"} and groups(0) == ["16"]


def step_of(name, **options):
    """(step, state, batch) of a recipe at its smallest sizes, as shapes."""
    recipe = recipes.get(name)
    config = recipe.Config(
        **{"data": recipe.Config().data or "digits", **recipe.TINY, "steps_per_dispatch": 1, **options}
    )
    dataset = load(config.data, **config.fitting)
    made = build.experiment(recipe, config, dataset.specs)
    state = jax.eval_shape(lambda: build.initial_state(made, config, dataset.specs))
    return made.step, state, batch.like_step(config, dataset.specs)


# all with convolutions
CNNS = (
    *(
        "dcgan",
        "dcgan_texture",
        "psgan",
        "sngan",
        "stylegan2",
        "r3gan",
        "pix2pix",
        "cyclegan",
        "cut",
        "enhance",
        "style",
    ),
    *("inpaint", "segment", "wavegan", "video"),
)


@pytest.mark.parametrize("name", CNNS)
def test_no_recipe_takes_what_was_found_on_a_cpu_to_a_gpu(name):
    """And in bfloat16 both sides of every convolution are: XLA's libraries for GPUs know mixed ones for products alone."""
    step, state, given = step_of(name, dtype="bfloat16")
    found = convolutions(lowered(step, state, given))
    assert found and not [window for _, _, window, *_ in found if window[2:] == ("[2, 1]", "[2, 1]")]  # stretched
    dims = {dims for _, dims, *_ in found}
    assert dims <= {
        "[b,0,1,f]x[0,1,i,o]->[b,0,1,f]",  # forward
        "[b,0,1,f]x[0,1,o,i]->[b,0,1,f]",  # the gradient in x
        "[f,0,1,b]x[i,0,1,o]->[0,1,b,f]",  # the gradient in w
    }
    tensors = [re.findall(r"tensor<([\dx]+)x(\w+)>", types) for *_, types in found]
    wide = [one for one in tensors if {dtype for _, dtype in one} != {"bf16"}]
    assert not wide if name != "r3gan" else wide  # whose authors compute 4x4 in float32
    assert all({dtype for _, dtype in one} == {"f32"} and any("x4x4x" in size for size, _ in one) for one in wide)


def test_filters_of_bfloat16_store_nothing_wider():
    f = lambda x: jax.value_and_grad(lambda x: jnp.sum(upfirdn(x, (1, 3, 3, 1), up=2, pad=(2, 1, 2, 1)) ** 2))(x)
    text = lowered(f, jnp.ones((2, 8, 8, 4), jnp.bfloat16))
    moved = re.findall(r"stablehlo\.(?:slice|pad|concatenate|reshape|transpose) .*-> tensor<(?:\d+x){4,}(\w+)>", text)
    assert set(moved) == {"bf16"} and len(moved) > 10
