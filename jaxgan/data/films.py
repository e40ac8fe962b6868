"""Films: GIF, WebP and mp4 files, or folders of frames, read one frame at a time and never kept as a whole."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from jaxgan.data.listing import Listing
from jaxgan.errors import BadInput
from jaxgan.modalities import resize
from jaxgan.modalities.depths import ALONE, Spreads
from jaxgan.modalities.resize import Resize

MOVING = (".gif", ".webp")  # suffixes of pictures that may have several frames
MOVIES = {".mp4": "mov", ".m4v": "mov", ".mov": "mov", ".webm": "matroska", ".mkv": "matroska", ".avi": "avi"}
"""Suffixes, and the reader of ffmpeg that each is given to: one that opens no other file, whatever the file says."""
_MOST = 2**30  # pixels of all frames of a film together


class Film(NamedTuple):
    """Frames in order: those of one file, or a file each."""

    name: str  # of the file, or of the folder of the frames
    files: tuple[str, ...]

    @property
    def movie(self) -> bool:
        """Whether ffmpeg reads it."""
        return PurePosixPath(self.files[0]).suffix.lower() in MOVIES


class FilmHead(NamedTuple):
    """What is known of a film before its frames are kept."""

    frames: int
    size: tuple[int, int]
    grey: bool
    rate: float  # frames a second, 0 where nobody says
    wide: bool = False  # whether some are of more than 8 bits


def films(found: Listing, pictures: list[str]) -> list[Film]:
    """Films of a Listing in the order of their names: each movie, each picture of a folder where some move, and each folder
    where none does, whose pictures are its frames, in the order of the numbers in their names.

    pictures: names of the pictures.
    """
    movies = [name for name in found.names if PurePosixPath(name).suffix.lower() in MOVIES]
    moving = [name for name in pictures if name.lower().endswith(MOVING) and _moves(found, name)]
    parent = lambda name: str(PurePosixPath(name).parent)
    of_films = {parent(name) for name in (*movies, *moving)}
    folders: dict[str, list[str]] = {}
    for name in sorted(pictures, key=_in_order):
        if parent(name) not in of_films:
            folders.setdefault(parent(name), []).append(name)
    alone = [Film(name, (name,)) for name in (*movies, *(name for name in pictures if parent(name) in of_films))]
    return sorted([*alone, *(Film(name, tuple(files)) for name, files in folders.items())])


def head(found: Listing, film: Film) -> FilmHead:
    """FilmHead of a film. Raises BadInput where its frames have several sizes, or more pixels than are read, OSError and others
    where it is damaged."""
    if film.movie:
        rate, every = _movie(found, film)
        count, size = 0, (0, 0)
        for frame in every:
            count, size = count + 1, frame.shape[:2]
        return FilmHead(count, size, False, rate)
    if len(film.files) > 1 or not film.name.lower().endswith(MOVING):
        heads = [_still_head(found, name) for name in film.files]
        sizes = {one.size for one in heads}
        if len(sizes) > 1:
            raise BadInput(
                f"its frames have {len(sizes)} sizes, {sorted(sizes)[0]} and {sorted(sizes)[-1]}: give one size"
            )
        wide = any(one.wide for one in heads)
        return FilmHead(len(heads), heads[0].size, all(one.grey for one in heads), 0.0, wide)
    return _animated_head(found, film)


def frames(found: Listing, film: Film, how: Resize, wanted: range, wide: Spreads = ALONE) -> Iterator[np.ndarray]:
    """Frames uint8 [H, W, C] of these numbers, each brought to a Resize. wide: of all films, as `resize.read` takes them.

    Raises as `head` does.
    """
    every: Any
    if film.movie:
        _, every = _movie(found, film)
    elif len(film.files) > 1 or not film.name.lower().endswith(MOVING):
        for i in wanted:
            with found.open(film.files[i]) as file:
                yield resize.fit(resize.read(file, how.channels, wide), how)
        return
    else:
        every = _animated(found, film, how.channels)
    for i, frame in enumerate(every):
        if i in wanted:
            yield resize.fit(frame, how)
        if i + 1 >= wanted.stop:
            break
    every.close()


def _animated_head(found, film):
    """FilmHead of a picture that moves: grey where all of its frames are, at the rate of most of them."""
    with found.open(film.name) as file:
        size, grey, _ = resize.head(file)
    times = []
    with found.open(film.name) as file, resize.opened(file) as picture, resize.told():
        count = getattr(picture, "n_frames", 1)
        _bounded(count, size)
        for frame in _each(picture):
            if grey:  # a GIF's frames after the first are in colours, which may all be grey
                x = resize.as_array(frame)
                grey = bool((x == x[..., :1]).all())
            frame.load()  # before it a WebP does not know how long a frame lasts
            times.append(frame.info.get("duration") or 0)
    each = np.median([time for time in times if time] or [0])
    return FilmHead(count, size, grey, 1000 / float(each) if each else 0.0)


def _animated(found, film, channels):
    """Each frame of a picture that moves, as a viewer shows it."""
    with found.open(film.name) as file, resize.opened(file) as picture, resize.told():
        for frame in _each(picture):
            yield resize.as_array(frame, channels)


def _each(picture):
    """The frames of a picture that moves. After a grey one that has no palette Pillow would take the next one's for grey too."""
    from PIL import ImageSequence

    for frame in ImageSequence.Iterator(picture):
        yield frame
        if frame.mode == "L" and "transparency" not in frame.info:
            frame.putpalette([value for value in range(256) for _ in "rgb"])


