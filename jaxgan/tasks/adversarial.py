"""One generator against one discriminator."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxgan.core import GAN, Losses, Pair, numbered, sample_keys
from jaxgan.errors import BadInput
from jaxgan.losses import non_saturating
from jaxgan.net import MEMORY, Judged
from jaxgan.noise import normal


class Fakes(NamedTuple):
    """What g answers for where it has penalties of its own: what it shows, and what it is to avoid whoever looks."""

    image: jax.Array  # [B, H, W, C] in [-1, 1], or points [B, D]
    penalty: jax.Array | None = None  # float32 []


def paired(
    generator, discriminator, *, loss=non_saturating, penalties=(), penalties_g=(), watchers=(), noise=None, content=()
):
    """GAN of one Net against another: unconditional, or class-conditional where both Nets have `classes`.

    batch: "image" [B, H, W, C] uint8 or float in [-1, 1], or points [B, D]; "label" where the Nets are conditional:
        int [B] or float [B, classes]; "z" [B, Z] in place of a draw from `noise` (default N(0, 1)^100).
    loss: a Pair of (real, fake) -> unreduced. penalties: functions (d, real, fake, keys) -> [B], added to D's loss.
    penalties_g: functions (g, z, *label, key=, index=) -> (scalar, collections of g that moved), added to G's loss.
    watchers: `losses.Watcher`s of D's logits. content: functions (real, fake) -> scalar, added to G's loss.
    D sees real, then fake samples, each with its own batch statistics: what all samples of a batch have in common, a batch
    norm right behind the pixels hides from it. Logits may be a tree: all leaves count the same; of a `Judged` only its
    logits do. Metrics of D: the mean logits "real" and "fake", "penalty" where there are penalties, and what watchers show;
    of G: "content" and "penalty" likewise.
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

    def place(net, batch):
        return {"index": batch["index"]} if net.indexed else {}

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
        d = discriminator.init(key_d, real, *labels(batch))
        return Pair(g, {**d, MEMORY: {each.name: each.start() for each in watchers}} if watchers else d)

    def generate(g, batch, key):
        key_z, key_net = jax.random.split(key)
        z = latents(batch, key_z)
        image, moved = generator.apply(g, z, *labels(batch), key=key_net, **place(generator, batch))
        penalty = None
        for i, term in enumerate(penalties_g):
            own = jax.random.fold_in(key_net, i)
            value, more = term({**g, **moved}, z, *labels(batch), key=own, index=batch["index"])
            penalty, moved = value + (0.0 if penalty is None else penalty), {**moved, **more}
        return Fakes(image, penalty) if penalties_g else image, moved

    def losses(d, fakes, batch, key):
        key_real, key_fake, key_penalty = jax.random.split(key, 3)
        fakes = fakes if isinstance(fakes, Fakes) else Fakes(fakes)
        real, fake = _unit_range(batch["image"]), fakes.image
        judge = lambda d, x, key: discriminator.apply(d, x, *labels(batch), key=key, **place(discriminator, batch))
        judged_real, moved = judge(d, real, key_real)
        judged_fake, moved = judge({**d, **moved}, fake, key_fake)
        judged_real, judged_fake = _logits(judged_real), _logits(judged_fake)

        metrics = {"real": _mean(judged_real), "fake": _mean(judged_fake)}
        loss_d = _mean(jax.tree.map(loss.d, judged_real, judged_fake))
        if penalties:
            keys = sample_keys(key_penalty, batch["index"])
            alone = lambda x: _logits(judge(d, x, key_real)[0])
            metrics["penalty"] = sum(jnp.mean(penalty(alone, real, fake, keys)) for penalty in penalties)
            loss_d += metrics["penalty"]
        if watchers:
            seen = {}
            for each in watchers:
                memory = d[MEMORY][each.name]
                loss_d += each.penalty(memory, judged_real, judged_fake)
                constant = jax.lax.stop_gradient((judged_real, judged_fake))
                seen[each.name] = each.update(memory, *constant, real.shape[0])
                metrics |= each.show(memory)
            moved = {**moved, MEMORY: seen}
        loss_g, metrics_g = _mean(jax.tree.map(loss.g, judged_real, judged_fake)), {}
        if content:
            metrics_g["content"] = sum(term(real, fake) for term in content)
        if fakes.penalty is not None:
            metrics_g["penalty"] = fakes.penalty
        loss_g += sum(metrics_g.values())
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
