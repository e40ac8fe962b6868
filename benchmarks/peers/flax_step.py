"""The GAN step in plain Flax, as most people write it: two functions of loss, two passes of G, batches from the host.

It has no average of G, which jaxgan's and PyTorch's steps do have: it is timed doing less in that.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from peers import ours


class DCGenerator(nn.Module):
    """z [B, 100] -> [B, R, R, C] in [-1, 1]."""

    resolution: int
    channels: int
    width: int

    @nn.compact
    def __call__(self, z):
        init = nn.initializers.normal(0.02)
        norm = lambda x: nn.relu(nn.BatchNorm(use_running_average=False, momentum=0.9)(x))
        widths = [min(self.width << i, 512) for i in reversed(range(self.resolution.bit_length() - 3))]
        x = nn.Dense(16 * widths[0], use_bias=False, kernel_init=init)(z).reshape(-1, 4, 4, widths[0])
        x = norm(x)
        for width in widths[1:]:
            x = norm(nn.ConvTranspose(width, (4, 4), (2, 2), use_bias=False, kernel_init=init)(x))
        return jnp.tanh(nn.ConvTranspose(self.channels, (4, 4), (2, 2), kernel_init=init)(x))


class DCDiscriminator(nn.Module):
    """x [B, R, R, C] -> logits [B]."""

    width: int

    @nn.compact
    def __call__(self, x):
        init = nn.initializers.normal(0.02)
        for i in range(x.shape[1].bit_length() - 3):
            x = nn.Conv(min(self.width << i, 512), (4, 4), (2, 2), use_bias=i == 0, kernel_init=init)(x)
            x = x if i == 0 else nn.BatchNorm(use_running_average=False, momentum=0.9)(x)
            x = nn.leaky_relu(x, 0.2)
        return nn.Dense(1, kernel_init=init)(x.reshape(x.shape[0], -1))[:, 0]


class MLPGenerator(nn.Module):
    """z [B, 100] -> [B, *shape] in [-1, 1]."""

    shape: tuple

    @nn.compact
    def __call__(self, z):
        for width in (128, 256, 512):
            z = nn.leaky_relu(nn.Dense(width)(z), 0.2)
        return jnp.tanh(nn.Dense(int(np.prod(self.shape)))(z)).reshape(-1, *self.shape)


class MLPDiscriminator(nn.Module):
    """x [B, ...] -> logits [B]."""

    @nn.compact
    def __call__(self, x):
        x = x.reshape(x.shape[0], -1)
        for width in (512, 256, 128):
            x = nn.leaky_relu(nn.Dense(width)(x), 0.2)
        return nn.Dense(1)(x)[:, 0]


def networks(network, width=64):
    """(generator, discriminator) of a network of `ours.NETWORKS`."""
    shape = ours.shape(network)
    if network == "mlp":
        return MLPGenerator(shape), MLPDiscriminator()
    return DCGenerator(shape[0], shape[2], width), DCDiscriminator(width)


def init(network, key, batch_size=2, width=64):
    """State {"g", "d": variables, "opt_g", "opt_d"}."""
    (generator, discriminator), opt = networks(network, width), _adam()
    key_g, key_d = jax.random.split(key)
    g = generator.init(key_g, jnp.zeros((batch_size, ours.Z)))
    d = discriminator.init(key_d, jnp.zeros((batch_size, *ours.shape(network))))
    return {"g": g, "d": d, "opt_g": opt.init(g["params"]), "opt_d": opt.init(d["params"])}


def make_step(network, *, gamma=0.0, width=64):
    """Jitted (state, images uint8 [B, H, W, C], z [B, 100]) -> (state, loss of G, loss of D). gamma: of R1, 0 for none."""
    (generator, discriminator), opt = networks(network, width), _adam()

    def run(net, params, variables, x) -> tuple[jax.Array, Any]:
        return net.apply({**variables, "params": params}, x, mutable=["batch_stats"])

    def loss_d(params, state, real, z):
        fakes, moved_g = run(generator, state["g"]["params"], state["g"], z)
        logits_real, moved = run(discriminator, params, state["d"], real)
        logits_fake, moved = run(discriminator, params, {**state["d"], **moved}, fakes)
        loss = jnp.mean(nn.softplus(-logits_real)) + jnp.mean(nn.softplus(logits_fake))
        if gamma:
            slope = jax.grad(lambda x: jnp.sum(run(discriminator, params, state["d"], x)[0]))(real)
            loss += gamma / 2 * jnp.mean(jnp.sum(slope**2, (1, 2, 3)))
        return loss, (moved_g, moved)

    def loss_g(params, state, z):
        fakes, moved = run(generator, params, state["g"], z)
        logits, _ = run(discriminator, state["d"]["params"], state["d"], fakes)
        return jnp.mean(nn.softplus(-logits)), moved

    def learn(state, side, grads, moved):
        params, opt_state = state[side]["params"], state["opt_" + side]
        updates, opt_state = opt.update(grads, opt_state, params)
        variables = {**state[side], **moved, "params": optax.apply_updates(params, updates)}
        return {**state, side: variables, "opt_" + side: opt_state}

    @jax.jit
    def step(state, images, z):
        real = images / 127.5 - 1
        (d, (moved_g, moved)), grads = jax.value_and_grad(loss_d, has_aux=True)(state["d"]["params"], state, real, z)
        state = learn(state, "d", grads, moved)
        state = {**state, "g": {**state["g"], **moved_g}}
        (g, moved), grads = jax.value_and_grad(loss_g, has_aux=True)(state["g"]["params"], state, z)
        return learn(state, "g", grads, moved), g, d

    return step


class Runner:
    """The step as `compare.py` runs it: step(rows) begins one with a batch from the host, wait() until all are done."""

    def __init__(self, network, data, batch_size, *, gamma=0.0):
        self.device, self.data = jax.devices()[0], data
        self.key, self.state = jax.random.key(0), init(network, jax.random.key(1), batch_size)
        self.play = make_step(network, gamma=gamma)

    def step(self, rows):
        self.key, key = jax.random.split(self.key)
        images = jax.device_put(self.data[rows])
        z = jax.random.normal(key, (len(rows), ours.Z))
        self.state, *self.losses = self.play(self.state, images, z)

    def wait(self):
        jax.block_until_ready(self.state)
        return tuple(map(float, self.losses))


def _adam():
    return optax.adam(ours.RATE, ours.B1, ours.B2)
