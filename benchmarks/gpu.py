"""Everything on an accelerator, checked and timed by one command, in pieces of some minutes that a later call goes on with.

    python benchmarks/gpu.py --out runs/gpu                                  # all that has no result there yet
    python benchmarks/gpu.py --out runs/gpu --pieces laws recipes --minutes 8
    python benchmarks/gpu.py --out runs/gpu --pieces peers --only dcgan32
    python benchmarks/gpu.py --out runs/rehearsal --size tiny                # on a CPU

laws: losses and gradients are a CPU's, the modes agree, a killed run ends as one that is let alone; what the programs call.
peers: `compare.py`, with PyTorch where it is installed. recipes: the program that trains each. growth: `growth.py`.
Each row is measured in a process of its own and kept at once in OUT/PIECE.jsonl; OUT/gpu.md and its pictures are written after
every piece, and by --tables alone.
"""

import argparse
import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import growth  # noqa: E402
from pieces.jobs import play, rows  # noqa: E402

PIECES = {"laws": "pieces.laws", "peers": "pieces.peers", "recipes": "pieces.recipes", "growth": "growth"}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/gpu"))
    parser.add_argument("--pieces", nargs="+", choices=PIECES, default=tuple(PIECES))
    parser.add_argument("--only", nargs="+", metavar="WORD", help="rows whose names have one of these words")
    parser.add_argument("--minutes", type=float, default=8, help="of each piece; what is left is told, and not lost")
    parser.add_argument("--size", choices=("full", "tiny"), default="full", help="tiny: a rehearsal")
    parser.add_argument("--again", action="store_true", help="try again what could not be measured")
    parser.add_argument("--tables", action="store_true", help="measure nothing")
    args = parser.parse_args(argv)
    if args.minutes <= 0:
        parser.error(f"--minutes is {args.minutes}: give a number above 0")
    args.out.mkdir(parents=True, exist_ok=True)
    for piece in () if args.tables else args.pieces:
        jobs = importlib.import_module(PIECES[piece]).jobs(args.size)
        jobs = [job for job in jobs if not args.only or set(args.only) & set(job.name.split())]
        left = play(jobs, args.out / f"{piece}.jsonl", args.minutes, args.size, args.again)
        said = f", {len(left)} are left for another call: {', '.join(left)}" if left else ""
        print(f"{piece}: {len(jobs) - len(left)} of {len(jobs)} rows are there{said}", flush=True)
        write(args.out)
    write(args.out)
    print(args.out / "gpu.md")


def write(folder):
    """gpu.md, gpu.png and growth.png of the rows that are there."""
    found = {piece: list(rows(folder / f"{piece}.jsonl").values()) for piece in PIECES}
    everything = [row for piece in found.values() for row in piece]
    size = "" if all(row["size"] == "full" for row in everything) else "A rehearsal, of tiny networks: no result.\n\n"
    parts = [f"# On an accelerator\n\n{size}{growth.head(everything)}."]
    for piece, own in found.items():
        if own:
            failed = [f"- {row['name']}: {row['not_measured']}" for row in own if "not_measured" in row]
            told = "\n".join(["Not measured:\n", *failed]) if failed else ""
            parts += [f"## {piece}", importlib.import_module(PIECES[piece]).words(own), told]
    if found["growth"]:
        growth.plot(found["growth"], folder / "growth.png")
        parts.append("![images/s and memory](growth.png)")
    if plot(found, folder / "gpu.png"):
        parts.insert(1, "![images/s over ours, and MFU](gpu.png)")
    (folder / "gpu.md").write_text("\n\n".join(filter(None, parts)) + "\n")


def plot(found, path):
    """Whether there was something to draw: images/s of the contenders over ours, MFU of the recipes."""
    from matplotlib.figure import Figure
    from pieces.recipes import mfu

    peers = [
        (f"{row['network']} {row['batch_size']}  {row['contender']}", row["ratio_to_first"])
        for one in found["peers"]
        for row in one.get("rows", ())
        if row.get("ratio_to_first") is not None
    ]
    shares = [(row["name"], mfu(row, found["recipes"])) for row in found["recipes"] if "flops" in row]
    sides = [(peers, "images/s over ours"), ([one for one in shares if one[1] is not None], "MFU")]
    sides = [side for side in sides if side[0]]
    if not sides:
        return False
    longest = max(len(bars) for bars, _ in sides)
    figure = Figure(figsize=(6.5 * len(sides), 0.2 * longest + 1), layout="constrained")
    for axis, (bars, label) in zip(figure.subplots(1, len(sides), squeeze=False)[0], sides, strict=True):
        names, values = zip(*bars, strict=True)
        colors = ["tab:blue" if name.endswith("  ours") or label == "MFU" else "0.7" for name in names]
        axis.barh(range(len(names)), values, color=colors)
        axis.set_yticks(range(len(names)), names, fontsize=7)
        axis.invert_yaxis()
        axis.set_xlabel(label)
    figure.savefig(path, dpi=110)
    return True


if __name__ == "__main__":
    main()
