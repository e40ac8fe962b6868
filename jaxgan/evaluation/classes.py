"""The classes that a game's D names, against the true ones."""

import jax
import numpy as np

from jaxgan.data.dataset import LABEL, Dataset, renumbered
from jaxgan.data.loader import rows as shuffled
from jaxgan.errors import BadInput
from jaxgan.evaluation import scores
from jaxgan.evaluation.extract import AT_ONCE
from jaxgan.inference.discriminator import discriminator_of
from jaxgan.metrics.protocol import Score
from jaxgan.metrics.records.record import CLASSES, EvalContext
from jaxgan.runs import Run
from jaxgan.sharing import Variables
from jaxgan.tasks.adversarial import read_output


def named_classes(
    context: EvalContext, run: Run, variables: Variables, reference: Dataset, count: int, seed: int = 0
) -> list[Score]:
    """Scores of the classes that D's variables name, of `count` pictures of a Dataset; [] where the game has none.

    Raises BadInput where the Dataset has classes that the run has not.
    """
    config, specs = run.config, run.data.specs
    if CLASSES not in scores.kinds(config, specs):
        return []
    classes = specs[LABEL].classes
    if reference.classes != classes:
        if not reference.classes or set(reference.classes) - set(classes):
            raise BadInput(f"{reference.name} has not the classes of the run, {', '.join(classes[:10])}: give such")
        reference = renumbered(reference, classes)
    net = discriminator_of(run)
    name = jax.jit(lambda d, x: read_output(net.apply(d, run.made.kind.to_step(x), train=False)[0])[0].argmax(axis=-1))
    pictures, size = reference[config.real], len(reference[config.real])
    rows = shuffled(seed, 0, min(count, size), size)
    found = []
    for first in range(0, len(rows), AT_ONCE):
        part = np.resize(rows[first : first + AT_ONCE], AT_ONCE)  # so that one program does
        found.append(np.asarray(name(variables, pictures[part]))[: len(rows) - first])
    return scores.measure(CLASSES, context, np.asarray(reference[LABEL])[rows], np.concatenate(found))
