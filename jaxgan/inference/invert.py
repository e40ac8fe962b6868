"""Which latents a picture has: found by descent on what G makes of them, for all pictures and several starts at once."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan.data.dataset import LABEL
from jaxgan.errors import BadInput
from jaxgan.inference import latents as seam
from jaxgan.inference.latents import Space
from jaxgan.inference.load import Loaded
from jaxgan.inference.noise_images import dependence, normalised
from jaxgan.inference.noise_images import own as own_noise
from jaxgan.layers import with_noise
from jaxgan.losses.content import Term
from jaxgan.modalities import image as pixels
from jaxgan.names import tell
from jaxgan.progress import Counting
from jaxgan.sharing import Array, sample_keys

_DRAWS = 1000  # latents that starts are chosen from, and means and deviations measured on
_ROUND = 50  # steps of one program
_AT_ONCE = 64  # pictures times starts that descend at once
_MOST_CLASSES = 100


class Inverted(NamedTuple):
    """Latents of N pictures, each the best of its starts, and what G makes of them."""

    latents: np.ndarray  # float32 [N, *shape of the space]
    label: np.ndarray | None  # [N], where G is given one: those that were found, or told
    images: np.ndarray  # float32 [N, H, W, C]
    error: np.ndarray  # float32 [N]: mean squared difference of pixels in [-1, 1]
    noise: dict[str, np.ndarray] = {}  # layer -> float32 [N, H, W, 1] that G adds, where it was found too

    @property
    def psnr(self) -> np.ndarray:
        """float32 [N]: peak signal to noise ratio, dB."""
        return 10 * np.log10(4 / np.maximum(self.error, 1e-10))


def invert(
    loaded: Loaded,
    where: Space,
    images: Array,
    label: Array | None = None,
    *,
    steps: int = 1000,
    starts: int = 2,
    rate: float = 0.1,
    noise: float = 0.05,
    pixel: float = 1.0,
    perceptual: Term | None = None,
    prior: float = 0.0,
    noise_images: bool = False,
    whiteness: float = 1e5,
    seed: int = 0,
    say: Callable[[str], Any] = tell,
) -> Inverted:
    """Inverted: latents of `where` of which G makes images [N, H, W, C] (uint8, or float in [-1, 1]) most nearly.

    Adam on pixel times the mean squared difference, plus `perceptual` (a `losses.perceptual`, weighed), as Karras et al. 2020,
    arXiv:1912.04958, appendix D: normal noise of `noise` sigma t^2 is added to latents, t from 1 to 0 over the first three
    quarters of the steps, sigma^2 their mean squared distance from their mean; the rate, in deviations, rises over a twentieth
    of the steps and falls over the last quarter. prior: weight of the mean square of latents, in deviations from their mean.
    noise_images: whether the images of noise that G adds are found too, as there: `whiteness` is the weight of what keeps a
    picture from hiding in them (`inference.noise_images.dependence`). By default they stay what they are in samples.
    starts: of each picture, the first in w at its mean, all others at those of 1,000 draws whose images are nearest.
    label: of the pictures, one or N, where G is given one; without it each class is tried, and the best is kept.
    Raises BadInput for images of another shape, labels that G is not given, noise that it does not add, and numbers out of range.
    """
    _check(steps=(steps, 1), starts=(starts, 1))
    if starts > _DRAWS:
        raise BadInput(f"--starts is {starts}: give {_DRAWS} or less, of as many draws are the nearest taken")
    spec = loaded.data.specs[loaded.config.real]
    if spec.modality != "image":
        raise BadInput(f"pictures are inverted, and the run makes {spec.kind.ONE}s: give a run of pictures")
    shape = spec.shape
    images = pixels.as_step("images", images)
    if images.shape[1:] != shape or not len(images):
        found, wanted = ("x".join(map(str, each)) for each in (images.shape[1:], shape))
        raise BadInput(f"pictures are {found}, and the run makes {wanted}: bring them to that")
    own = own_noise(loaded, where) if noise_images else {}
    if noise_images and not own:
        raise BadInput("G adds no images of noise, which --noise-images is to find: leave it")
    choices = _choices(loaded, len(images), label)
    begin = [_starts(loaded, where, images, each, starts, seed) for each in choices]
    x = np.stack([each[0] for each in begin], axis=1)  # [N, labels, starts, *shape]
    rows = np.indices(x.shape[:3]).reshape(3, -1)  # of the picture, the label and the start of each row
    flat = x.reshape(-1, *where.shape)
    label = None if choices[0] is None else np.stack(choices, axis=1)[rows[0], rows[1]]
    loss = _loss(where, begin[0][1:], loss_of(pixel, perceptual), prior, whiteness)
    descend = _descend(loaded, where, loss, begin[0][1:], own, steps, rate, noise, seed)
    size, ends = min(len(flat), _AT_ONCE), []
    with Counting(-(-len(flat) // size) * -(-steps // _ROUND), f"rounds of {_ROUND} steps", say) as counting:
        for first in range(0, len(flat), size):
            at = np.minimum(np.arange(first, first + size), len(flat) - 1)
            ends.append(descend(flat[at], images[rows[0, at]], None if label is None else label[at], at, counting.one))
    flat, white = jax.tree.map(lambda *parts: np.concatenate(parts)[: len(flat)], *ends)
    made = seam.images(where, loaded.state.ema, flat, label, white)
    error = np.mean((made - images[rows[0]]) ** 2, axis=(1, 2, 3)).reshape(len(images), -1)
    best = np.arange(len(images)) * error.shape[1] + error.argmin(axis=1)
    chosen = {name: x[best] for name, x in white.items()}
    label = None if label is None else label[best]
    return Inverted(flat[best], label, made[best], error.reshape(-1)[best], chosen)


def loss_of(pixel: float, perceptual: Term | None) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """Function (made, image), [H, W, C] each -> float32 []: what inversion and tuning make small."""

    def loss(made, image):
        total = pixel * jnp.mean((made - image) ** 2)
        return total if perceptual is None else total + perceptual(image[None], made[None])

    return loss


def _loss(where, scale, per_image, prior, whiteness):
    """Function ((latent [*shape], {layer: noise [H, W, 1]}), image, label, variables, what is added) -> float32 []."""
    centre, deviation = scale

    def loss(found, image, label, variables, added):
        x, white = found
        variables = with_noise(variables, {name: each[None] for name, each in white.items()})
        made = where.draw(variables, (x + added)[None], None if label is None else label[None])[0]
        total = per_image(made, image) + prior * jnp.mean(((x - centre) / deviation) ** 2)
        return total + whiteness * dependence(white.values()) if white else total

    return loss


def _descend(loaded, where, loss, scale, white, steps, rate, noise, seed):
    """Function (latents [R, *shape], images, labels, row numbers, tell) -> (latents, {layer: noise}) after all steps."""
    deviation, key = scale[1], jax.random.key(seed)
    sigma = deviation * float(np.prod(where.shape[-1:])) ** 0.5
    ramp = lambda t: (
        jnp.minimum(1.0, (t + 1) / (0.05 * steps)) * 0.5 * (1 - jnp.cos(jnp.pi * jnp.minimum(1, 4 * (1 - t / steps))))
    )
    opt = optax.adam(lambda t: rate * ramp(t))
    gradients = jax.vmap(jax.grad(loss), (0, 0, None if LABEL not in loaded.config.given else 0, None, 0))

    @jax.jit
    def round_of(carry, image, label, index, variables):
        def one(carry, _):
            (x, white), state, step = carry
            keys = sample_keys(jax.random.fold_in(key, step), index)
            t = jnp.maximum(0.0, 1 - step / (0.75 * steps))
            added = noise * sigma * t**2 * jax.vmap(lambda key: jax.random.normal(key, where.shape))(keys)
            by_x, by_white = gradients((x, white), image, label, variables, added)
            (dx, d_white), state = opt.update((by_x, by_white), state)
            live = (step < steps).astype(x.dtype)  # the last round may be longer than what is left
            moved = {name: jax.vmap(normalised)(each + d_white[name]) for name, each in white.items()}
            white = {name: jnp.where(live, moved[name], each) for name, each in white.items()}
            return ((x + live * deviation * dx, white), state, step + 1), None

        return jax.lax.scan(one, carry, None, _ROUND)[0]

    def descend(x, image, label, index, tell):
        found = (jnp.asarray(x), {name: jnp.stack([each] * len(x)) for name, each in white.items()})
        carry = (found, opt.init(found), jnp.zeros((), jnp.int32))
        for _ in range(0, steps, _ROUND):
            carry = jax.block_until_ready(round_of(carry, image, label, index, loaded.state.ema))
            tell()
        return jax.tree.map(np.asarray, carry[0])

    return descend


def _starts(loaded, where, images, label, starts, seed):
    """(latents [N, starts, *shape], their mean [*shape], their deviation []) for pictures of these labels."""
    kinds = [None] if label is None else list(np.unique(label, axis=0))
    chosen = np.zeros((len(images), starts, *where.shape), np.float32)
    for kind in kinds:
        own = slice(None) if kind is None else np.flatnonzero((label == kind).reshape(len(label), -1).all(axis=1))
        x, labels = seam.drawn(loaded, where, _DRAWS, seed=seed, label=kind)
        made = seam.images(where, loaded.state.ema, x, labels).reshape(_DRAWS, -1)
        target = images[own].reshape(-1, made.shape[1])
        away = np.sum(made**2, axis=1)[None] - 2 * target @ made.T
        nearest = x[np.argsort(away, axis=1)[:, :starts]]
        centre = x.mean(axis=0)
        if where.name != "z":
            nearest = np.concatenate(
                [np.broadcast_to(centre, (len(target), 1, *where.shape)), nearest[:, : starts - 1]], axis=1
            )
        chosen[own] = nearest
    return chosen, centre, float(np.sqrt(np.mean((x - centre) ** 2)))


def _choices(loaded, count, label):
    """[labels [N], ...]: those that each picture is tried with, [None] where G is given none."""
    if LABEL not in loaded.config.given or label is not None:
        return [seam.given(loaded, count, label)]
    spec = loaded.data.specs[LABEL]
    if spec.examples or len(spec.classes) > _MOST_CLASSES:
        what = "label vectors" if spec.examples else f"{len(spec.classes)} classes"
        raise BadInput(f"G is given {what}, which are too many to try: give --label")
    return [np.full(count, k, np.int32) for k in range(len(spec.classes))]


def _check(**numbers):
    for name, (value, least) in numbers.items():
        if value < least:
            raise BadInput(f"--{name} is {value}: give {least} or more")
