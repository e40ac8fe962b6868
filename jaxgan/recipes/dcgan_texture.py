"""The conditional texture GAN: 64x64 crops of photographs, a class each.

jaxgan train dcgan_texture
"""

from dataclasses import dataclass

from jaxgan import config, losses, models, tasks


@dataclass(frozen=True)
class Config(config.Config):
    data: str = "textures"
    resolution: int = 64
    conditional: bool = True
    steps: int = 2500
    batch_size: int = 64
    loss: config.Loss = "bce"
    matching: float = 10.0
    """Weight of the pixels' mean and mean square in G's loss."""
    sample_every_steps: int = 250
    save_every_steps: int = 500


TINY = {"steps": 20, "batch_size": 16, "log_every_steps": 5, "sample_every_steps": 10, "save_every_steps": 10}


def build(config, facts, rules):
    models.texture.check_shape(facts.shape)
    options = {"classes": rules.classes, "axis_name": rules.axis_name, "dtype": config.dtype}
    generator = models.texture.generator(facts.shape[2], **options)
    discriminator = models.texture.discriminator(**options)
    # D's first batch norm hides mean and contrast: without this the textures come out nearly black
    content = (losses.moment_matching(config.matching, rules.axis_name),) if config.matching else ()
    options = {"loss": rules.loss, "penalties": rules.penalties, "noise": rules.noise, "content": content}
    return tasks.paired(generator, discriminator, **options)
