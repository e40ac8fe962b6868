"""How clips differ from real ones: in their frames, in what changes from one to the next, in whether their content stays.

All of uint8 clips [N, T, H, W, C] and without a network. Frames are looked at on a grid of at most 16 by 16 places.
"""

import warnings

import numpy as np

from jaxgan.metrics.frechet import frechet_distance

GRID = 16  # places a side that a frame is averaged down to
MOST = 8_000  # frames, at most, of each side


def frames_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """Fréchet distance of single frames, values in [0, 1]: whether they look like real ones, in whatever order."""
    return _distance(*(_grid(_some(_frames(clips))) for clips in (real, fake)))


def motion_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """Fréchet distance of the differences of frames and those before them: whether clips move like real ones."""
    return _distance(*(_grid(_some(_steps(clips))) for clips in (real, fake)))


def motion(clips: np.ndarray) -> float:
    """Mean absolute difference of a frame and that before it, in [0, 1]."""
    return float(np.mean(np.abs(_some(_steps(clips)))))


def content_distance(clips: np.ndarray) -> float:
    """How far the content of a clip's frames lies apart, on average: 0 where it stays the same, wherever it moves.

    MoCoGAN's average content distance (Tulyakov et al. 2018, arXiv:1707.04993, section 4), the mean distance of all pairs of
    frames of a clip, with the amplitudes of a frame's Fourier transform as its content. They do not change with what is
    shifted as a whole, where the ground is black; the paper's, a face network's features and the mean colour of a shape, are
    for its own data.
    """
    clips = clips[: max(1, MOST // clips.shape[1])].astype(np.float32) / 255
    seen = np.abs(np.fft.rfft2(clips, axes=(2, 3), norm="ortho")).reshape(*clips.shape[:2], -1)
    square = np.sum(seen**2, axis=-1)
    apart = square[:, :, None] + square[:, None] - 2 * seen @ seen.swapaxes(1, 2)
    above = np.triu_indices(clips.shape[1], 1)
    return float(np.mean(np.sqrt(np.maximum(apart[:, above[0], above[1]], 0))))


def shuffled(clips: np.ndarray, seed: int = 0) -> np.ndarray:
    """The clips with the frames of each in another order: right frames, wrong motion."""
    draw = np.random.default_rng(seed)
    order = np.argsort(draw.random(clips.shape[:2]), axis=1)
    return np.take_along_axis(clips, order.reshape(*order.shape, *(1,) * (clips.ndim - 2)), axis=1)


def still(clips: np.ndarray) -> np.ndarray:
    """The clips stopped at their first frame: right frames, no motion."""
    return np.broadcast_to(clips[:, :1], clips.shape)


def mixed(clips: np.ndarray, seed: int = 0) -> np.ndarray:
    """Clips of frames of different clips, each at its own time: right frames, no content that stays."""
    draw = np.random.default_rng(seed)
    return np.stack([clips[draw.permutation(len(clips)), t] for t in range(clips.shape[1])], axis=1)


def _frames(clips):
    return clips.reshape(-1, *clips.shape[2:])


def _steps(clips):
    """float32 [N (T - 1), H, W, C]."""
    clips = clips[: max(1, MOST // (clips.shape[1] - 1))].astype(np.float32) / 255
    return _frames(clips[:, 1:] - clips[:, :-1])


def _some(frames):
    """At most MOST frames, spread evenly, in [0, 1]."""
    kept = frames if len(frames) <= MOST else frames[np.linspace(0, len(frames) - 1, MOST).astype(int)]
    return kept.astype(np.float32) / 255 if kept.dtype == np.uint8 else kept


def _grid(frames):
    """float32 [N, D] of frames [N, H, W, C]: means of blocks, at most GRID of them a side."""
    for axis in (1, 2):
        size = frames.shape[axis]
        if size > GRID:
            edges = np.linspace(0, size, GRID + 1).round().astype(int)
            counts = np.diff(edges).reshape(-1, *(1,) * (3 - axis))
            frames = np.add.reduceat(frames, edges[:-1], axis=axis) / counts
    return frames.reshape(len(frames), -1)


def _distance(real, fake):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few samples for the dimension: the protocol names their number
        return frechet_distance(real, fake)
