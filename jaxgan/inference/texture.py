"""Pictures of any size, where G makes them of a field of noise: in pieces without seams, periodic, through several textures.

The pieces' noise is cut from one field that a key draws for each of its cells by its row and column, and a piece's field reaches
as far around it as G looks: so a piece is what it would be in the whole.
"""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import runs
from jaxgan.data.dataset import LABEL
from jaxgan.errors import BadInput
from jaxgan.inference.apply import MOST
from jaxgan.inference.load import Loaded, load, pick
from jaxgan.inference.sample import Labels, free_path, labels_of
from jaxgan.layers import label_vector
from jaxgan.modalities import image
from jaxgan.names import tell
from jaxgan.progress import Counting

_MORPHED = 4  # textures that a picture goes through where there are no classes
_SUFFIXES = (".png", ".jpg", ".jpeg")
_SOFTWARE = 0x0131  # EXIF's number of it


class Texture:
    """Endless pictures of a run: `window` is a part of one, float32 [h, w, C] in [-1, 1]; the same call is the same part.

    `cell`: pixels of a cell of noise. seed: of all noise. period: (rows, columns) of cells after which all begins again, 0 for
    never. morph: textures from left to right over `columns` cells, each going over into the next, the last into the first
    where there is a period: all classes, or four draws of the noise that a picture shares. label: a class, as
    `inference.sample` takes it; by default the first.
    Raises BadInput for runs whose G makes pictures of one size, and where there is nothing to morph between.
    """

    def __init__(
        self,
        loaded: Loaded,
        *,
        seed: int = 0,
        period: tuple[int, int] = (0, 0),
        morph: bool = False,
        columns: int = 0,
        label: Labels = None,
    ) -> None:
        noise = None if loaded.generator is None else loaded.generator.field
        if noise is None or loaded.generator is None:
            size = "x".join(map(str, loaded.data.specs[loaded.config.real].shape[:2]))
            raise BadInput(
                f"--size, and the run of {loaded.data.name} makes samples of {size} alone, not of a field of noise: take a run "
                "of jaxgan train psgan"
            )
        spec = loaded.data.specs[LABEL] if noise.classes else None
        count = 1
        if morph:
            if noise.shared + noise.classes == 0:
                raise BadInput(
                    "--morph goes from texture to texture, and the run has one, with --z-global 0: remove it"
                )
            count = _MORPHED if spec is None or label is not None else max(len(spec.classes), 2)
        asked = labels_of(count, spec, label)
        key = jax.random.key(seed)
        self.cell, self._margin, self._columns, self._round = noise.cell, noise.margin, columns, period[1] > 0
        labels = None if asked is None else label_vector(jnp.asarray(asked), noise.classes)
        self._textures = noise.textures(key, jnp.arange(count), labels)
        net, variables = loaded.generator, loaded.state.ema

        def draw(variables, textures, rows, columns, share):
            field = noise.window(key, rows, columns, textures, share, period)
            return net.apply(variables, field, train=False)[0][0]

        self._draw, self._variables = jax.jit(draw), variables

    def window(self, top: int, left: int, height: int, width: int) -> jax.Array:
        """float32 [cell * height, cell * width, C]: the part of the picture at these cells."""
        around = lambda first, count: np.arange(first - self._margin, first + count + self._margin, dtype=np.int32)
        rows, columns = around(top, height), around(left, width)
        share = np.broadcast_to(self._share(columns), (len(rows), len(columns), len(self._textures)))
        return self._draw(self._variables, self._textures, rows, columns, share)

    def _share(self, columns):
        """float32 [w, A]: how much of each texture is in each column of cells."""
        count = len(self._textures)
        if count == 1:
            return np.ones((len(columns), 1), np.float32)
        at, each = (columns + 0.5) / self._columns, np.arange(count)
        if self._round:
            apart = np.abs((at[:, None] * count - each + count / 2) % count - count / 2)
        else:
            apart = np.abs(np.clip(at, 0, 1)[:, None] * (count - 1) - each)
        return np.maximum(0, 1 - apart).astype(np.float32)


