"""Images/s and step time of a recipe: the same program that trains it."""

import time

import jax
import numpy as np

from jaxgan import parallel, runs, training

_WARM_UP = 5


def measure(recipe, config, *, mode="single", devices=None, seconds=10.0):
    """A flat dictionary: images_per_s, step_ms_p50, _p90, _p99, compile_s, flops_per_step, bytes, and what was measured.

    Throughput is over all dispatches of about `seconds`, with one wait at the end; the percentiles are of dispatches that
    are waited for one by one, divided by the steps in each.
    """
    chosen = parallel.choose(mode, devices)
    parallel.check_divisible(config.batch_size, len(chosen))
    dataset, facts = training.prepare(recipe, config)
    program = training.compose(recipe, config, dataset, facts, mode, chosen)
    state = jax.jit(lambda: runs.fresh_state(program.setup, config, facts))()
    shared = jax.device_put(program.feed.shared, program.play.where)
    batches = [program.feed.batch(i * config.steps_per_dispatch) for i in range(16)]

    begin = time.perf_counter()
    compiled = program.play.lower(state, batches[0], *shared).compile()
    compile_s = time.perf_counter() - begin
    cost, memory = compiled.cost_analysis(), compiled.memory_analysis()

    def play(i):
        nonlocal state
        state, metrics = program.play(state, batches[i % len(batches)], *shared)
        return metrics

    for i in range(_WARM_UP):
        metrics = play(i)
    jax.block_until_ready(metrics)
    each = []
    begin = time.perf_counter()
    while len(each) < 10 or time.perf_counter() - begin < seconds / 2:
        start = time.perf_counter()
        jax.block_until_ready(play(len(each)))
        each.append((time.perf_counter() - start) / config.steps_per_dispatch)
    dispatches = len(each)
    begin = time.perf_counter()
    for i in range(dispatches):
        metrics = play(i)
    jax.block_until_ready(metrics)
    elapsed = time.perf_counter() - begin
    p50, p90, p99 = (round(float(p) * 1e3, 4) for p in np.percentile(each, (50, 90, 99)))
    return {
        "recipe": recipe,
        "images_per_s": round(dispatches * config.steps_per_dispatch * config.batch_size / elapsed, 2),
        "step_ms_p50": p50,
        "step_ms_p90": p90,
        "step_ms_p99": p99,
        "compile_s": round(compile_s, 3),
        "flops_per_step": float(cost["flops"]),
        "argument_bytes": memory.argument_size_in_bytes,
        "temp_bytes": memory.temp_size_in_bytes,
        "batch_size": config.batch_size,
        "steps_per_dispatch": config.steps_per_dispatch,
        "dtype": config.dtype,
        "parallel": mode,
        "devices": len(chosen),
        "device_kind": chosen[0].device_kind,
        "versions": runs.versions(),
    }


def table(result):
    """The result as lines of text."""
    return "\n".join(f"{name:20}{value}" for name, value in result.items() if name != "versions")
