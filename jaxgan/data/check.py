"""What a source has, before a training finds out."""

import hashlib
from collections import Counter
from pathlib import Path

from jaxgan.data import folder, idx
from jaxgan.data.source import load
from jaxgan.errors import BadInput


def check(source):
    """(lines, problems): a report on a source, a line each, and what keeps it from being used as it is."""
    path = Path(source)
    if path.is_dir() and not idx.find(path):
        return _check_folder(path)
    dataset = load(source)
    seen = Counter(hashlib.sha256(image.tobytes()).digest() for image in dataset.image)
    return _lines(
        files=None,
        shapes=Counter([dataset.image.shape[1:]] * len(dataset.image)),
        classes=dataset.classes,
        counts=Counter([] if dataset.label is None else dataset.label.tolist()),
        damaged=[],
        duplicates=sum(n - 1 for n in seen.values()),
        values=(dataset.image.dtype.name, dataset.image.min(), dataset.image.max()),
    )


def _check_folder(path):
    paths, label, classes = folder.find(path)
    shapes, damaged, seen, counts, low, high = Counter(), [], Counter(), Counter(), 255, 0
    for i, file in enumerate(paths):
        try:
            image = folder.read(file)
        except (OSError, SyntaxError, ValueError) as error:
            damaged.append(f"{file.relative_to(path)} ({error})")
            continue
        shapes[image.shape] += 1
        seen[hashlib.sha256(image.tobytes()).digest()] += 1
        low, high = min(low, int(image.min())), max(high, int(image.max()))
        if label is not None:
            counts[int(label[i])] += 1
    if not shapes:
        found = f"{len(paths)} image files, all damaged" if paths else "no image files"
        raise BadInput(f"{path} has {found} and no idx files: nothing in it can be used")
    duplicates = sum(n - 1 for n in seen.values())
    return _lines(len(paths), shapes, classes, counts, damaged, duplicates, ("uint8", low, high))


def _lines(files, shapes, classes, counts, damaged, duplicates, values):
    dtype, low, high = values
    lines = [f"samples     {sum(shapes.values())}" + (f" of {files} files" if files else "")]
    for shape, n in shapes.most_common(5):
        kind = (
            f"{shape[0]}x{shape[1]}, {shape[2]} channel(s)" if len(shape) == 3 else f"points in {shape[0]} dimensions"
        )
        lines.append(f"size        {kind}: {n}")
    if len(shapes) > 5:
        lines.append(f"size        ... and {len(shapes) - 5} more sizes")
    lines.append(f"values      {dtype}, {low:g} .. {high:g}")
    if classes:
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
