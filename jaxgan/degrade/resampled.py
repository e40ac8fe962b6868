"""What takes away high frequencies: fewer pixels, blur."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.augment.draws import checked
from jaxgan.degrade.chain import Degradation
from jaxgan.errors import BadInput
from jaxgan.layers import upfirdn

_REACH = 4  # deviations at which the Gaussian ends, as SciPy's


def down(factor: int) -> Degradation:
    """[B, H / factor, W / factor, C]: the cubic filter of Keys 1981 (a = -1/2), as wide as the new pixels, as Pillow's BICUBIC.

    So are the low-resolution images of most papers made (MATLAB's imresize differs at the borders alone, which it mirrors).
    Cut off at the range, which the filter leaves at edges. Raises BadInput for a factor that is no whole number from 1 on, and
    for sizes that it does not divide.
    """
    if factor != int(factor) or factor < 1:
        raise BadInput(f"factor is {factor}: give a whole number from 1 on")
    factor = int(factor)

    def degrade(x, keys):
        x = checked(x, keys)
        rows, height, width, channels = x.shape
        if height % factor or width % factor:
            raise BadInput(f"images of {height}x{width} do not divide by {factor}: crop or pad them")
        small = (rows, height // factor, width // factor, channels)
        return jnp.clip(jax.image.resize(x, small, "cubic", antialias=True), -1, 1).astype(jnp.float32)

    return degrade


def blur(sigma: float) -> Degradation:
    """A Gaussian of deviation `sigma` pixels, cut off at 4 of them, with the image mirrored around its outermost pixels.

    Raises BadInput for a deviation below 0.
    """
    if sigma < 0:
        raise BadInput(f"sigma is {sigma}: give 0 or more, in pixels")
    reach = int(_REACH * sigma + 0.5)
    window = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-6)) ** 2)
    window /= window.sum()

    def degrade(x, keys):
        wide = jnp.pad(checked(x, keys), ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="reflect")
        return jnp.clip(upfirdn(wide, window), -1, 1).astype(jnp.float32)

    return degrade
