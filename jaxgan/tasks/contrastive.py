"""CUT: translation in one direction without pairs. A place of the output is to be known by that place of the input."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxgan.core import GAN, Pair
from jaxgan.errors import BadInput
from jaxgan.losses import half_d, least_squares
from jaxgan.losses.patch_nce import patch_nce
from jaxgan.modalities.scale import batch_to_step
from jaxgan.net import Net, join
from jaxgan.sharing import Key, sample_keys, with_index
from jaxgan.tasks.adversarial import column
from jaxgan.tasks.cycle import apply, check_shape, judged

_LOSS = half_d(least_squares)


class Translated(NamedTuple):
    """What g answers for: its translation and, for each picture, how hard places of it are to find in the input."""

    image: jax.Array  # [B, H, W, C]
    patches: jax.Array  # [B] PatchNCE of the translation
    kept: jax.Array | None  # [B] of the target domain's own pictures; None where it has no weight


def contrastive(
    generator: Net,
    head: Net,
    discriminator: Net,
    *,
    loss: Pair = _LOSS,
    weight: float = 1.0,
    identity: float = 1.0,
    places: int = 256,
    temperature: float = 0.07,
    real: str = "image",
    given: str = "input",
) -> GAN:
    """GAN of a generator from column `given` to column `real`; the rows are no pairs. Park et al. 2020, arXiv:2007.15651, eq. 5.

    weight is its lambda_X, identity its lambda_Y: 1 and 1 are CUT, 10 and 0 FastCUT, without the flips that its authors' program
    has. PatchNCE (eq. 4) is of `places` places of each feature map, or all of them, drawn for each sample, the same in output
    and input; means over places and layers, as in the program, where the paper has sums. With both weights the program
    halves them. The losses of G and D are as in `tasks.cycle`.
    generator: has a method "features", as `models.translator.generator`. head: of the features at the places, [B, S, C] of each
    layer, to unit vectors. Variables of g are those of `join(generator=, head=)`.
    Metrics of G: "adversarial", "patches" and "identity" before their weights; of D the mean logits "real" and "fake".
    sample translates batch[given], and needs no other column.
    Raises BadInput for a generator without features, where a column is missing, and where shapes do not fit.
    """
    if "features" not in generator.methods:
        raise BadInput(
            f"the generator has the methods {list(generator.methods)}, and contrastive learning compares its features: "
            "take models.translator.generator"
        )
    g_side = join(generator=generator, head=head)
    translate, project = g_side.nets["generator"], g_side.nets["head"]

    def columns(batch):
        batch = batch_to_step(batch)
        return column(batch, given), column(batch, real), batch["index"]

    def init(key, batch):
        x, y, index = columns(with_index(batch))
        key_g, key_d = jax.random.split(key)

        def picked(key):
            features, _ = apply(generator, generator.init(key, x), x, key, index, method="features")
            return pick(features, key, index, places)

        features = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(picked, key))
        g = g_side.init(key_g, generator=x, head=features)
        check_shape("generator", translate, g, x, y, key, index)
        if identity:
            check_shape("generator", translate, g, y, y, key, index)
        return Pair(g, discriminator.init(key_d, y))

    def generate(g, batch, key):
        x, y, index = columns(batch)

        def contrast(made, source, key):
            key_made, key_source, key_places, key_head = jax.random.split(key, 4)

            def vectors(z, key):
                features, _ = apply(translate, g, z, key, index, method="features")
                return project.apply(g, *pick(features, key_places, index, places), key=key_head)[0]

            query, positive = vectors(made, key_made), vectors(source, key_source)
            found = [jnp.mean(patch_nce(q, k, temperature), 1) for q, k in zip(query, positive, strict=True)]
            return sum(found) / len(found)

        key_image, key_patches, key_same, key_kept = jax.random.split(key, 4)
        image, moved = apply(translate, g, x, key_image, index)
        patches, kept = contrast(image, x, key_patches), None
        if identity:
            same, moved = apply(translate, {**g, **moved}, y, key_same, index)
            kept = contrast(same, y, key_kept)
        return Translated(image, patches, kept), moved

    def losses(d, fakes, batch, key):
        _, y, index = columns(batch)
        out = judged(discriminator, d, y, fakes.image, loss, key, index)
        terms = {"adversarial": out.g, "patches": jnp.mean(fakes.patches)}
        loss_g = out.g + weight * terms["patches"]
        if identity:
            terms["identity"] = jnp.mean(fakes.kept)
            loss_g += identity * terms["identity"]
        return out._replace(g=loss_g, metrics=Pair(terms, out.metrics.d))

    def sample(g, batch, key):
        batch = batch_to_step(with_index(batch))
        return apply(translate, g, column(batch, given), key, batch["index"], train=False)[0]

    return GAN(init, generate, losses, sample)


def pick(features: Sequence[jax.Array], key: Key, index: jax.Array, places: int) -> tuple[jax.Array, ...]:
    """[B, S, c] of feature maps [B, h, w, c]: S = min(places, h w) different places, drawn for each sample by its index."""

    def one(x, key):
        flat = x.reshape(x.shape[0], -1, x.shape[-1])
        total = flat.shape[1]
        draw = lambda key: jax.random.permutation(key, total)[:places]
        spots = jax.vmap(draw)(sample_keys(key, index))
        return jnp.take_along_axis(flat, spots[:, :, None], 1)

    return tuple(one(x, jax.random.fold_in(key, i)) for i, x in enumerate(features))
