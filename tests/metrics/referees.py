"""What other people's programs say of the same features and images: `python tests/referees.py` writes referees.json.

The data are drawn from numpy.random.RandomState, whose streams are frozen, here and in the tests alike. Each judge is a
function of no arguments that gives {metric: number}; it needs the packages of the extra `referee` (make referee).
"""

import json
import sys
import types
import warnings
from pathlib import Path

import numpy as np

RECORDED = Path(__file__).parent / "referees.json"


def normal():
    """Correlated features, of other mean and width: far apart."""
    draw = np.random.RandomState(1)
    mix = draw.randn(64, 64) / 8
    return draw.randn(1200, 64) @ mix + 1, 1.1 * draw.randn(1000, 64) @ mix + 1.05


def rectified():
    """Above 0 and of steep spectrum, as Inception's pool3."""
    draw = np.random.RandomState(2)
    mix = draw.randn(96, 96) * np.arange(1, 97) ** -0.7
    return np.maximum(draw.randn(1500, 96) @ mix.T, 0), np.maximum(draw.randn(1500, 96) @ mix.T + 0.3, 0)


def alike():
    """Two draws of one distribution."""
    draw = np.random.RandomState(3)
    return draw.randn(1100, 32), draw.randn(1300, 32)


def singular():
    """Fewer samples than dimensions."""
    draw = np.random.RandomState(4)
    return draw.randn(150, 200), draw.randn(120, 200) + 0.2


def collapsed():
    """All of fake near one point."""
    draw = np.random.RandomState(5)
    return draw.randn(600, 40), 1 + 0.01 * draw.randn(500, 40)


FEATURES = {f.__name__: f for f in (normal, rectified, alike, singular, collapsed)}


def features(name):
    return [x.astype(np.float32) for x in FEATURES[name]()]


def logits():
    return 3 * np.random.RandomState(6).randn(1003, 17).astype(np.float32)


def images(size=(48, 200), channels=3):
    """Smooth images in [0, 1] and noisy copies, more noise from one to the next."""
    draw = np.random.RandomState(7)
    height, width = size
    y, x = np.mgrid[:height, :width] / 12.0
    phase = draw.uniform(0, 6, (4, 1, 1, channels))
    clean = 0.5 + 0.4 * np.sin(x[None, ..., None] + phase) * np.cos(0.7 * y[None, ..., None] - phase)
    noise = draw.randn(*clean.shape) * np.array([0.02, 0.08, 0.2, 0.5])[:, None, None, None]
    return clean.astype(np.float32), np.clip(clean + noise, 0, 1).astype(np.float32)


def large_images():
    return images(size=(190, 208), channels=1)


def maps():
    """Label maps of 7 classes, one of which is in neither, and 255 where nothing is known."""
    draw = np.random.RandomState(8)
    true = draw.randint(0, 6, (5, 16, 16))
    pred = np.where(draw.uniform(size=true.shape) < 0.7, true, draw.randint(0, 6, true.shape))
    return pred, np.where(draw.uniform(size=true.shape) < 0.1, 255, true)


def pytorch_fid():
    frechet = _without_torchvision("pytorch_fid.fid_score").calculate_frechet_distance
    moments = lambda x: (x.mean(axis=0), np.cov(x.astype(np.float64), rowvar=False))
    return {
        f"frechet {name}": float(frechet(*(s for x in features(name) for s in moments(x.astype(np.float64)))))
        for name in FEATURES
    }


def torch_fidelity():
    import torch

    fid, kid = (_without_torchvision(f"torch_fidelity.metric_{name}") for name in ("fid", "kid"))
    isc, prc = (_without_torchvision(f"torch_fidelity.metric_{name}") for name in ("isc", "prc"))
    found = {}
    for name in FEATURES:
        real, fake = (torch.from_numpy(x.astype(np.float64)) for x in features(name))
        statistics = [fid.fid_features_to_statistics(x) for x in (real, fake)]
        found[f"frechet {name}"] = fid.fid_statistics_to_metric(*statistics, False)[fid.KEY_METRIC_FID]
        size = min(1000, len(real), len(fake))
        said = kid.kid_features_to_metric(real, fake, kid_subset_size=size, kid_subsets=100, verbose=False)
        found[f"kernel mean {name}"] = said[kid.KEY_METRIC_KID_MEAN]
        found[f"kernel std {name}"] = said[kid.KEY_METRIC_KID_STD]
        said = prc.prc_features_to_metric(
            fake, real, prc_neighborhood=3, prc_batch_size=10000, save_cpu_ram=False, verbose=False
        )
        found[f"precision {name}"], found[f"recall {name}"] = said["precision"], said["recall"]
    real, fake = (torch.from_numpy(x.astype(np.float64)) for x in features("rectified"))
    said = kid.kid_features_to_metric(
        real, fake, kid_subset_size=1500, kid_subsets=1, kid_kernel="rbf", kid_kernel_rbf_sigma=5.0, verbose=False
    )
    found["rbf rectified"] = said[kid.KEY_METRIC_KID_MEAN]
    for splits in (1, 10):
        said = isc.isc_features_to_metric(torch.from_numpy(logits()), splits, shuffle=False)
        found[f"inception score mean {splits}"] = said[isc.KEY_METRIC_ISC_MEAN]
        found[f"inception score std {splits}"] = said[isc.KEY_METRIC_ISC_STD]
    return found


