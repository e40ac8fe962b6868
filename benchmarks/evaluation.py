"""python benchmarks/evaluation.py [--num 50000]: seconds and memory of each part of an evaluation at 32x32.

A DCGAN draws, the small classifier looks (both with fresh weights: the time does not depend on what they know), every
metric is taken of 128 features, those of nearest neighbours of all samples against all. Prints one line a part.
"""

import argparse
import time

import jax
import numpy as np

from jaxgan import metrics, modalities, models, tasks
from jaxgan.evaluation.extract import FeatureExtractor
from jaxgan.metrics.features import classifier
from jaxgan.sharing import with_index


def main():
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num", type=int, default=50_000, help="samples of each side")
    num = parser.parse_args().num
    game = tasks.adversarial(models.dcgan.generator(resolution=32, channels=3), models.dcgan.discriminator())
    variables = game.init(jax.random.key(0), with_index({"image": np.zeros((4, 32, 32, 3), np.float32)})).g
    weights = classifier.Classifier(10).init(jax.random.key(0), np.zeros((2, 32, 32, 3), np.uint8))
    extractor = FeatureExtractor(classifier.classifier("classifier", weights, 10), modalities.get("image"))
    real = np.random.default_rng(0).normal(size=(num, classifier.FEATURES)).astype(np.float32)

    rows, peak = [], 0.0

    def timed(name, part):
        nonlocal peak
        began = time.perf_counter()
        out = part()
        lapse, now = time.perf_counter() - began, _peak_gib()
        rows.append((name, lapse))
        print(f"| {name} | {lapse:.1f} | {now:.2f} |", flush=True)
        peak = now
        return out

    print(f"{num} samples on {jax.devices()[0].device_kind}, jax {jax.__version__}, compilation included\n")
    print("| part | seconds | peak GiB of the process so far |\n|---|---|---|")
    fake = timed("drawing, rounding, features", lambda: extractor.fake(game, variables, num)).features
    fake = (fake - fake.mean(axis=0)) / (fake.std(axis=0) + 1e-6)
    timed("Fréchet distance", lambda: metrics.frechet_distance(real, fake))
    timed("kernel distance", lambda: metrics.kernel_distance(real, fake))
    timed("precision, recall", lambda: metrics.precision_recall(real, fake))
    timed("density, coverage", lambda: metrics.density_coverage(real, fake))
    timed("memorised", lambda: metrics.memorised(real, fake))
    print(f"| all | {sum(lapse for _, lapse in rows):.1f} | {peak:.2f} |")


def _peak_gib():
    with open("/proc/self/status") as file:
        return int(next(line for line in file if line.startswith("VmHWM")).split()[1]) / 2**20


if __name__ == "__main__":
    main()
