"""What G is given, beside what it is to make: from another source, or made of it."""

import dataclasses
import re
from collections import Counter
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.data.dataset import Column, Dataset, Spec
from jaxgan.data.films import MOVIES
from jaxgan.data.lazy import Lazy, Rows
from jaxgan.data.sources import files
from jaxgan.errors import BadInput
from jaxgan.modalities import image
from jaxgan.sharing import Key, sample_keys

INPUT = "input"  # the column
_ROUNDED = 0.02  # how much wider of its height a partner may be, as small ones are by rounding


class Derivation(NamedTuple):
    """What is done to an image so that G can undo it."""

    words: str  # what is done, with its numbers
    apply: Callable[[Any, Key], Any]  # (x [B, H, W, C] in [-1, 1], keys [B]) -> [B, h, w, c] in [-1, 1]


def paired(made: Dataset, given: Dataset, together: bool = True, stretched: bool = False) -> Dataset:
    """The Dataset `made` with the first column of `given` as its input.

    together: each row with the row of its own name (without suffix), or of its place where there are no names; else the rows
    of one belong to none of the other. Of a folder without splits beside one that has some, names may be left over. stretched:
    whether each picture was brought to its shape whole, however wide it is. Raises BadInput for names, numbers of rows, or, of
    partners that were not stretched, shapes in their files that do not match.
    """
    first = next(iter(given.columns))
    column, spec = given[first], given.specs[first]
    if together:
        order = _order(made, given)
        if not stretched and made.sizes and given.sizes:
            _same_shapes(made, given, range(made.size) if order is None else order)
        if order is not None:
            column = column[order] if isinstance(column, np.ndarray) else Rows(column, order)
    columns, specs = {**made.columns, INPUT: column}, {**made.specs, INPUT: spec}
    return dataclasses.replace(made, columns=columns, specs=specs, notes=(*made.notes, *given.notes))


def degraded(made: Dataset, how: Derivation, real: str = "image") -> Dataset:
    """The Dataset with what becomes of its column `real` as its input: always the same of each row. A step draws its own.

    Raises BadInput where that is not done to such samples.
    """
    spec = made.specs[real]
    if INPUT in made:
        raise BadInput(
            f"{made.name} has a column {INPUT}, and --degrade {how.words} makes one: add --degrade without a word, or take the "
            "column away"
        )
    if spec.modality != "image":
        raise BadInput(f"--degrade {how.words} is of images, and {made.name} has {spec.modality}: remove it")
    view = Degraded(made[real], how)
    return dataclasses.replace(
        made, columns={**made.columns, INPUT: view}, specs={**made.specs, INPUT: Spec(view.shape[1:], "uint8")}
    )


def thinned(data: Dataset, share: float) -> Dataset:
    """The Dataset with this share of its rows, evenly spread. Raises BadInput where none would be left."""
    if share >= 1:
        return data
    kept = _spread(data, share)
    columns = {n: x[kept] if isinstance(x, np.ndarray) else Rows(x, kept) for n, x in data.columns.items()}
    names = tuple(data.names[i] for i in kept) if data.names else ()
    sizes = tuple(data.sizes[i] for i in kept) if data.sizes else ()
    return dataclasses.replace(data, columns=columns, names=names, sizes=sizes)


def without_masks(data: Dataset, share: float, ignored: int | None) -> Dataset:
    """The Dataset with the masks of this share of its rows, evenly spread, and the ignored number in all of the others'.

    Raises BadInput where none would be left, and without such a number.
    """
    if ignored is None:
        raise BadInput("--unlabelled says with --ignored which pixels have no class: add --ignored 255")
    kept, mask = _spread(data, share), np.full(data["mask"].shape, ignored, np.uint8)
    mask[kept] = data["mask"][kept]
    return dataclasses.replace(data, columns={**data.columns, "mask": mask})


