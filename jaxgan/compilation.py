"""Compiled programs, kept between processes."""

import contextlib
import tempfile

import jax
from jax.experimental.compilation_cache import compilation_cache

from jaxgan.evaluation import cache


def keep():
    """Lets JAX keep what takes longer than a second to compile in JAXGAN_CACHE/xla, where nobody told it another place.

    Emptied by hand: programs of other versions stay until then.
    """
    if jax.config.jax_compilation_cache_dir is None:
        jax.config.update("jax_compilation_cache_dir", str(cache.folder() / "xla"))


@contextlib.contextmanager
def forgotten():
    """Within it JAX keeps every program, in a place that is empty at first and gone in the end."""
    names = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
    before = {name: getattr(jax.config, name) for name in names}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for name, value in zip(names, (folder, 0.0), strict=True):
                jax.config.update(name, value)
            compilation_cache.reset_cache()
            yield
        finally:
            for name, value in before.items():
                jax.config.update(name, value)
            compilation_cache.reset_cache()
