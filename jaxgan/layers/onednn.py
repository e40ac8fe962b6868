"""`jax.jit` of a training's step: on a CPU, where a process asks for it, with oneDNN's convolutions.

XLA has them from jaxlib 0.12 on, behind an option that may go as it came, so what comes of it is looked at. A program with them
cannot be kept on disk (0.12.0.1), which is why nobody has them unasked.
"""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.layers import lowering

# by default one library takes products, sums and convolutions: it keeps the first two, where it is the faster
_OPTIONS = {
    "xla_cpu_experimental_onednn_custom_call": True,
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_REDUCE,LIBRARY_FUSION_TYPE_DOT",
}
NAME = "oneDNN"
_asked = False


def use() -> None:
    """Lets `jit` compile with oneDNN's convolutions from now on, before any step is made. Raises BadInput where JAX has none.

    Those of `jaxgan.layers` alone; what they give differs in the last bits.
    """
    global _asked
    if not available():
        raise BadInput(
            f"convolutions of oneDNN need a CPU and jax 0.12, and this is jax {jax.__version__}: do without (--onednn)"
        )
    _not_kept()
    _asked = True


def jit(f: Callable[..., Any], platform: str, **options: Any) -> Any:
    """jax.jit(f, **options) for a platform, on a "cpu" as `use` has it."""
    if platform != "cpu" or not _asked:
        return jax.jit(f, **options)

    @functools.wraps(f)
    def traced(*args, **kwargs):
        with lowering.onednn_form():
            return f(*args, **kwargs)

    return jax.jit(traced, compiler_options=_OPTIONS, **options)


def is_used() -> bool:
    """Whether `use` was called."""
    return _asked


def computed_in(dtype: str) -> str:
    """What a run is computed in, in words: a dtype, and the library where it is not XLA's own."""
    return f"{dtype}, {NAME}" if _asked else dtype


@functools.cache
def available() -> bool:
    """Whether this JAX compiles for a CPU, and has oneDNN's convolutions for it."""
    if jax.default_backend() != "cpu" or jax.__version_info__ < (0, 12):  # before, the option is there and does nothing
        return False
    dims = ("NHWC", "HWIO", "NHWC")
    convolved = lambda x, w: jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=dims)
    x, w = (jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((8, 8, 8, 32), (3, 3, 32, 32)))
    try:
        with warnings.catch_warnings():
            _not_kept()
            compiled = jax.jit(convolved).lower(x, w).compile(_OPTIONS)
    except jax.errors.JaxRuntimeError:  # of an option that is no more
        return False
    return "__onednn$convolution" in (compiled.as_text() or "")


def _not_kept():
    """Ignores what JAX says of each program that it could not write."""
    warnings.filterwarnings("ignore", "Error writing persistent compilation cache entry .*MemoryError", UserWarning)
