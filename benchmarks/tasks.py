"""Every recipe of pictures from pictures, trained, measured and drawn by one command: what docs/tasks.md has, on any machine.

    python benchmarks/tasks.py --pairs facades --pictures dtd_train.npz dtd_test.npz --scenes camvid_train.npz camvid_test.npz
    python benchmarks/tasks.py --pairs facades --size full --minutes 8          # 256 pixels, the papers' networks: for a GPU

A task whose data are not given is listed as not measured. Run it again where it was cut off: what is done is not done again, a
training goes on. --out has a folder for each run, tasks.json, tasks.md, and of each task a picture: input, output, target.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from peers import hardware  # noqa: E402

SHOWN = ("l1", "psnr", "kd", "spectrum", "matched", "miou", "pixel_accuracy")
"""What of an evaluation is in the table."""


class Task(NamedTuple):
    """A recipe on one of the sources, with its flags by size."""

    recipe: str
    source: str
    flags: str = ""
    small: str = ""
    full: str = ""


PATCH = "--width 32 --width-d 32 --patch 34"
RRDB = "--blocks 4 --width 32 --growth 16 --width-d 32 --patch 34 --batch-size 8 --lr-g 2e-4 --lr-d 2e-4"
TASKS = {
    "pix2pix": Task(
        "pix2pix", "pairs", "--side-by-side right-input", f"{PATCH} --batch-size 4 --steps 6000", "--steps 20000"
    ),
    "pix2pix_hd": Task(
        "pix2pix",
        "pairs",
        "--side-by-side right-input --multi-scale 3 --feature-matching 10 --l1 0 --loss least_squares",
        f"{PATCH} --batch-size 4 --steps 6000",
        "--steps 20000",
    ),
    "cyclegan": Task(
        "cyclegan",
        "pairs",
        "--side-by-side left-input --identity 0",
        f"{PATCH} --blocks 6 --steps 6000",
        "--steps 20000",
    ),
    "cut": Task("cut", "pairs", "--side-by-side left-input", f"{PATCH} --blocks 6 --steps 4000", "--steps 20000"),
    "enhance_x4": Task("enhance", "pictures", "--degrade down --factor 4", f"{RRDB} --steps 6000", "--steps 20000"),
    "denoise": Task(
        "enhance", "pictures", "--degrade noise --residual --adversary 0.001", f"{RRDB} --steps 1500", "--steps 20000"
    ),
    "colourise": Task("enhance", "pictures", "--degrade grey --residual", f"{RRDB} --steps 1500", "--steps 20000"),
    "inpaint": Task(
        "inpaint",
        "pictures",
        small="--width 24 --width-d 32 --layers-d 3 --dilations 2 4 --lr-g 2e-4 --lr-d 2e-4 --steps 2000",
        full="--steps 20000",
    ),
    "segment": Task(
        "segment",
        "scenes",
        small="--width 16 --width-d 16 --layers-d 4 --halvings 3 --steps 800",
        full="--steps 20000",
    ),
}
RESOLUTION = {"small": 64, "full": 256}


def command(name: str, args: argparse.Namespace, folder: Path) -> list[str]:
    """Words of the training of a task."""
    task = TASKS[name]
    words = ["train", task.recipe, "--data", getattr(args, task.source)[0], "--out", str(folder), "--resume", "auto"]
    own = [*task.flags.split(), *getattr(task, args.size).split()]
    asked = {"steps": args.steps, "width": args.width, "max-minutes": args.minutes}
    if task.source == "scenes":  # which need not be square
        asked["ignored"] = args.ignored
    else:
        asked["resolution"] = args.resolution or RESOLUTION[args.size]
    for flag, value in asked.items():
        if value is not None and f"--{flag}" in own:
            own[own.index(f"--{flag}") + 1] = str(value)
        elif value is not None:
            own += [f"--{flag}", str(value)]
    return words + own


def measured(name: str, args: argparse.Namespace, jaxgan: Callable[..., None]) -> dict:
    """The row of a task: trained, unless it was, then compared with what it did not see."""
    folder, held = args.out / name, getattr(args, TASKS[name].source)[1:]
    words = command(name, args, folder)
    jaxgan(*words)
    done = json.loads((folder / "result.json").read_text())
    found = folder / f"held_out_{done['step']}.json"
    if not found.exists():
        features = ["--features", args.features] if args.features and TASKS[name].source != "scenes" else []
        split = ["--split", "test", *(["--held-out", held[0]] if held else [])]
        jaxgan("evaluate", str(folder), "--num", "1000", *split, *features, "--json", str(found))
    scores = {score["name"]: score for score in json.loads(found.read_text())["metrics"]}
    sheet = max((folder / "samples").glob("*.png"))
    shutil.copyfile(sheet, args.out / f"{name}.png")
    return {
        "command": " ".join(["jaxgan", *words]),
        "step": done["step"],
        "images_per_s": done["images"] / done["seconds"],
        "seconds": done["seconds"],
        **{key: {"value": scores[key]["value"], "std": scores[key]["std"]} for key in SHOWN if key in scores},
    }


def markdown(result: dict) -> str:
    """The result as a table for people."""
    rows = result["rows"]
    columns = [name for name in SHOWN if any(name in row for row in rows.values())]
    head = ["task", "steps", "images/s", "minutes", *columns]
    lines = [f"{result['date']}, {result['hardware']}, size {result['size']}, seed 0; of what was held out.", ""]
    lines += ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, row in rows.items():
        if "not_measured" in row:
            cells = [f"not measured: {row['not_measured']}", *[""] * (len(head) - 2)]
        else:
            cells = [f"{row['step']:,}", f"{row['images_per_s']:.1f}", f"{row['seconds'] / 60:.1f}"]
            cells += [f"{row[key]['value']:.4g}" if key in row else "" for key in columns]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    commands = [f"{name}: `{row['command']}`" for name, row in rows.items() if "command" in row]
    return "\n".join([*lines, "", *(f"- {line}" for line in commands), ""])


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", nargs="+", metavar="SOURCE", help="files of two pictures each, the drawing right")
    parser.add_argument(
        "--pictures", nargs="+", metavar="SOURCE", help="pictures to train on, and those to measure with"
    )
    parser.add_argument("--scenes", nargs="+", metavar="SOURCE", help="pictures and masks, likewise")
    parser.add_argument("--ignored", type=int, help="class of the masks that does not count")
    parser.add_argument("--features", help=".npz with the weights of SqueezeNet or Inception, for kd")
    parser.add_argument("--size", choices=RESOLUTION, default="small")
    parser.add_argument("--resolution", type=int, help="by default 64, and 256 where --size is full")
    parser.add_argument("--steps", type=int, help="in the place of each task's own: for a rehearsal")
    parser.add_argument("--width", type=int, help="likewise")
    parser.add_argument("--minutes", type=float, help="of each training, at most; run again to go on")
    parser.add_argument("--only", nargs="+", choices=TASKS, default=tuple(TASKS))
    parser.add_argument("--out", type=Path, default=Path("runs/tasks"))
    args = parser.parse_args(argv)
    for source in ("pairs", "pictures", "scenes"):
        if len(getattr(args, source) or ()) > 2:
            parser.error(
                f"--{source} has {len(getattr(args, source))} values: give one to train on, one to measure with"
            )
    args.out.mkdir(parents=True, exist_ok=True)

    def jaxgan(*words: str) -> None:
        env = {**os.environ, "PYTHONPATH": str(HERE.parent)}
        done = subprocess.run([sys.executable, "-m", "jaxgan", *words], capture_output=True, text=True, env=env)
        if done.returncode:
            raise RuntimeError(f"jaxgan {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()[-300:]}")

    rows: dict[str, dict] = {}
    result = {"date": datetime.now(UTC).strftime("%Y-%m-%d"), "hardware": hardware.words([]), "size": args.size}
    for name in args.only:
        if not getattr(args, TASKS[name].source):
            rows[name] = {"not_measured": f"no --{TASKS[name].source}"}
        else:
            try:
                rows[name] = measured(name, args, jaxgan)
            except RuntimeError as error:
                rows[name] = {"not_measured": str(error)}
        print(name, json.dumps(rows[name]), flush=True)
        (args.out / "tasks.json").write_text(json.dumps({**result, "rows": rows}, indent=1) + "\n")
        (args.out / "tasks.md").write_text(markdown({**result, "rows": rows}))
    print(markdown({**result, "rows": rows}))
    if any("ended with" in row.get("not_measured", "") for row in rows.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
