"""The augmentations of ADA and DiffAugment are those of their authors' programs, where both are given the same draws."""

import jax
import numpy as np
import pytest
from published import agree, draw, recorded

from jaxgan import augment
from jaxgan.augment import bands, color, corrupt, diffaugment

SHARES = (0.3, 0.8)  # of each number's distribution that lies below what is drawn
NORMALS = (-0.37080716, 0.59511608)  # erfinv(2 q - 1) of them, which the authors' `debug_percentile` calls normal
HALF = (0.27246271, 0.90619380)  # erfinv(q), the same for the deviation of the noise
RANDOM = {"brightness": 0.1, "saturation": 0.85, "contrast": 0.3}
# rows and columns: 2 below and -1 at a reach of 2; 16 is the last of 16
STARTS = {"translation": (4, 1), "cutout": (3, 16)}


@pytest.mark.parametrize("case", range(2))
@pytest.mark.parametrize("channels", [1, 3])
def test_colours_of_ada_are_the_authors(monkeypatch, case, channels):
    q, z = SHARES[case], NORMALS[case]
    flip = 0.25 if q >= 0.5 else 0.75  # ours flips below a half, theirs from it on
    u = np.array([0, 0, 0, 0, 0, flip, q], np.float32)
    monkeypatch.setattr(color, "numbers", lambda key, uniforms, normals: (u, np.full(3, z, np.float32)))
    ours = augment.ada("c")(draw("x", 2, 16, 16, channels), jax.random.split(jax.random.key(0), 2), 1.0)
    agree({"image": some(ours)}, pick(f"ada_color_{case}_{channels}"), 1e-5)


@pytest.mark.parametrize("case", range(2))
def test_octaves_noise_and_cutout_of_ada_are_the_authors(monkeypatch, case):
    x, keys = draw("x", 2, 16, 16, 3), jax.random.split(jax.random.key(0), 2)
    zeros, z = np.zeros(4, np.float32), np.full(4, NORMALS[case], np.float32)
    noise = np.append(np.float32(HALF[case]), draw("noise", 16, 16, 3).ravel())
    centre = np.array([0, SHARES[case], SHARES[case]], np.float32)
    monkeypatch.setattr(bands, "numbers", lambda key, uniforms, normals: (zeros, z))
    monkeypatch.setattr(corrupt, "numbers", lambda key, uniforms, normals: (zeros[:1], noise))
    ours = {"f": augment.ada("f")(draw("wide", 2, 24, 24, 3), keys, 1.0), "n": augment.ada("n")(x, keys, 1.0)}
    monkeypatch.setattr(jax.random, "uniform", lambda key, shape: centre)
    ours["o"] = augment.ada("o")(x, keys, 1.0)
    for group, image in ours.items():
        agree({"image": some(image)}, pick(f"ada_{group}_{case}"), 1e-5)


@pytest.mark.parametrize("policy", ["color", "translation", "cutout"])
def test_diff_augment_is_the_authors(monkeypatch, policy):
    bounds, starts = [], iter(STARTS.get(policy, ()))

    def randint(key, shape, low, high):
        bounds.append(np.broadcast_to(np.asarray(high) - low, shape or (1,)))
        return np.array(STARTS[policy]) if shape else np.int32(next(starts))

    monkeypatch.setattr(diffaugment.jax.random, "uniform", lambda key, shape: np.float32([*RANDOM.values()]))
    monkeypatch.setattr(diffaugment.jax.random, "randint", randint)
    ours = augment.diff_augment(policy)(draw("x", 1, 16, 16, 3), jax.random.split(jax.random.key(0), 1))
    theirs = pick(f"diffaugment_{policy}")
    agree({"image": some(ours), **({"ranges": np.concatenate(bounds)} if bounds else {})}, theirs, 1e-5)


def some(images):
    return np.asarray(images)[:, ::2, ::3]


def pick(name):
    """The outputs of one case."""
    whole = recorded("augment")
    return {key.partition("/")[2]: value for key, value in whole.items() if key.partition("/")[0] == name}
