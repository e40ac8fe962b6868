"""Small games of every kind, for the laws that hold for all of them."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan import Pair, augment, losses, models, noise, tasks
from jaxgan.net import TRACKERS
from jaxgan.tasks.cycle import pooled_part, with_pooled
from jaxgan.tasks.semi_supervised import judge

CLASSES = 4


def batch(rows=16, size=8, channels=1):
    """Random uint8 images with labels, and inputs."""
    draw = np.random.default_rng(0)
    return {
        "image": draw.integers(0, 256, (rows, size, size, channels), dtype=np.uint8),
        "label": np.arange(rows, dtype=np.int32) % CLASSES,
        "input": draw.integers(0, 256, (rows, size, size, channels), dtype=np.uint8),
    }


def _mlp(axis_name, **options):
    networks = models.mlp.generator((8, 8, 1), (16, 16)), models.mlp.discriminator((16, 16))
    return tasks.adversarial(*networks, noise=noise.uniform(8), **options)


def _dcgan(axis_name, **options):
    generator = models.dcgan.generator(8, 1, width=8, axis_name=axis_name)
    return tasks.adversarial(generator, models.dcgan.discriminator(width=8, axis_name=axis_name), **options)


def _conditional(axis_name, **options):
    same = {"width": 8, "classes": CLASSES, "axis_name": axis_name}
    generator = models.dcgan.generator(8, 1, labels="norm", up="nearest", **same)
    discriminator = models.dcgan.discriminator(norm="none", spectral=True, labels="projection", **same)
    return tasks.adversarial(generator, discriminator, **options)


def _stabilised(axis_name):
    """All at once that looks across the batch or from step to step: packs of noisy samples, LeCam, top-k, consistency."""
    noisy = augment.instance_noise(0.1)
    discriminator = augment.packed(models.mlp.discriminator((16, 16)), 2)
    return tasks.adversarial(
        models.mlp.generator((8, 8, 1), (16, 16)),
        augment.augmented(discriminator, noisy, axis_name=axis_name),
        noise=noise.uniform(8),
        loss=losses.top_k(losses.hinge, 0.5, axis_name),
        penalties=(
            augment.packed_penalty(losses.r1(1.0), 2),
            losses.consistency(augment.diff_augment("flip"), 1.0, 0.0),
        ),
        trackers=(losses.lecam(1.0, decay=0.5, warm_up=2),),
    )


def _rare():
    """Terms of both sides that are not always due: of what G makes, followed by a tracker, and of D's gradient."""
    generator = models.mlp.generator((8, 8, 1), (16, 16))
    init = lambda *given: {**generator.init(*given), TRACKERS: {"size": jnp.zeros(())}}

    def small(g, z, *, key, index):
        size = jnp.mean(generator.apply(g, z)[0] ** 2)
        return 0.3 * size, {TRACKERS: {"size": (g[TRACKERS]["size"] + jax.lax.stop_gradient(size)) / 2}}

    networks = generator._replace(init=init), models.mlp.discriminator((16, 16))
    return tasks.adversarial(*networks, noise=noise.uniform(8), rare=Pair((small,), (losses.r1(3.0),)))


def _translation(axis_name):
    """pix2pix: batch norm, dropout, pixels judged at two sizes, an L1 term."""
    return tasks.adversarial(
        models.unet.generator(1, 4, 3, axis_name=axis_name),
        models.patchgan.discriminator(4, 1, scales=2, axis_name=axis_name),
        given=lambda batch, key: batch["input"],
        shown=lambda x, batch: (x, batch["input"]),
        content={"l1": lambda real, fake, context: 10 * jnp.mean(jnp.abs(real - fake))},
    )


def _cycle(**options):
    """CycleGAN's, of two small networks a side."""
    flat = lambda x: x.reshape(len(x), -1)
    generators = (models.mlp.generator((8, 8, 1), (16, 16)).map(before=flat) for _ in "ab")
    return tasks.cycle(*generators, *(models.mlp.discriminator((16, 16)) for _ in "ab"), **options)


def _contrastive(axis_name):
    """CUT's, places drawn for each sample."""
    generator, head = models.translator.generator(1, 2, 1, halvings=1), models.translator.head(4)
    return tasks.contrastive(generator, head, models.mlp.discriminator((16, 16)), places=6)


def _semi_supervised(axis_name):
    """A D of classes with noise in its layers, that is told those of inputs; batch norm in G."""
    net = models.semi_supervised.dense(CLASSES, (16, 16))
    game = tasks.adversarial(
        models.semi_supervised.generator((8, 8, 1), (16,), axis_name=axis_name),
        judge(net),
        noise=noise.uniform(8),
        content={"matching": losses.match_features(1.0, axis_name)},
        weight=0.1,
    )
    return tasks.semi_supervised(game, net, labelled="input", label="label")


def _texture(axis_name):
    """PSGAN's: a field of noise, patches, batch norm in both."""
    generator = models.psgan.generator(1, 4, 2, local=2, shared=2, waves=2, axis_name=axis_name)
    return tasks.adversarial(
        generator,
        models.psgan.discriminator(4, 2, axis_name=axis_name),
        given=lambda batch, key: (generator.field(key, batch["index"], (8, 8)),),
    )


