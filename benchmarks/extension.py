"""What a GAN's labelled samples are worth to a classifier that has few real pictures: one table, by one command.

    python benchmarks/extension.py --data FOLDER      # of MNIST's or Fashion-MNIST's idx files, or any source that holds some out
    python benchmarks/extension.py --data FOLDER --per-class 10 --seeds 1 --steps 500

For each number of real pictures a class, and each seed: these pictures are drawn, a conditional DCGAN is trained on them alone,
and so is the classifier that rejects its less likely samples; classifiers of the same steps and batches are then trained on
the real pictures, on samples and on both, and measured on all held-out pictures. Run it again where it was cut off: what is
done is not done again, a training goes on. Into --out: a folder for each training, extension.json, extension.md.
"""

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import jax
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from peers import hardware  # noqa: E402

from jaxgan import data, inference, recipes, training  # noqa: E402
from jaxgan.evaluation import extension  # noqa: E402
from jaxgan.inference.extend import labelled  # noqa: E402
from jaxgan.progress import duration  # noqa: E402

GAME = {  # fields of the recipe dcgan: few pictures, so D sees none twice alike
    "conditional": True,
    "up": "nearest",
    "labels_g": "concat",
    "labels_d": "projection",
    "norm_d": "none",
    "penalty": "r1",
    "penalty_weight": 1.0,
    "penalty_every": 4,
    "augment": "diffaugment",
    "flip": True,
    "lr_g": 1e-3,
    "lr_d": 1e-3,
}
REJECTED = {  # sets that are measured again with the samples that the classifier is sure of
    extension.SYNTHETIC: "synthetic, without the rejected",
    extension.BOTH_MOVED: "real and synthetic, flipped and cropped, without the rejected",
}


def subset(dataset, per_class, seed):
    """Examples: so many rows of each class, drawn by the seed."""
    draw, label = np.random.default_rng(seed), np.asarray(dataset["label"])
    rows = [draw.permutation(np.flatnonzero(label == c))[:per_class] for c in range(len(dataset.classes))]
    for name, own in zip(dataset.classes, rows, strict=True):
        if len(own) < per_class:
            raise SystemExit(
                f"--per-class {per_class}, but {dataset.name} has {len(own)} pictures of {name}: give less"
            )
    rows = np.concatenate(rows)
    return extension.Examples(np.asarray(dataset["image"][rows]), label[rows])


