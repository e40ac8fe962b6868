"""A D that names classes as well, of few pictures whose class it is told. Salimans et al. 2016, arXiv:1606.03498, section 5."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgan.core import GAN, Pair
from jaxgan.losses.semi_supervised import class_surprise, realness
from jaxgan.modalities.scale import batch_to_step
from jaxgan.net import DiscriminatorOutput, Net
from jaxgan.tasks.adversarial import column, read_output


def judge(classifier: Net) -> Net:
    """The Net x -> DiscriminatorOutput of a classifier's, whose logits [B] say how real x is: `losses.realness` of its own."""

    def real(out):
        logits, features = read_output(out)
        return DiscriminatorOutput(realness(logits), features)

    return classifier.map(after=real)


def semi_supervised(
    gan: GAN, classifier: Net, *, weight: ArrayLike = 1.0, labelled: str = "labelled", label: str = "class"
) -> GAN:
    """The GAN, whose D is `judge(classifier)`, with what D is told of the pictures batch[labelled], whose class is batch[label].

    D's loss has weight times L_supervised beside what the game says of all others, L_unsupervised. 1 is the paper's sum, 2 its
    authors' program, which halves L_unsupervised. The labelled pictures come after real and fake ones through D, with a batch of
    their own for its norms. G's loss is the game's: the authors' is `losses.match_features` alone.
    classifier: x -> class logits [B, K], or a `DiscriminatorOutput` with these; with whatever comes before the game's D.
    Metrics of D, beside the game's: "supervised", and "accuracy" on the labelled pictures, as they are trained on.
    losses raises BadInput where a column is missing.
    """

    def losses(d, fakes, batch, key):
        out = gan.losses(d, fakes, batch, key)
        x, y = column(batch_to_step(batch), labelled), column(batch, label)
        index = {"index": batch["index"]} if classifier.indexed else {}
        found, moved = classifier.apply({**d, **out.moved}, x, key=jax.random.fold_in(key, 1), **index)
        logits, _ = read_output(found)
        surprise = jnp.mean(class_surprise(logits, y))
        right = jnp.mean(jnp.argmax(logits, axis=-1) == y, dtype=jnp.float32)
        metrics = {**out.metrics.d, "supervised": surprise, "accuracy": right}
        return out._replace(
            d=out.d + weight * surprise, moved={**out.moved, **moved}, metrics=Pair(out.metrics.g, metrics)
        )

    return gan._replace(losses=losses)
