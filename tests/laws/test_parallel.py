"""One device, pmap and mesh: the same numbers, the same draws, one program."""

import contextlib
import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import CLOSE, far
from games import GAMES, batch, sgd
from jax.sharding import AxisType, PartitionSpec

import jaxgan
from jaxgan import Pair, checkpoint, core, parallel, sharing, steps, tasks
from jaxgan.errors import BadInput

PLACES = [
    ("pmap", 1),
    ("pmap", 2),
    ("pmap", 4),
    ("pmap", 8),
    ("mesh", 2),
    ("mesh", 4),
    ("mesh", 8),
    ("fsdp", 2),
    ("fsdp", 8),
]


@contextlib.contextmanager
def compilations():
    """Yields a list that grows with every program that is compiled."""
    seen, listening = [], True

    def listen(event, duration, **_):
        if listening and event.endswith("backend_compile_duration"):
            seen.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    yield seen
    listening = False


def train(name, mode, devices, steps=10):
    axis_name = parallel.axis_name(mode)
    gan, opt = GAMES[name](axis_name), sgd()
    step = jaxgan.make_step(gan, opt, axis_name=axis_name, rare_every=Pair(2, 3))
    play = parallel.wrap(mode, step, parallel.choose(mode, devices))
    state = jaxgan.init_state(gan, opt, jax.random.key(0), batch())
    state, metrics = play(state, batch())
    with compilations() as later:
        for _ in range(steps - 1):
            state, metrics = play(state, batch())
    assert later == []
    return jax.tree.map(np.asarray, (state._replace(key=jax.random.key_data(state.key)), metrics))


def compiled(name, mode, devices):
    """The program of a step."""
    axis_name = parallel.axis_name(mode)
    gan, opt, data = GAMES[name](axis_name), sgd(), batch(rows=64)
    state = jaxgan.init_state(gan, opt, jax.random.key(0), data)
    step = jaxgan.make_step(gan, opt, axis_name=axis_name)
    return parallel.wrap(mode, step, parallel.choose(mode, devices)).lower(state, data).compile()


@pytest.mark.parametrize("mode", ["pmap", "mesh"])
@pytest.mark.parametrize(("name", "norms"), [("mlp_non_saturating", 0), ("dcgan_batch_norm", 2)])
def test_eight_devices_share_the_work_and_meet_once_a_side_and_norm(name, norms, mode):
    one, all_ = compiled(name, "single", 1), compiled(name, mode, 8)
    met = re.findall(
        r" (all-reduce|all-gather|all-to-all|reduce-scatter|collective-permute)(?:-start)?\(", all_.as_text()
    )
    assert met == ["all-reduce"] * len(met) and len(met) <= 2 + norms  # gradients of each side, with its metrics
    # what does not shrink is the optimizers' work, and it shows in so small networks
    assert one.cost_analysis()["flops"] / all_.cost_analysis()["flops"] > 6.5
    assert one.memory_analysis().temp_size_in_bytes > 2 * all_.memory_analysis().temp_size_in_bytes


@pytest.fixture(scope="module")
def on_one_device():
    made = {}
    return lambda name: made.setdefault(name, train(name, "single", 1))


@pytest.mark.parametrize(("mode", "devices"), PLACES)
def test_modes_and_numbers_of_devices_agree(mode, devices, on_one_device):
    assert far(train("mlp_non_saturating", mode, devices), on_one_device("mlp_non_saturating")) < CLOSE


@pytest.mark.parametrize(
    ("name", "mode", "devices"),
    [(name, "pmap", 4) for name in GAMES if name != "mlp_non_saturating"]
    + [
        ("dcgan_batch_norm", "mesh", 8),
        ("conditional_spectral_r1", "mesh", 4),
        ("mlp_ragan", "mesh", 4),
        ("mlp_rare", "mesh", 4),
    ],
)
def test_every_game_agrees_on_several_devices(name, mode, devices, on_one_device):
    loose = 16 if name == "contrastive" else 1  # the directions of features that are almost 0 are half rounding
    assert far(train(name, mode, devices), on_one_device(name)) < loose * CLOSE


