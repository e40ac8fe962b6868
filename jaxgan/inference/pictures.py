"""Pictures of any size and kind, one after the other, with what a viewer needs to show them right; and written as they came."""

import itertools
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from jaxgan import data, runs
from jaxgan.data.listing import listing
from jaxgan.data.sources import files
from jaxgan.errors import BadInput
from jaxgan.modalities import depths, image, resize
from jaxgan.modalities.depths import ALONE, Spreads

_MOVING = (".gif", ".webp", ".png", ".avif", ".tif", ".tiff")  # of TIFF pages
_NOT_WRITTEN = (".jfif", ".avif")
_OPAQUE = (".jpg", ".jpeg")
_NOT_CLEAR = (*_OPAQUE, ".bmp", ".gif")  # of a GIF a pixel is transparent or not
_NO_FACTS = {  # what formats cannot keep: an EXIF of TIFF is the file's own structure
    ".gif": ("icc_profile", "exif"),
    ".bmp": ("icc_profile", "exif", "duration", "loop", "disposal"),
    ".tif": ("exif", "duration", "loop", "disposal"),
    ".tiff": ("exif", "duration", "loop", "disposal"),
    ".webp": ("disposal",),
    ".png": ("disposal",),
}
_COLOURS = ("RGB", "RGBA", "P", "PA")
_SUBFILE = 254  # tag of a TIFF's page: bit 0 of a thumbnail's
_LOSSY = {"quality": 95}
_MOST = 2**30  # pixels of all frames together


class Picture(NamedTuple):
    """A picture, or the frames of one that moves."""

    name: str  # where it is to be written, relative to the folder of all
    frames: list  # uint8 [H, W, 1 or 3] each, as a viewer shows them
    alpha: list  # uint8 [H, W] of each frame, None where all of it is opaque
    facts: dict  # what Pillow is to save beside: profile, EXIF, durations


def found(
    inputs: Any, column: str = "input", without: Path | None = None, memory: int = 2**31, spreads: Spreads = ALONE
) -> list[tuple[str, Any]]:
    """[(name, () -> Picture)] of files, folders, zips and sources of data, in order. Raises BadInput where there is nothing.

    column: which of a source that has several, by default its images. without: a folder that is left out where it lies in
    another. spreads: of those that are of one scale with them, as `read` takes them. Opening one raises one of `files.DAMAGED`
    where it is.
    """
    pictures: list[tuple[str, Any]] = []
    for word in inputs:
        path = Path(word)
        if path.is_file() and path.suffix.lower() in files.SUFFIXES:
            pictures.append((path.name, lambda path=path: read(path.name, path, spreads)))
        elif path.exists() and files.takes(str(word)):
            there = listing(word)
            inside = None
            if without is not None and path.is_dir() and without.resolve().is_relative_to(path.resolve()):
                inside = f"{without.resolve().relative_to(path.resolve()).as_posix()}/"
            names = [name for name in there.names if name.lower().endswith(files.SUFFIXES)]
            names = [name for name in names if inside is None or not name.startswith(inside)]
            if not names:
                raise BadInput(f"{word} has no pictures ({', '.join(files.SUFFIXES)}): give a folder that has")
            pictures += [(name, lambda name=name, there=there: _opened(there, name, spreads)) for name in names]
        else:
            columns = data.load(str(word), memory=memory)
            own = columns.columns.get(column, columns.columns.get("image"))
            if own is None:
                raise BadInput(
                    f"{word} has {', '.join(columns.columns)}, and no pictures: give files, folders, or a source of some"
                )
            pictures += [
                (f"{i:06}.png", lambda i=i, own=own: Picture(f"{i:06}.png", [np.asarray(own[i])], [None], {}))
                for i in range(len(own))
            ]
    twice = [name for name, count in Counter(name for name, _ in pictures).items() if count > 1]
    if twice:
        raise BadInput(f"two of the inputs are called {twice[0]}: give them one after the other, each its own --out")
    return pictures


def targets(names: list[str], suffix: str = "", clear: bool = False) -> dict[str, str]:
    """{name: the name that it is written under}: its own, with .png, or `suffix`, for what Pillow does not write as it came.

    clear: they will be transparent in places. No two are alike: where a change of suffix would make them so, the new one stands
    behind the old one.
    """
    wanted, unfit = {}, (*_NOT_WRITTEN, *(_NOT_CLEAR if clear else ()))
    for name in names:
        own = PurePosixPath(name).suffix.lower()
        new = suffix or (".png" if own in unfit else own)
        wanted[name] = name if new == own else str(PurePosixPath(name).with_suffix(new))
    often = Counter(wanted.values())
    for name, target in wanted.items():
        if target != name and (often[target] > 1 or target in wanted):
            wanted[name] = f"{name}{PurePosixPath(target).suffix}"
    return wanted


