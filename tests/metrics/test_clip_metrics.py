"""Metrics of clips tell what they are for: wrong frames, wrong motion, content that does not stay."""

import numpy as np
import pytest

from jaxgan import metrics
from jaxgan.evaluation.extract import Features
from jaxgan.metrics import clips, features
from jaxgan.metrics.records.clips import RECORD


@pytest.fixture(scope="module")
def halves():
    """Two halves of clips [400, 6, 8, 8, 1] of one bright square on a torus, so that its content is the same everywhere."""
    draw = np.random.default_rng(0)
    start, way = draw.integers(0, 8, (400, 1, 2)), draw.integers(-1, 2, (400, 1, 2))
    size, bright = draw.integers(1, 4, (400, 1, 1, 1)), draw.integers(100, 256, (400, 1, 1, 1))
    place = (start + way * np.arange(6)[None, :, None]) % 8
    inside = lambda axis: (np.arange(8) - place[..., axis, None]) % 8 < size[..., 0]
    x = np.where(inside(0)[..., :, None] & inside(1)[..., None, :], bright, 0).astype(np.uint8)[..., None]
    return x[:200], x[200:]


def test_each_number_moves_with_what_it_is_about_and_with_nothing_else(halves):
    real, other = halves
    noise = np.random.default_rng(0).integers(0, 60, other.shape)
    frames = lambda x: clips.frames_distance(real, x)
    motion = lambda x: clips.motion_distance(real, x)
    amount = lambda x: clips.motion(x) / clips.motion(real)
    content = lambda x: clips.content_distance(x) / max(clips.content_distance(clips.mixed(real)), 1e-9)
    shuffled, still, mixed = clips.shuffled(other), clips.still(other), clips.mixed(other)
    assert frames(shuffled) == pytest.approx(frames(other), rel=1e-3)  # the same frames
    assert frames(np.clip(other + noise, 0, 255).astype(np.uint8)) > 3 * frames(other)
    assert motion(shuffled) > 3 * motion(other) and motion(still) > 3 * motion(other)
    assert amount(other) == pytest.approx(1, abs=0.2) and amount(shuffled) > 1.2 and amount(still) == 0
    assert content(other) < 0.01 and content(shuffled) < 0.01 and content(still) < 0.01
    assert content(mixed) == pytest.approx(1, abs=0.1)
    assert sorted(map(bytes, shuffled[0])) == sorted(map(bytes, other[0])) and (shuffled != other).any()


def test_halves_of_real_samples_that_share_those_which_are_kept_are_two_sets(halves):
    seen = Features(np.zeros((4, 2), np.float32), None, np.concatenate(halves))
    found = {name: value.value for name, value in RECORD.measure(None, seen, seen).items()}
    assert found["fd_frames"] > 0.01 and found["fd_motion"] > 0.01 and found["motion"] != 1


def test_small_frames_are_looked_at_as_they_are():
    draw = np.random.default_rng(0)
    a, b = (draw.integers(0, 256, (60, 5, 3, 2, 1), dtype=np.uint8) for _ in "ab")
    flat = lambda x: x.reshape(-1, 6).astype(np.float64) / 255
    assert clips.frames_distance(a, b) == pytest.approx(metrics.frechet_distance(flat(a), flat(b)), rel=1e-4)
    steps = lambda x: np.diff(x.astype(np.float64) / 255, axis=1).reshape(-1, 6)
    assert clips.motion_distance(a, b) == pytest.approx(metrics.frechet_distance(steps(a), steps(b)), rel=1e-4)
    assert clips.motion(a) == pytest.approx(np.abs(steps(a)).mean(), rel=1e-5)


def test_content_is_the_mean_distance_of_two_frames_whatever_was_shifted():
    clip = np.zeros((1, 3, 8, 8, 1), np.uint8)
    clip[0, 0, 2:4, 3:5], clip[0, 1, 5:7, 1:3] = 255, 255  # the same square elsewhere
    assert clips.content_distance(clip[:, :2]) == pytest.approx(0, abs=1e-3)
    amplitude = lambda frame: np.abs(np.fft.rfft2(frame[..., 0] / 255.0, norm="ortho"))
    apart = np.linalg.norm(amplitude(clip[0, 0]) - amplitude(clip[0, 2]))
    assert clips.content_distance(clip) == pytest.approx(2 * apart / 3, rel=1e-3)  # of three pairs one is alike


def test_frames_are_averaged_in_blocks():
    frames = np.arange(2 * 20 * 40, dtype=np.float32).reshape(2, 20, 40, 1)
    found = clips._grid(frames).reshape(2, 16, 16)
    edges = np.linspace(0, 20, 17).round().astype(int), np.linspace(0, 40, 17).round().astype(int)
    block = frames[1, edges[0][3] : edges[0][4], edges[1][15] : edges[1][16], 0]
    assert found[1, 3, 15] == pytest.approx(block.mean())


def test_clips_are_seen_frame_by_frame_and_as_what_changes():
    net = features.from_function(lambda images: images.reshape(len(images), -1)[:, :3].astype(np.float32), "corner")
    x = np.random.default_rng(0).integers(0, 256, (4, 5, 2, 2, 1), dtype=np.uint8)
    seen = features.of_frames(net)
    got, values = np.asarray(seen.apply({}, x).features), x.reshape(4, 5, 4)[..., :3].astype(np.float64)
    np.testing.assert_allclose(got[:, :3], values.mean(1), rtol=1e-5)
    np.testing.assert_allclose(got[:, 3:], np.abs(np.diff(values, axis=1)).mean(1), rtol=1e-5)
    assert seen.name == "corner-frames" and not seen.fixed
