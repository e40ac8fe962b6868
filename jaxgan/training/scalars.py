"""The scalars of metrics.jsonl, of steps and of evaluations: what thresholds and the choice of the best can name."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import jax

from jaxgan import build
from jaxgan.data import Spec, batch
from jaxgan.errors import BadInput, unknown
from jaxgan.evaluation import scores
from jaxgan.metrics.records import infos


def check(recipe: ModuleType, config: Any, specs: Mapping[str, Spec]) -> None:
    """Raises BadInput where --stop-when or --best-metric name a scalar that no step and no evaluation gives."""
    asked = {"--stop-when": config.threshold and config.threshold[0], "--best-metric": config.best_metric.lstrip("+")}
    if not any(asked.values()):
        return
    made = build.experiment(recipe, config, specs)
    state = jax.eval_shape(lambda: build.initial_state(made, config, specs))
    metrics = jax.eval_shape(made.step, state, batch.like_step(config, specs))[1]
    names = [*(f"{name}_g" for name in metrics.g), *(f"{name}_d" for name in metrics.d), "images_per_s", "seconds"]
    known, applying, cheap = infos(), scores.names(config, specs), scores.names(config, specs, cheap=True)
    often, rarely = config.evaluate_every_steps, config.evaluate_all_every_steps
    for flag, name in asked.items():
        every = rarely if name not in cheap else often or rarely
        if name in known and name not in applying:
            raise BadInput(
                f"{flag} is by {name}, which is not measured of what this recipe makes: there are {', '.join(sorted(applying))}"
            )
        if name in known and not every:
            wanted = "--evaluate-every-steps" if name in cheap else "--evaluate-all-every-steps"
            raise BadInput(f"{flag} is by {name}, which only evaluations measure: add {wanted} N")
        if name in known and flag == "--best-metric" and config.save_every_steps % every:
            raise BadInput(
                f"--best-metric {name} is measured every {every} steps and --save-every-steps is "
                f"{config.save_every_steps}: give a multiple, so that every checkpoint has it"
            )
        if name and name not in (*names, *known):
            raise unknown(f"{flag} scalar", name, names)
