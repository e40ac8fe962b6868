"""Games, networks and states of people's own, as they call them: what is taken is taken right, and what is not is told."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxgan
from jaxgan import Pair, augment, checkpoint, losses, metrics, models, noise, parallel, recipes, steps, tasks, training
from jaxgan.errors import BadInput, Damaged
from jaxgan.net import Net, from_flax
from jaxgan.optim import averages, lookahead
from jaxgan.tasks.semi_supervised import judge

KEY = jax.random.key(0)
POINTS = {"image": np.random.default_rng(0).normal(size=(32, 2)).astype(np.float32)}


def optimizers(tx=None):
    return Pair(*[tx or optax.sgd(0.1)] * 2)


def points(generator=None, discriminator=None, **options):
    return tasks.adversarial(
        generator or models.mlp.generator((2,)), discriminator or models.mlp.discriminator(), **options
    )


def begun(gan, opt=None, batch=POINTS, key=KEY):
    return jaxgan.init_state(gan, opt or optimizers(), key, batch)


def played(gan, count, opt=None, batch=POINTS, **options):
    step, state = jax.jit(jaxgan.make_step(gan, opt or optimizers(), **options)), begun(gan, opt, batch)
    for _ in range(count):
        state, found = step(state, batch)
    return state, found


def test_a_batch_of_one_turn_for_several_is_told():
    said = r"there are 5 turns of D in a step, and the batch has float32\[32, 2\]: give all of it an axis of 5 in front"
    with pytest.raises(BadInput, match=said):
        played(points(), 1, d_steps=5)
    drawn = steps.drawn(jaxgan.make_step(points(), optimizers(), d_steps=5), lambda batch, key: batch, turns=5)
    with pytest.raises(BadInput, match=said):
        drawn(begun(points()), POINTS)


@pytest.mark.parametrize(
    "around", [lambda tx: tx, averages.track, lookahead, lambda tx: optax.chain(optax.sgd(0.1), tx)]
)
def test_optimizers_that_ask_for_the_loss_get_that_of_their_side(around):
    tx = optax.GradientTransformationExtraArgs(
        lambda params: jnp.zeros(()), lambda u, s, p, *, value, **more: (u, value)
    )
    opt = optimizers(around(tx))
    step = jax.jit(jaxgan.make_step(points(), opt, microbatches=2))
    state, told = step(begun(points(), opt), POINTS)
    for player, own in ((state.g, told.g), (state.d, told.d)):
        assert any(np.array_equal(x, own["loss"]) for x in jax.tree.leaves(player.opt))
    plateau = optimizers(around(optax.chain(optax.sgd(0.1), optax.contrib.reduce_on_plateau(patience=1))))
    assert int(played(points(), 3, plateau)[0].step) == 3


def test_samples_of_several_arrays_are_told():
    parts, joined = models.mlp.generator((2,)), {"image": POINTS["image"], "mask": POINTS["image"]}
    apply = lambda g, *inputs, **how: ((parts.apply(g, *inputs, **how)[0],) * 2, {})
    with pytest.raises(BadInput, match="generator gives a tuple, and a sample is one array: join"):
        begun(points(Net(parts.init, apply)))
    with pytest.raises(BadInput, match="what is real is a dict, and"):
        begun(points(real=lambda batch: {"image": batch["image"]}), batch=joined)


@pytest.mark.parametrize("kind", ["int32", "uint8", "int16"])
def test_indices_and_class_numbers_are_numbers_in_any_dtype(kind):
    gan = points()
    drawn = gan.sample(begun(gan).ema, {"index": np.arange(100, dtype=kind)}, KEY)
    assert len(np.unique(np.asarray(drawn), axis=0)) == 100

    class Classifier(nn.Module):
        @nn.compact
        def __call__(self, x, *, train):
            return nn.Dense(10)(x.reshape(len(x), -1))

    classifier, draw = from_flax(Classifier()), np.random.default_rng(0)
    gan = tasks.semi_supervised(points(models.mlp.generator((4, 4, 1)), judge(classifier)), classifier)
    x, y = draw.integers(0, 256, (32, 4, 4, 1), dtype=np.uint8), draw.integers(0, 10, 32)
    state = begun(gan, batch={"image": x, "labelled": x, "class": y})
    step = jax.jit(jaxgan.make_step(gan, optimizers()))
    told = [step(state, {"image": x, "labelled": x, "class": y.astype(each)})[1].d for each in ("int32", kind)]
    assert told[0]["supervised"] == told[1]["supervised"] > 1


def around(net, more):
    """The Net whose apply hands back more than what moved."""

    def apply(variables, *given, **options):
        out, moved = net.apply(variables, *given, **options)
        return out, {**moved, **more(variables)}

    return net._replace(apply=apply)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (lambda variables: variables, 'what moved has "params", which the optimizer alone moves'),
        (
            lambda variables: {"hist": {"x": jnp.zeros(3)}},
            "hist moved, which `init` has not made: it has none beside params",
        ),
    ],
)
@pytest.mark.parametrize("side", ["g", "d"])
def test_what_a_network_must_not_move_is_refused(more, said, side):
    nets = Pair(models.mlp.generator((2,)), models.mlp.discriminator())
    gan = points(*nets._replace(**{side: around(getattr(nets, side), more)}))
    with pytest.raises(BadInput, match=said):
        played(gan, 1)


def test_keys_whose_draws_depend_on_their_neighbours_are_refused():
    key = jax.random.key(0, impl="rbg")
    for call in (lambda: noise.normal(2)(key, np.arange(4)), lambda: begun(points(), key=key)):
        with pytest.raises(BadInput, match=r"the key is of rbg, .* give jax.random.key.seed, impl='threefry2x32'"):
            call()


def saved(state, folder):
    """Checkpoints in a folder that hold the state."""
    store = checkpoint.Checkpoints(folder / "checkpoints")
    store.save(int(state.step), state, {})
    store.wait()
    return store


def test_a_checkpoint_of_another_dtype_is_not_called_damaged(tmp_path):
    opt = lambda dtype: optimizers(optax.adam(1e-3, mu_dtype=dtype))
    store = saved(begun(points(), opt(None)), tmp_path)
    with pytest.raises(BadInput, match=r"float32\[.* there and bfloat16\[.* here: use the config") as raised:
        store.restore(begun(points(), opt(jnp.bfloat16)))
    assert not isinstance(raised.value, Damaged)
    store.close()


def test_two_leaves_of_one_name_are_not_saved(tmp_path):
    def dotted(width):
        init = lambda key, *x: {"params": {"fc.w": jnp.ones((x[0].shape[1], width)), "fc": {"w": jnp.ones((1, width))}}}

        def apply(variables, x, key=None, train=True):
            out = x @ variables["params"]["fc.w"] + variables["params"]["fc"]["w"]
            return (out if width > 1 else out[:, 0]), {}

        return Net(init, apply)

    gan = points(dotted(2), dotted(1), noise=noise.normal(8))
    with pytest.raises(BadInput, match=r"two leaves of the state are called g.params.fc.w: leave dots out"):
        saved(begun(gan), tmp_path)


def test_metrics_of_whole_numbers_are_means_as_all_others_are():
    base = points()

    def counting(d, fakes, batch, key):
        count = jnp.sum(batch["image"][:, 0] > 0)
        return base.losses(d, fakes, batch, key)._replace(metrics=Pair({}, {"count": count, "any": count > 0}))

    gan, whole = base._replace(losses=counting), int((POINTS["image"][:, 0] > 0).sum())
    for mode, parts, expected in (
        ("single", 1, whole),
        ("mesh", 1, whole),
        ("pmap", 1, whole / 4),
        ("single", 4, whole / 4),
    ):
        made = jaxgan.make_step(gan, optimizers(), axis_name=parallel.axis_name(mode), microbatches=parts)
        step = parallel.wrap(mode, made, jax.devices()[:4] if mode != "single" else None)
        found = step(begun(gan), POINTS)[1].d
        assert found["count"].dtype == jnp.float32 and found["count"] == expected and found["any"] == 1, mode


def test_an_average_without_an_end_is_told_its_number():
    for options in ({"ema_ramp": float("inf")}, {"ema_halflife_images": -1}, {"ema_seen": float("nan")}):
        (name, value), *_ = options.items()
        with pytest.raises(BadInput, match=f"{name} is {value}: give 0 or more"):
            jaxgan.make_step(points(), optimizers(), **options)


def test_a_pool_smaller_than_a_later_batch_is_refused():
    gan = tasks.pooled(points(), size=16)
    state, step = begun(gan, batch={"image": POINTS["image"][:8]}), jaxgan.make_step(gan, optimizers())
    with pytest.raises(BadInput, match="a batch of 32 and a pool of 16"):
        step(state, POINTS)


def test_averages_keep_their_dtype():
    half = lambda net: net._replace(init=lambda *x: jax.tree.map(lambda a: a.astype(jnp.bfloat16), net.init(*x)))
    gan, opt = points(half(models.mlp.generator((2,))), half(models.mlp.discriminator())), optimizers()
    state = begun(gan, opt)
    step = jax.jit(lambda most, *given: jaxgan.make_step(gan, opt, ema_halflife_images=most)(*given))
    kinds = lambda tree: [x.dtype for x in jax.tree.leaves(tree)]
    assert kinds(step(jnp.float32(1e3), state, POINTS)[0]) == kinds(state)
    tx, params = averages.track(optax.sgd(0.1)), {"w": jnp.ones(3, jnp.bfloat16)}
    before = tx.init(params)
    assert kinds(tx.update(params, before, params)[1]) == kinds(before) and before.averages[0]["w"].dtype == jnp.float32


def test_convolutions_on_a_mesh_of_explicit_axes_name_the_way_out():
    gan = points(models.dcgan.generator(16, 1, width=4), models.dcgan.discriminator(width=4))
    batch = {"image": np.zeros((8, 16, 16, 1), np.uint8), "index": np.arange(8, dtype=np.int32)}
    mesh = jax.make_mesh((4,), ("data",), axis_types=(jax.sharding.AxisType.Explicit,), devices=jax.devices()[:4])
    put = lambda tree, *spec: jax.device_put(tree, jax.NamedSharding(mesh, jax.P(*spec)))
    with pytest.raises(BadInput, match=r"of a mesh whose axes are Explicit: make it with axis_types="):
        jax.jit(jaxgan.make_step(gan, optimizers()))(put(begun(gan, batch=batch)), put(batch, "data"))


def test_names_that_would_hide_one_another_are_refused():
    tracker = losses.Tracker(
        "x", lambda: jnp.float32(0), lambda state, *_: state, metrics=lambda state: {"real": state}
    )
    with pytest.raises(BadInput, match="the tracker x has a metric real, as D has: rename it"):
        played(points(trackers=(tracker,)), 1)
    with pytest.raises(BadInput, match=r"trackers are called lecam, lecam, .*: give each its own"):
        points(trackers=(losses.lecam(0.3), losses.lecam(0.1, form="code")))
    base = points()
    lost = lambda *given: base.losses(*given)._replace(metrics=Pair({"loss": 7.0}, {}))
    with pytest.raises(BadInput, match='a metric of the game is called "loss"'):
        played(base._replace(losses=lost), 1)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: begun(points(), optax.sgd(0.1)), r"opt is GradientTransformation\w*: give Pair\(g=, d=\)"),
        (
            lambda: models.unet.generator(width=4).init(KEY, jnp.zeros((2, 128, 128, 3))),
            "halves them 8 times: give fewer",
        ),
        (
            lambda: training.train("ring", recipes.digits.Config(steps=1)),
            r"the config is a jaxgan.recipes.digits.Config, and ring takes jaxgan.recipes.ring.Config",
        ),
        (lambda: models.mlp.discriminator().freeze(-1), "--freeze-d is -1: give 0 layers or more"),
        (
            lambda: steps.guarded(jaxgan.make_step(points(), optimizers()))(begun(points()), POINTS),
            "begin with .*no_skips",
        ),
        (lambda: metrics.psnr(*[np.full((1, 2, 2, 1), -3.0)] * 2), r"float images are in \[-3, -3\]"),
        (lambda: metrics.kernel_distance(np.ones((4, 2)), np.ones((4, 2)), size=1), "subsets is 100 and size 1: give"),
    ],
)
def test_what_cannot_be_meant_is_told(call, said):
    with pytest.raises(BadInput, match=said):
        call()


def test_wrapped_discriminators_pass_on_what_they_are_asked():
    d = models.mlp.discriminator()
    variables = d.init(KEY, POINTS["image"])
    ours, theirs = (
        each.apply(variables, POINTS["image"], train=False, seen=True)[1]
        for each in (augment.augmented(d, augment.diff_augment()), d)
    )
    jax.tree.map(np.testing.assert_array_equal, ours, theirs)
    packed = augment.packed(d, 2)
    seen = packed.apply(packed.init(KEY, POINTS["image"]), POINTS["image"], train=False, seen=True)[1]
    assert seen["intermediates"]


def test_the_way_from_a_latent_to_itself_stays_there():
    a = noise.normal(8)(KEY, np.arange(4))
    np.testing.assert_allclose(noise.slerp(a, a, 0.5), a, rtol=1e-6)
