"""Whose turn it is, and of how many parts."""

from dataclasses import dataclass
from typing import Annotated

from jaxgan.errors import BadInput
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import above, flag

PLACE = 72


@dataclass(frozen=True)
class Group:
    """Turns."""

    d_steps: Annotated[int, above(0, 1000)] = 1
    """Turns of D for each turn of G (n_critic)."""
    new_fakes: bool = False
    """Draw new fakes for G's turn instead of those that D has just seen."""
    microbatches: Annotated[int, above(0, 2**20)] = 1
    """Parts of each batch that are computed one after the other, for less memory and one more pass of G: the same step, but for
    what couples samples, which sees a part: batch norms, minibatch deviations, --pack, --top-k, --relativistic average, --unroll,
    --matching."""

    @property
    def batch_parts(self) -> int:
        """What a step cuts the batch of a device into."""
        return getattr(self, "pack", 1) * self.microbatches


def check(config: Config) -> None:
    """A batch goes into its parts."""
    if config.batch_size % config.batch_parts:
        parts = [
            f"{flag(name)} {getattr(config, name)}" for name in ("microbatches", "pack") if getattr(config, name) > 1
        ]
        raise BadInput(
            f"--batch-size {config.batch_size} does not go into {' of '.join(parts)}: give a multiple of {config.batch_parts}"
        )


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """Options of `core.make_step`."""
    del number, context
    options = {name: getattr(config, name) for name in ("d_steps", "new_fakes", "microbatches")}
    return ingredients._replace(step={**ingredients.step, **options})
