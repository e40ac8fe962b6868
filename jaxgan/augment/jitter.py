"""Pictures a little larger, cut at random: for those that lie over each other alike. Isola et al. 2017, arXiv:1611.07004, 6.2."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import BadInput
from jaxgan.sharing import Batch, Key, sample_keys


def jitter(factor: float, kinds: Mapping[str, str]) -> Callable[[Batch, Key], Batch]:
    """(batch, key) -> batch whose columns are `factor` times as large and cut back to their size, anywhere.

    kinds: {column: "image" or "mask"}: images [B, H, W, C] are enlarged bicubically, masks [B, H, W] by the nearest pixel. Each
    sample has one place, drawn by batch["index"], for all of its columns, as a share of the pixels that there are to move by.
    Raises BadInput for a factor that moves nothing, and for columns of another kind.
    """
    if factor <= 1:
        raise BadInput(f"--jitter {factor} enlarges nothing: give a factor above 1, such as 1.117, or 0")
    odd = sorted(kind for kind in kinds.values() if kind not in ("image", "mask"))
    if odd:
        raise BadInput(f"--jitter {factor} is of images, and there is {odd[0]}: remove it")

    def one(x: Any, place: jax.Array, kind: str) -> jax.Array:
        size = np.array(x.shape[:2])
        large = np.rint(size * factor).astype(int)
        first = jnp.floor(place * (large - size + 1)).astype(int)
        if kind == "image":
            scale, back = jnp.asarray(large / size, jnp.float32), -first.astype(jnp.float32)
            out = jax.image.scale_and_translate(x, x.shape, (0, 1), scale, back, "cubic", antialias=False)
            return jnp.clip(out, -1, 1)  # bicubic filters overshoot
        rows, columns = ((2 * (jnp.arange(n) + first[i]) + 1) * n // (2 * large[i]) for i, n in enumerate(x.shape[:2]))
        return x[rows][:, columns]

    def draw(batch: Batch, key: Key) -> Batch:
        places = jax.vmap(lambda key: jax.random.uniform(key, (2,)))(sample_keys(key, batch["index"]))
        return {
            **batch,
            **{name: jax.vmap(lambda x, p, k=kind: one(x, p, k))(batch[name], places) for name, kind in kinds.items()},
        }

    return draw
