"""The directions that an edit asks for, and what there is to say of them."""

from pathlib import Path
from typing import Any

import numpy as np

from jaxgan.data.dataset import LABEL
from jaxgan.errors import BadInput
from jaxgan.inference import directions as ways
from jaxgan.inference import edit_base, edit_pictures
from jaxgan.inference import latents as seam
from jaxgan.inference.directions import Directions
from jaxgan.inference.edit_base import Base
from jaxgan.runs import Run

_LABELLED = 2000  # samples whose classes are told


def found(asked: Any, opened: Run, base: Base) -> Directions:
    """Directions, at least as many as are asked for. Raises BadInput as `edit` does."""
    loaded, where, count = base.loaded, base.where, asked.directions or asked.direction
    match asked.by:
        case "sefa":
            return ways.sefa(loaded, where, count, asked.layers)
        case "pca":
            return ways.pca(loaded, where, count, asked.seed)
        case "features":
            return ways.features(loaded, where, count, layer=asked.layer, seed=asked.seed)
        case "jacobian":
            label = None if base.label is None else base.label[:1]
            return ways.jacobian(edit_base.of_first(base), where, base.latents[:1], label, count)
        case "folders":
            given = [edit_base.inverted_files(asked, opened, loaded, where, [folder])[2] for folder in asked.folders]
            x, label = (
                np.concatenate([each.latents for each in given]),
                np.repeat([1, 0], [len(e.latents) for e in given]),
            )
            return ways.means(loaded, where, x, label, [Path(folder).name for folder in asked.folders[::-1]], 1)
    flat = ways.of_all_layers(where)
    x, label = seam.drawn(loaded, flat, _LABELLED, seed=asked.seed)
    if label is not None:
        if where.name == "z" or label.dtype.kind == "f":
            raise BadInput("G is told its label beside the latents, which know nothing of it: --label asks for one")
        return ways.means(loaded, flat, x, label, opened.data.specs[LABEL].classes, asked.directions or None)
    if asked.classify is None:
        raise BadInput("G is given no labels: give classify, which tells the classes of what it makes")
    tell, names = asked.classify(opened, asked.data, asked.say)
    label = np.asarray(tell(edit_pictures.files_of(seam.images(flat, loaded.state.ema, x))))
    for k, name in enumerate(names):
        if (count := int(np.sum(label == k))) in (0, len(label)):
            share = f"{'all' if count else 'none'} of {len(label)} samples"
            raise BadInput(f"--by label: the classifier takes {share} for {name}: train longer, or take another --by")
    return ways.means(loaded, flat, x, label, names, asked.directions or None)


def told(asked: Any, found: Directions, base: Base) -> list[str]:
    """A line for each direction: how strong it is, and how much of the pictures it moves."""
    if asked.direction > len(found.vectors):
        raise BadInput(f"--direction is {asked.direction}, and there are {len(found.vectors)}: give one of these")
    chosen = range(len(found.vectors)) if asked.directions else [asked.direction - 1]
    lines = []
    for k in chosen:
        ends = ways.moved(base.latents, found, k, np.array([-1.0, 1.0]), base.where, asked.layers)
        low, high = (base.draw(ends[:, i]) for i in (0, 1))
        name = f" {found.names[k]}" if found.names else ""
        change = np.sqrt(np.mean((high - low) ** 2)) / 4  # a deviation, in shares of the range of 2
        lines.append(
            f"direction {k + 1}{name}: strength {found.strength[k]:.4g}, a deviation moves pixels by {change:.1%} of their range"
        )
    return lines