def write(path: Path, picture: Picture) -> None:
    """Writes a picture, whole or not at all, in the format that the path's suffix says, with the word that it is generated.

    Raises BadInput where it is transparent, and the format knows no such.
    """
    frames = [_pillow(frame, alpha) for frame, alpha in zip(picture.frames, picture.alpha, strict=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = path.suffix.lower()
    if suffix in _OPAQUE and frames[0].mode == "RGBA":
        raise BadInput(f"it is transparent in places, and {suffix} knows no such: rename what it was read from to .png")
    unkept = (*_NO_FACTS.get(suffix, ()), *(() if frames[0].mode in _COLOURS else ("icc_profile",)))
    facts = {name: x for name, x in picture.facts.items() if name not in unkept}
    if len(frames) > 1:
        facts |= {"save_all": True, "append_images": frames[1:]}
    if suffix in (".jpg", ".jpeg", ".webp"):
        facts |= _LOSSY
    if suffix == ".png":
        facts["pnginfo"] = image.generated()
    elif suffix in (".jpg", ".jpeg", ".gif"):
        facts["comment"] = image.GENERATED
    with runs.replaced(path) as part:
        frames[0].save(part, **facts)


def as_channels(frame: np.ndarray, channels: int) -> np.ndarray:
    """A frame in as many channels, grey repeated or colours added up."""
    return resize.as_channels(frame, channels)


def flat(picture: Picture, channels: int) -> np.ndarray:
    """The first frame as trainings read pictures: what is transparent lies over white, but where there are four channels."""
    return resize.as_array(_pillow(picture.frames[0], picture.alpha[0]), 4 if channels == 4 else 0)


def beside(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """uint8 [H, 2 W, C]: before, brought to the size of after, and after."""
    channels = max(before.shape[2], after.shape[2])
    height, width = after.shape[:2]
    brought = resize.fit(as_channels(before, channels), resize.Resize(height, "stretch", 0, width / height))
    return np.concatenate([brought[:, :width], as_channels(after, channels)], axis=1)


def _opened(there, name, spreads):
    with there.open(name) as file:
        return read(name, file, spreads)


def read(name: str, file: Any, spreads: Spreads = ALONE) -> Picture:
    """Picture of an open image file, or of a path. Raises one of `files.DAMAGED`, BadInput for pages of several sizes.

    spreads: of all that are of one scale with it, as `resize.read` takes them.
    """
    from PIL import Image, ImageSequence

    with resize.opened(file) as picture, resize.told():
        turn = resize.orientation(picture)
        facts = {}
        if picture.info.get("icc_profile") and picture.mode in _COLOURS:  # one of grey or ink is not that of colours
            facts["icc_profile"] = picture.info["icc_profile"]
        moving = getattr(picture, "n_frames", 1) > 1 and Path(name).suffix.lower() in _MOVING
        if moving and picture.n_frames * picture.width * picture.height > _MOST:
            raise BadInput(f"its {picture.n_frames} frames have more than {_MOST:,} pixels: cut it in pieces")
        if moving:
            facts |= {"duration": [], "disposal": 2}  # each frame is whole
            facts |= {"loop": picture.info["loop"]} if "loop" in picture.info else {}
        frames: list[np.ndarray] = []
        alphas: list[np.ndarray | None] = []
        first = int(picture.info.get("default_image", False))  # of APNG: for viewers of still pictures, and no frame
        for frame in itertools.islice(ImageSequence.Iterator(picture), first, None) if moving else [picture]:
            if frames and getattr(frame, "tag_v2", {}).get(_SUBFILE, 0) & 1:
                continue  # the same, smaller
            still = frame.copy()
            if moving:  # a frame knows how long it lasts when it is read
                facts["duration"].append(frame.info.get("duration", 100))
            if turn in resize.TURNS:
                still = still.transpose(Image.Transpose(resize.TURNS[turn]))
            colours, alpha = _parts(still, moving, frame, spreads)
            frames.append(colours)
            alphas.append(alpha)
        exif = picture.getexif()
        if exif:
            exif.pop(0x0112, None)  # it is turned, of TIFF by Pillow while it reads
            facts["exif"] = exif
    if len({frame.shape[:2] for frame in frames}) > 1:
        raise BadInput(f"its {len(frames)} pages are of several sizes: save each as a file")
    return Picture(name, frames, alphas, facts)


def _parts(still, moving, frame, spreads):
    """(uint8 [H, W, 1 or 3], alpha uint8 [H, W] or None) of a Pillow image, a copy of this frame of a file."""
    if still.mode.startswith("I") or still.mode == "F":
        values, clear = depths.values(still, frame), depths.clear(still)
        grey = depths.narrowed(values, spreads.get(depths.kind(values)))[..., None]
        return grey, None if clear is None else ~clear * np.uint8(255)
    if still.mode in ("RGBA", "LA", "PA") or "transparency" in still.info:
        whole = np.asarray(still.convert("RGBA"))
        clear = whole[..., 3].min() < 255
        return whole[..., :3].copy(), whole[..., 3].copy() if clear else None
    if resize.is_grey(still) and not moving:
        return np.asarray(still.convert("L"))[..., None], None
    return np.asarray(still.convert("RGB")), None


def _pillow(frame, alpha):
    from PIL import Image

    if alpha is None:
        return Image.fromarray(frame if frame.shape[-1] in (3, 4) else frame[..., 0])
    colours = as_channels(frame[..., :3], 3)
    if alpha.shape != colours.shape[:2]:
        alpha = np.asarray(Image.fromarray(alpha).resize(colours.shape[1::-1], Image.Resampling.BICUBIC))
    return Image.fromarray(np.concatenate([colours, alpha[..., None]], axis=-1))
