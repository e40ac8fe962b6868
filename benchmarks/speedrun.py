"""Time to quality: seconds of training until the Fréchet distance of small recipes falls below fixed thresholds.

    python benchmarks/speedrun.py --out FOLDER                                # digits, which needs no data
    python benchmarks/speedrun.py --out FOLDER --fashion FASHION_MNIST        # and Fashion-MNIST at 32 pixels with labels
    python benchmarks/speedrun.py --out FOLDER --cases digits --seeds 1 --minutes 2

Evaluations, pictures and checkpoints are not counted, compilation is. `fd` is of 2,000 samples in the features of a classifier
of the data set (docs/evaluation.md). A run ends at its smallest threshold, or after --minutes of training. Called again it goes
on with what is not finished; the table is of what there is in FOLDER. Images, steps times batch, are the same on any machine;
seconds are of this one.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import NamedTuple

import jax

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from peers import hardware  # noqa: E402

from jaxgan import recipes, runs, training  # noqa: E402

SAMPLES = 2000
FASHION = {"resolution": 32, "conditional": True}


class Case(NamedTuple):
    """What is trained, how often it is looked at, and which distances it is to reach."""

    recipe: str
    every: int  # steps between evaluations
    below: tuple[float, ...]  # thresholds of fd, falling
    options: dict
    fashion: bool = True


CASES = {
    "digits": Case("digits", 100, (5.0, 2.0, 1.0), {"steps": 20_000}, fashion=False),
    "dcgan": Case("dcgan", 100, (20.0, 10.0, 4.0), {"steps": 20_000, **FASHION}),
    "r3gan": Case(
        "r3gan",
        200,
        (20.0, 10.0, 4.0),
        {
            **{"width": 64, "cardinality": 4, "blocks": 1, "halve_past": 8, "augment": "none", "batch_size": 32},
            **{"lr_g": 1.5e-3, "lr_d": 1.5e-3, "lr_g_end": 3e-4, "lr_d_end": 3e-4, "penalty_weight": 50.0},
            **{"penalty_weight_end": 5.0, "burn_in_images": 60_000, "ema_halflife_images_end": 8000, "steps": 20_000},
            **FASHION,
        },
    ),
    "sngan": Case(
        "sngan",
        100,
        (20.0, 10.0, 4.0),
        {"width": 0.25, "d_steps": 2, "lr_g": 1e-3, "lr_d": 1e-3, "steps": 20_000, **FASHION},
    ),
    "stylegan2": Case(
        "stylegan2",
        200,
        (20.0, 10.0, 4.0),
        {
            **{"width": 1024, "max_width": 64, "z_dim": 64, "w_dim": 64, "mapping_layers": 2, "mixing": 0.0},
            **{"architecture_d": "plain", "penalty_weight": 0.01, "path_weight": 0.0, "steps": 20_000, **FASHION},
        },
    ),
}


def config_of(case, seed, fashion):
    """Config of a case's run. fashion: the folder of Fashion-MNIST, for those that are trained on it."""
    own = {"data": str(fashion)} if case.fashion else {}
    looks = {
        **{"evaluate_every_steps": case.every, "evaluate_samples": SAMPLES, "save_every_steps": case.every},
        **{"stop_when": f"fd<{case.below[-1]}", "stop_rows": 1},
    }
    return recipes.get(case.recipe).Config(**{**case.options, **own, **looks, "seed": seed})


def run(name, seed, args):
    """Trains a case with a seed, or goes on with it, to its last threshold or the end of its time."""
    case, folder = CASES[name], args.out / f"{name}-{seed}"
    config = config_of(case, seed, args.fashion)
    left = args.minutes - (rows(folder)[-1]["seconds"] / 60 if rows(folder) else 0)
    if left > 0 and not any(row["fd"] < case.below[-1] for row in rows(folder)):
        training.train(case.recipe, config, out=folder, resume="auto", max_minutes=left)


def rows(folder):
    """Those of a run that have been evaluated, [] where there is none."""
    path = folder / "metrics.jsonl"
    return [row for row in runs.read_metrics(path) if row.get("fd") is not None] if path.exists() else []


def reached(found, below):
    """The row whose distance was below for the first time, None where none was."""
    return next((row for row in found if row["fd"] < below), None)


def table(out, seeds):
    """A line of Markdown for each case that has a run: of each threshold the median of the seeds, and all of them."""
    lines = [
        "| recipe | `fd` below | thousand images, each seed | seconds of training, median | each seed | images/s |"
    ]
    lines += ["|---|---|---|---|---|---|"]
    for name, case in CASES.items():
        found = [rows(out / f"{name}-{seed}") for seed in range(seeds)]
        found = [each for each in found if each]
        for below in case.below if found else ():
            each = [reached(one, below) for one in found]
            images = ", ".join(_words(row, one, "images", 1e-3) for row, one in zip(each, found, strict=True))
            seconds = ", ".join(_words(row, one, "seconds") for row, one in zip(each, found, strict=True))
            median = "" if None in each else f"{statistics.median(row['seconds'] for row in each):.0f}"
            speeds = [row["images_per_s"] for one in found for row in one if row["images_per_s"]]
            speed = f"{statistics.median(speeds):.0f}" if speeds else ""
            lines.append(f"| `{name}` | {below:g} | {images} | {median} | {seconds} | {speed} |")
    return "\n".join(lines)


def _words(row, found, column, unit=1.0):
    """A number of a row, or, where there is no row, of the last one that it was not within."""
    number = (row or found[-1])[column] * unit
    return f"{number:.0f}" if row else f"not within {number:.0f}"


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="a folder for the runs")
    parser.add_argument("--fashion", type=Path, help="the folder of Fashion-MNIST's idx files")
    parser.add_argument("--cases", nargs="+", choices=CASES, help="these alone")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=20, help="of training of a run, at most")
    args = parser.parse_args(argv)
    for name, number in (("seeds", args.seeds), ("minutes", args.minutes)):
        if number <= 0:
            parser.error(f"--{name} is {number}: give a number above 0")
    chosen = args.cases or [name for name, case in CASES.items() if args.fashion or not case.fashion]
    if missing := [name for name in chosen if CASES[name].fashion and not args.fashion]:
        parser.error(f"{', '.join(missing)} need --fashion FOLDER, the idx files of Fashion-MNIST")
    for seed in range(args.seeds):
        for name in chosen:
            run(name, seed, args)
            print(json.dumps({"case": name, "seed": seed, "rows": rows(args.out / f"{name}-{seed}")[-1:]}), flush=True)
    print(f"{hardware.words([])}, jax {jax.__version__}, load of the machine {hardware.load()} at the end\n")
    print(table(args.out, args.seeds))


if __name__ == "__main__":
    main()