def _movie(found, film):
    """(frames a second or 0, iterator of the frames uint8 [H, W, 3]). The iterator is to be closed."""
    try:
        from imageio_ffmpeg import get_ffmpeg_exe
    except ImportError as error:
        raise BadInput(f"{film.name} is read by ffmpeg, which is not there: pip install 'jaxgan[video]'") from error
    suffix = PurePosixPath(film.name).suffix.lower()

    def generate():
        with tempfile.TemporaryDirectory() as folder, found.open(film.name) as file:
            path, log = Path(folder) / f"film{suffix}", Path(folder) / "log"  # of a zip, or of any name
            with path.open("wb") as out:
                shutil.copyfileobj(file, out)
            only = ("-f", MOVIES[suffix], "-protocol_whitelist", "file,pipe")
            command = [get_ffmpeg_exe(), "-nostdin", "-hide_banner", *only, "-i", str(path), "-an", "-sn"]
            command += ["-fps_mode", "passthrough"]  # each frame once, also where they do not follow evenly
            command += ["-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe", "pipe:1"]
            with log.open("wb") as told, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told) as process:
                try:
                    first, count = _ppm(process.stdout), 0
                    yield _rate(log)
                    while first is not None:
                        count += 1
                        _bounded(count, first.shape[:2])
                        yield first
                        first = _ppm(process.stdout)
                    if process.wait() or not count:
                        last = log.read_text(errors="replace").strip().splitlines()[-1:]
                        raise OSError("".join(last)[:200] or "it has no frames")
                finally:
                    process.kill()

    every = generate()
    return next(every), every


def _ppm(stream):
    """The next frame uint8 [H, W, 3] of a stream of PPM pictures, None at its end."""
    words = stream.readline(), stream.readline(40).split(), stream.readline(40)
    if words[0] != b"P6\n" or len(words[1]) != 2:
        return None
    width, height = map(int, words[1])
    _bounded(1, (height, width))
    held = stream.read(3 * width * height)
    return None if len(held) < 3 * width * height else np.frombuffer(held, np.uint8).reshape(height, width, 3)


def _rate(log):
    """Frames a second that ffmpeg tells of a film, 0 where it does not."""
    found = re.search(r"Video:.*?([\d.]+) fps", log.read_text(errors="replace"))
    return float(found[1]) if found else 0.0


def _still_head(found, name):
    with found.open(name) as file:
        return resize.head(file)


def _moves(found, name):
    """Whether a picture has several frames; one that is damaged has not, and tells it when it is read."""
    try:
        with found.open(name) as file, resize.opened(file) as picture, resize.told():
            return bool(getattr(picture, "is_animated", False))
    except (OSError, SyntaxError, ValueError, BadInput):
        return False


def _bounded(count, size):
    if count * size[0] * size[1] > _MOST:
        raise BadInput(f"its {count} frames have more than {_MOST:,} pixels: cut it in pieces")


def _in_order(name):
    """Names with numbers in the order of the numbers: frame2 before frame10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
