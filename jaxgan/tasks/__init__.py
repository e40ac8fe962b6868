"""One kind of game a file: networks -> GAN, or a GAN that is played in another way: GAN -> GAN."""

from jaxgan.tasks.adversarial import adversarial
from jaxgan.tasks.contrastive import contrastive
from jaxgan.tasks.cycle import cycle
from jaxgan.tasks.pooled import pooled
from jaxgan.tasks.semi_supervised import semi_supervised
from jaxgan.tasks.unrolled import unrolled

__all__ = ["adversarial", "contrastive", "cycle", "pooled", "semi_supervised", "unrolled"]