def row_of(folder, real, test, classes, per_class, seed, args):
    """A row of the table: the training, the samples, the classifiers."""
    source = folder / "real.npz"
    if not source.exists():
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / "part.npz", image=real.image, label=real.label, classes=np.array(classes))
        (folder / "part.npz").replace(source)
    began = time.perf_counter()
    config = recipes.dcgan.Config(
        data=str(source),
        width=args.width,
        steps=args.steps,
        seed=seed,
        log_every_steps=100,
        sample_every_steps=args.steps,
        save_every_steps=max(1, args.steps // 4),
        **GAME,
    )
    run = training.train("dcgan", config, out=folder / "run", resume="auto")
    trained = time.perf_counter() - began
    loaded, count = inference.load(run.folder), len(classes)
    made = labelled(loaded, args.num, seed=seed)
    options = {"seeds": [seed], "steps": args.classifier_steps}
    judge = extension.trained(real, None, count, seed=seed, steps=args.classifier_steps)
    found = {extension.REAL: [extension.accuracy(judge, test, count)]}
    others = tuple(name for name in extension.SETS if name != extension.REAL)
    found |= extension.measured(real, extension.Examples(made.samples, made.label), test, count, sets=others, **options)
    passes = extension.confident(judge, count, args.least_confidence)
    kept = labelled(loaded, args.num, seed=seed, passes=passes)
    again = extension.measured(
        real, extension.Examples(kept.samples, kept.label), test, count, sets=tuple(REJECTED), **options
    )
    found |= {REJECTED[name]: value for name, value in again.items()}
    return {
        "per_class": per_class,
        "seed": seed,
        "accuracy": {name: round(value[0], 4) for name, value in found.items()},
        "drawn_for_one": round(kept.drawn / args.num, 2),
        "training_s": round(trained, 1),
        "seconds": round(time.perf_counter() - began, 1),
    }


def markdown(result):
    """The result as a table for people."""
    sizes = sorted({row["per_class"] for row in result["rows"]})
    lines = [
        f"Measured on {result['date']}, {result['hardware']}; jax {jax.__version__}. {result['data']}, dcgan of width "
        f"{result['width']}, {result['steps']} steps of 64, {result['num']} samples, classifiers of {result['classifier_steps']} "
        f"steps of {extension.BATCH}, least confidence {result['least_confidence']}. Held-out accuracy, %: mean and lowest .. "
        "highest of the seeds.",
        "",
        "| trained on | " + " | ".join(f"{size} a class" for size in sizes) + " |",
        "|---|" + "---|" * len(sizes),
    ]
    for name in result["rows"][0]["accuracy"] if result["rows"] else ():
        cells = []
        for size in sizes:
            each = [100 * row["accuracy"][name] for row in result["rows"] if row["per_class"] == size]
            spread = f" ({min(each):.1f} .. {max(each):.1f})" if len(each) > 1 else ""
            cells.append(f"{np.mean(each):.1f}{spread}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    drawn = [
        f"{np.mean([row['drawn_for_one'] for row in result['rows'] if row['per_class'] == size]):.1f}" for size in sizes
    ]
    return "\n".join([*lines, f"| samples drawn for one that is kept | {' | '.join(drawn)} |", ""])


def keep(path, result):
    """Writes the result, whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(result, indent=1) + "\n")
    part.replace(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="a source that holds pictures out")
    parser.add_argument("--resolution", type=int, default=0, help="0: as they are")
    parser.add_argument("--per-class", type=int, nargs="+", default=[10, 100, 1000], help="real pictures")
    parser.add_argument("--seeds", type=int, default=3, help="0 .. this less 1")
    parser.add_argument("--steps", type=int, default=1500, help="of each GAN")
    parser.add_argument("--width", type=int, default=24, help="of its largest feature maps")
    parser.add_argument("--num", type=int, default=10_000, help="samples of each GAN")
    parser.add_argument("--classifier-steps", type=int, default=extension.STEPS)
    parser.add_argument("--least-confidence", type=float, default=0.9)
    parser.add_argument("--out", type=Path, default=Path("runs/extension"), help="folder of the results")
    args = parser.parse_args(argv)
    for name in ("seeds", "steps", "width", "num", "classifier_steps"):
        if getattr(args, name) < 1:
            parser.error(f"--{name.replace('_', '-')} is {getattr(args, name)}: give a number above 0")
    dataset, test = (load(args.data, args.resolution or None) for load in (data.load, data.held_out))
    if test is None or not dataset.classes:
        parser.error(f"--data {args.data} holds no pictures out, or has no classes: give a folder of MNIST's idx files")
    asked = ("data", "resolution", "steps", "width", "num", "classifier_steps", "least_confidence")
    asked = {name: getattr(args, name) for name in asked}
    path = args.out / "extension.json"
    result = json.loads(path.read_text()) if path.exists() else {**asked, "rows": []}
    if differ := [name for name, value in asked.items() if result[name] != value]:
        parser.error(f"{path} was measured with another --{differ[0].replace('_', '-')}: give another --out")
    args.out.mkdir(parents=True, exist_ok=True)
    keep(path, result)  # before the first training, which another call goes on with
    held = extension.Examples(np.asarray(test["image"][np.arange(test.size)]), np.asarray(test["label"]))
    done = {(row["per_class"], row["seed"]) for row in result["rows"]}
    todo = [(n, seed) for seed in range(args.seeds) for n in args.per_class if (n, seed) not in done]
    began = time.perf_counter()
    for i, (per_class, seed) in enumerate(todo):
        real = subset(dataset, per_class, seed)
        folder = args.out / f"{per_class}-{seed}"
        result["rows"].append(row_of(folder, real, held, dataset.classes, per_class, seed, args))
        result |= {"date": datetime.now(UTC).strftime("%Y-%m-%d"), "hardware": hardware.words([])}
        keep(path, result)
        (args.out / "extension.md").write_text(markdown(result))
        left = (time.perf_counter() - began) / (i + 1) * (len(todo) - i - 1)
        print(f"{i + 1}/{len(todo)}  {per_class} a class, seed {seed}: {result['rows'][-1]['accuracy']}", flush=True)
        print(f"{duration(left)} left", flush=True)
    print(f"\n{markdown(result)}\n{args.out}")


if __name__ == "__main__":
    main()
