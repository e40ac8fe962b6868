"""A run's own page: one file with its samples, curves, speed and config, that opens without a network."""

import base64
import dataclasses
import io
import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from jaxgan import reading, recipes, runs
from jaxgan.errors import BadInput
from jaxgan.modalities import resize
from jaxgan.reports import samples
from jaxgan.reports.curves import numbers, panels_of_metrics

FRAMES = 60  # pictures at most
POINTS = 1500  # of a curve at most
MOST_PLAYED = 2**23  # bytes of all sounds and animations of samples: above, fewer steps have one
LARGEST = 16_383  # pixels a side that a WebP can have
_HEAVY = 50_000  # bytes above which a picture is packed again, as WebP
# suffix -> what browsers call it
_PLAYED = {".wav": "audio/wav", ".gif": "image/gif", ".webp": "image/webp", ".txt": "text/plain"}
_NO_CURVE = {"step", "images", "seconds"}


def write(folder: runs.Run | str | Path, recipe: str | Path | ModuleType | None = None) -> Path:
    """Path of RUN/report.html, written anew, of a Run or its folder. Raises BadInput where the folder is no run."""
    run = runs.open_run(folder, recipe)
    read = runs.read_metrics(run.folder / "metrics.jsonl")
    rows = [dict.fromkeys(row) | numbers(row) for row in read]  # None is a gap in a curve, and no row without the name
    saved, result = (_object(run.folder / name) for name in ("config.json", "result.json"))
    content = {
        "title": f"{run.name} on {run.data.name}",
        "about": recipes.describe(run.recipe),
        "facts": _facts(run, rows, saved, result),
        "config": _config(run),
        "rows": _of_every_scalar(rows),
        "panels": _panels(rows),
        "pictures": _pictures(run),
    }
    data = json.dumps(content).replace("<", "\\u003c")  # or a name could end the script that holds it
    page = resources.files("jaxgan.reports").joinpath("page.html").read_text(encoding="utf-8")
    path = run.folder / "report.html"
    runs.write_text(path, page.replace("__DATA__", data))
    return path


def frames(folder: Path) -> list[Path]:
    """Paths of at most FRAMES pictures that a training drew, evenly chosen, with the first and the last; STEP.png each."""
    return _thinned(samples.drawn(folder), FRAMES)


def pictures(folder: Path) -> Iterator[tuple[Path, Any]]:
    """(path, Pillow image) of those that `frames` finds; what a power cut or a full disk has left half written is left out."""
    for path in frames(folder):
        try:
            with resize.opened(path) as found, resize.told():
                found.load()
                picture = found.convert("RGB")
        except (OSError, SyntaxError, ValueError, BadInput):
            continue
        yield path, picture


def _facts(run, rows, saved, result):
    speeds = [row["images_per_s"] for row in rows[1:] if row.get("images_per_s")]
    step = rows[-1]["step"] if rows else 0
    if type(result.get("step")) is not int or result["step"] < step:  # an earlier end: rows have come since
        result = {}
    facts = [("steps", f"{step:,} of {run.config.steps:,}"), ("samples of data", f"{run.data.size:,}")]
    facts.append(("one sample", run.made.kind.describe(run.made.shape)))
    if speeds:
        facts.append(("images/s, median", f"{np.median(speeds):,.0f}"))
    if type(result.get("seconds")) in (int, float):
        facts.append(("training", f"{result['seconds']:,.0f} s"))
    if "devices" in result:
        facts.append(("devices", f"{result['devices']} ({result.get('parallel', 'unknown')})"))
    if "state_sha256" in result:
        facts.append(("sha256 of the state", str(result["state_sha256"])[:16]))
    if "ended" in result:
        facts.append(("ended", str(result["ended"])))
    versions = saved.get("versions")
    versions = versions if isinstance(versions, dict) else {}
    facts += [(name, str(versions[name])) for name in ("jaxgan", "jax", "flax") if name in versions]
    if saved.get("git"):
        facts.append(("commit", str(saved["git"])[:10]))
    return facts


def _object(path):
    """What a JSON file says, {} where it is damaged: the page is of what can still be read."""
    try:
        found = reading.json_of(path)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _config(run):
    """(name, value, whether it differs from the recipe's default) of every field."""
    default = run.recipe.Config()
    values = [(f.name, getattr(run.config, f.name), getattr(default, f.name)) for f in dataclasses.fields(run.config)]
    return [(name, str(value), value != usual) for name, value, usual in values]


def _panels(rows):
    """Names of the scalars that share a panel: the known groups, then each of the others."""
    told = (name for row in rows for name, x in row.items() if x is not None and name not in _NO_CURVE)
    names = list(dict.fromkeys(told))
    groups = (("loss_g", "loss_d"), ("penalty_d",), *list(panels_of_metrics().values())[1:])
    together = [[name for name in group if name in names] for group in groups]
    known = {name for group in groups for name in group}
    return [group for group in together if group] + [[name] for name in names if name not in known]


def _pictures(run):
    """What the page shows of each step: a picture, and what it plays, where samples are heard or move."""
    found = list(pictures(run.folder))
    suffix = getattr(run.made.kind, "PLAYED", "")
    there = [path for p, _ in found if suffix in _PLAYED and (path := p.with_suffix(suffix)).is_file()]
    size = sum(path.stat().st_size for path in there)
    kept = set(there if size <= MOST_PLAYED else _thinned(there[::-1], max(1, len(there) * MOST_PLAYED // size)))
    played = lambda path: _address(path.read_bytes(), _PLAYED[suffix]) if path in kept else ""
    return [
        {"step": int(p.stem), "data": _embedded(p, picture), "played": played(p.with_suffix(suffix))}
        for p, picture in found
    ]


def _of_every_scalar(rows):
    """The rows that show each scalar at POINTS of those that have it: evaluations are in few rows, and would be lost."""
    having = {}
    for i, row in enumerate(rows):
        for name in row:
            having.setdefault(name, []).append(i)
    kept = {i for own in having.values() for i in _thinned(own, POINTS)}
    return [rows[i] for i in sorted(kept)]


def _thinned(items, most):
    """At most so many of the items, evenly chosen, with the first and the last."""
    if len(items) <= most:
        return items
    return [items[i] for i in np.linspace(0, len(items) - 1, most).round().astype(int)]


def _embedded(path, picture):
    """data: address of a picture."""
    content, kind = path.read_bytes(), "png"
    if len(content) > _HEAVY:
        packed = io.BytesIO()
        picture.thumbnail((LARGEST, LARGEST))
        picture.save(packed, "WEBP", quality=85)
        content, kind = packed.getvalue(), "webp"
    return _address(content, f"image/{kind}")


def _address(content, kind):
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
