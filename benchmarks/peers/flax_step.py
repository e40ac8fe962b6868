"""The GAN step in plain Flax, as most people write it: two functions of loss, two passes of G, batches from the host.

It has no average of G, which jaxgan's and PyTorch's steps do have: it is timed doing less in that.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from peers import flax_cycle
from peers.settings import B1, B2, L1, RATE, Z, setting


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


class ResGenerator(nn.Module):
    """z [B, 100] -> [B, 32, 32, 3] in [-1, 1]."""

    width: int

    @nn.compact
    def __call__(self, z):
        x = nn.Dense(64 * self.width)(z).reshape(-1, 4, 4, 4 * self.width)
        for width in (4 * self.width, 2 * self.width, self.width):
            x = block(x.repeat(2, axis=1).repeat(2, axis=2), width)
        return jnp.tanh(nn.Conv(3, (3, 3))(nn.leaky_relu(x, 0.2)))


class ResDiscriminator(nn.Module):
    """x [B, 32, 32, 3] -> logits [B]."""

    width: int

    @nn.compact
    def __call__(self, x):
        x = nn.Conv(self.width, (3, 3))(x)
        for width in (2 * self.width, 4 * self.width, 4 * self.width):
            x = nn.avg_pool(block(x, width), (2, 2), (2, 2))
        return nn.Dense(1)(nn.leaky_relu(x, 0.2).reshape(x.shape[0], -1))[:, 0]


def block(x, features):
    """A residual block in the module that calls it."""
    h = nn.Conv(min(x.shape[-1], features), (3, 3))(nn.leaky_relu(x, 0.2))
    h = nn.Conv(features, (3, 3))(nn.leaky_relu(h, 0.2))
    shortcut = x if x.shape[-1] == features else nn.Dense(features, use_bias=False)(x)
    return shortcut + 0.1 * h


class UNet(nn.Module):
    """x [B, R, R, C] -> [B, R, R, channels] in [-1, 1]."""

    channels: int
    width: int

    @nn.compact
    def __call__(self, x):
        init = nn.initializers.normal(0.02)
        norm = lambda x: nn.BatchNorm(use_running_average=False, momentum=0.9)(x)
        depth, skips = x.shape[1].bit_length() - 1, []
        for i in range(depth):
            x = nn.leaky_relu(x, 0.2) if i > 0 else x
            x = nn.Conv(min(self.width << i, 8 * self.width), (4, 4), (2, 2), use_bias=False, kernel_init=init)(x)
            x = norm(x) if 0 < i < depth - 1 else x
            skips.append(x)
        skips.pop()
        for skip in reversed(skips):
            up = nn.ConvTranspose(skip.shape[-1], (4, 4), (2, 2), use_bias=False, kernel_init=init)
            x = jnp.concatenate([norm(up(nn.relu(x))), skip], axis=-1)
        return jnp.tanh(nn.ConvTranspose(self.channels, (4, 4), (2, 2), kernel_init=init)(nn.relu(x)))


class PatchGAN(nn.Module):
    """x [B, R, R, C] -> logits [B, R/8 - 2, R/8 - 2]."""

    width: int

    @nn.compact
    def __call__(self, x):
        init = nn.initializers.normal(0.02)
        for i, stride in enumerate((2, 2, 2, 1)):
            x = nn.Conv(self.width << i, (4, 4), stride, padding=1, use_bias=i == 0, kernel_init=init)(x)
            x = x if i == 0 else nn.BatchNorm(use_running_average=False, momentum=0.9)(x)
            x = nn.leaky_relu(x, 0.2)
        return nn.Conv(1, (4, 4), padding=1, kernel_init=init)(x)[..., 0]


def networks(network, width=64):
    """(generator, discriminator) of a network of `settings.NETWORKS`."""
    shape = setting(network).shape
    if network == "mlp":
        return MLPGenerator(shape), MLPDiscriminator()
    if network == "resnet32":
        return ResGenerator(width), ResDiscriminator(width)
    if network == "unet256":
        return UNet(shape[2], width), PatchGAN(width)
    return DCGenerator(shape[0], shape[2], width), DCDiscriminator(width)


def init(network, key, batch_size=2, width=64):
    """State {"g", "d": variables, "opt_g", "opt_d"}."""
    if setting(network).unpaired:
        return flax_cycle.init(setting(network).shape, key, _adam(), width)
    (generator, discriminator), opt = networks(network, width), _adam()
    key_g, key_d = jax.random.split(key)
    images = jnp.zeros((batch_size, *setting(network).shape))
    paired = setting(network).paired
    g = generator.init(key_g, images if paired else jnp.zeros((batch_size, Z)))
    d = discriminator.init(key_d, jnp.concatenate([images, images], -1) if paired else images)
    return {"g": g, "d": d, "opt_g": opt.init(g["params"]), "opt_d": opt.init(d["params"])}


def make_step(network, *, gamma=None, width=64):
    """Jitted (state, batch) -> (state, loss of G, loss of D). batch: "image" and, where G is given one, "input", uint8
    [B, H, W, C], or "z" [B, 100]. gamma: of R1, 0 for none, None for what the network always has.
    """
    if setting(network).unpaired:
        return flax_cycle.make_step(setting(network).shape, _adam(), width)
    (generator, discriminator), opt = networks(network, width), _adam()
    gamma, paired = setting(network).gamma if gamma is None else gamma, setting(network).paired

    def run(net, params, variables, x) -> tuple[jax.Array, Any]:
        return net.apply({**variables, "params": params}, x, mutable=["batch_stats"])

    def judge(params, variables, x, given):
        return run(discriminator, params, variables, jnp.concatenate([x, given], -1) if paired else x)

    def loss_d(params, state, real, given):
        fakes, moved_g = run(generator, state["g"]["params"], state["g"], given)
        logits_real, moved = judge(params, state["d"], real, given)
        logits_fake, moved = judge(params, {**state["d"], **moved}, fakes, given)
        loss = jnp.mean(nn.softplus(-logits_real)) + jnp.mean(nn.softplus(logits_fake))
        loss = loss / 2 if paired else loss
        if gamma:
            slope = jax.grad(lambda x: jnp.sum(judge(params, state["d"], x, given)[0]))(real)
            loss += gamma / 2 * jnp.mean(jnp.sum(slope**2, (1, 2, 3)))
        return loss, (moved_g, moved)

    def loss_g(params, state, real, given):
        fakes, moved = run(generator, params, state["g"], given)
        logits, _ = judge(state["d"]["params"], state["d"], fakes, given)
        loss = jnp.mean(nn.softplus(-logits))
        return loss + L1 * jnp.mean(jnp.abs(real - fakes)) if paired else loss, moved

    def learn(state, side, grads, moved):
        params, opt_state = state[side]["params"], state["opt_" + side]
        updates, opt_state = opt.update(grads, opt_state, params)
        variables = {**state[side], **moved, "params": optax.apply_updates(params, updates)}
        return {**state, side: variables, "opt_" + side: opt_state}

    @jax.jit
    def step(state, batch):
        real = batch["image"] / 127.5 - 1
        shown = real, batch["input"] / 127.5 - 1 if paired else batch["z"]
        (d, (moved_g, moved)), grads = jax.value_and_grad(loss_d, has_aux=True)(state["d"]["params"], state, *shown)
        state = learn(state, "d", grads, moved)
        state = {**state, "g": {**state["g"], **moved_g}}
        (g, moved), grads = jax.value_and_grad(loss_g, has_aux=True)(state["g"]["params"], state, *shown)
        return learn(state, "g", grads, moved), g, d

    return step


class Runner:
    """The step as `compare.py` runs it: step(rows) begins one with a batch from the host, wait() until all are done."""

    def __init__(self, network, data, batch_size, *, gamma=None):
        self.device, self.data = jax.devices()[0], data
        self.key, self.state = jax.random.key(0), init(network, jax.random.key(1), batch_size)
        self.play = make_step(network, gamma=gamma)

    def step(self, rows):
        batch = jax.device_put({name: images[rows] for name, images in self.data.items()})
        if "input" not in batch:
            self.key, key = jax.random.split(self.key)
            batch["z"] = jax.random.normal(key, (len(rows), Z))
        self.state, *self.losses = self.play(self.state, batch)

    def wait(self):
        jax.block_until_ready(self.state)
        return tuple(map(float, self.losses))


def _adam():
    return optax.adam(RATE, B1, B2)
