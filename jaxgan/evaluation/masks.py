"""Segmentation: each mask against the true one."""

from jaxgan import metrics
from jaxgan.evaluation.distribution import score

BETTER = {"miou": "higher", "pixel_accuracy": "higher"}
CHEAP = ("miou", "pixel_accuracy")


def applies(config, specs):
    """Whether G makes masks."""
    return specs[config.real].modality == "mask"


def all_of(context, fake, real, ignore=None):
    """Scores of masks uint8 [N, H, W] against the true ones; `ignore`: a true class that does not count."""
    classes = int(max(fake.max(), real.max())) + 1
    values = {
        "miou": metrics.mean_iou(fake, real, classes, ignore),
        "pixel_accuracy": metrics.pixel_accuracy(fake, real, ignore),
    }
    return [score(context, name, value, len(fake), len(real)) for name, value in values.items()]
