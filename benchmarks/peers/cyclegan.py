"""CycleGAN at 128 pixels: two translators of 6 blocks, two PatchGANs of 70x70, the recipe's networks. arXiv:1703.10593.

Left out: the pool of older translations, for equal losses in all contenders.
"""

from jaxgan import models, tasks
from peers.settings import BLOCKS, CYCLE, IDENTITY


def translation(shape, width=64, dtype="float32"):
    """GAN between batch["input"] and batch["image"], both [B, H, W, C] uint8 or float in [-1, 1], that are no pairs."""
    generators = [models.translator.generator(shape[2], width, BLOCKS, dtype=dtype) for _ in "fb"]
    judges = [models.patchgan.discriminator(width, norm="instance", dtype=dtype) for _ in "fb"]
    return tasks.cycle(*generators, *judges, weight=CYCLE, identity=IDENTITY)
