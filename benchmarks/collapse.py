"""Which losses, penalties and stabilisers keep a GAN from collapsing: eight modes on a ring, twenty-five on a grid.

    python benchmarks/collapse.py     # all; on one core about 25 s a row of the ring, a minute of the grid; unroll far more
    python benchmarks/collapse.py --only 'hinge*' lecam --data ring --seeds 2 --steps 500

Every setting has the networks and the optimizer of the recipe `ring` but for what its name says, the same budget and the
same seeds, which are trained side by side in one program: initialisation, all steps and the samples at the end. What is judged
is the averaged G, by jaxgan.metrics.modes; a setting's row is the mean over seeds, and lowest .. highest.
Into --out: collapse.md, collapse.json, and a collapse_DATA.png with the samples of seed 0.
"""

import argparse
import json
import time
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from peers import hardware

import jaxgan
from jaxgan import build, data, metrics, recipes
from jaxgan.data.sources.points import MIXTURES
from jaxgan.modalities.canvas import canvas

SAMPLES = 2500
STEPS = {"ring": 2000, "grid": 8000}  # the grid is slower to fill
BUDGET = {"batch_size": 128, "steps_per_dispatch": 1}  # half the batch of the recipe, for twice the steps
LOSSES = ("non_saturating", "least_squares", "hinge", "wasserstein")
PENALTIES = {
    "none": {"penalty": "none"},
    "r1": {"penalty": "r1", "penalty_weight": 0.05},
    "r1_r2": {"penalty": "r1_r2", "penalty_weight": 0.05},
    "wgan_gp": {"penalty": "wgan_gp", "penalty_weight": 0.1},
}
STABILISERS = {  # each on the non-saturating loss without a penalty
    "lecam": {"lecam": 0.3, "lecam_warm_up": 100},
    "top_k": {"top_k": 1.0, "top_k_end": 0.5},  # there at the last step
    "noise": {"instance_noise": 0.1},
    "pack": {"pack": 2},
    "lookahead": {"lookahead": 5},
    "optimistic": {"optimizer": "optimistic_adam"},
    "unroll": {"unroll": 5, "unroll_rate": 0.001},  # at 0.01 D's answer overshoots, and G finds nothing
}


def settings(steps):
    """name: fields of the recipe's Config for so many steps.

    The Wasserstein loss has no meaning without a penalty, and is its own pairing.
    """
    out = {}
    for loss in LOSSES:
        for penalty, fields in PENALTIES.items():
            if (loss, penalty) == ("wasserstein", "none"):
                continue
            out[f"{loss}+{penalty}"] = {"loss": loss, **fields}
            if loss != "wasserstein":
                out[f"{loss}+{penalty}+relativistic"] = {"loss": loss, "relativistic": "paired", **fields}
    out |= {name: {**PENALTIES["none"], **fields} for name, fields in STABILISERS.items()}
    out["top_k"]["burn_in_images"] = steps * BUDGET["batch_size"]
    return out


def trained(config, specs, points, seeds):
    """(samples [seeds, SAMPLES, 2] of the averaged G, seconds of compilation, seconds of the run)."""
    made = build.experiment(recipes.ring, config, specs)

    def step(state, key, points):
        rows = jax.random.randint(key, (config.batch_size,), 0, len(points))
        return made.step(state, {"image": points[rows]})

    def training(seed, points):
        key, key_data, key_sample = jax.random.split(jax.random.key(seed), 3)
        state = jaxgan.init_state(made.gan, made.opt, key, {"image": points[: config.batch_size]})
        state, _ = jaxgan.repeat(step, config.steps)(state, jax.random.split(key_data, config.steps), points)
        return made.gan.sample(state.ema, {"index": jnp.arange(SAMPLES)}, key_sample)

    begin = time.perf_counter()
    run = jax.jit(jax.vmap(training, (0, None))).lower(jnp.arange(seeds), points).compile()
    compiled = time.perf_counter()
    samples = np.asarray(run(jnp.arange(seeds), points))
    return samples, compiled - begin, time.perf_counter() - compiled


def judged(samples, mixture):
    """{modes, good, kl} of one seed's samples; a training that diverged found nothing."""
    if not np.isfinite(samples).all():
        return {"modes": 0, "good": 0.0, "kl": None}
    found = metrics.modes(samples, mixture.centres, mixture.std)
    return {"modes": found.found, "good": found.good, "kl": found.reverse_kl if found.found else None}