def prdc():
    from prdc import compute_prdc

    found = {}
    for name in FEATURES:
        for k in (3, 5):
            said = compute_prdc(*(x.astype(np.float64) for x in features(name)), k)
            found |= {f"{metric} {k} {name}": float(value) for metric, value in said.items()}
    return found


def torchmetrics():
    import torch
    from torchmetrics.functional import classification
    from torchmetrics.functional import image as judge

    found = {}
    for name, pair in (("wide", images()), ("large", large_images())):
        a, b = (torch.from_numpy(x.astype(np.float64)).permute(0, 3, 1, 2) for x in pair)
        _, whole = judge.structural_similarity_index_measure(a, b, data_range=1.0, return_full_image=True)
        found[f"ssim {name}"] = _inner(whole).tolist()
        snr = judge.peak_signal_noise_ratio(a, b, data_range=1.0, dim=(1, 2, 3), reduction="none")
        found[f"psnr {name}"] = snr.tolist()
        found[f"ms-ssim {name} 2"] = _ms_ssim(judge, a, b, 2).tolist()
    found["ms-ssim large 5"] = _ms_ssim(judge, a, b, 5).tolist()
    # as it comes: the coarsest scale counts windows over reflected borders too
    said = judge.multiscale_structural_similarity_index_measure(a, b, data_range=1.0, reduction="none")
    found["ms-ssim with borders large 5"] = said.tolist()
    pred, true = map(torch.from_numpy, maps())
    jaccard = classification.multiclass_jaccard_index(pred, true, num_classes=7, ignore_index=255)
    found["mean iou"] = float(jaccard)
    accuracy = classification.multiclass_accuracy(pred, true, num_classes=7, average="micro", ignore_index=255)
    found["pixel accuracy"] = float(accuracy)
    return found


JUDGES = {f.__name__: f for f in (pytorch_fid, torch_fidelity, prdc, torchmetrics)}


def _ms_ssim(judge, a, b, scales):
    """Wang et al. 2003 of torchmetrics' parts, windows within the images at all scales."""
    import torch

    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])[:scales]
    product = 1.0
    for scale, weight in enumerate(weights / weights.sum()):
        if scale:
            a, b = (torch.nn.functional.avg_pool2d(x, 2) for x in (a, b))
        if scale < scales - 1:
            _, term = judge.structural_similarity_index_measure(
                a, b, data_range=1.0, reduction="none", return_contrast_sensitivity=True
            )
        else:
            _, whole = judge.structural_similarity_index_measure(a, b, data_range=1.0, return_full_image=True)
            term = _inner(whole)
        product = product * torch.relu(term) ** weight
    return product


def _inner(whole):
    return whole[..., 5:-5, 5:-5].flatten(1).mean(1)


def _without_torchvision(module):
    """The module, with a stand-in for torchvision where it has none that imports: nothing that is asked needs it."""
    import importlib

    names = [
        *("torchvision", "torchvision.transforms", "torchvision.models", "torchvision.datasets"),
        *("torchvision.models.inception", "torchvision.transforms.functional", "torchvision.ops"),
    ]
    before = {name: sys.modules.get(name) for name in names}
    for name in names:
        sys.modules[name] = _Anything(name)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, sys.modules[name])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    finally:
        for name, module_before in before.items():
            if module_before is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module_before


class _Anything(types.ModuleType):
    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def main():
    from importlib.metadata import version

    packages = ("torch", "pytorch-fid", "torch-fidelity", "prdc", "torchmetrics", "numpy", "scipy")
    found = {"versions": {name: version(name) for name in packages}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found |= {name: judge() for name, judge in JUDGES.items()}
    RECORDED.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
