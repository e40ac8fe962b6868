"""Holes to be filled in: rectangles, and strokes of a brush."""

import jax
import jax.numpy as jnp

from jaxgan.augment.draws import checked
from jaxgan.degrade.chain import Degradation
from jaxgan.errors import BadInput, unknown
from jaxgan.sharing import Key

_STROKES, _SEGMENTS = (2, 5), (4, 11)  # at least, at most
_ANGLE, _SPREAD = 2 * jnp.pi / 5, 2 * jnp.pi / 15
_WIDTH = (12 / 256, 40 / 256)  # of a brush, in sides of the picture
_MOST = 0.75  # of a picture that strokes may cover


def holes(kind: str = "free-form") -> Degradation:
    """[B, H, W, C + 1]: the image at 0, mid-grey, in its hole, and a channel of 1 where it is known and -1 in the hole.

    "box": one rectangle, its sides drawn evenly from a quarter to a half of the picture's, anywhere inside.
    "free-form": strokes of a brush, algorithm 1 of Yu et al. 2019, arXiv:1806.03589. How long they are is said by the authors'
    code alone (inpaint_ops.brush_stroke_mask), and kept, in shares of the picture for what is in pixels of 256 there: 4 to
    11 segments of length N(r, (r / 2)^2) in [0, 2 r], r an eighth of the diagonal, down and up in turns at angles of 2/5 pi
    give or take 2/15 pi, ending at the border; brushes 12 to 40 pixels wide, with round ends. There are two to five strokes,
    which cover a quarter of a picture on average, where theirs are one to three, and 15 %; and they are mirrored, as the
    algorithm has it and the code forgets. A stroke that would leave less than a quarter of the picture is left out.
    Raises BadInput for another kind, and for images of other than 1 or 3 channels.
    """
    if kind not in _KINDS:
        raise unknown("kind of hole", kind, _KINDS)

    def degrade(x, keys):
        x = checked(x, keys).astype(jnp.float32)
        if x.shape[-1] not in (1, 3):
            raise BadInput(f"images have {x.shape[-1]} channels, and holes are made in 1 or 3: give grey or colours")
        hole = jax.vmap(lambda key: _KINDS[kind](key, *x.shape[1:3]))(keys)[..., None]
        return jnp.concatenate([jnp.where(hole, 0, x), jnp.where(hole, -1.0, 1.0)], axis=-1)

    return degrade


def _box(key: Key, *size: int) -> jax.Array:
    """Bool [H, W]."""

    def inside(key, n):
        key_side, key_start = jax.random.split(key)
        side = jax.random.randint(key_side, (), max(1, n // 4), max(1, n // 2) + 1)
        start = jax.random.randint(key_start, (), 0, n - side + 1)
        return (jnp.arange(n) >= start) & (jnp.arange(n) < start + side)

    rows, cols = (inside(*pair) for pair in zip(jax.random.split(key), size, strict=True))
    return rows[:, None] & cols[None]


def _free_form(key: Key, *size: int) -> jax.Array:
    """Bool [H, W]. All strokes and segments are drawn, and those beyond the number drawn left out."""
    key_count, key_strokes = jax.random.split(key)
    count = jax.random.randint(key_count, (), _STROKES[0], _STROKES[1] + 1)
    strokes = jax.vmap(lambda key: _stroke(key, *size))(jax.random.split(key_strokes, _STROKES[1]))
    hole = strokes[0]
    for i in range(1, _STROKES[1]):
        more = hole | strokes[i]
        hole = jnp.where((i < count) & (jnp.mean(more) <= _MOST), more, hole)
    return hole


def _stroke(key, *size):
    """Bool [H, W] of pixels whose centre is within half a brush of a zigzag line. Places are (row, column)."""
    (height, width), most = size, _SEGMENTS[1]
    end = jnp.array([height - 1.0, width - 1.0])
    radius = (height**2 + width**2) ** 0.5 / 8
    keys = jax.random.split(key, 7)
    uniform = lambda key, low, high, shape=(): jax.random.uniform(key, shape, jnp.float32, low, high)

    low, high = _ANGLE - uniform(keys[0], 0, _SPREAD), _ANGLE + uniform(keys[1], 0, _SPREAD)
    angle = uniform(keys[2], low, high, (most,)) * jnp.where(jnp.arange(most) % 2 == 0, -1, 1)
    length = radius * jnp.clip(1 + jax.random.normal(keys[3], (most,)) / 2, 0, 2)
    moves = length[:, None] * jnp.stack([jnp.sin(angle), jnp.cos(angle)], axis=1)
    # begins on a pixel, so that each hole has one
    start = jnp.floor(uniform(keys[4], 0, 1, (2,)) * jnp.array([height, width]))
    segments = jax.random.randint(keys[5], (), _SEGMENTS[0], most + 1)
    brush, *mirrored = uniform(keys[6], 0, 1, (3,))
    brush = (height * width) ** 0.5 * (_WIDTH[0] + brush * (_WIDTH[1] - _WIDTH[0]))

    flip = jnp.stack(mirrored) < 0.5
    pixels = jnp.arange(height)[:, None], jnp.arange(width)[None]

    def draw(carry, move):  # segment by segment, as all at once they would be gigabytes
        place, hole = carry
        after = jnp.clip(place + move, 0, end)
        ends = (jnp.where(flip, end - at, at) for at in (place, after))
        return (after, hole | (_squared(pixels, *ends) <= (brush / 2) ** 2)), None

    moves = jnp.where((jnp.arange(most) < segments)[:, None], moves, 0)
    return jax.lax.scan(draw, (start, jnp.zeros(size, bool)), moves)[0][1]


def _squared(pixels, first, last):
    """[H, W]: squared distance of pixels (rows [H, 1], columns [1, W]) from the segment between two places [2]."""
    along = last - first
    away = [at - begin for at, begin in zip(pixels, first, strict=True)]
    share = sum(x * step for x, step in zip(away, along, strict=True)) / jnp.maximum(jnp.sum(along**2), 1e-12)
    share = jnp.clip(share, 0, 1)
    return sum((x - share * step) ** 2 for x, step in zip(away, along, strict=True))


_KINDS = {"box": _box, "free-form": _free_form}
