"""From a word or a path to a Dataset: the same words for training, checking and evaluation."""

import dataclasses
import difflib
import inspect
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from jaxgan.data import alike, sources, splits
from jaxgan.data import masks as mask_files
from jaxgan.data.dataset import LABEL, Dataset, Spec
from jaxgan.data.few_labels import few_labels
from jaxgan.data.pairs import INPUT, Derivation, degraded, no_class, paired, thinned, without_masks
from jaxgan.data.sources import files
from jaxgan.errors import BadInput, unknown
from jaxgan.modalities.resize import HOW, Resize

MOST_IN_MEMORY = 2**31  # bytes of images above which files are read when they are needed
_CHANNELS = {1: "grey", 3: "colour", 4: "with transparency"}
SIDES = {"left-input": ("right", "left"), "right-input": ("left", "right")}  # halves that G makes, and is given


def load(
    source: str,
    resolution: int | None = None,
    *,
    fit: str = "crop",
    channels: int = 0,
    aspect: float = 1.0,
    length: int = 0,
    rate: float = 0.0,
    split: str = "",
    memory: int = MOST_IN_MEMORY,
    input: str = "",
    side_by_side: str | None = None,
    unpaired: bool = False,
    degrade: Derivation | None = None,
    masks: str = "",
    ignored: int | None = None,
    labelled: float = 1.0,
    unlabelled: bool = False,
    labels: tuple[int, int] | None = None,
    whole: bool = False,
    like: Dataset | None = None,
) -> Dataset:
    """Dataset of a source: a name, a folder of images or of idx files, a zip, an .npz, a large picture, tfds:NAME.

    resolution: the height that images are brought to, as `fit` ("crop", "stretch" or "pad") says; their width is `aspect`
    times it. channels: 1, 3 or 4, or 0 for those that are found. length, rate: of what has a time, as `Resize` takes them.
    split: which of train, val, test and the like, where there are such folders or splits; by default train.
    What G is given beside them, the column "input", is another source of pictures with the same names, those that belong to
    none where `unpaired`; or a half of each picture: side_by_side is "left-input" or "right-input"; or what `degrade` makes of
    them. masks: a folder with a mask of the same name for each, the column "mask"; ignored: a number in them that is no class.
    labelled: the share of the rows that is kept, evenly spread; with `unlabelled` all are, and the others' masks are of the
    ignored number alone. labels: how many pictures are to be columns of their own, with their classes, and the seed of their
    draw, see `few_labels`. whole: all of a file of text, whose last tenth is left out otherwise. like: what these are beside,
    whose channels, length and rate they get where none are asked for, and whose classes, or names of label vectors, as far as
    theirs are among them. Raises BadInput for what cannot be used.
    """

    return _load(
        source,
        resolution,
        rest=False,
        fit=fit,
        channels=channels,
        aspect=aspect,
        length=length,
        rate=rate,
        split=split,
        memory=memory,
        input=input,
        side_by_side=side_by_side,
        unpaired=unpaired,
        degrade=degrade,
        masks=masks,
        ignored=ignored,
        labelled=labelled,
        unlabelled=unlabelled,
        labels=labels,
        whole=whole,
        like=like,
    )


def held_out(source: str, resolution: int | None = None, **fitting: Any) -> Dataset | None:
    """Dataset of the samples that `load` leaves out of a source, None where it, or that of its inputs, has none.

    The val or test folder beside train, the part t10k or test of idx files, the split test or validation of tfds:NAME: all rows,
    whatever `labelled` is. fitting: keywords of `load`; `like` is the Dataset that it gave. Raises BadInput as that does.
    """
    return _load(source, resolution, rest=True, **{**(load.__kwdefaults__ or {}), **fitting})


def _load(
    source,
    resolution,
    *,
    rest,
    fit,
    channels,
    aspect,
    length,
    rate,
    split,
    memory,
    input,
    side_by_side,
    unpaired,
    degrade,
    masks,
    ignored,
    labelled,
    unlabelled,
    labels,
    whole,
    like,
):
    """The Dataset that is trained on, or the `rest`, None where there is none."""

    def read(word, how):
        module = source_of(word)
        if not rest:
            return module.load(word, how, memory, **_split(module.load, word, split))
        find = getattr(module, "held_out", None)
        return None if find is None else find(word, how, **_split(find, word, split))

    def read_beside(word, how):
        """The same part of the source of inputs: all of it, where that has no parts."""
        if unpaired or not _folder(source) or not _folder(word) or not files.splits(source):
            return read(word, how)
        part = _part(source, split, rest)
        own = part if files.splits(word) else ""
        return source_of(word).load(word, how, memory, **_split(source_of(word).load, word, own))

    kinds = getattr(source_of(source), "CHANNELS", _CHANNELS)
    how = _how(resolution, fit, channels, aspect, kinds)._replace(length=length, rate=rate, whole=whole)
    readers = read, read_beside
    if like is not None:
        main = like.specs[next(iter(like.columns))]
        readers = alike.reader(read, main), alike.reader(read_beside, like.specs.get(INPUT, main))
    made = _with_input(readers, source, how, input, side_by_side, unpaired, degrade)
    if made is None:
        return None
    if like is not None and LABEL in like:
        made = alike.labelled(made, source, like.specs[LABEL])
    made = _masked(made, source, masks, how, ignored, split, rest)
    if labels is not None:
        made = few_labels(made, *labels, rest=rest)
    if rest:
        return made
    return without_masks(made, labelled, ignored) if unlabelled else thinned(made, labelled)


