"""What a run's G makes images of, as one seam: latents z, or w behind a mapping network, one for all layers or one for each."""

from collections.abc import Callable, Mapping, Sized
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import reading
from jaxgan.data import batch as batches
from jaxgan.data.dataset import LABEL
from jaxgan.errors import BadInput, unknown
from jaxgan.inference.load import Loaded, takes_latents
from jaxgan.layers import with_noise
from jaxgan.net import Net
from jaxgan.sharing import Array, Variables

_AT_ONCE = 256


class Space(NamedTuple):
    """Where latents lie. `label` is None where G is given none, else int32 [B] or float32 [B, K]."""

    name: str  # z, w or w+
    shape: tuple[int, ...]  # of a latent: (Z,), (W,), (L, W)
    layers: int  # L, 1 of z
    draw: Callable[..., Any]  # (variables, latents [B, *shape], label=None) -> images float32 [B, H, W, C]
    of_z: Callable[..., Any]  # (variables, z [B, Z], label=None) -> latents [B, *shape]
    net: Net | None  # G from latents of this space on, (latents, *label) -> images; None where nobody knows it


def space(loaded: Loaded, name: str = "") -> Space:
    """Space of this name: "z", or "w" and "w+" (Abdal et al. 2019, arXiv:1904.03189) where G has styles; by default w, else z.

    Raises BadInput for others, and where G makes no samples of latents.
    """
    net, config = loaded.generator, loaded.config
    if loaded.noise is None or not takes_latents(loaded):
        raise BadInput(
            f"G of {loaded.data.name} is given {', '.join(config.given) or 'no latents'}: take a run of latents"
        )
    styled = net is not None and "mapping" in net.methods
    known = ("z", "w", "w+") if styled else ("z",)
    name = name or known[min(1, len(known) - 1)]
    if name not in known:
        raise unknown("space of latents", name, known)
    z = jax.eval_shape(lambda: loaded.noise(jax.random.key(0), jnp.zeros(1, jnp.int32)))

    def beside(label):
        return {} if label is None else {LABEL: label}

    if name == "z":

        def draw(variables, z, label=None):
            batch = {"z": z, "index": jnp.zeros(len(z), jnp.int32), **beside(label)}  # whatever else is drawn: alike
            return loaded.gan.sample(variables, batch, jax.random.key(0))

        return Space("z", z.shape[1:], 1, draw, lambda variables, z, label=None: z, net)

    assert net is not None

    def mapping_of_all(variables, z, label=None):
        return net.apply(variables, z, *beside(label).values(), train=False, method="mapping")[0]

    def mapping(variables, z, label=None):
        ws = mapping_of_all(variables, z, label)
        return ws if name == "w+" else ws[:, 0]

    shape = jax.eval_shape(mapping_of_all, loaded.state.ema, z, given(loaded, 1)).shape[1:]
    layers = shape[0]

    def synthesis(variables, latents, *label, **options):
        del label  # it is in w
        ws = latents if name == "w+" else jnp.repeat(latents[:, None], layers, axis=1)
        return net.apply(variables, ws, **{"train": False, **options}, method="synthesis")

    draw = lambda variables, latents, label=None: synthesis(variables, latents)[0]
    return Space(name, shape if name == "w+" else shape[1:], layers, draw, mapping, net._replace(apply=synthesis))


def given(loaded: Loaded, count: int, label: Array | None = None, first: int = 0) -> Any:
    """Labels [count] of G, None where it is given none: this one for all, or one class after the other, from `first` on."""
    if LABEL not in loaded.config.given:
        if label is not None:
            raise BadInput(f"--label {label}, but the run has no classes: remove it")
        return None
    spec = loaded.data.specs[LABEL]
    found = batches.cycled(spec, first + count)[first:] if label is None else np.asarray(label)
    if found.shape not in (spec.shape, (count, *spec.shape)):
        raise BadInput(f"label is {list(found.shape)}, and there are {count}: give {list(spec.shape)}, or one for each")
    if not spec.examples and not ((found >= 0) & (found < len(spec.classes))).all():
        raise BadInput(f"--label {found.tolist()}, and the run has classes 0 .. {len(spec.classes) - 1}: give those")
    return np.broadcast_to(found, (count, *spec.shape)).astype(np.float32 if spec.examples else np.int32)


def drawn(loaded: Loaded, where: Space, count: int, *, seed: int = 0, label: Array | None = None) -> tuple[Any, Any]:
    """(latents [count, *shape], label) of the distribution that G was trained on; classes one after the other, or `label`."""
    of_z, parts = jax.jit(where.of_z), []
    label = given(loaded, count, label)
    for rows in _blocks(count):
        z = loaded.noise(jax.random.key(seed), rows)
        parts.append(np.asarray(of_z(loaded.state.ema, z, None if label is None else label[rows])))
    return np.concatenate(parts)[:count], label


