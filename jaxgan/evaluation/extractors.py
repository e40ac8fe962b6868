"""Which feature network looks at a data set."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxgan.data.dataset import LABEL, Dataset
from jaxgan.data.frames import frames_of
from jaxgan.errors import BadInput
from jaxgan.evaluation import cache
from jaxgan.metrics import features
from jaxgan.metrics.features import FeatureNet, classifier
from jaxgan.modalities import image
from jaxgan.names import tell
from jaxgan.progress import duration

WORDS = ("auto", "classifier", "pixels")


def choose(
    word: str | Path | FeatureNet | Callable[[jax.Array], jax.Array],
    dataset: Dataset,
    say: Callable[[str], Any] = tell,
    column: str = "image",
) -> FeatureNet:
    """FeatureNet: of a word, of the weights in an .npz, of a user's function of images, or the one given.

    auto: that of the kind of samples in the column: of images a classifier trained on the data set, kept in the cache; of
    others their values. Raises BadInput for what
    is none of these, and for images where there are points.
    """
    if isinstance(word, FeatureNet):
        return word
    if callable(word):
        return features.from_function(word, getattr(word, "__name__", "function"))
    if hasattr(dataset.specs[column].kind, "IMAGES"):
        return features.of_frames(choose(word, frames_of(dataset, column), say))
    modality, kind = dataset.specs[column].modality, dataset.specs[column].kind
    if modality != "image" and word in ("auto", "pixels"):
        own = getattr(kind, "features", None)
        net = features.pixels() if own is None else features.from_function(own, "")._replace(fixed=True)
        return net._replace(name=kind.FEATURES)
    if word == "pixels":
        return features.pixels()
    if modality != "image":
        raise BadInput(f"--features {word} looks at images, and {dataset.name} has {modality}: remove it")
    if word in ("auto", "classifier"):
        return _classifier(dataset, say, column)
    if not str(word).endswith(".npz"):
        raise BadInput(f"--features is {word}: give one of {', '.join(WORDS)}, or an .npz with a network's weights")
    return features.load(word)


def _classifier(dataset, say, column):
    """That of the data set, from the cache or trained now: by its classes, or by turns of the images without."""
    digits = getattr(dataset[column], "digits", None)  # stacked digits: one class a channel
    known = dataset if digits is None else digits
    images, label, classes = known[column], known.columns.get(LABEL), len(known.classes)
    if label is None or known.specs[LABEL].examples or classes < 2:
        label, classes, kind = None, 4, "turns"
    else:
        kind = "classifier"
    name = f"{kind}-{_plain(dataset.name)}"

    def make():
        say(f"training a classifier on {dataset.name} for the metrics: once, about a minute")
        began = time.perf_counter()
        variables, accuracy = classifier.train(_uint8(images), label, classes)
        say(f"{name} tells {accuracy:.1%} of held-out images right, after {duration(time.perf_counter() - began)}")
        flat = {jax.tree_util.keystr(path): x for path, x in jax.tree_util.tree_leaves_with_path(variables)}
        return {**{key: np.asarray(x) for key, x in flat.items()}, "accuracy": np.float32(accuracy)}

    like = jax.eval_shape(classifier.Classifier(classes).init, jax.random.key(0), _uint8(images[:2]))
    wanted = {jax.tree_util.keystr(path): x for path, x in jax.tree_util.tree_leaves_with_path(like)}
    wanted["accuracy"] = np.float32(0)
    fits = partial(cache.alike, like=wanted)
    kept = cache.arrays(f"{name}-{dataset.sha256[:16]}-{classifier.VERSION}", make, say, fits)
    variables = jax.tree_util.tree_map_with_path(lambda path, _: kept[jax.tree_util.keystr(path)], like)
    net = classifier.classifier(name, variables, classes)
    return net if digits is None else classifier.by_channel(net)


def _uint8(images):
    """Images as a file would hold them; whatever reads them by row is left as it is."""
    return image.to_file(images) if np.issubdtype(images.dtype, np.floating) else images


def _plain(name):
    """The last part of a data set's name, in letters, digits, - and _."""
    name = Path(name.rpartition(":")[2]).stem or name
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)
