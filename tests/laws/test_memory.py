"""What a side remembers: samples are never averaged, and are the same wherever the game is played."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from games import GAMES, sgd
from jax.sharding import AxisType, PartitionSpec

import jaxgan
from jaxgan import GAN, BadInput, Losses, Pair, losses, models, parallel, tasks

SIZE = 8


def toy(side="d"):
    """A game whose fakes are 1 .. B and whose side remembers them in the order in which they come, knowing of no device."""

    def remembered(memory, fakes):
        spot = (memory["count"] + jnp.arange(fakes.shape[0])) % SIZE
        return {"memory": {"pool": memory["pool"].at[spot].set(fakes), "count": memory["count"] + fakes.shape[0]}}

    def init(key, batch):
        memory = {"memory": {"pool": jnp.zeros(SIZE), "count": jnp.int32(0)}}
        return Pair(*({"params": {"a": jnp.ones(())}, **(memory if name == side else {})} for name in "gd"))

    def generate(g, batch, key):
        fakes = g["params"]["a"] * (1.0 + batch["index"])
        return fakes, remembered(g["memory"], jax.lax.stop_gradient(fakes)) if side == "g" else {}

    def play(d, fakes, batch, key):
        moved = remembered(d["memory"], jax.lax.stop_gradient(fakes)) if side == "d" else {}
        return Losses(jnp.mean(fakes) * 0, d["params"]["a"] * jnp.mean(fakes) * 0, moved)

    return GAN(init, generate, play, lambda g, batch, key: g["params"]["a"])


def remembered(side, mode, devices, microbatches=1, steps=1):
    axis_name = parallel.axis_name(mode)
    gan, opt, batch = toy(side), Pair(optax.sgd(0.0), optax.sgd(0.0)), {"image": np.zeros((4, 1), np.float32)}
    step = jaxgan.make_step(gan, opt, microbatches=microbatches, axis_name=axis_name)
    play = parallel.wrap(mode, step, parallel.choose(mode, devices))
    state = jaxgan.init_state(gan, opt, jax.random.key(0), batch)
    for _ in range(steps):
        state, _ = play(state, batch)
    memory = getattr(state, side).stats["memory"]
    return np.asarray(memory["pool"]).tolist(), int(memory["count"]), state


@pytest.mark.parametrize("side", ["g", "d"])
@pytest.mark.parametrize(("mode", "devices"), [("single", 1), ("pmap", 2), ("pmap", 4), ("mesh", 2), ("fsdp", 4)])
def test_a_memory_is_the_whole_batchs_in_order_of_index(side, mode, devices):
    pool, count, state = remembered(side, mode, devices, steps=2)
    assert pool == [1, 2, 3, 4, 1, 2, 3, 4] and count == 8
    if side == "g":
        assert np.asarray(state.ema["memory"]["pool"]).tolist() == pool  # an average of samples is no sample


@pytest.mark.parametrize("side", ["g", "d"])
@pytest.mark.parametrize(("mode", "devices"), [("single", 1), ("pmap", 2), ("mesh", 2)])
def test_a_memory_is_handed_from_part_to_part(side, mode, devices):
    pool, count, _ = remembered(side, mode, devices, microbatches=2)
    assert pool == [1, 3, 2, 4, 0, 0, 0, 0] and count == 4  # rows 0, 2, then 1, 3


@pytest.mark.parametrize("side", ["g", "d"])
def test_a_gathered_memory_is_known_to_be_the_same_on_all_devices(side):
    gan, opt, batch = toy(side), sgd(), {"image": np.zeros((4, 1), np.float32)}
    step = jaxgan.make_step(gan, opt, axis_name=parallel.AXIS)
    state = jaxgan.init_state(gan, opt, jax.random.key(0), batch)
    mesh = jax.make_mesh((4,), (parallel.AXIS,), axis_types=(AxisType.Auto,))
    whole, shares = PartitionSpec(), PartitionSpec(parallel.AXIS)
    mapped = jax.shard_map(step, mesh=mesh, in_specs=(whole, shares), out_specs=(whole, whole), check_vma=True)
    assert jax.eval_shape(mapped, state, batch)[0].step.shape == ()


@pytest.mark.parametrize(("mode", "devices"), [("pmap", 4), ("mesh", 4), ("fsdp", 2)])
def test_a_pool_is_the_same_under_every_mode(mode, devices):
    pools = []
    for where, count in (("single", 1), (mode, devices)):
        axis_name = parallel.axis_name(where)
        gan, opt = GAMES["mlp_pooled"](axis_name), sgd()
        batch = {"image": np.random.default_rng(0).integers(0, 256, (8, 8, 8, 1), dtype=np.uint8)}
        play = parallel.wrap(where, jaxgan.make_step(gan, opt, axis_name=axis_name), parallel.choose(where, count))
        state = jaxgan.init_state(gan, opt, jax.random.key(0), batch)
        for _ in range(6):
            state, _ = play(state, batch)
        pools.append(jax.tree.map(np.asarray, state.d.stats["memory"]["pool"]))
    assert pools[0]["count"] == pools[1]["count"] == 16
    np.testing.assert_allclose(pools[0]["samples"], pools[1]["samples"], atol=2e-6)


def test_a_pool_fills_then_swaps_half_of_the_batch():
    gan = tasks.pooled(tasks.adversarial(models.mlp.generator((2,), (4,)), models.mlp.discriminator((4,))), 16)
    batch = {"image": np.zeros((8, 2), np.float32), "index": np.arange(8)}
    d = gan.init(jax.random.key(0), batch).d
    swapped = 0
    for i in range(40):
        fakes = jnp.full((8, 2), i + 1.0) + jnp.arange(8)[:, None] / 100
        before = np.asarray(d["memory"]["pool"]["samples"])[:, 0]
        d = {**d, **gan.losses(d, fakes, batch, jax.random.key(i)).moved}
        after, count = np.asarray(d["memory"]["pool"]["samples"])[:, 0], int(d["memory"]["pool"]["count"])
        assert count == min(16, 8 * (i + 1))
        if i < 2:
            np.testing.assert_allclose(after[8 * i : 8 * i + 8], fakes[:, 0])
        else:
            new = after != before
            assert set(after[new]) <= set(np.asarray(fakes[:, 0])) and len(set(after)) == 16
            swapped += new.sum()
    assert 0.4 < swapped / (38 * 8) < 0.6


def test_d_learns_from_the_pool_and_g_from_its_own_fakes():
    plain = tasks.adversarial(models.mlp.generator((2,), (4,)), models.mlp.discriminator((4,)))
    gan = tasks.pooled(plain, 8)
    batch = {"image": np.ones((8, 2), np.float32), "index": np.arange(8)}
    d = gan.init(jax.random.key(0), batch).d
    d["memory"]["pool"] = {"samples": jnp.full((8, 2), 100.0), "count": jnp.int32(8)}
    fakes = jnp.zeros((8, 2))
    ours, theirs = gan.losses(d, fakes, batch, jax.random.key(1)), plain.losses(d, fakes, batch, jax.random.key(2))
    assert ours.g == theirs.g and ours.d != theirs.d
    assert float(ours.metrics.d["fake"]) != float(theirs.metrics.d["fake"])


def test_a_rare_term_is_of_the_fakes_that_d_learns_from():
    plain = tasks.adversarial(models.mlp.generator((2,), (4,)), models.mlp.discriminator((4,)))

    def measured(d, fakes, *given):
        out = plain.losses(d, fakes, *given)
        return out._replace(metrics=out.metrics._replace(d={"always": jnp.mean(fakes)}))

    term = lambda d, fakes, *given: (jnp.float32(0), {}, {"rarely": jnp.mean(fakes)})
    gan = plain._replace(losses=measured, rare=Pair(None, term))
    seen, opt = [], sgd()
    batch = {"image": np.ones((8, 2), np.float32)}
    for game in (gan, tasks.pooled(gan, 8)):
        state, step = jaxgan.init_state(game, opt, jax.random.key(0), batch), jax.jit(jaxgan.make_step(game, opt))
        for _ in range(3):
            state, metrics = step(state, batch)
        np.testing.assert_allclose(metrics.d["rarely"], metrics.d["always"], rtol=1e-6)
        seen.append(float(metrics.d["rarely"]))
    assert abs(seen[0] - seen[1]) > 1e-3  # some are of the pool


def test_a_pool_that_is_too_small_is_bad_input():
    with pytest.raises(BadInput, match="size is 0"):
        tasks.pooled(GAMES["mlp_non_saturating"](None), 0)
    gan = tasks.pooled(tasks.adversarial(models.mlp.generator((2,)), models.mlp.discriminator()), 4)
    batch = {"image": np.zeros((8, 2), np.float32), "index": np.arange(8)}
    with pytest.raises(BadInput, match="a batch of 8 and a pool of 4"):
        gan.init(jax.random.key(0), batch)


def test_statistics_are_averaged_and_memories_are_not(monkeypatch):
    monkeypatch.setattr(
        "jaxgan.core.MEMORY", "nothing"
    )  # the rule broken: what is remembered is averaged as statistics
    monkeypatch.setattr("jaxgan.sharing.MEMORY", "nothing")
    assert remembered("d", "pmap", 2)[0] != [1, 2, 3, 4, 0, 0, 0, 0]
    assert losses.lecam().start().batches.shape == ()