def measured(name, source, args):
    """(row, samples): one setting on one mixture."""
    steps = args.steps or STEPS[source]
    config = recipes.ring.Config(data=source, steps=steps, **BUDGET, **settings(steps)[name])
    dataset = data.load(source)
    samples, compiling, running = trained(config, dataset.specs, dataset["image"], args.seeds)
    each = [judged(points, MIXTURES[source]) for points in samples]
    row = {
        "data": source,
        "setting": name,
        "steps": steps,
        "seeds": each,
        "compile_s": round(compiling, 1),
        "run_s": round(running, 1),
    }
    return row, samples[0]


def markdown(result):
    """The result as a table for people, one for each mixture."""
    config = recipes.ring.Config
    lines = [
        f"Measured on {result['date']}, {result['hardware']}; jax {jax.__version__}. {result['seeds']} seeds side by side, "
        f"steps of batch {BUDGET['batch_size']}, MLPs of three hidden layers of {config.width}, Adam of "
        f"{config.lr_g} falling to 0. Good: within 3 deviations of a mode. KL: of the good samples' modes from an even "
        "share, in nats, of the seeds that have any. Mean, and lowest .. highest. What a name adds to the recipe is in the "
        "JSON; stabilisers are on non_saturating+none; all are judged by the average of G.",
    ]
    for source, mixture in MIXTURES.items():
        rows = [row for row in result["rows"] if row["data"] == source]
        if rows:
            head = (
                f"| {source}, {rows[0]['steps']:,} steps | modes of {len(mixture.centres)} | good, % | KL | seconds |"
            )
            lines += ["", head, "|---|---|---|---|---|", *map(_line, rows)]
    return "\n".join([*lines, ""])


def _line(row):
    def cell(name, scale, digits):
        values = [scale * each[name] for each in row["seeds"] if each[name] is not None]
        if not values:
            return "-"
        return f"{np.mean(values):.{digits}f} ({min(values):.{digits}f} .. {max(values):.{digits}f})"

    cells = (cell("modes", 1, 1), cell("good", 100, 0), cell("kl", 1, 2), f"{row['compile_s'] + row['run_s']:.0f}")
    return f"| {row['setting']} | {' | '.join(cells)} |"


def draw(path, source, samples):
    """A grid of scatter plots, one for each setting, over the modes."""
    columns = min(6, len(samples))
    rows = -(-len(samples) // columns)
    figure, axes = canvas(rows, columns, (2.4 * columns, 2.6 * rows))
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, (name, points) in zip(axes.flat, samples.items(), strict=False):
        ax.scatter(*MIXTURES[source].centres.T, s=24, c="0.8", linewidths=0)
        ax.scatter(*points.T, s=2, c="tab:red", alpha=0.5, linewidths=0)
        ax.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal")
        ax.set_title(name.replace("+", "\n", 1), fontsize=8)
    figure.savefig(path, dpi=80)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="0 .. this less 1")
    parser.add_argument("--steps", type=int, help=f"of each training; by default {STEPS}")
    parser.add_argument("--only", nargs="+", default=["*"], metavar="NAME", help="settings, * stands for anything")
    parser.add_argument("--data", nargs="+", choices=MIXTURES, default=list(MIXTURES))
    parser.add_argument("--out", type=Path, default=Path("runs/collapse"), help="folder of the results")
    args = parser.parse_args(argv)
    for name in ("seeds", "steps"):
        if (value := getattr(args, name)) is not None and value < 1:
            parser.error(f"--{name} is {value}: give a number above 0")
    known = settings(args.steps or max(STEPS.values()))
    for pattern in args.only:
        if not any(map(partial(fnmatchcase, pat=pattern), known)):
            parser.error(f"--only {pattern} is no setting: there are {', '.join(known)}")
    names = [name for name in known if any(fnmatchcase(name, pattern) for pattern in args.only)]
    args.out.mkdir(parents=True, exist_ok=True)
    result = {"date": datetime.now(UTC).strftime("%Y-%m-%d"), "hardware": hardware.words([])}
    result |= {
        "seeds": args.seeds,
        "settings": {name: known[name] for name in names},
        "rows": [],
    }
    for source in args.data:
        samples = {}
        for name in names:
            row, samples[name] = measured(name, source, args)
            result["rows"].append(row)
            print(_line(row), flush=True)
            (args.out / "collapse.json").write_text(json.dumps(result, indent=1) + "\n")
            (args.out / "collapse.md").write_text(markdown(result))
        draw(args.out / f"collapse_{source}.png", source, samples)
    print(f"\n{markdown(result)}\n{args.out}")


if __name__ == "__main__":
    main()
