"""The tables of benchmarks/README.md that lie between its markers, measured and written by one command.

    python benchmarks/tables.py                    # all, about 45 minutes on 2 idle cores
    python benchmarks/tables.py --only start recipes

Each section is measured in processes of its own, kept as benchmarks/results/SECTION-KIND.json, KIND that of the machine (its
widest vector units, or its accelerator), and written between its markers in README.md beside those of other kinds of
machines, since ratios differ between them; what this machine cannot measure says so there.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from peers import hardware  # noqa: E402

RESULTS, README = HERE / "results", HERE / "README.md"
RECIPES = {  # on data that come with the wheels
    "ring": [],
    "digits": [],
    "mlp_mnist": ["--data", "digits", "--resolution", "28"],
    "dcgan": ["--data", "digits", "--resolution", "32"],
    "sngan": ["--data", "digits", "--width", "0.25", "--d-steps", "1"],
    "stylegan2": ["--data", "digits", "--resolution", "32", "--width", "1024", "--max-width", "64", "--w-dim", "64"],
    "r3gan": [
        "--data",
        "digits",
        "--resolution",
        "16",
        "--width",
        "64",
        "--cardinality",
        "4",
        "--blocks",
        "1",
        "--batch-size",
        "64",
    ],
}
MEMBERS = (2, 8)


def run(*words, **env):
    """(seconds, output) of a command in a new process. Raises CalledProcessError."""
    begin = time.perf_counter()
    env = {**os.environ, "PYTHONPATH": str(HERE.parent), **env}
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=True, env=env)
    return time.perf_counter() - begin, done.stdout


def compared(*flags):
    """What compare.py measures."""
    with tempfile.TemporaryDirectory() as folder:
        run(HERE / "compare.py", *flags, "--json", f"{folder}/out.json")
        return json.loads(Path(folder, "out.json").read_text())


def peers(args):
    """Our step beside plain Flax and PyTorch."""
    return compared("--minutes", args.minutes)


def r1(args):
    """The same with R1 on the DCGANs."""
    limits = ("--rounds", 3, "--minutes", 8, "--start-limit", 200)
    contenders = ("ours", "flax", "torch", "torch+channels_last")
    return compared("--networks", "dcgan32", "dcgan64", "--r1", 10, "--contenders", *contenders, *limits)


def bench(recipe, *flags, seconds=3):
    """What `jaxgan bench` measures."""
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/out.json"
        run("-m", "jaxgan", "bench", recipe, *flags, "--seconds", seconds, "--json", out)
        return json.loads(Path(out).read_text())


def recipes(args):
    """The program that trains each recipe."""
    return [bench(name, *flags) for name, flags in RECIPES.items()]


def start(args):
    """Seconds of a new process: three times each, the median."""
    commands = {
        "import jaxgan": ("-c", "import jaxgan"),
        "jaxgan --help": ("-m", "jaxgan", "--help"),
        "jaxgan train digits --help": ("-m", "jaxgan", "train", "digits", "--help"),
    }
    empty = run("-c", "pass")[0]
    return {name: statistics.median(run(*words)[0] for _ in range(3)) for name, words in commands.items()} | {
        "an empty Python": empty
    }


def population(args):
    """images/s of N members in one program over N times one run's share: N runs one after the other take N times as long."""
    return json.loads(run(HERE / "population.py", "--members", *MEMBERS)[1])


def table(head, rows):
    """Markdown."""
    line = lambda cells: "| " + " | ".join(map(str, cells)) + " |"
    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, rows)])


def words_of_recipes(rows):
    head = (
        "recipe",
        "images/s",
        "lowest .. highest",
        "s/kimg",
        "step p50 / p99",
        "compile cold / warm",
        "MFU",
        "temporary",
        "data wait",
    )
    return table(head, [
        (f"`{r['recipe']}`, batch {r['batch_size']}", f"{r['images_per_s']:,.0f}",
         f"{r['images_per_s_lowest']:,.0f} .. {r['images_per_s_highest']:,.0f}", f"{r['s_per_kimg']:.3g}",
         f"{r['step_ms_p50']:.3g} / {r['step_ms_p99']:.3g} ms", f"{r['compile_s']:.1f} / {r['compile_warm_s']:.1f} s",
         f"{r['mfu']:.0%}", f"{r['temp_bytes'] / 2**20:.1f} MiB", f"{r['data_wait_share']:.1%}")
        for r in rows
    ])  # fmt: skip


def words_of_start(found):
    return table(("command", "seconds"), [(f"`{name}`", f"{value:.2f}") for name, value in found.items()])