def texture(
    run: runs.Run | Loaded | str | Path,
    size: tuple[int, int],
    *,
    seed: int = 0,
    tile: bool = False,
    morph: bool = False,
    label: Labels = None,
    most: int = MOST,
    recipe: Any = None,
    say: Callable[[str], Any] = tell,
) -> np.ndarray:
    """uint8 [height, width, C] of a run whose G makes pictures of a field of noise. size: (height, width).

    run: a run, its folder, or what `load` gives. tile: let its edges match, so that it can be laid side by side. morph, label,
    seed: as `Texture` takes them. most: pixels that are made at once; more are made in pieces, without seams. Raises BadInput
    as that does, and for a tile whose sides are no whole cells.
    """
    height, width = size
    for name, value in (("the height", height), ("the width", width), ("the pixels at once", most)):
        if not 1 <= value <= 2**20:
            raise BadInput(f"{name} is {value}: give 1 or more, up to {2**20}")
    if seed < 0:
        raise BadInput(f"--seed is {seed}: give 0 or more")
    loaded = run if isinstance(run, Loaded) else load(run, recipe=recipe)
    cell = 1 if loaded.generator is None or loaded.generator.field is None else loaded.generator.field.cell
    cells = (-(-height // cell), -(-width // cell))
    if tile and (height % cell or width % cell):
        raise BadInput(
            f"--tile {width}x{height}, and the run's noise repeats in whole cells of {cell} pixels: give --size "
            f"{cells[1] * cell}x{cells[0] * cell}"
        )
    period = cells if tile else (0, 0)
    endless = Texture(loaded, seed=seed, period=period, morph=morph, columns=cells[1], label=label)
    side = max(1, int(most**0.5) // cell)
    high, wide = min(side, cells[0]), min(side, cells[1])
    kind = loaded.data.specs[loaded.config.real].kind
    rows, columns = range(0, cells[0], high), range(0, cells[1], wide)
    bands = []
    with Counting(len(rows) * len(columns), "pieces", say) as counting:
        for top in rows:
            band = []
            for left in columns:
                band.append(kind.to_file(np.asarray(endless.window(top, left, high, wide))))
                counting.one()
            bands.append(np.concatenate(band, axis=1)[:, :width])
    return np.concatenate(bands)[:height]


def texture_file(
    run: str | Path | runs.Run,
    size: str,
    *,
    out: str | Path | None = None,
    seed: int = 0,
    tile: bool = False,
    morph: bool = False,
    label: Labels = None,
    checkpoint: str | int = "latest",
    raw: bool = False,
    ema_sigma: float | None = None,
    recipe: str | Path | ModuleType | None = None,
    say: Callable[[str], Any] = tell,
) -> Path:
    """Path of the picture that was written, whose metadata say that it is generated.

    size: WIDTHxHEIGHT. out: a .png or .jpg, by default a new RUN/samples/texture-SEED.png. tile, morph, label, seed: as
    `texture` takes them. checkpoint, raw, ema_sigma, recipe: as `inference.load`. Raises BadInput for what cannot be made or
    written.
    """
    sides = size.lower().split("x")
    if len(sides) != 2 or not all(side.isdecimal() for side in sides):
        raise BadInput(f"--size {size}: give WIDTHxHEIGHT in pixels, 2048x1024")
    opened = runs.open_run(run, recipe)
    path = Path(out) if out is not None else free_path(opened.folder / "samples", f"texture-{seed}")
    if path.suffix.lower() not in _SUFFIXES:
        raise BadInput(f"--out {path} is to hold one picture: give a .png or a .jpg")
    runs.check_new(path)
    loaded = load(opened, step=pick(opened, checkpoint), raw=raw, ema_sigma=ema_sigma)
    width, height = map(int, sides)
    picture = texture(loaded, (height, width), seed=seed, tile=tile, morph=morph, label=label, say=say)
    try:
        with runs.created(path) as part:
            _save(part, picture)
    except OSError as error:
        raise BadInput(f"cannot write {path} ({error.strerror or error}): give another --out") from error
    return path


def _save(path, picture):
    """Writes uint8 [H, W, C] with the word that it is generated."""
    from PIL import Image

    if path.suffix.lower() == ".png":
        image.write(path, picture)
        return
    drawn = Image.fromarray(picture if picture.shape[-1] in (3, 4) else picture[..., 0])
    exif = drawn.getexif()
    exif[_SOFTWARE] = image.GENERATED
    drawn.convert("RGB").save(path, quality=95, exif=exif)
