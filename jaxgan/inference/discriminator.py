"""A run's D alone: as its recipe makes it, before what augments or perturbs what it sees."""

from jaxgan import build
from jaxgan.errors import BadInput
from jaxgan.net import Net
from jaxgan.runs import Run


def discriminator_of(run: Run) -> Net:
    """The Net of a run's D, the first where it has several; its variables are among `load(run).state.d.variables`.

    Raises BadInput where the recipe lets no option wrap it.
    """
    made: list[Net] = []
    ingredients = build.ingredients_of(run.config, run.data.specs)
    wrap = ingredients.wrap_discriminator

    def wrapped(net):
        made.append(net)
        return wrap(net)

    run.recipe.build(run.config, run.data.specs, ingredients._replace(wrap_discriminator=wrapped))
    return made[0] if made else _none(run)


def _none(run):
    raise BadInput(f"{run.name} has no discriminator that options wrap: its D cannot be looked at alone")