def no_class(name: str, mask: np.ndarray, ignored: int | None) -> None:
    """Raises BadInput where masks have the number 255, which by custom is none of the classes, and nobody said so."""
    if ignored is not None or not mask.size or int(mask.max()) < 255:
        return
    others = mask[mask < 255]
    if int(others.max(initial=0)) == 0:
        raise BadInput(
            f"{name} has masks of 0 and 255 alone: where 255 is a class, say so in a classes.txt beside them, with the lines "
            "'background 0 0 0' and 'NAME 255 255 255'; where it is none, there is one class, and masks need two"
        )
    if int(others.max(initial=0)) < 200:
        raise BadInput(
            f"{name} has masks of 0 .. {int(others.max(initial=0))} and of 255, which by custom is no class: give --ignored 255"
        )


def _spread(data, share):
    rows = np.arange(data.size)
    kept = rows[np.floor((rows + 1) * share) > np.floor(rows * share)].astype(np.int32)
    if len(kept) == 0:
        raise BadInput(f"--labelled {share} of {data.size} samples is none: give a larger share")
    return kept


class Degraded(Lazy):
    """The column of what becomes of another's images, as files hold them; each row has a draw of its own."""

    def __init__(self, column: Column, how: Derivation) -> None:
        self.column, self.how = column, how
        self._apply = jax.jit(lambda x, rows: how.apply(image.to_step(x), sample_keys(jax.random.key(0), rows)))
        one = jax.ShapeDtypeStruct((1, *column.shape[1:]), column.dtype)
        self.shape = (len(column), *jax.eval_shape(self._apply, one, jnp.zeros(1, jnp.int32)).shape[1:])

    def __getitem__(self, index: Any) -> np.ndarray:
        rows = self.rows(index)
        flat = np.atleast_1d(rows).reshape(-1)
        out = np.asarray(image.to_file(np.asarray(self._apply(self.column[flat], flat))))
        return out.reshape(*rows.shape, *self.shape[1:])

    def identity(self) -> bytes:
        """What is done: the images are a column of their own."""
        return self.how.words.encode()


def _order(made, given):
    """Rows of `given` in the order of the other's names, None where they are so."""
    if not made.names or not given.names:
        if given.size != made.size:
            raise BadInput(
                f"{made.name} has {made.size} samples and {given.name} {given.size}: give pairs, as many of each"
            )
        return None
    own, others = _stems(made), _stems(given)
    part = made.part and not given.part  # of the others' partners some are in other splits
    for missing, of, among in ((own, given, others), *([] if part else [(others, made, own)])):
        alone = sorted(missing.keys() - among.keys())
        if alone:
            raise BadInput(
                f"{of.name} has no partner for {len(alone)} of {len(missing)} names, the first is {alone[0]}: give every "
                "picture one of the same name, or take it out"
            )
    order = np.array([others[stem] for stem in own], np.int32)
    return None if np.array_equal(order, np.arange(len(order))) else order


def _same_shapes(made, given, order):
    """Raises BadInput where a picture is wider than its partner, both brought to one height: they would be cut apart."""
    for row, other in enumerate(order):
        (high, wide), (h, w) = made.sizes[row], given.sizes[other]
        if not 1 - _ROUNDED < (wide * h) / (high * w) < 1 + _ROUNDED:
            names = [
                f"{each.names[at] if each.names else at} of {each.name}" for each, at in ((made, row), (given, other))
            ]
            sizes = ["x".join(map(str, each)) for each in (made.sizes[row], given.sizes[other])]
            raise BadInput(
                f"{names[0]} is {sizes[0]} and its partner, {names[1]}, {sizes[1]}: give pairs of one shape, or --fit stretch"
            )


def _stem(name):
    """A name without suffix. Of a clip's, a film and where it begins, the film may be a folder: a dot in it is no suffix's."""
    clip = re.fullmatch(r"(.*)(#\d+)", name)
    if clip is None:
        return str(PurePosixPath(name).with_suffix(""))
    film, place = clip.groups()
    file = film.lower().endswith((*files.SUFFIXES, *MOVIES))
    return f"{PurePosixPath(film).with_suffix('') if file else film}{place}"


def _stems(data):
    """{name without suffix: row}. Raises BadInput where two files have one name."""
    stems = [_stem(name) for name in data.names]
    twice = [stem for stem, count in Counter(stems).items() if count > 1]
    if twice:
        raise BadInput(
            f"{data.name} has {twice[0]} with several suffixes: partners are found by name, keep one of them"
        )
    return {stem: row for row, stem in enumerate(stems)}
