"""One published architecture a file: its generators and discriminators."""

from jaxgan.models import (
    dcgan,
    inpaint,
    mlp,
    patchgan,
    psgan,
    pyramid,
    r3gan,
    rrdb,
    segment,
    semi_supervised,
    sngan,
    stylegan2,
    texture,
    translator,
    unet,
    unet_discriminator,
)

__all__ = [
    "dcgan",
    "inpaint",
    "mlp",
    "patchgan",
    "psgan",
    "pyramid",
    "r3gan",
    "rrdb",
    "segment",
    "semi_supervised",
    "sngan",
    "stylegan2",
    "texture",
    "translator",
    "unet",
    "unet_discriminator",
]