def _video(axis_name):
    """MoCoGAN's: content and motion, a tree of logits, frames that are drawn, batch norm in G."""
    motion = models.mocogan.motion_noise(3, 2)
    return tasks.adversarial(
        models.mocogan.generator(8, 1, width=4, axis_name=axis_name),
        models.mocogan.discriminator(8, width=4, frames=2),
        loss=losses.hinge,
        real=lambda batch: jnp.stack([batch["image"], batch["input"], -batch["image"]], axis=1),
        given=lambda batch, key: (noise.normal(4)(key, batch["index"]), motion(key, batch["index"])),
    )


def _sounds(axis_name):
    """WaveGAN's: phase shuffle in D, which is drawn for each sample, and the gradient penalty through it."""
    flat = lambda x: x.reshape(len(x), -1, 1)
    return tasks.adversarial(
        models.wavegan.generator(128, width=2),
        models.wavegan.discriminator(128, width=2),
        loss=losses.wasserstein,
        penalties=(losses.wgan_gp(),),
        real=lambda batch: jnp.concatenate([flat(batch["image"]), flat(batch["input"])], axis=1),
    )


def _text(axis_name):
    """WGAN-GP's for text: shares of three symbols at eight places, against one-hot ones."""
    symbols = lambda batch: jax.nn.one_hot(jnp.digitize(batch["image"][:, 0, :, 0], jnp.array([-0.5, 0.5])), 3)
    return tasks.adversarial(
        models.text.generator(8, 3, width=8, blocks=1),
        models.text.discriminator(width=8, blocks=1),
        loss=losses.wasserstein,
        penalties=(losses.wgan_gp(),),
        real=symbols,
    )


def ada_game(axis=None, per=400):
    """Colours of ADA, whose probability moves: `per` images take it from 0 to 1."""
    discriminator = augment.augmented(
        models.mlp.discriminator((16, 16)), augment.ada("c"), adaptive=True, axis_name=axis
    )
    return tasks.adversarial(
        models.mlp.generator((8, 8, 1), (16, 16)),
        discriminator,
        noise=noise.uniform(8),
        trackers=(augment.controller(start=0.5, per=per, every=2, axis_name=axis),),
    )


GAMES = {
    "mlp_non_saturating": lambda axis: _mlp(axis),
    "mlp_minimax": lambda axis: _mlp(axis, loss=losses.minimax),
    "mlp_bce_smoothed": lambda axis: _mlp(axis, loss=losses.bce(0.1)),
    "mlp_wgan_gp": lambda axis: _mlp(axis, loss=losses.wasserstein, penalties=(losses.wgan_gp(),)),
    "mlp_dragan": lambda axis: _mlp(axis, penalties=(losses.dragan(),)),
    "mlp_rpgan_r1_r2": lambda axis: _mlp(
        axis, loss=losses.relativistic(losses.non_saturating), penalties=(losses.r1(1.0), losses.r2(1.0))
    ),
    "mlp_ragan": lambda axis: _mlp(axis, loss=losses.relativistic_average(losses.least_squares, axis)),
    "mlp_stabilised": _stabilised,
    "mlp_pooled": lambda axis: tasks.pooled(_mlp(axis), 16),
    "mlp_lecam": lambda axis: _mlp(axis, trackers=(losses.lecam(1.0, decay=0.5, warm_up=2),)),
    "mlp_rare": lambda axis: _rare(),
    "mlp_unrolled": lambda axis: tasks.unrolled(_mlp(axis), 3, 0.1, axis),
    "dcgan_batch_norm": lambda axis: _dcgan(axis),
    "mlp_augmented": lambda axis: tasks.adversarial(
        models.mlp.generator((8, 8, 1), (16, 16)),
        augment.augmented(models.mlp.discriminator((16, 16)), augment.diff_augment(), axis_name=axis),
        noise=noise.uniform(8),
        penalties=(losses.r1(1.0),),
    ),
    "mlp_ada": lambda axis: ada_game(axis),
    "dcgan_spectral_r1": lambda axis: tasks.adversarial(
        models.dcgan.generator(8, 1, width=8, norm="none", up="nearest"),
        models.dcgan.discriminator(width=8, norm="none", spectral=True),
        penalties=(losses.r1(1.0),),
    ),
    "pix2pix": _translation,
    "cycle": lambda axis: _cycle(),
    "cycle_pooled": lambda axis: tasks.pooled(_cycle(), 16, pooled_part, with_pooled),
    "contrastive": _contrastive,
    "psgan": _texture,
    "video": _video,
    "text": _text,
    "wavegan": _sounds,
    "semi_supervised": _semi_supervised,
    "dcgan_moment_matching": lambda axis: _dcgan(axis, content={"moment_matching": losses.moment_matching(3.0, axis)}),
    "dcgan_least_squares": lambda axis: _dcgan(axis, loss=losses.least_squares),
    "conditional_spectral_hinge": lambda axis: _conditional(axis, loss=losses.hinge),
    "conditional_spectral_r1": lambda axis: _conditional(axis, penalties=(losses.r1(1.0),)),
}


def sgd():
    """Optimizers that show a gradient of the wrong scale, as Adam does not."""
    return Pair(optax.sgd(0.01), optax.sgd(0.01))


def equal(a, b):
    """Whether two trees are bit for bit the same."""
    import jax

    same = jax.tree.map(lambda x, y: x.dtype == y.dtype and bool(jnp.array_equal(x, y)), a, b)
    return all(jax.tree.leaves(same))
