"""pix2pix: a U-Net against a PatchGAN of 70x70 pixels, the networks of the recipe. Isola et al. 2017, arXiv:1611.07004.

Left out: dropout, G's only noise, for equal losses in all contenders.
"""

from jaxgan import losses, models, tasks


def networks(shape, width=64, dtype="float32"):
    """(generator, discriminator), Nets for pictures [H, W, C], of `width` channels behind the first halving."""
    halvings = models.unet.halvings(shape)
    generator = models.unet.generator(shape[2], width, halvings, dropout=0.0, dtype=dtype)
    return generator, models.patchgan.discriminator(width, dtype=dtype)


def translation(generator, discriminator, *, l1=100.0, penalties=()):
    """GAN from batch["input"] to batch["image"], both [B, H, W, C] uint8 or float in [-1, 1].

    l1: weight of mean |image - fake| in G's loss (eq. 4). penalties: as of `tasks.adversarial`.
    """
    return tasks.adversarial(
        generator,
        discriminator,
        loss=losses.half_d(losses.non_saturating),
        penalties=penalties,
        given="input",
        shown=lambda x, batch: (x, batch["input"]),
        content={"l1": losses.l1(l1)},
    )