def of_any_metrics(axis_name):
    """Metrics, of a rare term and of one that is always due, that are the same on all devices and that differ; and a pool."""
    gan = GAMES["mlp_rare"](axis_name)

    def losses(d, *given):
        out = gan.losses(d, *given)
        return out._replace(metrics=out.metrics._replace(d={**out.metrics.d, "both": jnp.float32(1), "number": 0.5}))

    def term(d, *given):
        differs = jnp.mean(d["params"]["Dense_0"]["kernel"] ** 2)
        return differs, {}, {"both": differs, "differs": differs, "same": 2}

    return tasks.pooled(gan._replace(losses=losses, rare=gan.rare._replace(d=term)), 16)


@pytest.mark.parametrize("make", [*GAMES.values(), of_any_metrics], ids=[*GAMES, "of_any_metrics"])
def test_nothing_is_left_unaveraged(make, **options):
    # shard_map rejects an output that is said to be the same on all devices and is not
    gan, opt = make(parallel.AXIS), sgd()
    step = jaxgan.make_step(gan, opt, axis_name=parallel.AXIS, rare_every=Pair(2, 3), **options)
    state = jaxgan.init_state(gan, opt, jax.random.key(0), batch())
    mesh = jax.make_mesh((4,), (parallel.AXIS,), axis_types=(AxisType.Auto,))
    whole, shares = PartitionSpec(), PartitionSpec(parallel.AXIS)
    mapped = jax.shard_map(step, mesh=mesh, in_specs=(whole, shares), out_specs=(whole, whole), check_vma=True)
    assert jax.eval_shape(mapped, state, batch())[0].step.shape == ()


def test_a_pool_beside_a_rare_term_goes_from_microbatch_to_microbatch():
    test_nothing_is_left_unaveraged(of_any_metrics, microbatches=2)


COMBINED = {  # combinator: (step -> step, what it takes of a batch)
    "as_it_is": (lambda step: step, lambda batch: (batch,)),
    "repeat": (lambda step: jaxgan.repeat(step, 2), lambda batch: (twice(batch),)),
    "up_to": (steps.up_to, lambda batch: (twice(batch), 2)),
    "partial": (lambda step: partial(step), lambda batch: (batch,)),
    "jitted": (jax.jit, lambda batch: (batch,)),
}


def twice(batch):
    return {name: np.stack([x, x]) for name, x in batch.items()}


@pytest.mark.parametrize("combined", COMBINED)
@pytest.mark.parametrize(
    ("mode", "made", "words"),
    [
        ("pmap", None, "axis_name=None, and devices share the batch over 'data': give axis_name='data'"),
        ("pmap", "rows", "axis_name='rows', and devices share the batch over 'data'"),
        ("mesh", parallel.AXIS, "axis_name='data', and no devices share the batch here: leave axis_name out"),
        ("single", parallel.AXIS, "leave axis_name out"),
        ("fsdp", parallel.AXIS, "leave axis_name out"),
    ],
)
def test_a_step_made_for_another_axis_is_refused(mode, made, words, combined):
    around, given = COMBINED[combined]
    gan = GAMES["mlp_non_saturating"](made)
    step = around(jaxgan.make_step(gan, sgd(), axis_name=made))
    state = jaxgan.init_state(gan, sgd(), jax.random.key(0), batch())
    batch_axis = 1 if combined in ("repeat", "up_to") else 0
    with pytest.raises(BadInput, match=words):
        parallel.wrap(mode, step, parallel.choose(mode, None), batch_axis)(state, *given(batch()))


def test_draws_for_another_axis_are_refused():
    gan, opt = GAMES["mlp_non_saturating"](parallel.AXIS), sgd()
    step = steps.drawn(jaxgan.make_step(gan, opt, axis_name=parallel.AXIS), lambda batch, key: batch)
    state = jaxgan.init_state(gan, opt, jax.random.key(0), batch())
    with pytest.raises(BadInput, match="axis_name=None, and devices share the batch over 'data'"):
        parallel.pmap(step)(state, batch())


def test_samples_may_be_drawn_within_a_step_on_several_devices():
    gan, opt = GAMES["mlp_non_saturating"](parallel.AXIS), sgd()
    step = jaxgan.make_step(gan, opt, axis_name=parallel.AXIS)

    def both(state, batch):
        state, _ = step(state, batch)
        return state, gan.sample(state.ema, {"index": np.arange(4)}, jax.random.key(0))

    state = jaxgan.init_state(gan, opt, jax.random.key(0), batch())
    assert parallel.pmap(both)(state, batch())[1].shape == (4, 8, 8, 1)


