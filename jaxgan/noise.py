"""Latent distributions: functions (key, index) -> z [B, size], a draw for each index in the global batch; fields of noise."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgan.sharing import Key, sample_keys

Noise = Callable[[Key, ArrayLike], jax.Array]  # (key, index int32 [B]) -> z [B, size]


def normal(size: int = 100) -> Noise:
    """z ~ N(0, 1)^size."""
    return _each(lambda key: jax.random.normal(key, (size,)))


def uniform(size: int = 100) -> Noise:
    """z ~ U(-1, 1)^size. Radford et al. 2016, arXiv:1511.06434."""
    return _each(lambda key: jax.random.uniform(key, (size,), minval=-1.0))


def truncated_normal(size: int = 100, limit: float = 2.0) -> Noise:
    """z ~ N(0, 1)^size given |z_i| <= limit. Brock et al. 2019, arXiv:1809.11096, section 3.1."""
    return _each(lambda key: jax.random.truncated_normal(key, -limit, limit, (size,)))


def spherical(size: int = 100) -> Noise:
    """Uniform on the sphere of radius sqrt(size), where the mass of N(0, 1)^size lies. White 2016, arXiv:1609.04468."""

    def draw(key):
        z = jax.random.normal(key, (size,))
        return z * jnp.sqrt(size) / jnp.linalg.norm(z)

    return _each(draw)


def one_hot(size: int = 10) -> Noise:
    """One of `size` unit vectors, all equally likely: a discrete code. Chen et al. 2016, arXiv:1606.03657."""
    return _each(lambda key: jax.nn.one_hot(jax.random.randint(key, (), 0, size), size))


def slerp(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> jax.Array:
    """Latents [..., Z] at the share t [..., 1] of the way from a to b along the arc. White 2016, arXiv:1609.04468, eq. 1."""
    norms = jnp.linalg.norm(a, axis=-1, keepdims=True) * jnp.linalg.norm(b, axis=-1, keepdims=True)
    cosine = jnp.sum(a * b, axis=-1, keepdims=True) / norms
    angle = jnp.arccos(jnp.clip(cosine, -0.999, 0.999))
    arc = (jnp.sin((1 - t) * angle) * a + jnp.sin(t * angle) * b) / jnp.sin(angle)
    return jnp.where(cosine > 0.999, (1 - t) * a + t * b, arc)  # which an arc so short is


def _each(draw):
    return lambda key, index: jax.vmap(draw)(sample_keys(key, index))


class Field(NamedTuple):
    """What a fully convolutional G makes pictures of: noise in cells, each of some pixels, and a margin of cells around.

    As in PSGAN, Bergmann et al. 2017, arXiv:1705.06566, section 3.
    """

    local: jax.Array  # [B, h, w, L] in [-1, 1], of each cell
    textures: jax.Array  # [B, A, T]: global noise, and the label where there is one, of A textures
    share: jax.Array  # [B, h, w, A]: how much of each there is in each cell, 1 in all
    place: jax.Array  # [B, h, w, 2]: row and column of the cell
    phase: jax.Array  # [B, P] in [0, 2 pi), of the waves
    period: jax.Array  # [B, 2]: rows and columns after which the waves begin again, 0 for never


class FieldNoise(NamedTuple):
    """Sizes of a `Field`, and its draws: the same of each cell, whatever window of the field is asked for."""

    cell: int  # pixels down and across
    margin: int  # cells around a picture that it is made of too
    local: int
    shared: int
    waves: int
    classes: int = 0

    def __call__(self, key: Key, index: jax.Array, size: tuple[int, int], label: jax.Array | None = None) -> Field:
        """Field of pictures [B, *size] of one texture each, drawn for each index in the global batch. label: [B, K]."""
        rows, columns = (n // self.cell + 2 * self.margin for n in size)
        count = index.shape[0]
        local = _each(lambda key: jax.random.uniform(key, (rows, columns, self.local), minval=-1.0))
        place = _places(jnp.arange(rows), jnp.arange(columns))
        return Field(
            local(jax.random.fold_in(key, 0), index),
            self.textures(key, index, label)[:, None],
            jnp.ones((count, rows, columns, 1)),
            jnp.broadcast_to(place, (count, *place.shape)),
            self.phase(key, index),
            jnp.zeros((count, 2)),
        )

    def textures(self, key: Key, index: ArrayLike, label: jax.Array | None = None) -> jax.Array:
        """[B, T]: the global noise in [-1, 1] of a texture for each index, and its label vector [B, K] where there is one."""
        drawn = uniform(self.shared)(jax.random.fold_in(key, 1), index)
        return drawn if label is None else jnp.concatenate([drawn, label], axis=-1)

    def phase(self, key: Key, index: ArrayLike) -> jax.Array:
        """[B, P]: where each wave begins."""
        draw = _each(lambda key: jax.random.uniform(key, (self.waves,), maxval=2 * jnp.pi))
        return draw(jax.random.fold_in(key, 2), index)

    def window(
        self, key: Key, rows: jax.Array, columns: jax.Array, textures: jax.Array, share: jax.Array, period: ArrayLike
    ) -> Field:
        """Field of one picture, [1, h, w, ...], at rows [h] and columns [w] of an endless one that `key` draws.

        Local noise is drawn for each cell by its row and column, so that windows agree where they lie over each other. textures:
        [A, T]; share: [h, w, A]. period: [2], 0 for none: as many rows or columns on, all is as it was.
        """
        period = jnp.asarray(period, jnp.int32)
        wrap = lambda at, every: jnp.where(every > 0, at % jnp.maximum(every, 1), at)
        rows, columns = wrap(rows, period[0]), wrap(columns, period[1])
        of_row = lambda key: uniform(self.local)(key, columns)
        return Field(
            jax.vmap(of_row)(sample_keys(jax.random.fold_in(key, 0), rows))[None],
            textures[None],
            share[None],
            _places(rows, columns)[None],
            self.phase(key, jnp.zeros(1, jnp.int32)),
            period.astype(jnp.float32)[None],
        )


def _places(rows, columns):
    """float32 [h, w, 2]: the row and the column of each cell."""
    return jnp.stack(jnp.meshgrid(rows, columns, indexing="ij"), -1).astype(jnp.float32)
