"""Directions in a G's latents along which what it makes changes: by closed form, by PCA, by what is known, by its Jacobian."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import BadInput
from jaxgan.inference import latents as seam
from jaxgan.inference.latents import Space
from jaxgan.inference.load import Loaded
from jaxgan.net import layers_of
from jaxgan.sharing import Array

_DRAWS = 4000  # latents that means, deviations and components are measured on
_FEATURES = 2**27  # numbers of activations that are held at once
_AT_ONCE = 16  # columns of a Jacobian that are computed at once


class Directions(NamedTuple):
    """K unit vectors, the strongest first: `latents + amount * spread[k] * vectors[k]` goes `amount` deviations along one."""

    space: str  # whose latents they are added to; those of w to each layer of w+ too
    vectors: np.ndarray  # float32 [K, *shape]
    spread: np.ndarray  # float32 [K]: standard deviation along each of the latents that G was trained on
    strength: np.ndarray  # float32 [K]: what they are sorted by, each way its own
    names: tuple[str, ...] = ()  # of the classes that they lead to, where they lead to some


def sefa(loaded: Loaded, where: Space, count: int | None = None, layers: tuple[int, int] | None = None) -> Directions:
    """Eigenvectors of A A^T, A [D, n] the kernels that latents meet first. Shen & Zhou 2021, arXiv:2007.06600, eq. 5.

    So A [z + a v] moves most for unit vectors v; of styles the kernels of all layers side by side, or of these, first and last
    from 1 on. strength: the eigenvalues. The authors' program brings each column of A to length 1 first, and of the kernels that
    make StyleGAN2's image takes the last alone. Raises BadInput where the Net does not name its kernels, and for layers and
    counts that are not there.
    """
    if where.net is None or where.net.first_kernels is None:
        raise BadInput(
            f"the Net of {loaded.data.name}'s G does not name the kernels that latents meet: take --by jacobian"
        )
    if where.name == "z" and "mapping" in where.net.methods:
        raise BadInput("--by sefa is of kernels, and this G normalises z before any: take --space w")
    kernels = where.net.first_kernels(loaded.state.ema)
    first, last = chosen(where, layers)
    a = np.concatenate([np.asarray(kernel, np.float64) for kernel in kernels[first:last]], axis=1)
    return _eigen(loaded, of_all_layers(where), a @ a.T, count)


def pca(loaded: Loaded, where: Space, count: int | None = None, seed: int = 0) -> Directions:
    """Principal components of w. Härkönen et al. 2020 (GANSpace), arXiv:2004.02546, section 2.2. strength: their variances.

    Raises BadInput where latents are z, in which no direction is special.
    """
    if where.name == "z":
        raise BadInput("--by pca is of w, and this G is given z, which has no principal directions: take --by features")
    x = _drawn(loaded, of_all_layers(where), seed)
    return _eigen(loaded, of_all_layers(where), np.cov(x.T.astype(np.float64)).reshape(x.shape[1], -1), count, x)


def features(
    loaded: Loaded, where: Space, count: int | None = None, *, layer: int = 2, draws: int = 1000, seed: int = 0
) -> Directions:
    """Latents' regressions on the principal components of a layer's activations. GANSpace, section 2.2, eq. 3.

    layer: from 1 on, as G computes with them; of the first, where that is linear in normal latents, they are `sefa`'s, up to
    the draw. Unit vectors, though not orthogonal ones. What classes differ in is taken away: latents do not know them.
    strength: the components' variances. Raises BadInput for layers and counts that are not there.
    """
    where = of_all_layers(where)
    names, seen = _activations(loaded, where)
    if not 1 <= layer <= len(names):
        there = ", ".join(f"{i} {name}" for i, name in enumerate(names, 1))
        raise BadInput(f"--layer is {layer}, and G has {len(names)}: {there}")
    one = jax.jit(lambda x, label: seen(x, label, layer - 1).reshape(len(x), -1))
    _, label = seam.drawn(loaded, where, 2)
    size = jax.eval_shape(one, jnp.zeros((2, *where.shape)), label).shape[1]
    draws = max(min(draws, _FEATURES // size), 2)
    count = _counted(count, min(where.shape[0], draws - 1), where)
    x, label = seam.drawn(loaded, where, draws, seed=seed)
    y = [np.asarray(one(x[i : i + 50], None if label is None else label[i : i + 50])) for i in range(0, draws, 50)]
    x, y = x - x.mean(axis=0), _centred(np.concatenate(y), label)
    values, left = np.linalg.eigh((y @ y.T).astype(np.float64))  # of as many rows as draws: the components' coordinates
    vectors = left.T[::-1][:count] @ x
    return _made(loaded, where, vectors, values[::-1][:count] / (draws - 1), x=x)


def means(
    loaded: Loaded, where: Space, latents: Array, label: Array, names: Sequence[str], count: int | None = None
) -> Directions:
    """From the mean of all other latents [N, *shape] to that of each class, of class numbers [N], in order.

    Differences of means, as Radford et al. 2016, arXiv:1511.06434, section 6.3.2, have them; with two classes the second is the
    first turned round. strength: their lengths. Raises BadInput for a class that has no latents, or all of them.
    """
    latents, label = np.asarray(latents, np.float32), np.asarray(label)
    shares = [float(np.mean(label == k)) for k in range(len(names))]
    for name, share in zip(names, shares, strict=True):
        if share in (0.0, 1.0):
            raise BadInput(
                f"{'all' if share else 'none'} of {len(latents)} latents are of {name}: give some of each class"
            )
    moves = np.stack([latents[label == k].mean(0) - latents[label != k].mean(0) for k in range(len(names))])
    lengths = np.sqrt(np.sum(moves.reshape(len(moves), -1) ** 2, axis=1))
    count = _counted(count, len(names), where)
    return _made(loaded, where, moves[:count], lengths[:count], tuple(names)[:count])


def jacobian(
    loaded: Loaded, where: Space, latents: Array, label: Array | None = None, count: int | None = None
) -> Directions:
    """Eigenvectors of J^T J, J of the images in the latents: what changes pixels most. Ramesh et al. 2019, arXiv:1812.01161.

    latents [N, *shape]: one for directions of its own, or several, whose J^T J are averaged (Wang & Ponce 2021,
    arXiv:2101.06006). strength: the eigenvalues, |change of all pixels|^2 per unit. Raises BadInput for counts beyond D.
    """
    size, latents = int(np.prod(where.shape)), np.asarray(latents, np.float32)
    rows = [None] * len(latents) if label is None else list(np.asarray(label)[:, None])

    def of(label):
        return lambda x: where.draw(loaded.state.ema, x.reshape(1, *where.shape), label)[0]

    forward = has_forward(of(rows[0]), jnp.asarray(latents[0].reshape(-1)))

    @jax.jit
    def square(x, label):
        """J^T J [D, D] at one latent [D]."""
        push, pull = pushforward(of(label), x, forward), jax.vjp(of(label), x)[1]
        return jax.lax.map(lambda v: pull(push(v))[0], jnp.eye(size), batch_size=_AT_ONCE)

    found = [np.asarray(square(x.reshape(-1), y), np.float64) for x, y in zip(latents, rows, strict=True)]
    whole = np.mean(found, axis=0)
    return _eigen(loaded, where, (whole + whole.T) / 2, count)


def pushforward(f: Callable[[jax.Array], jax.Array], x: jax.Array, forward: bool) -> Callable[[jax.Array], jax.Array]:
    """Function v -> J v of f at x: in forward mode, or by the vjp of the vjp, which is linear in what it is given."""
    if forward:
        return lambda v: jax.jvp(f, (x,), (v,))[1]
    out, pull = jax.vjp(f, x)
    twice = jax.vjp(lambda u: pull(u)[0], jnp.zeros_like(out))[1]
    return lambda v: twice(v)[0]


def has_forward(f: Callable[[jax.Array], jax.Array], x: jax.Array) -> bool:
    """Whether all that f is made of can be differentiated in forward mode, which layers with a gradient of their own cannot."""
    try:
        jax.jit(lambda x, v: jax.jvp(f, (x,), (v,))[1]).lower(x, x)
    except TypeError:
        return False
    return True


def moved(
    latents: Array, found: Directions, which: int, amounts: Array, where: Space, layers: tuple[int, int] | None = None
) -> np.ndarray:
    """Latents [N, A, *shape] that go `amounts` [A], in deviations, along direction `which`, from 0 on, of [N, *shape].

    layers: of w+, first and last from 1 on: the others stay. Raises BadInput for a direction or layers that are not there, and
    latents of another space.
    """
    if not 0 <= which < len(found.vectors):
        raise BadInput(
            f"--direction is {which + 1}, and there are {len(found.vectors)}: give 1 .. {len(found.vectors)}"
        )
    step = found.spread[which] * found.vectors[which]
    if (found.space, where.name) == ("w", "w+"):
        step = np.repeat(step[None], where.layers, axis=0)
    elif found.space != where.name:
        raise BadInput(f"directions are of {found.space}, latents of {where.name}: give latents of {found.space}")
    if layers is not None:
        step = step * taken(where, layers)[:, None]
    amounts = np.asarray(amounts, np.float32).reshape(1, -1, *(1 for _ in where.shape))
    return np.asarray(latents)[:, None] + amounts * step[None, None]


def effects(
    loaded: Loaded, where: Space, found: Directions, latents: Array, label: Any, measure: Any, amount: float = 2.0
) -> np.ndarray:
    """float [K, M]: how much a measure, images -> [N, M], changes on average from -amount to amount along each direction."""
    rows = []
    for which in range(len(found.vectors)):
        ends = moved(latents, found, which, np.array([-amount, amount]), where)
        low, high = (np.asarray(measure(seam.images(where, loaded.state.ema, ends[:, i], label))) for i in (0, 1))
        rows.append((high - low).reshape(len(ends), -1).mean(axis=0))
    return np.stack(rows)


def chosen(where: Space, layers: tuple[int, int] | None) -> tuple[int, int]:
    """(first, last + 1) from 0 on of layers from 1 on, by default all. Raises BadInput for those that are not there."""
    first, last = layers or (1, where.layers)
    if not 1 <= first <= last <= where.layers:
        raise BadInput(
            f"--layers {first} {last}, and G has {where.layers}: give the first and the last of 1 .. {where.layers}"
        )
    return first - 1, last


def taken(where: Space, layers: tuple[int, int]) -> np.ndarray:
    """bool [L]: layers of w+ from one to another, from 1 on. Raises BadInput for those that are not there, and other spaces."""
    if where.name != "w+":
        raise BadInput(f"--layers {layers[0]} {layers[1]} are of w+, and latents are of {where.name}: add --space w+")
    first, last = chosen(where, layers)
    return (np.arange(where.layers) >= first) & (np.arange(where.layers) < last)


def of_all_layers(where: Space) -> Space:
    """The space in which directions of all layers at once are found: w where latents are of w+, else their own."""
    if where.name != "w+":
        return where
    return where._replace(
        name="w", shape=where.shape[1:], of_z=lambda *given: where.of_z(*given)[:, 0], net=_repeated(where)
    )


def _repeated(where):
    apply = lambda variables, w, *label, **options: where.net.apply(
        variables, jnp.repeat(w[:, None], where.layers, axis=1), *label, **options
    )
    return where.net._replace(apply=apply)


def _centred(y, label):
    """Rows less their mean, or that of all of their label."""
    groups = np.zeros(len(y), int) if label is None else np.unique(label, axis=0, return_inverse=True)[1].reshape(-1)
    return y - np.stack([y[groups == k].mean(axis=0) for k in range(groups.max() + 1)])[groups]


def _drawn(loaded, where, seed=0):
    return seam.drawn(loaded, where, _DRAWS, seed=seed)[0]


def _eigen(loaded, where, square, count, x=None):
    """Directions of the eigenvectors of a symmetric matrix [D, D], those of the largest values first."""
    values, vectors = np.linalg.eigh(square)
    count = _counted(count, len(values), where)
    return _made(loaded, where, vectors.T[::-1][:count], values[::-1][:count], x=x)


def _counted(count, most, where):
    count = most if count is None else count
    if not 1 <= count <= most:
        raise BadInput(f"directions are {count}, and {where.name} has {most} of this kind: give 1 .. {most}")
    return count


def _made(loaded, where, vectors, strength, names=(), x=None):
    """Directions of rows, of unit length; those of no meaning of their own point where their largest entry is positive."""
    flat = np.asarray(vectors, np.float64).reshape(len(vectors), -1)
    flat = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)
    if not names:
        flat = flat * np.sign(flat[np.arange(len(flat)), np.abs(flat).argmax(axis=1)])[:, None]
    x = _drawn(loaded, where) if x is None else x
    spread = (x.reshape(len(x), -1) @ flat.T).std(axis=0)
    shaped = flat.reshape(len(flat), *where.shape)
    return Directions(where.name, *(np.asarray(each, np.float32) for each in (shaped, spread, strength)), names)


def _activations(loaded, where):
    """(names of G's layers in the order of their use, function (latents, label, i) -> what the i-th one gives)."""
    if where.net is None:
        raise BadInput(f"the Net of {loaded.data.name}'s G is not known: take --by jacobian")
    variables = loaded.state.ema
    x, label = seam.drawn(loaded, where, 2)
    beside = lambda label: () if label is None else (label,)
    paths = [path for layer in layers_of(where.net, variables, x, *beside(label)) for path in layer]
    owners = list(dict.fromkeys(tuple(key.key for key in path[:-1]) for path in paths if path[-1].key == "kernel"))

    def seen(x, label, i):
        found = where.net.apply(variables, x, *beside(label), train=False, seen=True)[1]["intermediates"]
        for key in owners[i]:
            found = found[key]
        return found["__call__"][0]

    return ["/".join(owner) for owner in owners], seen
