"""Images/s and step time of a recipe: the same program that trains it."""

import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from jaxgan import parallel, recipes, runs, runtime, training
from jaxgan.cost.flops import count_flops
from jaxgan.errors import positive
from jaxgan.layers import onednn
from jaxgan.options import Config

_WARM_UP = 5
ROUNDS = 5


def measure(
    recipe: str | Path | ModuleType,
    config: Config,
    *,
    mode: str = "single",
    devices: int | None = None,
    seconds: float = 10.0,
) -> dict[str, Any]:
    """A flat dictionary: speed, time of a step, FLOPs, bytes, and what was measured.

    images_per_s: the median of five rounds of dispatches with one wait at their end, _lowest and _highest beside it;
    batches come as in training, and data_wait_share is what of the time the host spent on them. The percentiles are of
    dispatches that are waited for one by one, divided by the steps in each. mfu: model FLOPs of a step on each device
    (`flops.count_flops`), over what the largest of a few products of matrices in the same dtype reaches there.
    compile_s is without any cache, compile_warm_s from JAX's persistent one, both behind tracing; a program with oneDNN's
    convolutions cannot be kept there, and both are without.
    """
    positive("--seconds", seconds)
    chosen = parallel.choose(mode, devices)
    recipe = recipes.get(recipe)
    dataset = training.prepare(recipe, config)
    program = training.compose(recipe, config, dataset, mode, chosen)
    state = program.initial()
    run = program.stepper()
    chunk = config.steps_per_dispatch

    with runtime.forgotten_programs():
        seconds_to_compile = []
        for _ in ("cold", "warm"):
            lowered, begin = program.lower(state), time.perf_counter()
            compiled = lowered.compile()
            seconds_to_compile.append(time.perf_counter() - begin)
            jax.clear_caches()  # of this process: what is left is the persistent one
    memory = compiled.memory_analysis()
    step, waited = 0, 0.0

    def play():
        nonlocal state, step, waited
        begin = time.perf_counter()
        batch = program.loader.batch(step)
        waited += time.perf_counter() - begin
        state, metrics = run(state, batch, chunk)
        step += chunk
        return metrics

    for _ in range(_WARM_UP):
        metrics = play()
    jax.block_until_ready(metrics)
    each: list[float] = []
    begin = time.perf_counter()
    while len(each) < 10 or time.perf_counter() - begin < seconds / 2:
        start = time.perf_counter()
        jax.block_until_ready(play())
        each.append((time.perf_counter() - start) / chunk)
    rates, shares = [], []
    for _ in range(ROUNDS):
        dispatches, waited, begin = max(2, len(each) // ROUNDS), 0.0, time.perf_counter()
        for _ in range(dispatches):
            metrics = play()
        jax.block_until_ready(metrics)
        elapsed = time.perf_counter() - begin
        rates.append(dispatches * chunk * config.batch_size / elapsed)
        shares.append(waited / elapsed)
    rate, ceiling = statistics.median(rates), matmul_ceiling(chosen[0], program.dtype)
    flops = count_flops(recipe, config, dataset.specs, len(chosen))
    p50, p90, p99 = (round(float(p) * 1e3, 4) for p in np.percentile(each, (50, 90, 99)))
    return {
        "recipe": recipes.name(recipe),
        "images_per_s": round(rate, 2),
        "images_per_s_lowest": round(min(rates), 2),
        "images_per_s_highest": round(max(rates), 2),
        "images_per_s_per_device": round(rate / len(chosen), 2),
        "s_per_kimg": round(1000 / rate, 4),
        "step_ms_p50": p50,
        "step_ms_p90": p90,
        "step_ms_p99": p99,
        "compile_s": round(seconds_to_compile[0], 3),
        "compile_warm_s": round(seconds_to_compile[1], 3),
        "data_wait_share": round(statistics.median(shares), 4),
        "data": "on the device" if program.loader.shared else "streamed",
        "flops_per_step": flops,
        "matmul_gflops": round(ceiling / 1e9, 1),
        "mfu": round(flops * rate / config.batch_size / ceiling, 4),
        "argument_bytes": memory.argument_size_in_bytes,
        "temp_bytes": memory.temp_size_in_bytes,
        "batch_size": config.batch_size,
        "steps_per_dispatch": chunk,
        "dtype": program.dtype,
        "computed_in": onednn.computed_in(program.dtype),
        "parallel": mode,
        "devices": len(chosen),
        "device_kind": chosen[0].device_kind,
        "versions": runs.versions(),
    }


def matmul_ceiling(device: jax.Device, dtype: DTypeLike) -> float:
    """FLOP/s that the best of a few programs of products of square matrices in this dtype reaches on the device."""
    side, count = (2048, 1) if device.platform == "cpu" else (8192, 16)  # elsewhere less is over before it is noticed
    x = jax.device_put(jnp.ones((side, side), dtype) / side, device)
    product = jax.jit(lambda x: jax.lax.fori_loop(0, count, lambda _, y: x @ y, x))
    jax.block_until_ready(product(x))
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        jax.block_until_ready(product(x))
        times.append(time.perf_counter() - begin)
    return 2 * side**3 * count / min(times)


def table(result: Mapping[str, Any]) -> str:
    """The result as lines of text."""
    return "\n".join(f"{name:28}{value}" for name, value in result.items() if name != "versions")
