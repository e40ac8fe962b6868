"""Peers do the work that jaxgan does: parameters, losses of three steps from the same weights, FLOPs."""

import json
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import BadInput

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from peers import equal, flax_step, ours  # noqa: E402

WIDTH, BATCH, GAMMA, STEPS = 8, 8, 2.0, 3
COUNTS = {"dcgan32": (1_068_931, 663_361), "dcgan64": (3_576_707, 2_765_633), "mlp": (579_728, 566_273)}
games = pytest.mark.parametrize("gamma", [0.0, GAMMA], ids=["plain", "r1"])
networks = pytest.mark.parametrize("network", ours.NETWORKS)


def three_batches(network):
    """(images uint8 [3 B, H, W, C], rows of each step, latents of each step)."""
    z = np.random.default_rng(1).standard_normal((STEPS, BATCH, ours.Z), dtype=np.float32)
    rows = np.random.default_rng(2).permutation(STEPS * BATCH).reshape(STEPS, BATCH)
    return ours.images(network, STEPS * BATCH), rows, z


def our_losses(network, gamma):
    """(initial state, final state, losses [3, 2] of G and D)."""
    init, step = ours.program(network, width=WIDTH, gamma=gamma)
    images, rows, z = three_batches(network)
    batches = [{"image": images[row], "z": z[i]} for i, row in enumerate(rows)]
    first = state = jax.jit(init)(jax.random.key(3), batches[0])
    step, found = jax.jit(step), []
    for batch in batches:
        state, metrics = step(state, batch)
        found.append((float(metrics.g["loss"]), float(metrics.d["loss"])))
    return first, state, np.array(found)


def close(name, found, expected):
    error = np.abs(found / expected - 1).max()
    print(f"{name}: {error:.1e}")
    assert error < 1e-4, (found, expected)


@networks
def test_parameters_are_as_many(network):
    counts = equal.parameters(network)
    assert {"ours", "flax"} <= set(counts)
    assert {tuple(pair) for pair in counts.values()} == {COUNTS[network]}


@games
@networks
def test_plain_flax_plays_the_same_game(network, gamma):
    first, _, expected = our_losses(network, gamma)
    state = flax_step.init(network, jax.random.key(0), width=WIDTH)
    for side, player in (("g", first.g), ("d", first.d)):
        params = equal.into_flax(player.params)
        shapes = lambda tree: jax.tree.map(jnp.shape, tree)
        assert shapes(params) == shapes(state[side]["params"])
        state[side] = {**state[side], "params": params}
    step, found = flax_step.make_step(network, gamma=gamma, width=WIDTH), []
    images, rows, z = three_batches(network)
    for i, row in enumerate(rows):
        state, *losses = step(state, images[row], z[i])
        found.append(np.array(losses))
    close(f"flax {network} {gamma}", np.array(found), expected)


@pytest.mark.referee
@pytest.mark.parametrize("channels_last", [False, True], ids=["contiguous", "channels_last"])
@games
@networks
def test_torch_plays_the_same_game(network, gamma, channels_last):
    torch = pytest.importorskip("torch", reason="no torch: make referee")
    from peers import torch_nets, torch_step

    if channels_last and network == "mlp":
        pytest.skip("an MLP has no convolutions")
    first, last, expected = our_losses(network, gamma)
    g, d = torch_nets.networks(network, WIDTH)
    like = equal.into_torch(first.g.params, g, "g"), equal.into_torch(first.d.params, d, "d")
    images, rows, z = three_batches(network)
    mode = torch_step.Mode(channels_last=channels_last)
    step = torch_step.Step(network, images, mode=mode, gamma=gamma, like=like)
    found = np.array([[float(loss) for loss in step(row, z[i])] for i, row in enumerate(rows)])
    close(f"torch {network} {gamma}", found, expected)
    for ema, side in ((step.ema, "g"),):  # the averages agree too, weights and the running means alike
        fresh, _ = torch_nets.networks(network, WIDTH)
        wanted = equal.into_torch(last.ema["params"], fresh, side)
        for a, b in zip(ema.parameters(), wanted.parameters(), strict=True):
            np.testing.assert_allclose(a.detach(), b.detach(), atol=1e-4)
    assert torch.is_tensor(step(rows[0])[0])  # and it draws its own latents


@networks
def test_the_step_does_little_beyond_the_flops_that_it_must(network):
    least, found = equal.minimum_flops(network, 64), equal.xla_flops(network, 64)
    print(f"{network}: XLA counts {found / least:.4f} times the count by hand")
    assert 1 < found / least < 1.05