def mean(loaded: Loaded, where: Space) -> np.ndarray:
    """float32 [*shape] of w or w+: the mean style (Karras et al. 2019, arXiv:1812.04948, appendix B), by a G of truncation 0."""
    assert loaded.noise is not None and loaded.generator is not None
    label = given(loaded, 1)
    z = loaded.noise(jax.random.key(0), jnp.zeros(1, jnp.int32))
    beside = () if label is None else (label,)
    ws = loaded.generator.apply(loaded.state.ema, z, *beside, train=False, method="mapping")[0][0]
    return np.asarray(ws if where.name == "w+" else ws[0])


def images(
    where: Space,
    variables: Variables,
    latents: Array,
    label: Array | None = None,
    noise: Mapping[str, Array] | None = None,
) -> np.ndarray:
    """float32 [N, H, W, C]: what G makes of latents [N, *shape]. Raises BadInput for latents of another shape.

    noise: {layer: [N, H, W, 1]} that G adds, in place of its own: of layers that add some, as many as latents.
    """
    latents = np.asarray(latents, np.float32)
    if latents.shape[1:] != where.shape or not len(latents):
        raise BadInput(
            f"latents are {list(latents.shape)}, and the run's {where.name} are [N, {list(where.shape)}]: give such"
        )
    alike(latents, label=label, **(noise or {}))
    draw = jax.jit(where.draw)
    parts = [
        np.asarray(
            draw(
                with_noise(variables, {name: x[rows] for name, x in (noise or {}).items()}),
                latents[rows],
                None if label is None else np.asarray(label)[rows],
            )
        )
        for rows in _blocks(len(latents))
    ]
    return np.concatenate(parts)[: len(latents)]


def alike(latents: Sized, **columns: Sized | None) -> None:
    """Raises BadInput where a column has not as many rows as there are latents."""
    for name, column in columns.items():
        if column is not None and len(column) != len(latents):
            raise BadInput(f"there are {len(latents)} latents, and {len(column)} of {name}: give one for each")


def wider(latents: Array, was: Space, now: Space) -> np.ndarray:
    """Latents of w as those of w+, the same in every layer; of the same space as they are. Raises BadInput for others."""
    latents = np.asarray(latents)
    if was.name == now.name:
        return latents
    if (was.name, now.name) != ("w", "w+"):
        raise BadInput(f"latents of {was.name} are none of {now.name}: invert with --space {now.name}")
    return np.repeat(latents[:, None], now.layers, axis=1)


class Kept(NamedTuple):
    """Latents in a file: what `--invert` writes, and edits are of."""

    space: str
    latents: np.ndarray
    label: np.ndarray | None = None
    names: tuple[str, ...] = ()  # of the pictures that they are of
    more: dict[str, np.ndarray] = {}  # errors, and what else belongs to them
    tuned: dict[str, np.ndarray] = {}  # path in "params" -> weights of a G that was tuned around them
    noise: dict[str, np.ndarray] = {}  # layer -> float32 [N, H, W, 1]: images of noise that were found with them


def save(path: Path, kept: Kept) -> None:
    """Writes an .npz of Kept: space, latents, label, names, and the rest by their names."""
    columns: dict[str, Any] = {"space": np.str_(kept.space), "latents": kept.latents, **kept.more}
    columns |= {} if kept.label is None else {LABEL: kept.label}
    columns |= {"names": np.array(kept.names)} if kept.names else {}
    columns |= {f"tuned/{name}": x for name, x in kept.tuned.items()}
    columns |= {f"noise/{name}": x for name, x in kept.noise.items()}
    np.savez(path, **columns)


def read(path: str | Path, loaded: Loaded) -> Kept:
    """Kept of an .npz. Raises BadInput where it cannot be read, or is of a G of another shape."""
    try:
        arrays = reading.arrays(path)
        name, latents = str(arrays.pop("space")), arrays.pop("latents").astype(np.float32)
        noise = {
            key.partition("/")[2]: arrays.pop(key).astype(np.float32) for key in [*arrays] if key.startswith("noise/")
        }
    except reading.DAMAGED as error:
        raise BadInput(
            f"{path} has no latents ({type(error).__name__}: {error}): give an .npz of jaxgan edit"
        ) from error
    where = space(loaded, name)
    finite = all(np.isfinite(x).all() for x in (latents, *noise.values()))
    if latents.shape[1:] != where.shape or not finite:
        raise BadInput(
            f"{path} has latents {list(latents.shape)} of {name}, the run's are {list(where.shape)} each, and finite: give such"
        )
    label = arrays.pop(LABEL, None)
    if (label is None) != (LABEL not in loaded.config.given):
        raise BadInput(
            f"{path} has {'no ' if label is None else ''}labels, and the run's G is otherwise: give latents of it"
        )
    names = tuple(map(str, arrays.pop("names", ())))
    tuned = {key.partition("/")[2]: arrays.pop(key) for key in [*arrays] if key.startswith("tuned/")}
    try:
        alike(latents, label=label, names=names or None)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
    return Kept(name, latents, label, names, arrays, tuned, noise)


def _blocks(count):
    """Row numbers in blocks of one length, the last filled up with the last row, so that one program does."""
    size = min(count, _AT_ONCE)
    for first in range(0, count, size):
        yield np.minimum(np.arange(first, first + size, dtype=np.int32), count - 1)