def words_of_population(rows):
    return table(("recipe", "members", "images/s, all together", "over one run's"), [
        (f"`{r['recipe']}`", r["members"], f"{r['images_per_s']:,.0f}", f"{r['ratio']:.2f}") for r in rows
    ])  # fmt: skip


def picture_of_peers(result, path):
    """Bars for every contender, with its lowest and highest round, over our median."""
    from matplotlib.figure import Figure

    rows = [row for row in result["rows"] if "not_measured" not in row]
    ours = {row["network"]: row["images_per_s"] for row in rows if row["contender"] == "ours"}
    rows = [row for row in rows if row["network"] in ours]
    figure = Figure(figsize=(8, 0.24 * len(rows) + 1), layout="constrained")
    axes = figure.subplots()
    value, low, high = ([row[k] / ours[row["network"]] for row in rows] for k in ("images_per_s", "lowest", "highest"))
    spread = [[v - a for v, a in zip(value, low, strict=True)], [b - v for v, b in zip(value, high, strict=True)]]
    colors = ["tab:blue" if row["contender"] == "ours" else "0.7" for row in rows]
    axes.barh([f"{row['network']}  {row['contender']}" for row in rows], value, xerr=spread, color=colors)
    axes.invert_yaxis()
    axes.axvline(1, color="tab:blue", linewidth=0.8)
    axes.set_xlabel("images/s over ours, higher is faster")
    figure.savefig(path, dpi=110)


def words_of_r1(result):
    from compare import markdown

    return markdown(result)


def words_of_peers(result):
    from compare import markdown

    name = f"peers-{kind_of(result['hardware'])}.png"
    picture_of_peers(result, HERE / name)

    rows, left = [], {}
    for row in result["rows"]:
        if "not_measured" in row:
            left.setdefault(row["not_measured"], {}).setdefault(row["network"], []).append(row["contender"])
        else:
            rows.append(row)
    where = lambda found: "; ".join(f"{network}: {', '.join(names)}" for network, names in found.items())
    lines = ["Not measured:", "", *(f"- {reason}: {where(found)}." for reason, found in left.items())]
    return (
        f"![images/s over ours]({name})\n\n" + markdown({**result, "rows": rows}) + "\n".join(["", *lines] * bool(left))
    )


SECTIONS = {
    "peers": (peers, words_of_peers),
    "r1": (r1, words_of_r1),
    "recipes": (recipes, words_of_recipes),
    "start": (start, words_of_start),
    "population": (population, words_of_population),
}


def devices(section, found):
    """[{"device": ...}] of what a section was measured on, [] where that is the processor."""
    if section in ("peers", "r1"):
        return found["rows"]
    return [{"device": row["device_kind"]} for row in found] if section in ("recipes", "population") else []


def kind_of(words):
    """The kind of a machine in the words of `hardware`: its accelerator, or else the last of its processor's vector units."""
    units, device = re.fullmatch(r".*\((.*?)\)(?:, (.*))?", words).groups()
    return re.sub(r"[^a-z0-9]+", "-", (device or units.split(", ")[-1]).lower()).strip("-")


def write(section):
    """Puts the kept results of a section, of each kind of machine, into README.md."""
    begin, end = f"<!-- {section} -->\n", f"<!-- /{section} -->"
    if not any(RESULTS.glob(f"{section}-*.json")):
        raise SystemExit(f"{section} was not measured yet: leave out --write-only")
    before, _, rest = README.read_text().partition(begin)
    after, written = rest.partition(end)[2], []
    for path in sorted(RESULTS.glob(f"{section}-*.json")):
        kept = json.loads(path.read_text())
        said = f"`python benchmarks/tables.py --only {section}`, {kept['date']}, {kept['hardware']}.\n\n"
        written.append(said + SECTIONS[section][1](kept["found"]).strip() + "\n")
    README.write_text(before + begin + "\n".join(written) + end + after)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=tuple(SECTIONS))
    parser.add_argument("--minutes", type=float, default=25, help="of the peers' comparison")
    parser.add_argument("--write-only", action="store_true", help="write README.md from the kept results")
    args = parser.parse_args(argv)
    RESULTS.mkdir(exist_ok=True)
    for section in args.only:
        if not args.write_only:
            found = SECTIONS[section][0](args)
            rows = devices(section, found)
            kept = {"date": datetime.now(UTC).strftime("%Y-%m-%d"), "hardware": hardware.words(rows), "found": found}
            (RESULTS / f"{section}-{kind_of(kept['hardware'])}.json").write_text(json.dumps(kept, indent=1) + "\n")
        write(section)
        print(f"{section}: done", flush=True)


if __name__ == "__main__":
    main()
