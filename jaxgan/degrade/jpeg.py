"""JPEG's loss: what comes back from a file. ITU-T T.81, with tables, colours and rounding as in libjpeg."""

import jax.numpy as jnp
import numpy as np

from jaxgan.augment.draws import checked
from jaxgan.degrade.chain import Degradation
from jaxgan.errors import BadInput
from jaxgan.layers import downsample, upsample
from jaxgan.modalities import image

_LUMA = (  # T.81, table K.1
    *((16, 11, 10, 16, 24, 40, 51, 61), (12, 12, 14, 19, 26, 58, 60, 55), (14, 13, 16, 24, 40, 57, 69, 56)),
    *((14, 17, 22, 29, 51, 87, 80, 62), (18, 22, 37, 56, 68, 109, 103, 77), (24, 35, 55, 64, 81, 104, 113, 92)),
    *((49, 64, 78, 87, 103, 121, 120, 101), (72, 92, 95, 98, 112, 100, 103, 99)),
)
_CHROMA = (  # T.81, table K.2
    *((17, 18, 24, 47, 99, 99, 99, 99), (18, 21, 26, 66, 99, 99, 99, 99), (24, 26, 56, 99, 99, 99, 99, 99)),
    *((47, 66, 99, 99, 99, 99, 99, 99), *((99,) * 8,) * 4),
)
_TO_YCC = ((0.299, 0.587, 0.114), (-0.168735892, -0.331264108, 0.5), (0.5, -0.418687589, -0.081312411))
_TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136286, -0.714136286), (1.0, 1.772, 0.0))


def jpeg(quality: int, subsampled: bool = True) -> Degradation:
    """The image as a JPEG file of this quality, 1 .. 100 as libjpeg's and Pillow's, gives it back; not differentiable.

    subsampled: whether colours have half the resolution (4:2:0), as Pillow has it by default. Sizes that are no multiple of a
    block are continued by the last pixel. Close to libjpeg, not bit for bit, as its own integer transforms round in between.
    Raises BadInput for another quality, and for images of other than 1 or 3 channels.
    """
    if quality != int(quality) or not 1 <= quality <= 100:
        raise BadInput(f"quality is {quality}: give a whole number of 1 .. 100")
    luma, chroma = tables(quality)

    def degrade(x, keys):
        x = checked(x, keys).astype(jnp.float32)
        if x.shape[-1] not in (1, 3):
            raise BadInput(f"images have {x.shape[-1]} channels, and JPEG files 1 or 3: give grey or colours")
        x = jnp.rint(image.to_scale(x))
        if x.shape[-1] == 1:
            return image.from_scale(_coded(x, luma))
        y, *colours = jnp.split(_mixed(x, _TO_YCC), 3, axis=-1)
        blue_red = jnp.concatenate(colours, axis=-1)  # around 0, where the file has it around 128
        y = _coded(jnp.rint(y), luma)
        return image.from_scale(
            _levels(_mixed(jnp.concatenate([y, _colours(blue_red, chroma, subsampled)], -1), _TO_RGB))
        )

    return degrade


def tables(quality: int) -> tuple[np.ndarray, np.ndarray]:
    """Steps [8, 8] that brightness and colours are rounded to, by frequency: those of annex K, scaled as libjpeg does it."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    luma, chroma = (np.clip((np.array(table) * scale + 50) // 100, 1, 255) for table in (_LUMA, _CHROMA))
    return luma, chroma


def _colours(x, table, subsampled):
    """Colours [B, H, W, 2] around 0, coded at half the resolution or at their own.

    As libjpeg: to the right they are continued before they are halved, downwards after, and two columns are not interpolated.
    """
    x = _levels(128 + x)
    if not subsampled:
        return _coded(x, table) - 128
    height, width = x.shape[1:3]
    small = downsample(_continued(x, 16))[:, : -(-height // 2)]
    halves = jnp.where(jnp.arange(small.shape[2]) % 2 == 0, 0.25, 0.5)  # rounded down and up in turns
    small = _coded(jnp.floor(small + halves[None, None, :, None]), table)[:, :, : -(-width // 2)]
    method = "bilinear" if small.shape[2] > 2 else "nearest"
    return jnp.rint(upsample(small, 2, method)[:, :height, :width]) - 128


def _coded(x, table):
    """Channels [B, H, W, C] in 0 .. 255, each through the quantised cosine transform of its blocks of 8x8."""
    rows, height, width, channels = x.shape
    x = _continued(x, 8) - 128
    blocks = x.reshape(rows, x.shape[1] // 8, 8, x.shape[2] // 8, 8, channels)
    n = np.arange(8)
    cosines = np.sqrt(np.where(n > 0, 2, 1) / 8)[:, None] * np.cos(np.pi * np.outer(n, 2 * n + 1) / 16)
    transform = jnp.asarray(cosines, jnp.float32)
    step = jnp.asarray(table, jnp.float32)[None, None, :, None, :, None]
    found = jnp.einsum("bhiwjc,ui,vj->bhuwvc", blocks, transform, transform, precision="highest")
    eighths = jnp.rint(8 * found)  # which libjpeg counts in, and rounds halves away from 0
    kept = step * jnp.sign(eighths) * jnp.floor((abs(eighths) + 4 * step) / (8 * step))
    blocks = jnp.einsum("bhuwvc,ui,vj->bhiwjc", kept, transform, transform, precision="highest")
    return _levels(blocks + 128).reshape(x.shape)[:, :height, :width]


def _continued(x, block):
    pads = [(0, -n % block) for n in x.shape[1:3]]
    return jnp.pad(x, ((0, 0), *pads, (0, 0)), mode="edge")


def _mixed(x, matrix):
    return jnp.einsum("bhwc,oc->bhwo", x, jnp.asarray(matrix), precision="highest")


def _levels(x):
    return jnp.clip(jnp.rint(x), 0, 255)
