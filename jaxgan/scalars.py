"""The scalars that a recipe's step gives: what thresholds and the choice of the best can name."""

import jax
import numpy as np

from jaxgan import assemble, recipes, runs
from jaxgan.errors import unknown


def check(recipe, config, facts):
    """Raises BadInput where --stop-when or --best-metric name a scalar that no step gives."""
    asked = {"--stop-when": config.threshold and config.threshold[0], "--best-metric": config.best_metric.lstrip("+")}
    if not any(asked.values()):
        return
    setup = assemble.setup(recipes.get(recipe), config, facts)
    state = jax.eval_shape(lambda: runs.fresh_state(setup, config, facts))
    lead = (*((config.d_turns,) if config.d_turns > 1 else ()), config.batch_size)
    batch = {"image": jax.ShapeDtypeStruct((*lead, *facts.shape), np.float32)}
    if config.conditional:
        shape, dtype = runs.label_like(facts, config.batch_size)
        batch["label"] = jax.ShapeDtypeStruct((*lead[:-1], *shape), dtype)
    metrics = jax.eval_shape(setup.step, state, batch)[1]
    names = [*(f"{name}_g" for name in metrics.g), *(f"{name}_d" for name in metrics.d), "images_per_s", "seconds"]
    for flag, name in asked.items():
        if name and name not in names:
            raise unknown(f"{flag} scalar", name, names)
