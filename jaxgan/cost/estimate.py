"""What a training is and costs, before it is begun: read off the compiled program, nothing is trained or allocated."""

import dataclasses
import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jax

from jaxgan import parallel, recipes, training
from jaxgan.cost.flops import count_flops
from jaxgan.data import batch
from jaxgan.errors import BadInput
from jaxgan.options import Config, marks

MOST = 2**22
"""Samples of the largest batch that is looked for."""
_TRIES = 4  # programs that are compiled to find the largest batch
_SCRATCH = 2.2  # on a CPU, convolutions take buffers that XLA does not count: up to so many times the temporary bytes


def describe(
    recipe: ModuleType,
    config: Config,
    mode: str = "single",
    devices: int | None = None,
    memory: float = 0,
    largest: bool = False,
    say: Callable[[str], Any] = lambda line: None,
) -> Iterator[str]:
    """Lines of text, each as soon as it is known: the resolved config as JSON, parameters, FLOPs, bytes.

    largest: also the largest batch that fits, for which some more programs are compiled: `say` hears of each.
    """
    chosen = parallel.choose(mode, devices)
    dataset = training.prepare(recipe, config)
    about = {"recipe": recipes.name(recipe), "config": dataclasses.asdict(config), "data": _facts(dataset)}
    yield json.dumps(about, indent=2)
    state = jax.eval_shape(training.compose(recipe, config, dataset, mode, chosen).begin)
    yield f"parameters  G {_count(state.g.params):,}  D {_count(state.d.params):,}"
    cost = _measured(recipe, config, dataset, mode, chosen)
    limit, source = (memory, "given by --memory-gib") if memory else device_memory(chosen[0])
    where = f"{len(chosen)} x {chosen[0].device_kind}" + (f" under {mode}" if mode != "single" else "")
    gib = lambda n: f"{n / 2**30:.2f} GiB" if n >= 2**29 else f"{n / 2**20:.1f} MiB"
    yield f"step        {cost['flops'] / 1e9:.3f} GFLOP a device for {config.batch_size} samples"
    yield f"training    {cost['flops'] * config.steps / 1e12:.2f} TFLOP a device in {config.steps} steps"
    yield (
        f"memory      {gib(cost['peak_bytes'])} a device: {gib(cost['argument_bytes'])} of state, batch and data set, "
        "the rest to work in"
    )
    yield f"checkpoint  {gib(cost['state_bytes'])}, {config.keep_latest + config.keep_best} kept"
    if not largest:
        yield "largest     not looked for: add --largest"
    elif limit:
        most = largest_batch(recipe, config, limit, mode, devices, say)
        least = len(chosen) * config.batch_unit
        found = f"--batch-size {most}" if most else f"none, not even --batch-size {least},"
        more = " or more (no larger one was looked at)" if most > MOST - least else ""
        yield f"largest     {found}{more} in {gib(limit)} a device, {source}"
    else:
        yield f"largest     {source}"
    yield (
        f"based on    XLA's cost and memory analysis of the program compiled for {where}, jax {jax.__version__}; "
        "what runs beside it takes more"
    )


def measure(
    recipe: str | Path | ModuleType, config: Config, mode: str = "single", devices: int | None = None
) -> dict[str, Any]:
    """data, parameters_g, parameters_d, state_bytes; of a step on each device: flops, argument_, temp_, peak_bytes."""
    chosen = parallel.choose(mode, devices)
    recipe = recipes.get(recipe)
    return _measured(recipe, config, training.prepare(recipe, config), mode, chosen)


def _measured(recipe, config, dataset, mode, chosen):
    compiled, state = _compile(recipe, config, dataset, mode, chosen)
    flops = count_flops(recipe, config, dataset.specs, len(chosen))
    memory = compiled.memory_analysis()
    return {
        "data": _facts(dataset),
        "parameters_g": _count(state.g.params),
        "parameters_d": _count(state.d.params),
        "state_bytes": sum(math.prod(x.shape) * x.dtype.itemsize for x in jax.tree.leaves(state)),
        "flops": flops,
        "argument_bytes": memory.argument_size_in_bytes,
        "temp_bytes": memory.temp_size_in_bytes,
        "peak_bytes": _peak(compiled, chosen[0].platform),
    }


