"""A trained G on files and folders of pictures: each written under its own name, what is there already left as it is."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from jaxgan import modalities, reading, runs
from jaxgan.data.sources import files
from jaxgan.errors import BadInput
from jaxgan.inference import pictures
from jaxgan.inference.apply import MOST, Translator, holed
from jaxgan.inference.load import load, pick
from jaxgan.modalities import depths, resize
from jaxgan.names import tell
from jaxgan.progress import Counting

_FACTS = "apply.json"  # in the folder: of which run, and how
_HELD = 32  # pictures of several sizes that wait for others of theirs


class Applied(NamedTuple):
    """What was done: `failed` are the pictures that could not be read, with the reason."""

    out: Path
    written: int
    kept: int  # that were there already
    failed: list[str]


def apply_files(
    run: str | Path | runs.Run,
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    seed: int = 0,
    reverse: bool = False,
    mask: str | Path | None = None,
    compare: bool = False,
    size: int = 0,
    most_pixels: int = MOST,
    checkpoint: str | int = "latest",
    raw: bool = False,
    ema_sigma: float | None = None,
    recipe: str | Path | ModuleType | None = None,
    say: Callable[[str], Any] = tell,
) -> Applied:
    """Applied: what a run's G makes of pictures, written into the folder `out` under their own names.

    inputs: files, folders, zips, sources of data. A GIF or WebP is made frame by frame, with one draw for all, as all pictures
    have it. Transparency, profile, EXIF and durations are kept; pictures are turned upright. mask: a picture, or a folder of
    pictures of the same names, white where G is to fill in, where they are not transparent themselves; without it what is
    transparent. compare: each picture beside what it was. size: the shorter side is brought to so many pixels first.
    most_pixels, seed, reverse: as `apply` takes them. checkpoint, raw, ema_sigma, recipe: as `inference.load`. An `out` of the
    same call goes on where it was left, also where it lies in one of the inputs.
    Raises BadInput for what cannot be used, and for an `out` that holds anything else.
    """
    opened = runs.open_run(run, recipe)
    loaded = load(opened, step=pick(opened, checkpoint), raw=raw, ema_sigma=ema_sigma)
    translator = Translator(loaded, seed=seed, reverse=reverse, most=most_pixels)
    if mask is not None and not translator.fills:
        raise BadInput(f"--mask {mask} says what to fill in, and {opened.name} fills nothing in: remove it")
    if size < 0:
        raise BadInput(f"--size is {size}: give the shorter side in pixels, or 0 for pictures as they are")
    if not inputs:
        raise BadInput("there are no pictures: give files, folders, or a source of data")
    specs = [loaded.data.specs.get(name) for name in (translator.column, opened.config.real)]
    scale = next((spec.scale for spec in specs if spec and spec.scale), ())
    there = pictures.found(inputs, translator.column, Path(out), spreads=depths.joined(scale))
    drawn = translator.kind is modalities.get("image")  # else each is one file of its own kind
    if compare and not drawn:
        raise BadInput(
            f"--compare is of pictures beside pictures, and {opened.name} makes {translator.kind.ONE}s: remove it"
        )
    suffix = "" if drawn else translator.kind.SUFFIX
    targets = pictures.targets([name for name, _ in there], suffix, translator.clear)
    masks = None if mask is None else _masks(Path(mask))
    asked = {"run": str(opened.folder.resolve()), "step": int(loaded.state.step), "seed": seed, "reverse": reverse}
    asked |= {"inputs": [str(Path(word).resolve()) for word in inputs], "mask": mask and str(mask), "compare": compare}
    asked |= {"size": size, "most_pixels": most_pixels, "raw": raw, "ema_sigma": ema_sigma}
    home = _folder(Path(out), asked)
    todo = [(name, read) for name, read in there if not (home / targets[name]).exists()]
    failed: list[str] = []
    written = 0
    waiting: dict[tuple[int, ...], list[tuple[pictures.Picture, list[np.ndarray]]]] = {}

    def save(picture, before, made):
        path = home / targets[picture.name]
        if not drawn:
            path.parent.mkdir(parents=True, exist_ok=True)
            with runs.replaced(path) as part:
                translator.kind.write(part, made[0])
            return
        if compare:
            colours = translator.channels - 1 if translator.fills else 3
            made = [pictures.beside(old[..., :colours], new) for old, new in zip(before, made, strict=True)]
        own = translator.fills or compare or made[0].shape[-1] == 4  # what is transparent is G's to say
        alpha = [None] * len(made) if own else picture.alpha
        pictures.write(path, picture._replace(frames=list(made), alpha=alpha))

    def finish(shape):
        nonlocal written
        some = waiting.pop(shape)
        made = translator(np.concatenate([np.stack(frames) for _, frames in some]), say)
        for picture, frames in some:
            own, made = made[: len(frames)], made[len(frames) :]
            try:
                save(picture, frames, own)
                written += 1
            except (BadInput, OSError, ValueError) as error:  # what the format cannot hold, or the disk
                failed.append(f"{picture.name} cannot be written ({error})")

    with Counting(len(todo), "pictures", say) as counting:
        for name, read in todo:
            counting.one()
            try:
                picture = read()
                if len(picture.frames) > 1 and not drawn:
                    raise BadInput(
                        f"it has {len(picture.frames)} frames, and a {translator.kind.ONE} is of one: give them as files"
                    )
                frames = [_given(translator, picture, i, size, masks) for i in range(len(picture.frames))]
            except (BadInput, *files.DAMAGED) as error:
                failed.append(f"{name}: {error}")
                continue
            shape = frames[0].shape
            pixels = lambda shape: sum(len(each) for _, each in waiting.get(shape, ())) * shape[0] * shape[1]
            if shape in waiting and pixels(shape) + len(frames) * shape[0] * shape[1] > most_pixels:
                finish(shape)
            waiting.setdefault(shape, []).append((picture, frames))
            if pixels(shape) >= most_pixels:
                finish(shape)
            elif sum(map(len, waiting.values())) >= _HELD:
                finish(max(waiting, key=lambda shape: len(waiting[shape])))
        for shape in list(waiting):
            finish(shape)
    return Applied(home, written, len(there) - len(todo), failed)


def _given(translator, picture, i, size, masks):
    """The i-th frame as G is given it: with the channels that it takes, holes where they are asked for."""
    frame, alpha = picture.frames[i], picture.alpha[i]
    if translator.fills:
        alpha = alpha if masks is None else masks(picture.name, frame.shape[:2])
        if alpha is None:
            raise BadInput("nothing of it is transparent: give --mask, white where it is to be filled in")
        colours = pictures.as_channels(frame, translator.channels - 1)
        frame = holed(np.concatenate([colours, alpha[..., None]], axis=-1))
    elif translator.channels == 4:
        opaque = np.full(frame.shape[:2], 255, np.uint8) if alpha is None else alpha
        frame = np.concatenate([pictures.as_channels(frame, 3), opaque[..., None]], axis=-1)
    else:
        frame = pictures.as_channels(frame, translator.channels)
    if not size:
        return frame
    height, width = frame.shape[:2]
    scale = size / min(height, width)
    high, wide = max(1, round(height * scale)), max(1, round(width * scale))
    return resize.fit(frame, resize.Resize(high, "stretch", 0, wide / high), nearest=translator.fills)


def _masks(path):
    """(name, size) -> uint8 [H, W], 0 where the mask is white. Raises BadInput where there is none of that name and size."""
    partners, whole = None, functools.cache(lambda: pictures.read(path.name, path))
    if path.is_dir():
        partners = {Path(name).with_suffix(""): read for name, read in pictures.found([path])}
    elif not path.is_file():
        raise BadInput(f"--mask {path} is no picture and no folder of pictures: give one")

    def find(name, size):
        where, own = str(path), Path(name).with_suffix("")
        if partners is None:
            found = whole()
        elif own in partners:
            found, where = partners[own](), f"{path}/{own}"
        else:
            raise BadInput(f"{path} has no mask of that name: give one, or take the picture out")
        white = pictures.as_channels(found.frames[0], 1)[..., 0]
        if found.alpha[0] is not None:
            white = np.where(found.alpha[0] >= 128, white, 0)
        if white.shape != size:
            raise BadInput(
                f"{where} is {white.shape[1]}x{white.shape[0]}, the picture {size[1]}x{size[0]}: give a mask of its size"
            )
        if white.max(initial=0) < 128:
            raise BadInput(
                f"{where} is white nowhere, its brightest pixel is {white.max()}: G fills in what is white, 255"
            )
        return np.where(white >= 128, 0, 255).astype(np.uint8)

    return find


def _folder(out, asked):
    """The folder, made or gone on with. Raises BadInput where it holds anything else."""
    path = out / _FACTS
    if out.exists() and not out.is_dir():
        raise BadInput(f"--out {out} is a file: give a folder")
    if path.is_file():
        try:
            before = dict(reading.json_of(path))
        except (OSError, ValueError, TypeError) as error:
            raise BadInput(
                f"{path}, which says what {out} was written with, is damaged ({error}): give another --out"
            ) from error
        differ = [
            f"{name} {before.get(name)!r} and {value!r}" for name, value in asked.items() if before.get(name) != value
        ]
        if differ:
            raise BadInput(f"{out} was written with {', '.join(differ)} now: give another --out")
    elif out.exists() and any(out.iterdir()):
        raise BadInput(f"{out} is there already, and was not written by jaxgan apply: give another --out")
    out.mkdir(parents=True, exist_ok=True)
    runs.write_json(path, asked)
    return out