def _folder(word):
    """Whether a word is a folder or a zip of image files."""
    return source_of(word) is files


def _part(source, split, rest):
    """The name of the split of a source's image files that is trained on, or held out; "" where there are none."""
    there = files.splits(source)
    if not there:
        return ""
    return (splits.held_out(there, split) or "") if rest else splits.chosen(str(source), there, split)


def _masked(made, source, folder, how, ignored, split, rest):
    """The Dataset with the masks of a folder, or its own, which then know their classes."""
    if folder:
        if not made.names or not _folder(source):
            raise BadInput(f"--masks {folder} are found by the names of files, and {made.name} has none: give a folder")
        split = _part(source, split, rest)
        sizes = None if how.half else made.sizes
        found, classes = mask_files.load(folder, made.names, how, split=split, ignored=ignored, sizes=sizes)
        no_class(folder, found, ignored)
    elif "mask" in made:
        found, classes = made["mask"], made.specs["mask"].classes
        no_class(made.name, found, ignored)
        if not classes:
            known = found if ignored is None else found[found != ignored]
            classes = tuple(map(str, range(int(known.max(initial=0)) + 1)))
    else:
        return made
    spec = Spec(found.shape[1:], "uint8", "mask", classes)
    return dataclasses.replace(made, columns={**made.columns, "mask": found}, specs={**made.specs, "mask": spec})


def _how(resolution, fit, channels, aspect, kinds):
    if fit not in HOW:
        raise unknown("--fit", fit, HOW)
    if channels and channels not in kinds:
        words = ", ".join(f"{count} ({said})" for count, said in kinds.items())
        raise BadInput(f"--channels is {channels}: give {words} or 0 (as found)")
    if aspect <= 0 or (aspect != 1 and not resolution):
        raise BadInput(f"--aspect is {aspect}: give a width / height above 0, and --resolution for the height")
    return Resize(resolution or None, fit, channels, aspect)


def _with_input(readers, source, how, input, side_by_side, unpaired, degrade):
    """What is read of a source, with the column of inputs where one is asked for; None where there is none.

    readers: functions (word, how) -> Dataset or None, of the source and of one of inputs.
    """
    read, beside = readers
    ways = {"--input": input, "--side-by-side": side_by_side, "--degrade": degrade}
    asked = [flag for flag, value in ways.items() if value]
    if len(asked) > 1:
        raise BadInput(f"{' and '.join(asked)} each say what G is given: keep one of them")
    if side_by_side and side_by_side not in SIDES:
        raise unknown("--side-by-side", side_by_side, SIDES)
    own, other = SIDES.get(side_by_side or "", ("", ""))
    made = read(source, how._replace(half=own))
    if made is None or not asked:
        return made
    if side_by_side and (kind := made.specs[next(iter(made.columns))].modality) not in ("image", "video"):
        raise BadInput(f"--side-by-side is of pictures, and {made.name} has {kind}: remove it")
    if degrade:
        return degraded(made, degrade)
    found = beside(input, how) if input else read(source, how._replace(half=other))
    return None if found is None else paired(made, found, not unpaired, how.how == "stretch")


def _split(call, source, split):
    """The keyword of a source's function that takes splits. Raises BadInput where it takes none."""
    if not split:
        return {}
    if "split" in inspect.signature(call).parameters:
        return {"split": split}
    raise BadInput(f"--split {split}, but {source} has no folders train, val or test: remove it")


def reachable(word: str | Path) -> None:
    """Raises BadInput for a source that no file system can look for, and for one that it keeps from us."""
    if not str(word):
        raise BadInput("the source is empty: give a name, a folder or a file")
    try:
        os.scandir(word).close()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError) as error:  # too long, without permission, with a zero in it
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"{word} cannot be opened ({reason}): give another source") from error


def source_of(word: str) -> ModuleType:
    """The module that takes a word. Raises BadInput where none does."""
    reachable(word)
    every = sources.modules()
    for source in every:
        if source.takes(word):
            return source
    path, kinds = Path(word), f"give {'; '.join(sources.words())}"
    if path.exists():
        raise BadInput(f"{word} is a single file of a kind that cannot be used: {kinds}")
    if path.name == word:  # it may have been meant as a name
        names = [name for source in every for name in source.NAMES]
        raise BadInput(f"{unknown('source', word, names)}; nor is there such a file or folder")
    beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, beside, 1)
    way_out = f"did you mean {path.parent / near[0]}" if near else "`jaxgan --help` lists what a source can be"
    raise BadInput(f"there is no {word}: {way_out}")