def test_a_step_whose_axis_is_bound_within_is_taken():
    gan, opt = GAMES["mlp_non_saturating"](parallel.AXIS), sgd()
    step = jaxgan.make_step(gan, opt, axis_name=parallel.AXIS)
    halves = {name: x.reshape(2, -1, *x.shape[1:]) for name, x in batch().items()}
    bound = jax.vmap(step, (None, 0), (None, 0), axis_name=parallel.AXIS)
    state = jaxgan.init_state(gan, opt, jax.random.key(0), batch())
    assert int(parallel.single(bound)(state, halves)[0].step) == 1


@pytest.mark.parametrize("name", ["mlp_non_saturating", "dcgan_batch_norm"])
def test_devices_may_share_the_batch_over_several_axes(name):
    axes, opt, shares = ("host", "device"), sgd(), PartitionSpec(("host", "device"))
    mesh = jax.make_mesh((2, 2), axes, axis_types=(AxisType.Auto,) * 2)
    step = jaxgan.make_step(GAMES[name](axes), opt, axis_name=axes)
    shared = jax.shard_map(step, mesh=mesh, in_specs=(PartitionSpec(), shares), out_specs=PartitionSpec())
    one = jaxgan.make_step(GAMES[name](None), opt)
    begin = lambda: jaxgan.init_state(GAMES[name](None), opt, jax.random.key(0), batch())
    plain = lambda found: jax.tree.map(np.asarray, (found[0].g, found[0].d, found[0].ema, found[1]))
    found = [plain(jax.jit(each)(begin(), batch())) for each in (shared, one)]
    assert far(*found) < CLOSE


@pytest.mark.parametrize("mode", ["pmap", "mesh", "fsdp"])
def test_steps_on_several_devices_of_a_cpu_are_over_when_they_come_back(mode):
    def step(state, batch):
        slow = jax.lax.fori_loop(0, 300, lambda _, x: x @ x / 500, jnp.ones((500, 500)) + jnp.mean(batch["image"]))
        return state._replace(step=state.step + 1), jnp.sum(slow)

    gan, opt = GAMES["mlp_non_saturating"](None), sgd()
    play = parallel.wrap(mode, step, parallel.choose(mode, 4))
    for _ in range(2):
        state, _ = play(jaxgan.init_state(gan, opt, jax.random.key(0), batch()), batch())
    assert state.step.is_ready()  # those of several steps at once would wait for threads that others have


@pytest.mark.parametrize("mode", ["pmap", "mesh", "fsdp"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: {}, "how many samples there are"),
        (lambda data: {**data, "scale": np.float32(3)}, "scale of the batch has no axis 0 of samples"),
        (lambda data: {**data, "image": data["image"][:4]}, "4 in image, .* in label: give each as many rows"),
    ],
)
def test_a_batch_that_devices_cannot_share_is_refused(mode, change, words):
    gan, opt = GAMES["mlp_non_saturating"](axis := parallel.axis_name(mode)), sgd()
    state = jaxgan.init_state(gan, opt, jax.random.key(0), batch())
    play = parallel.wrap(mode, jaxgan.make_step(gan, opt, axis_name=axis), parallel.choose(mode, None))
    with pytest.raises(BadInput, match=words):
        play(state, change(batch()))


def test_a_missing_average_is_seen(monkeypatch):
    monkeypatch.setattr(core, "average", lambda tree, axis_name: tree)
    with pytest.raises(Exception, match=r"varying|replicat"):
        test_nothing_is_left_unaveraged(GAMES["mlp_non_saturating"])


def test_a_gradient_of_the_wrong_scale_is_seen(monkeypatch, on_one_device):
    whole = on_one_device("mlp_non_saturating")
    monkeypatch.setattr(core, "average", lambda tree, axis: tree if axis is None else jax.lax.psum(tree, axis))
    assert far(train("mlp_non_saturating", "pmap", 4), whole) > 1e-3


def test_latents_do_not_depend_on_the_number_of_devices():
    z = jaxgan.noise.normal(5)
    key = jax.random.key(3)
    whole = z(key, sharing.with_index({"image": np.zeros((8, 2))})["index"])
    shares = jax.pmap(
        lambda x: z(key, sharing.with_index({"image": x}, "data")["index"]), axis_name="data", devices=jax.devices()[:4]
    )(np.zeros((4, 2, 2)))
    np.testing.assert_allclose(np.asarray(shares).reshape(8, 5), whole, rtol=1e-6)


