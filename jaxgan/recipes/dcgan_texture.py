"""The conditional texture GAN: 64x64 crops of photographs, a class each.

jaxgan train dcgan_texture
"""

from dataclasses import dataclass

from jaxgan import config, models, tasks


@dataclass(frozen=True)
class Config(config.Config):
    data: str = "textures"
    resolution: int = 64
    conditional: bool = True
    steps: int = 2000
    batch_size: int = 64
    loss: config.Loss = "bce"
    penalty: config.Penalty = "r1"
    penalty_weight: float = 30.0
    sample_every_steps: int = 250
    save_every_steps: int = 500


TINY = {"steps": 20, "batch_size": 16, "log_every_steps": 5, "sample_every_steps": 10, "save_every_steps": 10}


def build(config, facts, rules):
    models.texture.check_shape(facts.shape)
    options = {"classes": rules.classes, "axis_name": rules.axis_name, "dtype": config.dtype}
    generator = models.texture.generator(facts.shape[2], **options)
    discriminator = models.texture.discriminator(**options)
    # apart, D's first batch norm would hide brightness and contrast: the textures came out nearly black
    options = {"loss": rules.loss, "penalties": rules.penalties, "noise": rules.noise, "together": True}
    return tasks.paired(generator, discriminator, **options)
