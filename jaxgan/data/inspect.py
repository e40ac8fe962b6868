"""What a source has, before a training finds out."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from jaxgan import modalities
from jaxgan.data import masks as mask_files
from jaxgan.data.films import MOVING
from jaxgan.data.load import load, reachable, source_of
from jaxgan.data.pairs import Derivation
from jaxgan.data.sources import files
from jaxgan.errors import BadInput
from jaxgan.modalities.resize import Resize, frames
from jaxgan.names import shown

MOST = 100_000  # samples that are looked at where a source is no folder of files


def check(
    source: str,
    split: str = "",
    *,
    resolution: int = 0,
    length: int = 0,
    rate: float = 0.0,
    input: str = "",
    side_by_side: str | None = None,
    unpaired: bool = False,
    degrade: Derivation | None = None,
    masks: str = "",
    ignored: int | None = None,
) -> tuple[list[str], list[str]]:
    """(lines, problems): a report on a source, a line each, and what keeps it from being used as it is.

    split: of a folder that has splits, by default the one that is trained on. input, side_by_side, unpaired, degrade, masks,
    ignored, resolution, length and rate: as `load` takes them, whose complaints are problems; a source of inputs and a folder of
    masks are reported on too. Raises BadInput where there is nothing in it that can be used.
    """
    if ignored is not None and not 0 <= ignored <= 255:
        raise BadInput(f"--ignored is {ignored}: give a number in 0 .. 255")
    how: dict[str, Any] = {"resolution": resolution or None, "length": length, "rate": rate}
    lines, problems = _check(source, split, how)
    if input:
        flat = source_of(input) is files and not files.splits(input)  # all of it is beside any part, as in `load`
        more, others = _check(input, "" if flat else split, how)
        lines, problems = lines + [f"input: {line}" for line in more], problems + [f"input: {line}" for line in others]
    if masks:
        more, others = mask_files.check(masks, split=split, ignored=ignored)
        lines, problems = lines + [f"masks: {line}" for line in more], problems + [f"masks: {line}" for line in others]
    if input or side_by_side or degrade or masks or length or rate:
        given: dict[str, Any] = {"input": input, "side_by_side": side_by_side, "unpaired": unpaired}
        given["degrade"] = degrade
        try:
            whole = load(source, split=split, masks=masks, ignored=ignored, **how, **given)
        except BadInput as error:
            problems.append(str(error))
        else:
            shapes = (
                f"{name} {'x'.join(map(str, x.shape[1:]))}" for name, x in whole.columns.items() if name != "label"
            )
            lines.append(f"together    {whole.size} of {', '.join(shapes)}")
            kind = whole.specs[next(iter(whole.columns))].kind
            if (length or rate) and kind.ONE in ("image", "point"):
                flag = f"--length {length}" if length else f"--rate {rate:g}"
                problems.append(f"{flag} is of what has a time, and {source} has {kind.ONE}s: remove it")
    return lines, problems


def _check(source, split, how):
    path = Path(source)
    reachable(source)
    module = source_of(source)
    if module is files:
        return _check_files(path, split)
    if hasattr(module, "check"):
        return module.check(source, split)
    try:
        dataset = load(source, split=split)
    except BadInput:
        if not any(how.values()):
            raise
        dataset = load(source, split=split, **how)  # of several sizes, as a training takes it
    column = next(iter(dataset.columns))
    image = dataset[column]
    seen: Counter[bytes] = Counter()
    low, high = np.inf, -np.inf
    for first in range(0, min(len(image), MOST), 256):
        some = np.ascontiguousarray(image[first : min(first + 256, MOST)])
        seen.update(hashlib.sha256(one).digest() for one in some)
        low, high = min(low, some.min()), max(high, some.max())
    lines, problems = report(
        files=None,
        shapes=Counter({image.shape[1:]: len(image)}),
        kind=dataset.specs[column].kind,
        classes=dataset.classes,
        label=dataset.columns.get("label"),
        damaged=[],
        duplicates=sum(n - 1 for n in seen.values()),
        values=(image.dtype.name, low, high),
    )
    lines += [
        f"column      {name}: {dataset.specs[name].kind.describe(x.shape[1:])}: {len(x)}"
        for name, x in dataset.columns.items()
        if name not in (column, "label")
    ]
    lines += [f"note        {note}" for note in dataset.notes]
    if dataset.specs[column].modality == "image" and max(image.shape[1:3]) > 8 * min(image.shape[1:3]):
        shape = "x".join(map(str, image.shape[1:]))
        problems.append(f"{column} is {shape}, which looks like no picture: name the array after what it is")
    if len(image) > MOST:
        lines.append(f"looked at   the first {MOST} samples")
    return lines, problems


def _check_files(path, split):
    found = files.find(path, split).on_one_scale()
    shapes, damaged, seen, whole, low, high, several = Counter(), [], Counter(), [], 255, 0, Counter[bool]()
    for i, name in enumerate(found.names):
        try:
            with found.open(name) as file:
                if frames(file) > 1:
                    several[name.lower().endswith(MOVING)] += 1
            image = found.read(name, Resize())
        except (BadInput, *files.DAMAGED) as error:
            damaged.append(shown(f"{name} ({error})"))
            continue
        shapes[image.shape] += 1
        seen[hashlib.sha256(image.tobytes()).digest()] += 1
        low, high = min(low, int(image.min())), max(high, int(image.max()))
        whole.append(i)
    if not shapes:
        of_them = (
            f"{len(found.names)} image files, none of which can be used, the first is {min(damaged)}" if damaged else ""
        )
        raise BadInput(f"{path} has {of_them or 'no image files'}, and no idx files: nothing in it can be used")
    label = None if found.label is None else found.label[whole]
    duplicates = sum(n - 1 for n in seen.values())
    values = ("uint8", low, high)
    lines, problems = report(
        len(found.names), shapes, modalities.get("image"), found.classes, label, damaged, duplicates, values
    )
    if found.splits:
        lines.append(f"splits      {', '.join(found.splits.values())}: looked at {found.source}")
    if several[True]:
        lines.append(f"animated    {several[True]} files: the first frame of each (all of them: video:{path})")
    if several[False]:
        lines.append(f"several     {several[False]} files of several pictures: the first of each")
    lines += [f"left out    {count} {reason}" for reason, count in sorted(found.left_out.items())]
    lines += [f"note        {note}" for note in found.notes]
    if high <= 1 and whole:
        problems.append("all values are 0 or 1, nearly black: scale them to 0 .. 255 (masks are a column of their own)")
    return lines, problems


def report(
    files: int | None,
    shapes: Counter[tuple[int, ...]],
    kind: ModuleType,
    classes: Sequence[str],
    label: Any,
    damaged: Sequence[str],
    duplicates: int,
    values: tuple[str, float, float],
) -> tuple[list[str], list[str]]:
    """(lines, problems) that every source has. shapes: {shape of a sample: how many}; values: (dtype, lowest, highest)."""
    dtype, low, high = values
    lines = [f"samples     {sum(shapes.values())}" + (f" of {files} files" if files else "")]
    for shape, n in shapes.most_common(5):
        lines.append(f"size        {kind.describe(shape)}: {n}")
    if len(shapes) > 5:
        lines.append(f"size        ... and {len(shapes) - 5} more sizes")
    lines.append(f"values      {dtype}, {low:g} .. {high:g}")
    if classes and label.ndim == 2:
        spans = ", ".join(
            f"{name}: {label[:, i].min():g} .. {label[:, i].max():g}" for i, name in enumerate(classes[:20])
        )
        lines.append(f"labels      {len(classes)} numbers a sample ({spans}{', ...' if len(classes) > 20 else ''})")
    elif classes:
        counts = Counter(label.tolist())
        share = ", ".join(f"{name}: {counts[i]}" for i, name in enumerate(classes[:20]))
        lines.append(f"classes     {len(classes)} ({share}{', ...' if len(classes) > 20 else ''})")
    else:
        lines.append("classes     none: no labels")
    lines.append(f"duplicates  {duplicates}")
    lines.append(f"damaged     {len(damaged)}" + "".join(f"\n            {name}" for name in damaged[:20]))
    problems = []
    if damaged:
        problems.append(f"{len(damaged)} files are damaged: take them out")
    if len({shape[:-1] for shape in shapes}) > 1:
        problems.append(f"{len(shapes)} sizes: train with --resolution")
    return lines, problems
