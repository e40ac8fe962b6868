"""Each mask against the true one: mean IoU, pixel accuracy."""

import numpy as np

from jaxgan.metrics.masks import mean_iou, pixel_accuracy
from jaxgan.metrics.records.record import MASKS, EvalContext, Info, Record, Value


def measure(context: EvalContext, real: np.ndarray, fake: np.ndarray) -> dict[str, Value]:
    """Of masks uint8 [N, H, W], without the pixels that are no class."""
    classes = int(max(fake.max(), real.max())) + 1
    values = {
        "miou": mean_iou(fake, real, classes, ignore=context.ignored),
        "pixel_accuracy": pixel_accuracy(fake, real, ignore=context.ignored),
    }
    return {name: Value(value, len(fake), len(real)) for name, value in values.items()}


RECORD = Record(
    {"miou": Info("higher", "masks"), "pixel_accuracy": Info("higher", "masks")},
    measure,
    kind=MASKS,
    cheap=True,
    place=95,
)
