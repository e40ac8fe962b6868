"""What torch-fidelity's Inception says of random weights and images: recorded in inception_referee.json.

PYTHONPATH=. python tests/inception_referee.py (with torch and torch-fidelity) writes it anew; test_inception.py compares
with it.
"""

import importlib.util
import json
import sys
import tempfile
import types
import zlib
from pathlib import Path

import numpy as np

from jaxgan.metrics.features import inception

RECORD = Path(__file__).with_suffix(".json")
TAPS = ("64", "192", "768", "2048", "logits_unbiased", "logits")
SIZES = ((32, 32), (40, 75), (350, 310))  # smaller, not square, larger than what the network sees


def draw(name, shape):
    """A random weight in PyTorch's layout, from a stream of NumPy's that is frozen: its own for each name."""
    state = np.random.RandomState(zlib.crc32(name.encode()))
    end = name.rpartition(".")[2]
    if end == "num_batches_tracked":
        return np.array(1, np.int64)
    if end == "running_var":
        return state.uniform(0.05, 1.5, shape).astype(np.float32)
    if end == "running_mean" or end == "bias":
        return (0.2 * state.standard_normal(shape)).astype(np.float32)
    if len(shape) == 1:  # the scale of a batch norm; the variances above make 1 / std about 1.3
        return state.uniform(0.3, 1.0, shape).astype(np.float32)
    return (np.sqrt(2 / np.prod(shape[1:])) * state.standard_normal(shape)).astype(np.float32)


def images(size):
    """uint8 [2, H, W, 3]: noise on slopes, so that neighbours are alike."""
    state = np.random.RandomState(sum(size))
    slopes = np.linspace(0, 200, size[0])[:, None, None] + np.linspace(0, 55, size[1])[None, :, None]
    x = (slopes * state.uniform(0.2, 1, (2, 1, 1, 3)) + 60 * state.standard_normal((2, *size, 3))).clip(0, 255)
    return x.astype(np.uint8)


def summary(x):
    """What is recorded of a tap [B, D]: the start of each row, and mean and norm over all."""
    x = np.asarray(x, np.float64)
    return {"first": x[:, :8].tolist(), "mean": x.mean(), "norm": np.linalg.norm(x)}


def checkpoint():
    """{name: array} as a PyTorch checkpoint has them; torch-fidelity checks names and shapes when it reads them."""
    found = {}
    for name, shape in inception.shapes().items():
        turned = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}[len(shape)]
        found[name] = draw(name, tuple(shape[i] for i in turned))
        if name.endswith(".running_var"):
            count = name.replace("running_var", "num_batches_tracked")
            found[count] = draw(count, ())
    return found


def write(path, **how):
    """The same as a file of torch.save's."""
    import torch

    torch.save({name: torch.from_numpy(x) for name, x in checkpoint().items()}, path, **how)


def look(path, images):
    """{tap: array} of torch-fidelity's Inception with the weights of a file: images uint8 [B, H, W, 3]."""
    import torch

    net = module().FeatureExtractorInceptionV3("referee", list(TAPS), str(path))
    with torch.no_grad():
        found = net(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
    return {tap: x.numpy() for tap, x in zip(TAPS, found, strict=True)}


def module(name="feature_extractor_inceptionv3"):
    """A module of torch-fidelity without the package's own imports, which need torchvision."""
    shell = types.ModuleType("torch_fidelity")
    shell.__spec__ = importlib.util.find_spec("torch_fidelity")
    shell.__path__ = list(shell.__spec__.submodule_search_locations)
    before = sys.modules.get("torch_fidelity")
    sys.modules["torch_fidelity"] = shell
    try:
        return importlib.import_module(f"torch_fidelity.{name}")
    finally:  # others want the package itself
        del sys.modules["torch_fidelity"]
        if before is not None:
            sys.modules["torch_fidelity"] = before


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "random.pth")
        found = {f"{h} x {w}": look(Path(folder) / "random.pth", images((h, w))) for h, w in SIZES}
    record = {size: {tap: summary(x) for tap, x in taps.items()} for size, taps in found.items()}
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
