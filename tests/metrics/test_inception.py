"""FID's Inception: the same numbers as torch-fidelity's, and archives that are checked."""

import importlib.util
import json

import inception_referee as referee
import jax
import numpy as np
import pytest

from jaxgan import BadInput
from jaxgan.metrics.features import convert, inception

RECORD = json.loads(referee.RECORD.read_text())


@pytest.fixture(scope="module")
def archive():
    """The referee's random weights as an archive holds them."""
    turned = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
    weights = {k: x for k, x in referee.checkpoint().items() if k in inception.shapes()}
    return {k: np.ascontiguousarray(x.transpose(turned[x.ndim])) for k, x in weights.items()}


def write(path, arrays, **more):
    np.savez(path, **arrays, **more)
    return path


@pytest.mark.parametrize("size", referee.SIZES)
def test_every_tap_is_what_torch_fidelity_recorded(size, archive):
    found = inception.taps(archive, referee.images(size))
    for tap, expected in RECORD[f"{size[0]} x {size[1]}"].items():
        summary = referee.summary(found[tap])
        scale = np.abs(expected["first"]).max()
        assert np.abs(np.subtract(summary["first"], expected["first"])).max() < 1e-5 * scale, tap
        assert summary["mean"] == pytest.approx(expected["mean"], rel=1e-5), tap
        assert summary["norm"] == pytest.approx(expected["norm"], rel=1e-5), tap


def test_features_and_logits_are_the_taps_and_grey_is_three_channels(archive):
    grey = referee.images(referee.SIZES[0])[..., :1]
    seen = jax.jit(inception.apply)(archive, grey)
    found = inception.taps(archive, np.repeat(grey, 3, axis=-1))
    np.testing.assert_allclose(seen.features, found["2048"], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(seen.logits, found["logits_unbiased"], rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(
        found["logits"], found["logits_unbiased"] + archive["fc.bias"][None], rtol=1e-4, atol=1e-4
    )
    assert seen.features.shape == (2, 2048) and seen.logits.shape == (2, 1008)


def test_the_weights_are_those_of_the_public_file():
    shapes = inception.shapes()
    assert len(shapes) == 94 * 5 + 2  # 94 convolutions with a batch norm of four, and the last layer
    assert sum(int(np.prod(s)) for s in shapes.values()) == 23_885_392
    assert shapes["Mixed_6b.branch7x7_2.conv.weight"] == (1, 7, 128, 128)
    assert shapes["Mixed_7c.branch3x3dbl_3b.bn.running_var"] == (384,)


@pytest.mark.parametrize("size", [(32, 32), (5, 400), (299, 299), (1, 1)])
def test_resize_is_that_of_tensorflow_1(size):
    image = np.random.default_rng(0).integers(0, 256, (*size, 2)).astype(np.uint8)
    expected = np.zeros((299, 299, 2))
    for y in range(299):
        for x in range(299):
            v, u = y * size[0] / 299, x * size[1] / 299
            i, j = int(v), int(u)
            below, right = min(i + 1, size[0] - 1), min(j + 1, size[1] - 1)
            upper = image[i, j] * (1 - (u - j)) + image[i, right] * (u - j)
            lower = image[below, j] * (1 - (u - j)) + image[below, right] * (u - j)
            expected[y, x] = upper * (1 - (v - i)) + lower * (v - i)
    np.testing.assert_allclose(inception.resize(image[None])[0], expected, atol=0.02)  # positions are float32


@pytest.mark.parametrize("images", [np.zeros((1, 8, 8, 2), np.uint8), np.zeros((1, 8, 8, 3), np.float32)])
def test_images_that_it_cannot_see_are_refused(images):
    with pytest.raises(
        BadInput, match=rf"{images.dtype} \[1, 8, 8, {images.shape[-1]}\], not uint8 \[B, H, W, 1 or 3\]"
    ):
        inception.apply({}, images)
    with pytest.raises(BadInput, match=r"\[8, 8, 3\]"):
        inception.apply({}, np.zeros((8, 8, 3), np.uint8))


def test_only_the_public_checkpoint_gives_the_known_name(archive, tmp_path):
    net = inception.load(write(tmp_path / "known.npz", archive, source_sha256=inception.SOURCE))
    assert net.name == "inception-tf"
    for source in ("0" * 64, inception.SOURCE[:8], None):
        more = {} if source is None else {"source_sha256": source}
        other = inception.load(write(tmp_path / "other.npz", archive, **more))
        assert other.name == f"inception-{net.sha256[:8]}"
    assert jax.tree_util.tree_all(jax.tree_util.tree_map(np.array_equal, other.variables, archive))


def test_archives_of_other_weights_are_refused(archive, tmp_path):
    name = "Mixed_5b.branch1x1.conv.weight"
    lacking = {k: x for k, x in archive.items() if k != name}
    for arrays, words in (
        (lacking, f"lacks {name}"),
        (
            {**lacking, name: archive[name][..., 1:]},
            rf"{name} is float32 \[1, 1, 192, 63\], not float32 \[1, 1, 192, 64\]",
        ),
        ({**lacking, name: archive[name].astype(np.float16)}, rf"{name} is float16"),
        ({**archive, "AuxLogits.fc.bias": archive["fc.bias"]}, "holds AuxLogits.fc.bias"),
        ({"image": np.zeros(3)}, r"lacks .* and 469 more: it holds image"),
    ):
        with pytest.raises(BadInput, match=words):
            inception.load(write(tmp_path / "weights.npz", arrays))


def test_files_that_are_no_archives_are_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        inception.load(tmp_path / "nothing.npz")
    (tmp_path / "text.npz").write_text("not an archive")
    with pytest.raises(BadInput, match="cannot be read"):
        inception.load(tmp_path / "text.npz")
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(BadInput, match="it holds nothing, take another file"):
        inception.load(tmp_path / "one.npy")


@pytest.mark.referee
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_converted_checkpoint_is_torch_fidelitys_network(zipped, tmp_path):
    pytest.importorskip("torch")
    if importlib.util.find_spec("torch_fidelity") is None:
        pytest.skip("no torch-fidelity")
    referee.write(tmp_path / "random.pth", _use_new_zipfile_serialization=zipped)
    convert.inception_of_torch(tmp_path / "random.pth", tmp_path / "random.npz")
    net = inception.load(tmp_path / "random.npz")
    for size in referee.SIZES:
        images = referee.images(size)
        expected = referee.look(tmp_path / "random.pth", images)
        found = inception.taps(net.variables, images)
        for tap in referee.TAPS:
            error = np.abs(np.asarray(found[tap]) - expected[tap]).max() / np.abs(expected[tap]).max()
            print(f"{size[0]} x {size[1]} {tap}: {error:.1e}")
            assert error < 1e-5, tap
            summary, recorded = referee.summary(expected[tap]), RECORD[f"{size[0]} x {size[1]}"][tap]
            np.testing.assert_allclose(summary["first"], recorded["first"], atol=1e-5 * np.abs(recorded["first"]).max())


@pytest.mark.referee
@pytest.mark.parametrize("size", [(32, 32), (40, 75), (350, 310), (1, 5)])
def test_resize_is_torch_fidelitys(size):
    torch = pytest.importorskip("torch")
    if importlib.util.find_spec("torch_fidelity") is None:
        pytest.skip("no torch-fidelity")
    there = referee.module("interpolate_compat_tensorflow").interpolate_bilinear_2d_like_tensorflow1x
    images = referee.images(size)
    expected = there(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).float(), (299, 299), align_corners=False)
    np.testing.assert_allclose(inception.resize(images), expected.numpy().transpose(0, 2, 3, 1), atol=1e-4)
