"""oneDNN's forms of convolutions: the same values everywhere, and programs of a CPU alone are compiled for them."""

import json
import shutil
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxgan
from jaxgan import models, parallel, tasks
from jaxgan.errors import BadInput
from jaxgan.layers import conv, onednn, onednn_form
from jaxgan.layers.lowering import asked

cached = pytest.mark.filterwarnings("ignore:Error writing persistent compilation cache entry")  # as `use` has it
needed = pytest.mark.skipif(not onednn.available(), reason="jax < 0.12 has no convolutions of oneDNN")

MANY, FEW = 48, 2
FORMS = [  # batch, size, kernel, stride, padding, channels in and out
    (FEW, 7, 3, 1, "SAME", 6, 3),  # narrow results: products, forward and the gradient of few images
    (FEW, 7, 3, 1, ((-1, 2), (4, -2)), 20, 3),
    (FEW, 6, 3, 1, ((3, 4), (4, 3)), 4, 20),  # narrow going back
    (FEW, 7, (2, 5), 1, ((2, 1), (0, 3)), 20, 3),
    (FEW, 9, 4, 2, "SAME", 20, 24),
    (FEW, 3, 4, 1, ((1, 1), (1, 1)), 64, 130),  # fewer pixels than channels: stretched
    (MANY, 7, 3, 1, "VALID", 18, 17),
    (MANY, 8, 4, 2, ((1, 1), (1, 1)), 20, 24),
    (MANY, 8, 3, 2, "SAME", 3, 20),
    (MANY, 9, 3, 1, "SAME", 18, 20),  # weight gradients of more pixels than a kernel has: stretched
]


def normal(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def case(form):
    batch, size, kernel, stride, padding, c, o = form
    kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
    x, w = normal(1, batch, size, size, c), normal(2, *kernel, c, o) / np.sqrt(np.prod(kernel) * c)
    return x, w, lambda x, w: conv(x, w, stride=stride, padding=padding)


def first(f):
    """(f, its gradient in x, in w) at a y of its own."""

    def maps(x, w):
        y, back = jax.vjp(f, x, w)
        return y, *back(jnp.cos(y))

    return maps


def second(f):
    """Gradients of what first gives, which R1 needs."""
    return jax.grad(lambda x, w: sum(jnp.sum(jnp.sin(g)) for g in first(f)(x, w)), (0, 1))


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_they_are_the_same_convolutions(form):
    x, w, f = case(form)
    usual, two = jax.jit(first(f))(x, w), jax.jit(second(f))(x, w)
    with onednn_form():
        ours = jax.jit(lambda x, w: (first(f)(x, w), second(f)(x, w)))(x, w)
    for a, b in zip(jax.tree.leaves(ours), (*usual, *two), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-4 * (1 + np.abs(b).max()))


def test_groups_and_vmap_are_the_same_too():
    x, w = normal(1, 3, 2, 6, 6, 8), normal(2, 3, 3, 3, 4, 6)
    f = lambda x, w: conv(x, w, groups=2, block=4)
    usual = jax.jit(jax.vmap(first(f)))(x, w)
    with onednn_form():
        ours = jax.jit(lambda x, w: jax.vmap(first(f))(x, w))(x, w)
    for a, b in zip(ours, usual, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * (1 + np.abs(b).max()))


def test_each_is_in_the_form_that_is_fast():
    """Counted in the text, not timed: what is stretched goes past oneDNN."""

    def found(form):
        x, w, f = case(form)
        with onednn_form():
            text = jax.jit(first(f)).lower(x, w).as_text()
        return text.count("stablehlo.convolution"), text.count("lhs_dilate = [2, 1]"), text.count("dot_general")

    assert found(FORMS[0]) == (1, 0, 2)  # forward and weight; back there are more channels
    assert found(FORMS[2]) == (1, 0, 2)  # back and weight
    assert found(FORMS[5])[1] == 1  # the kernel is larger than the image
    assert found(FORMS[7]) == (6, 0, 0)  # forward, four phases back, weight
    assert found(FORMS[9]) == (3, 1, 0)


def test_only_what_is_traced_within_is_asked_for():
    x, w, f = case(FORMS[7])
    text = lambda platform: jax.jit(first(f)).trace(x, w).lower(lowering_platforms=(platform,)).as_text()
    cpu, gpu = text("cpu"), text("cuda")
    with onednn_form():
        assert asked() == "onednn"
        assert text("cuda") == gpu and text("cpu") != cpu
    assert asked() == "" and text("cpu") == cpu


def test_where_there_is_none_that_is_said_at_once(monkeypatch):
    monkeypatch.setattr(onednn, "available", lambda: False)
    with pytest.raises(BadInput, match=f"jax {jax.__version__}: do without"):
        onednn.use()
    assert not onednn.is_used()


@needed
@cached
def test_an_option_that_is_no_more_is_not_asked_for(monkeypatch):
    monkeypatch.setattr(onednn, "_OPTIONS", {"xla_cpu_no_such_option": True})
    assert not onednn.available.__wrapped__()


def step_of(wrap, **options):
    gan = tasks.adversarial(models.dcgan.generator(16, 3, width=32), models.dcgan.discriminator(width=32))
    opt = jaxgan.Pair(optax.adam(2e-4), optax.adam(2e-4))
    batch = {"image": jnp.asarray(np.random.default_rng(0).integers(0, 256, (32, 16, 16, 3)), jnp.uint8)}
    state = jax.device_get(jaxgan.init_state(gan, opt, jax.random.key(0), batch))
    return wrap(jaxgan.make_step(gan, opt), **options), state, batch


def test_pmap_refuses_it_since_its_compiler_cannot_be_asked(monkeypatch):
    monkeypatch.setattr(onednn, "_asked", True)
    with pytest.raises(BadInput, match="take mesh"):
        step_of(parallel.pmap)


@needed
@cached
@pytest.mark.parametrize("mode", [parallel.single, parallel.mesh, parallel.fsdp])
def test_a_step_with_it_is_the_same_step(mode, monkeypatch):
    usual, state, batch = step_of(mode)
    _, expected = usual(state, batch)
    monkeypatch.setattr(onednn, "_asked", True)
    ours, state, batch = step_of(mode)
    assert ours.lower(state, batch).compile().as_text().count("__onednn$convolution") > 5
    _, metrics = ours(state, batch)
    assert onednn.computed_in("float32") == "float32, oneDNN"
    for a, b in zip(jax.tree.leaves(metrics), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@needed
@cached
def test_a_run_says_so_and_goes_on_with_the_same_bits(tmp_path):
    """In processes of their own: it is asked for once for all that a process compiles."""

    def trained(out, *words):
        command = [sys.executable, "-W", "error", "-m", "jaxgan", "train", "dcgan", "--tiny", "--steps", "6", *words]
        done = subprocess.run([*command, "--out", str(tmp_path / out)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads((tmp_path / out / "result.json").read_text()), done.stdout

    often = ("--save-every-steps", "2")
    whole, _ = trained("whole", "--onednn")
    trained("parts", "--onednn", *often)
    shutil.rmtree(tmp_path / "parts" / "checkpoints" / "6")
    parts, said = trained("parts", "--onednn", *often, "--resume", "auto")
    assert whole["state_sha256"] == parts["state_sha256"] and whole["computed_in"] == "float32, oneDNN"
    assert "computed in" not in said
    shutil.rmtree(tmp_path / "parts" / "checkpoints" / "6")
    other, said = trained("parts", *often, "--resume", "auto")
    assert "was computed in float32, oneDNN" in said and other["computed_in"] == "float32"
