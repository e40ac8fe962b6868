"""Lines of text, character by character, by WGAN-GP on softmax outputs. Gulrajani et al. 2017, arXiv:1704.00028.

    jaxgan train text_gan                                        # sentences of a small grammar, made here
    jaxgan train text_gan --data FILE.txt --length 48            # every window of 48 characters
    jaxgan train text_gan --data lines:FILE.txt                  # its lines, cut or padded to 32, as in the paper
    jaxgan train text_gan --data words:FILE.txt --length 8       # windows of 8 words
    jaxgan sample RUN --num 1000 --out lines.txt

Section 5.4: G gives the shares of each character at each place, D is shown these, and true text as one-hot vectors; both are
residual 1-D convolutions. The paper's are 512 wide, its D takes ten steps to one of G's (five should do, their program says),
200,000 steps at a rate of 1e-4.
2 cores of an x86-64 server (AVX-512) with much other work on it, seed 0: 50 min 38 s, 10.3 % of 10,000 texts are sentences of the
grammar and 98.8 % different; a Markov chain of order 5 has 12.5 % and 66.7 %: docs/text.md, with what GANs cannot do with text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import jax
import jax.numpy as jnp

from jaxgan import config
from jaxgan.core import GAN
from jaxgan.errors import BadInput
from jaxgan.models import text
from jaxgan.options import Ingredients
from jaxgan.options.marks import above

Tailored: Any = config.tailored("timed")


@dataclass(frozen=True)
class Config(Tailored):
    data: str = "sentences"
    length: int = 32
    steps: int = 3000
    batch_size: int = 64
    loss: config.Loss = "wasserstein"
    penalty: config.Penalty = "wgan_gp"
    penalty_weight: float = 10.0
    z_dim: int = 128
    lr_g: float = 1e-3
    lr_d: float = 1e-3
    b1: float = 0.5
    b2: float = 0.9
    schedule: config.Schedule = "linear"
    d_steps: int = 5
    width: Annotated[int, above(0, 2**16)] = 64
    """Channels of all feature maps; 512 in the paper."""
    blocks: Annotated[int, above(0, 256)] = text.BLOCKS
    """Residual blocks of two convolutions, in both networks."""
    log_every_steps: int = 50
    sample_every_steps: int = 250
    save_every_steps: int = 250

    @property
    def real(self) -> str:
        """Numbers of symbols."""
        return "text"


TINY = {
    "width": 4,
    "blocks": 1,
    "z_dim": 8,
    "d_steps": 2,
    "steps": 20,
    "batch_size": 8,
    "log_every_steps": 5,
    "sample_every_steps": 10,
    "save_every_steps": 10,
}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    (length,), symbols = specs[config.real].shape, len(specs[config.real].classes)
    if not symbols:
        raise BadInput(f"{config.data} has texts whose symbols have no names: give a .txt")
    same = {"width": config.width, "blocks": config.blocks, "dtype": config.dtype}
    return ingredients.adversarial(
        text.generator(length, symbols, **same),
        text.discriminator(**same),
        real=lambda batch: jax.nn.one_hot(batch[config.real], symbols, dtype=jnp.float32),
    )
