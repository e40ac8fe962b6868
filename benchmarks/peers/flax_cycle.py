"""CycleGAN's networks, losses and step in plain Flax, as most people write it: everything once for each loss."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from peers.settings import BLOCKS, CYCLE, IDENTITY

_init = nn.initializers.normal(0.02)


def _act(x):
    return nn.relu(nn.InstanceNorm(epsilon=1e-5, use_bias=False, use_scale=False)(x))


def _mirrored(x, by):
    return jnp.pad(x, ((0, 0), (by, by), (by, by), (0, 0)), mode="reflect")


class Translator(nn.Module):
    """x [B, H, W, C] -> [B, H, W, channels] in [-1, 1]."""

    channels: int
    width: int

    @nn.compact
    def __call__(self, x):
        plain = {"use_bias": False, "kernel_init": _init}
        x = _act(nn.Conv(self.width, (7, 7), padding="VALID", name="first", **plain)(_mirrored(x, 3)))
        for i in range(2):
            x = _act(nn.Conv(self.width << i + 1, (3, 3), 2, name=f"down{i}", **plain)(x))
        for i in range(BLOCKS):
            x = Block(name=f"block{i}")(x)
        for i in (1, 0):
            x = _act(nn.ConvTranspose(self.width << i, (3, 3), (2, 2), name=f"up{i}", **plain)(x))
        last = nn.Conv(self.channels, (7, 7), padding="VALID", kernel_init=_init, name="last")
        return jnp.tanh(last(_mirrored(x, 3)))


class Block(nn.Module):
    """x [B, H, W, C], to which two 3x3 convolutions of it are added."""

    @nn.compact
    def __call__(self, x):
        conv = lambda name: nn.Conv(x.shape[-1], (3, 3), padding="VALID", use_bias=False, kernel_init=_init, name=name)
        h = conv("conv1")(_mirrored(_act(conv("conv0")(_mirrored(x, 1))), 1))
        return x + nn.InstanceNorm(epsilon=1e-5, use_bias=False, use_scale=False)(h)


class PatchGAN(nn.Module):
    """x [B, H, W, C] -> logits [B, H/8 - 2, W/8 - 2]."""

    width: int

    @nn.compact
    def __call__(self, x):
        for i, stride in enumerate((2, 2, 2, 1)):
            x = nn.Conv(self.width << i, (4, 4), stride, padding=1, use_bias=i == 0, kernel_init=_init)(x)
            x = nn.leaky_relu(x if i == 0 else nn.InstanceNorm(epsilon=1e-5)(x), 0.2)
        return nn.Conv(1, (4, 4), padding=1, kernel_init=_init)(x)[..., 0]


def init(shape, key, opt, width):
    """State {"g", "d": {name: variables}, "opt_g", "opt_d"}."""
    keys, x = jax.random.split(key, 4), jnp.zeros((1, *shape))
    g = {
        name: Translator(shape[2], width).init(key, x)["params"]
        for name, key in zip(("forward", "backward"), keys[:2], strict=True)
    }
    d = {name: PatchGAN(width).init(key, x)["params"] for name, key in zip(("image", "input"), keys[2:], strict=True)}
    return {"g": {"params": g}, "d": {"params": d}, "opt_g": opt.init(g), "opt_d": opt.init(d)}


def make_step(shape, opt, width):
    """Jitted (state, batch) -> (state, loss of G, loss of D)."""
    translate = lambda params, x: Translator(shape[2], width).apply({"params": params}, x)
    judge = lambda params, x: PatchGAN(width).apply({"params": params}, x)

    def loss_d(d, g, image, given):
        fake, other = translate(g["forward"], given), translate(g["backward"], image)
        one = lambda params, real, fake: (
            jnp.mean((judge(params, real) - 1) ** 2) / 2 + jnp.mean(judge(params, fake) ** 2) / 2
        )
        return one(d["image"], image, fake) + one(d["input"], given, other)

    def loss_g(g, d, image, given):
        fake, other = translate(g["forward"], given), translate(g["backward"], image)
        adversarial = jnp.mean((judge(d["image"], fake) - 1) ** 2) + jnp.mean((judge(d["input"], other) - 1) ** 2)
        apart = lambda a, b: jnp.mean(jnp.abs(a - b))
        cycle = apart(translate(g["forward"], other), image) + apart(translate(g["backward"], fake), given)
        kept = apart(translate(g["forward"], image), image) + apart(translate(g["backward"], given), given)
        return adversarial + CYCLE * (cycle + IDENTITY * kept)

    def learn(state, side, grads):
        params, opt_state = state[side]["params"], state["opt_" + side]
        updates, opt_state = opt.update(grads, opt_state, params)
        return {**state, side: {"params": optax.apply_updates(params, updates)}, "opt_" + side: opt_state}

    @jax.jit
    def step(state, batch):
        image, given = batch["image"] / 127.5 - 1, batch["input"] / 127.5 - 1
        d, grads = jax.value_and_grad(loss_d)(state["d"]["params"], state["g"]["params"], image, given)
        state = learn(state, "d", grads)
        g, grads = jax.value_and_grad(loss_g)(state["g"]["params"], state["d"]["params"], image, given)
        return learn(state, "g", grads), g, d

    return step
