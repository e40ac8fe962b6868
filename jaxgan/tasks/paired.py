"""One generator against one discriminator."""

import jax
import jax.numpy as jnp

from jaxgan.core import GAN, Losses, Pair, numbered, sample_keys
from jaxgan.errors import BadInput
from jaxgan.losses import non_saturating
from jaxgan.net import Judged
from jaxgan.noise import normal


def paired(generator, discriminator, *, loss=non_saturating, penalties=(), noise=None, content=()):
    """GAN of one Net against another: unconditional, or class-conditional where both Nets have `classes`.

    batch: "image" [B, H, W, C] uint8 or float in [-1, 1], or points [B, D]; "label" where the Nets are conditional:
        int [B] or float [B, classes]; "z" [B, Z] in place of a draw from `noise` (default N(0, 1)^100).
    loss: a Pair of (real, fake) -> unreduced. penalties: functions (d, real, fake, keys) -> [B], added to D's loss.
    content: functions (real, fake) -> scalar, added to G's loss. D sees real, then fake samples, each with its own batch
    statistics: what all samples of a batch have in common, a batch norm right behind the pixels hides from it. Logits
    may be a tree: all leaves count the same; of a `Judged` only its logits do.
    Metrics of D: the mean logits "real" and "fake", and "penalty" where there are penalties; of G: "content" likewise.
    Raises BadInput where the Nets' classes differ, labels are missing, or shapes do not fit.
    """
    if generator.classes != discriminator.classes:
        raise BadInput(
            f"the generator has classes={generator.classes}, the discriminator classes={discriminator.classes}: "
            "give both the same number, or neither"
        )
    noise = normal(100) if noise is None else noise

    def labels(batch):
        return (batch.get("label"),) if generator.classes else ()

    def latents(batch, key):
        return batch["z"] if "z" in batch else noise(key, batch["index"])

    def init(key, batch):
        key_g, key_d, key_z = jax.random.split(key, 3)
        real = _unit_range(batch["image"])
        z = latents(batch, key_z)
        g = generator.init(key_g, z, *labels(batch))
        shape = jax.eval_shape(lambda g: generator.apply(g, z, *labels(batch), train=False)[0], g).shape
        if shape != real.shape:
            raise BadInput(
                f"generator gives {shape[1:]}, the data set has {real.shape[1:]}: "
                "build it for that shape, or set --resolution"
            )
        return Pair(g, discriminator.init(key_d, real, *labels(batch)))

    def generate(g, batch, key):
        key_z, key_net = jax.random.split(key)
        return generator.apply(g, latents(batch, key_z), *labels(batch), key=key_net)

    def losses(d, fakes, batch, key):
        key_real, key_fake, key_penalty = jax.random.split(key, 3)
        real = _unit_range(batch["image"])
        judged_real, moved = discriminator.apply(d, real, *labels(batch), key=key_real)
        judged_fake, moved = discriminator.apply({**d, **moved}, fakes, *labels(batch), key=key_fake)
        judged_real, judged_fake = _logits(judged_real), _logits(judged_fake)

        metrics = {"real": _mean(judged_real), "fake": _mean(judged_fake)}
        loss_d = _mean(jax.tree.map(loss.d, judged_real, judged_fake))
        if penalties:
            judge = lambda x: _logits(discriminator.apply(d, x, *labels(batch), key=key_real)[0])
            keys = sample_keys(key_penalty, batch["index"])
            metrics["penalty"] = sum(jnp.mean(penalty(judge, real, fakes, keys)) for penalty in penalties)
            loss_d += metrics["penalty"]
        loss_g, metrics_g = _mean(jax.tree.map(loss.g, judged_real, judged_fake)), {}
        if content:
            metrics_g["content"] = sum(term(real, fakes) for term in content)
            loss_g += metrics_g["content"]
        return Losses(loss_g, loss_d, moved, Pair(metrics_g, metrics))

    def sample(g, batch, key):
        batch = numbered(batch)
        return generator.apply(g, latents(batch, key), *labels(batch), train=False)[0]

    return GAN(init, generate, losses, sample)


def _unit_range(image):
    return image / 127.5 - 1 if image.dtype == jnp.uint8 else image


def _logits(judged):
    """The float32 logits of what a discriminator says."""
    logits = judged.logits if isinstance(judged, Judged) else judged
    return jax.tree.map(lambda x: x.astype(jnp.float32), logits)


def _mean(tree):
    leaves = [jnp.mean(x) for x in jax.tree.leaves(tree)]
    return sum(leaves) / len(leaves)
