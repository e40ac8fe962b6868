"""images/s of a population in one program beside those of one run by the program that trains it, rounds in turns.

python benchmarks/population.py --recipes ring digits --members 2 8
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import jax

from jaxgan import recipes, runtime, training
from jaxgan.training import population

ROUNDS = 5


def program(name, members):
    """(play for so many dispatches, images a dispatch) of a warm program: of one member that of a run, of more a population's."""
    config = recipes.get(name).Config()
    dataset = training.prepare(recipes.get(name), config)
    if members == 1:
        made = training.compose(name, config, dataset, "single", jax.devices()[:1])
    else:
        made = population.Population(name, population.members(config, members), dataset)
    state, run, step = made.initial(), made.stepper(), 0

    def play(count):
        nonlocal state, step
        for _ in range(count):
            state, _ = run(state, made.batch(step), config.steps_per_dispatch)
            step += config.steps_per_dispatch
        jax.block_until_ready(state)

    play(3)
    return play, members * config.batch_size * config.steps_per_dispatch


def rate(play, images, seconds):
    """images/s over about so many seconds."""
    count, begin = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - begin) < seconds:
        play(4)
        count += 4
    return count * images / elapsed


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipes", nargs="+", default=("ring", "digits"))
    parser.add_argument("--members", nargs="+", type=int, default=(2, 8))
    parser.add_argument("--seconds", type=float, default=1.0, help="of a round")
    args = parser.parse_args(argv)
    runtime.keep_memory()  # as `jaxgan train` does
    rows = []
    for name in args.recipes:
        programs = {count: program(name, count) for count in (1, *args.members)}
        rounds = [{n: rate(*p, args.seconds) for n, p in programs.items()} for _ in range(ROUNDS)]
        for count in args.members:
            rates = [one[count] for one in rounds]
            ratio = statistics.median(one[count] / one[1] for one in rounds)
            rows.append({"recipe": name, "members": count, "images_per_s": statistics.median(rates), "ratio": ratio})
            rows[-1]["device_kind"] = jax.devices()[0].device_kind
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
