"""Series [N, T, C], floats in [-1, 1]: the modality that a test adds."""

import numpy as np

from jaxgan.errors import BadInput
from jaxgan.modalities.canvas import canvas

ONE, SUFFIX, FEATURES, EACH, FORMS = "sound", ".npy", "series", None, ()
AXES = (2,)


def to_step(x):
    """As it is."""
    return x


def to_file(x):
    """As it is."""
    return x


def check(name, samples):
    """float32 [N, T, C] in [-1, 1]."""
    if samples.ndim != 3 or not np.issubdtype(samples.dtype, np.floating):
        raise BadInput(f"{name} is {samples.dtype}{list(samples.shape)}, and series are floats [N, T, C]: reshape it")
    return samples.astype(np.float32)


def resize(samples, how):
    """As it is."""
    del how
    return samples


def mirror(x):
    """Backwards."""
    return x[..., ::-1, :]


def describe(shape):
    """64 samples, 1 channel(s)."""
    return f"{shape[0]} samples, {shape[1]} channel(s)"


def write(path, sample):
    """Writes one sound."""
    np.save(path, sample)


def sample_grid(path, samples, columns, titles=(), real=None):
    """Writes a grid of waveforms."""
    del titles, real
    figure, axes = canvas(-(-len(samples) // columns), columns, (columns, len(samples) / columns))
    for ax, one in zip(axes.flat, samples, strict=False):
        ax.plot(one, linewidth=0.5)
        ax.axis("off")
    figure.savefig(path, dpi=40)


def draw(ax, samples, columns, real=None):
    """Waveforms one above the other."""
    del columns, real
    ax.plot(np.asarray(samples)[..., 0].T + np.arange(len(samples)), linewidth=0.5)


def blank(shape):
    """Silence."""
    return np.zeros(shape, np.float32)
