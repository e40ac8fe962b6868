"""Edits of what a run's G makes: directions, style mixing, truncation; of samples, or of real pictures, inverted first."""

import contextlib
import itertools
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Literal, NamedTuple

import numpy as np

from jaxgan import runs
from jaxgan.data.dataset import LABEL
from jaxgan.errors import BadInput
from jaxgan.inference import directions as ways
from jaxgan.inference import edit_base, edit_directions, edit_pictures
from jaxgan.inference import latents as seam
from jaxgan.inference.load import load, pick
from jaxgan.inference.sample import Labels, labels_of
from jaxgan.names import tell

By = Literal["sefa", "pca", "features", "label", "folders", "jacobian"]


class Edited(NamedTuple):
    """The folder that was written, and what there is to say of it."""

    out: Path
    lines: list[str]


def edit(
    run: str | Path | runs.Run,
    *,
    directions: int = 0,
    direction: int = 0,
    mix: tuple[str, str] | None = None,
    truncate: bool = False,
    by: By = "sefa",
    folders: tuple[str, str] | None = None,
    layer: int = 2,
    begin: float | None = None,
    end: float | None = None,
    columns: int = 7,
    layers: tuple[int, int] | None = None,
    invert: Sequence[str | Path] = (),
    fit: Literal["", "crop", "stretch", "pad"] = "",
    steps: int = 1000,
    starts: int = 2,
    perceptual: float = 1.0,
    perceptual_features: str = "",
    noise_images: bool = False,
    tune: bool = False,
    latents: str | Path | None = None,
    space: Literal["", "z", "w", "w+"] = "",
    num: int = 0,
    seed: int = 0,
    label: Labels = None,
    out: str | Path | None = None,
    checkpoint: str | int = "latest",
    raw: bool = False,
    ema_sigma: float | None = None,
    recipe: str | Path | ModuleType | None = None,
    data: str | None = None,
    classify: Callable[..., Any] | None = None,
    say: Callable[[str], Any] = tell,
) -> Edited:
    """Edited: sheets, an animation, directions and latents of a run, in a new folder RUN/edit-NAME or `out`.

    One of directions (a row each), direction (a row a sample, from 1 on), mix (two files of latents) and truncate, or `invert`
    alone. What is edited: pictures to invert, a file of latents, or `num` draws of `seed`. by: how directions are found, as
    `inference.directions` does. begin, end: in deviations; of truncate shares of the way from the mean. classify: function
    (run, data, say) -> (function images uint8 [N, H, W, C] -> class numbers [N], names of the classes), for the classes of
    what a G makes that is given none. All else as `jaxgan edit --help` says. Raises BadInput for what cannot be done.
    """
    asked = SimpleNamespace(**locals())
    opened, what = runs.open_run(run, recipe), _what(asked)
    if opened.made.modality != "image":
        raise BadInput(f"edits are of pictures, and {opened.name} makes {opened.made.modality}: take jaxgan sample")
    options: dict[str, Any] = {"step": pick(opened, checkpoint), "raw": raw, "ema_sigma": ema_sigma}
    loaded = load(opened, **options, truncation=1.0 if truncate and hasattr(opened.config, "truncation") else None)
    where = seam.space(
        loaded, space or ("w+" if layers and "mapping" in getattr(loaded.generator, "methods", ()) else "")
    )
    spec = opened.data.specs.get(LABEL) if LABEL in opened.config.given else None
    labels = None if label is None else labels_of(1, spec, label)
    asked.label = None if labels is None else labels[0]
    asked.amounts = _amounts(asked, what)
    if truncate and where.name == "z":
        raise BadInput(f"--truncate is of styles, and {opened.name} has none, or --space is z: leave it")
    home = (
        _free(opened.folder, what if what in ("mix", "truncation", "inversion") else by) if out is None else Path(out)
    )
    if home.exists():
        raise BadInput(f"{home} is already there: give another --out")

    with _kept(home, asked.invert):
        base, sheets, lines = edit_base.base(asked, opened, loaded, where)
        seam.save(home / "latents.npz", base.kept)
        frames: Callable[[float], np.ndarray] | None = None
        found: ways.Directions | None = None
        titles = [f"{x:.3g}" for x in asked.amounts]
        if what == "mix":
            sheets["mix.png"] = edit_base.mixed(asked, base)
        elif truncate:
            centre = seam.mean(load(opened, **options, truncation=0.0), base.where)
            if layers is not None:  # of the others nothing moves
                centre = np.where(ways.taken(base.where, layers)[:, None], centre, base.latents)
            along = lambda share: centre + share * (base.latents - centre)
            frames = lambda share: base.draw(along(share))
            sheets["truncation.png"] = np.stack([frames(share) for share in asked.amounts], axis=1)
        elif what != "inversion":
            found = edit_directions.found(asked, opened, base)
            lines += edit_directions.told(asked, found, base)
            which = range(len(found.vectors)) if directions else [direction - 1]
            goes = lambda k, amounts: ways.moved(base.latents, found, k, amounts, base.where, layers)
            if direction:
                frames = lambda amount: base.draw(goes(direction - 1, [amount])[:, 0])
                sheets["direction.png"] = np.stack([frames(amount) for amount in asked.amounts], axis=1)
            else:
                frames = lambda amount: np.concatenate([base.draw(goes(k, [amount])[:1, 0]) for k in which])
                each = np.stack(
                    [[base.draw(goes(k, [x])[:, 0]) for x in asked.amounts] for k in which]
                )  # [K, A, N, ...]
                one = len(base.names) == 1
                sheets |= {f"directions{'' if one else f'-{i + 1}'}.png": each[:, :, i] for i in range(len(base.names))}

        for name, rows in sheets.items():
            if isinstance(rows, dict):
                edit_pictures.beside(home / name, rows)
            else:
                edit_pictures.sheet(home / name, rows, () if what == "mix" else titles)
        if direction:
            edit_pictures.singles(home / "edited", sheets["direction.png"], base.names, titles)
        if frames is not None:
            edit_pictures.animation(home / "animation.webp", frames, (asked.amounts[0], asked.amounts[-1]))
        if found is not None:
            np.savez(
                home / "directions.npz",
                **{**found._asdict(), "space": np.str_(found.space), "names": np.array(found.names)},
            )
    return Edited(home, lines)