@pytest.mark.parametrize("mode", ["pmap", "mesh"])
def test_repeated_and_several_turns_share_the_right_axis(mode):
    results = []
    for where, devices in (("single", 1), (mode, 4)):
        axis_name = parallel.axis_name(where)
        gan, opt = GAMES["mlp_wgan_gp"](axis_name), sgd()
        step = jaxgan.repeat(jaxgan.make_step(gan, opt, d_steps=2, axis_name=axis_name), 3)
        play = parallel.wrap(where, step, parallel.choose(where, devices), batch_axis=2)
        state = jaxgan.init_state(gan, opt, jax.random.key(0), batch())
        images = np.random.default_rng(1).integers(0, 256, (3, 2, 16, 8, 8, 1), dtype=np.uint8)
        state, _ = play(state, {"image": images})
        results.append(jax.tree.map(np.asarray, (state.g.params, state.d.params)))
    assert far(*results) < CLOSE


PLACES_BEFORE_AND_AFTER = [(("fsdp", 8), ("single", 1)), (("single", 1), ("fsdp", 4)), (("mesh", 2), ("pmap", 8))]


@pytest.mark.parametrize(("before", "after"), PLACES_BEFORE_AND_AFTER)
def test_a_restored_state_goes_on_anywhere(before, after, tmp_path, monkeypatch):
    monkeypatch.setattr(parallel, "SMALL", 2**4)

    def resume(place, state, steps):
        axis_name = parallel.axis_name(place[0])
        gan, opt = GAMES["mlp_non_saturating"](axis_name), sgd()
        play = parallel.wrap(place[0], jaxgan.make_step(gan, opt, axis_name=axis_name), parallel.choose(*place))
        begin = lambda: jaxgan.init_state(gan, opt, jax.random.key(0), batch())
        state = begin() if state is None else state
        for _ in range(steps):
            state, metrics = play(state, batch())
        return state, metrics, jax.eval_shape(begin), gan

    state, _, shapes, gan = resume(before, None, 10)
    store = checkpoint.Checkpoints(tmp_path / "checkpoints")
    store.save(10, state, {})
    store.wait()
    restored, _ = store.restore(shapes)
    store.close()
    draw = lambda state: np.asarray(gan.sample(state.ema, {"index": np.arange(5)}, jax.random.key(1)))
    np.testing.assert_array_equal(draw(restored), draw(jax.device_get(state)))
    assert len(jax.tree.leaves(restored)[-1].devices()) == 1
    state, metrics, *_ = resume(after, restored, 10)
    expected = train("mlp_non_saturating", "single", 1, steps=20)
    assert far((state._replace(key=jax.random.key_data(state.key)), metrics), expected) < CLOSE


def test_fsdp_keeps_a_share_of_every_large_leaf(monkeypatch):
    monkeypatch.setattr(parallel, "SMALL", 2**4)
    gan, opt = GAMES["mlp_non_saturating"](None), sgd()
    play = parallel.wrap("fsdp", jaxgan.make_step(gan, opt), parallel.choose("fsdp", 4))
    state, _ = play(jaxgan.init_state(gan, opt, jax.random.key(0), batch()), batch())
    for x in jax.tree.leaves((state.g.params, state.d.params, state.ema)):
        cut = x.size > 16 and any(length % 4 == 0 for length in x.shape)
        assert x.addressable_data(0).size == (x.size // 4 if cut else x.size)


def test_work_on_a_mesh_falls_with_the_number_of_devices():
    flops = []
    for mode, devices in (("single", 1), ("mesh", 4), ("pmap", 4)):
        axis_name = parallel.axis_name(mode)
        gan, opt = GAMES["dcgan_batch_norm"](axis_name), sgd()
        play = parallel.wrap(mode, jaxgan.make_step(gan, opt, axis_name=axis_name), parallel.choose(mode, devices))
        state = jaxgan.init_state(gan, opt, jax.random.key(0), batch(64))
        flops.append(play.lower(state, batch(64)).compile().cost_analysis()["flops"])
    assert flops[1] < flops[0] * 0.35
    assert flops[2] < flops[0] * 0.35