def _facts(dataset):
    return {**dataset.info._asdict(), "specs": {name: spec._asdict() for name, spec in dataset.specs.items()}}


def _count(tree):
    return sum(math.prod(x.shape) for x in jax.tree.leaves(tree))


def largest_batch(
    recipe: str | Path | ModuleType,
    config: Config,
    limit: float,
    mode: str = "single",
    devices: int | None = None,
    say: Callable[[str], Any] = lambda line: None,
) -> int:
    """The largest --batch-size whose step takes at most `limit` bytes on each device; 0 where not even one sample does.

    Bytes grow as a straight line with the batch, but for what the compiler decides otherwise: the line is drawn through
    two programs, and what it says is compiled and looked at, a few times over.
    """
    chosen = parallel.choose(mode, devices)
    recipe = recipes.get(recipe)
    dataset = training.prepare(recipe, config)
    known = {}

    def peak(batch):
        if batch not in known:
            sized = dataclasses.replace(config, batch_size=batch)
            say(f"compiling the step for --batch-size {batch}")
            compiled, _ = _compile(recipe, sized, dataset, mode, chosen)
            known[batch] = _peak(compiled, chosen[0].platform)
        return known[batch]

    unit = len(chosen) * config.batch_unit
    low, high = 8 * unit, 16 * unit
    for _ in range(_TRIES):
        slope = max((peak(high) - peak(low)) / (high - low), 1e-9)
        guess = int((limit - peak(low)) / slope + low) // unit * unit
        guess = max(unit, min(guess, MOST // unit * unit))
        if guess in known:
            break
        peak(guess)
        low, high = sorted(known, key=lambda batch: abs(batch - guess))[:2]
        low, high = min(low, high), max(low, high)
    return max((batch for batch, bytes_ in known.items() if bytes_ <= limit), default=0)


def device_memory(device: jax.Device) -> tuple[int, str]:
    """(bytes that a device has for arrays or 0, where the number is from)."""
    stats = device.memory_stats() or {}
    if "bytes_limit" in stats:
        return stats["bytes_limit"], f"which {device.device_kind} says that it may use"
    if device.platform != "cpu":
        return 0, f"not known: {device.device_kind} does not tell its memory, give --memory-gib"
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [Path(p) for p in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")]
    found = [int(p.read_text()) for p in limits if p.is_file() and p.read_text().strip().isdigit()]
    return min([total, *found]), "the memory of this host"


def fits(recipe: str | Path | ModuleType, source: str, **fitting: Any) -> str:
    """A line saying that the recipe can take the source. Raises BadInput, with both values, where it cannot.

    fitting: fields of the recipe's Config, of which those count that are something.
    """
    recipe = recipes.get(recipe)
    given = {name: value for name, value in fitting.items() if value not in ("", 0, None, ())}
    for name in given:
        if name not in marks.fields(recipe.Config):
            raise BadInput(f"{marks.flag(name)} is no option of {recipes.name(recipe)}: remove it")
    config = marks.without_files(dataclasses.replace(recipe.Config(), data=source, **given))
    dataset = training.prepare(recipe, config)
    program = training.compose(recipe, config, dataset, "single", parallel.choose("single"))
    jax.eval_shape(program.begin)
    unused = batch.unused_labels(config, dataset)
    return f"{recipes.name(recipe)} can take it{unused and f'; it does not use the {unused}'}"


def _compile(recipe, config, dataset, mode, devices):
    """(compiled step, shapes of the state)."""
    program = training.compose(recipe, config, dataset, mode, devices)
    state = jax.eval_shape(program.begin)
    return program.lower(state).compile(), state


def _peak(compiled, platform):
    """Bytes on each device while a step runs: what goes in and out, once where it is donated, and what is in between."""
    memory = compiled.memory_analysis()
    kept = memory.argument_size_in_bytes + memory.output_size_in_bytes - memory.alias_size_in_bytes
    scratch = _SCRATCH if platform == "cpu" and "convolution" in compiled.as_text() else 1
    return int(kept + scratch * memory.temp_size_in_bytes)
