"""What a training is and costs, before it is begun."""

import dataclasses
import json
import math

import jax

from jaxgan import parallel, recipes, runs, training


def describe(recipe, config, mode="single", devices=None):
    """The resolved config as JSON, then parameters and FLOPs of one step, as lines of text."""
    cost = measure(recipe, config, mode, devices)
    facts = cost["facts"]
    return "\n".join(
        [
            json.dumps({"recipe": recipe, "config": dataclasses.asdict(config), "data": facts._asdict()}, indent=2),
            f"parameters  G {cost['parameters_g']:,}  D {cost['parameters_d']:,}",
            f"step        {cost['flops'] / 1e9:.3f} GFLOP a device for {config.batch_size} samples, by XLA's count",
            f"training    {cost['flops'] * config.steps / 1e12:.2f} TFLOP a device in {config.steps} steps",
        ]
    )


def measure(recipe, config, mode="single", devices=None):
    """facts, parameters_g, parameters_d, flops of a step on each device: nothing is trained or allocated.

    XLA counts the body of a loop once: one step whatever --steps-per-dispatch is, but also one alone of the turns of D
    before the last.
    """
    chosen = parallel.choose(mode, devices)
    parallel.check_divisible(config.batch_size, len(chosen))
    dataset, facts = training.prepare(recipe, config)
    program = training.compose(recipe, config, dataset, facts, mode, chosen)
    state = jax.eval_shape(lambda: runs.fresh_state(program.setup, config, facts))
    count = lambda tree: sum(math.prod(x.shape) for x in jax.tree.leaves(tree))
    compiled = program.play.lower(state, program.feed.batch(0), *program.feed.shared).compile()
    return {
        "facts": facts,
        "parameters_g": count(state.g.params),
        "parameters_d": count(state.d.params),
        "flops": float(compiled.cost_analysis()["flops"]),
    }


def fits(recipe, source, resolution=0):
    """A line saying that the recipe can take the source. Raises BadInput, with both values, where it cannot."""
    config = dataclasses.replace(recipes.get(recipe).Config(), data=source, resolution=resolution)
    dataset, facts = training.prepare(recipe, config)
    program = training.compose(recipe, config, dataset, facts, "single", parallel.choose("single"))
    jax.eval_shape(lambda: runs.fresh_state(program.setup, config, facts))
    unused = len(facts.classes) and not config.conditional
    return f"{recipe} can take it" + (f"; it does not use the {len(facts.classes)} classes" if unused else "")