@contextlib.contextmanager
def _kept(home, invert):
    """Context that writes into a new folder; where it fails that is taken away again, but for pictures that were inverted."""
    try:
        home.mkdir(parents=True)
    except OSError as error:
        raise BadInput(f"cannot write to {home} ({error.strerror}): give another --out") from error
    try:
        yield
    except BaseException as error:
        if not (invert and (home / "latents.npz").exists()):
            shutil.rmtree(home)
        elif isinstance(error, BadInput):
            raise BadInput(
                f"{error}; what was inverted is kept: go on with --latents {home / 'latents.npz'}"
            ) from error
        raise


def _what(asked):
    """What is to be done, in a word. Raises BadInput where that is not one thing, or flags have no effect on it."""
    ways_of = {
        "--directions": asked.directions,
        "--direction": asked.direction,
        "--mix": asked.mix,
        "--truncate": asked.truncate,
    }
    given = [flag for flag, value in ways_of.items() if value]
    if len(given) > 1:
        raise BadInput(f"{' and '.join(given)} are one too many: keep one of them")
    if not given and not asked.invert:
        raise BadInput(f"there is nothing to do: give {', '.join(ways_of)} or --invert FILES")
    for flag, value in (("--directions", asked.directions), ("--direction", asked.direction), ("--num", asked.num)):
        if value < 0:
            raise BadInput(f"{flag} is {value}: give 1 or more")
    if asked.invert and (asked.latents is not None or asked.mix):
        raise BadInput(
            f"--invert and {'--mix' if asked.mix else '--latents'} both say what is edited: keep one of them"
        )
    if asked.mix and asked.latents is not None:
        raise BadInput(f"--mix has its own latents, and --latents is {asked.latents}: remove it")
    file = asked.latents if asked.latents is not None else asked.mix and asked.mix[0]
    for flag, value in (("--num", asked.num or None), ("--label", asked.label)):
        if file and value is not None and not asked.folders:
            raise BadInput(f"{flag} is {value}, and {file} has its own samples with their labels: remove it")
    for flag, value in (("--perceptual-features", asked.perceptual_features), ("--fit", asked.fit)):
        if value and not (asked.invert or asked.folders):
            raise BadInput(f"{flag} {value} is of pictures that are inverted: add --invert FILES, or remove it")
    if asked.tune and not asked.invert:
        raise BadInput("--tune is around pictures that are inverted: add --invert FILES")
    if asked.noise_images and not asked.invert:
        raise BadInput("--noise-images are found for pictures that are inverted: add --invert FILES")
    if (asked.by == "folders") != (asked.folders is not None):
        raise BadInput("--by folders and --folders A B belong together: give both, or neither")
    if asked.by == "folders" and asked.directions > 1:
        raise BadInput(f"--directions is {asked.directions}, and from one folder to another there is one: give 1")
    if asked.columns < 2:
        raise BadInput(f"--columns is {asked.columns}: give 2 or more")
    names = {"--mix": "mix", "--truncate": "truncation"}
    return names.get(given[0], "directions") if given else "inversion"


def _amounts(asked, what):
    """float [columns]: from one end to the other."""
    usual = (0.0, 1.0) if what == "truncation" else (-3.0, 3.0)
    begin, end = (usual[i] if value is None else value for i, value in enumerate((asked.begin, asked.end)))
    if not np.isfinite([begin, end]).all() or begin == end:
        raise BadInput(f"--from is {begin} and --to {end}: give two numbers, and not the same")
    return np.linspace(begin, end, asked.columns)


def _free(folder, name):
    """Path of a folder RUN/edit-NAME that is not there yet."""
    names = itertools.chain([f"edit-{name}"], (f"edit-{name}-{i}" for i in itertools.count(2)))
    return next(folder / each for each in names if not (folder / each).exists())
