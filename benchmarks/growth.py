"""How the cost of a DCGAN's step grows with the batch, the width, the resolution and the devices: images/s and memory.

    python benchmarks/growth.py --out runs/growth                                # what is there is not measured again
    python benchmarks/growth.py --out runs/growth --write benchmarks/README.md   # between its markers, growth.png beside
    python benchmarks/growth.py --out runs/rehearsal --tiny

One thing grows at a time, the others are as in BASE; with more devices the batch stays what it was. Images are noise. Every
row is measured in a process of its own and kept at once in OUT/growth.jsonl. "Of linear" is the work a second and device over
that of the row before, work being the FLOPs that XLA counts: 1 where twice the work takes twice the time. Where other work runs
beside, --passes 3 measures all of it three times over, and the fastest of each row counts.
"""

import argparse
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from pieces.jobs import Job, mib, play, rows, table  # noqa: E402

NAMES = ("batch", "width", "resolution", "devices")
BASE = {"full": (64, 64, 32, 1), "tiny": (4, 4, 16, 1)}
SWEEPS = {
    "full": ([2**i for i in range(10)], (16, 32, 64, 128), (32, 64, 128), (1, 2, 4, 8)),
    "tiny": ((1, 4), (4, 8), (16, 32), (1, 2)),
}
ROUNDS = 5
_IMAGES = 512  # in the data set
_PASS = " pass "
_NAMED = ("python", "jaxgan", "jax", "jaxlib", "torch")  # versions in a report


def jobs(size, passes=1):
    """A row of each size, in each of so many passes; that of BASE is in every sweep, and the first."""
    seconds = 3.0 if size == "full" else 0.2
    found, every = {}, (BASE[size], *(at for name in NAMES for at in sweep(size, name)))
    for number, at in ((number, at) for number in range(1, passes + 1) for at in every):
        options = {**dict(zip(NAMES, at, strict=True)), "seconds": seconds}
        # simulated devices, where there is no other than the CPU
        env = {"JAX_NUM_CPU_DEVICES": str(at[3])} if at[3] > 1 else {}
        name = title(at) + (f"{_PASS}{number}" if number > 1 else "")
        found[name] = Job(name, "growth:measured", options, 240, 30, env)
    return list(found.values())


def sweep(size, name):
    """[(batch, width, resolution, devices)] in which the one of this name grows."""
    place = NAMES.index(name)
    return [(*BASE[size][:place], value, *BASE[size][place + 1 :]) for value in SWEEPS[size][place]]


def title(at):
    return " ".join(f"{name} {value}" for name, value in zip(NAMES, at, strict=True))


def measured(limit, batch, width, resolution, devices, seconds):
    """images/s of ROUNDS rounds, FLOPs of an image, bytes on each device: the state and batch without the data, and the rest."""
    del limit
    import jax
    from pieces.setup import config_of
    from pieces.worker import about, peak_bytes

    from jaxgan import parallel, runtime, training
    from jaxgan.cost.flops import count_flops

    mode = "single" if devices == 1 else "mesh"
    chosen = parallel.choose(mode, devices)
    fields = {"batch_size": batch, "width": width, "resolution": resolution}
    with tempfile.TemporaryDirectory() as folder, runtime.forgotten_programs():
        module, config = config_of("dcgan", fields, Path(folder), images=_IMAGES)
        dataset = training.prepare(module, config)
        made = training.compose(module, config, dataset, mode, chosen)
        state, begin = made.initial(), time.perf_counter()
        memory = made.lower(state).compile().memory_analysis()
        compile_s, run, step = time.perf_counter() - begin, made.stepper(), 0

        def played(count):
            nonlocal state, step
            begin = time.perf_counter()
            for _ in range(count):
                state, metrics = run(state, made.batch(step), 1)
                step += 1
            jax.block_until_ready(metrics)
            return time.perf_counter() - begin

        played(2)
        count = max(1, round(seconds / ROUNDS / (played(2) / 2)))
        rates = [count * batch / played(count) for _ in range(ROUNDS)]
        flops = count_flops(module, config, dataset.specs)
    data = sum(x.nbytes for x in jax.tree.leaves(made.loader.shared))
    return {
        **about(),
        **{"used": devices, "flops_per_image": flops / batch, "images_per_s": statistics.median(rates)},
        **{"lowest": min(rates), "highest": max(rates), "compile_s": round(compile_s, 2)},
        **{"temp_bytes": memory.temp_size_in_bytes, "argument_bytes": memory.argument_size_in_bytes - data},
        "peak_bytes": peak_bytes(),
    }


def work(row):
    """FLOPs a second and device."""
    return row["images_per_s"] * row["flops_per_image"] / row["used"]


def simulated(row):
    """Whether its devices are one processor, whose speed is not theirs."""
    return row["platform"] == "cpu" and row["used"] > 1


def swept(found):
    """{name of a sweep: [(value, row)]}, of what was measured: of several passes the fastest."""
    rows_of = sorted((row for row in found if "not_measured" not in row), key=lambda row: row["images_per_s"])
    known = {row["name"].partition(_PASS)[0]: row for row in rows_of}
    size = next(iter(known.values()))["size"] if known else "full"
    at = {name: [(at[NAMES.index(name)], known.get(title(at))) for at in sweep(size, name)] for name in NAMES}
    return {name: [(value, row) for value, row in lines if row] for name, lines in at.items()}


def words(found):
    """The table, and where the numbers are from."""
    lines, simulates = [], False
    for name, measured_ones in swept(found).items():
        before = None
        for value, row in measured_ones:
            no_speed = simulated(row)
            simulates |= no_speed
            growth = "" if before is None or no_speed else f"{work(row) / work(before):.2f}"
            lines.append((
                f"{name} {value}", f"{row['images_per_s']:,.4g}{' *' * no_speed}",
                f"{row['lowest']:,.4g} .. {row['highest']:,.4g}",
                f"{row['flops_per_image'] / 1e9:.3g}", growth, mib(row["temp_bytes"]), mib(row["argument_bytes"]),
                mib(row["peak_bytes"]), f"{row['compile_s']:.1f} s",
            ))  # fmt: skip
            before = row
    head = (
        *("grows", "images/s", "lowest .. highest", "GFLOP an image", "of linear"),
        *("temporary a device", "state, batch a device", "peak", "compile"),
    )
    said = "\n\n\\* Devices that a CPU simulates share its cores: their memory is what counts." if simulates else ""
    return table(head, lines) + said


def plot(found, path):
    """images/s and memory over what grows, as straight lines would have it beside."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5), layout="constrained")
    axes = figure.subplots(2, len(NAMES), sharey="row")
    for (name, lines), (speed, memory) in zip(swept(found).items(), axes.T, strict=True):
        if not lines:
            continue
        values, measured_ones = zip(*lines, strict=True)
        first = measured_ones[0]
        ideal = [work(first) * (1 if simulated(row) else row["used"]) / row["flops_per_image"] for row in measured_ones]
        speed.loglog(values, [row["images_per_s"] for row in measured_ones], "o-", label="measured")
        speed.loglog(values, ideal, "--", color="0.6", label="as the work of the first")
        memory.loglog(values, [row["temp_bytes"] / 2**20 for row in measured_ones], "o-", label="temporary")
        memory.loglog(values, [row["argument_bytes"] / 2**20 for row in measured_ones], "s-", label="state and batch")
        if first["peak_bytes"] is not None:
            memory.loglog(values, [row["peak_bytes"] / 2**20 for row in measured_ones], "^-", label="peak")
        for axis in (speed, memory):
            axis.set_xscale("log", base=2)
            axis.set_xticks(values, map(str, values), fontsize=7)
            axis.minorticks_off()
        memory.set_xlabel(name)
    axes[0][0].set_ylabel("images/s")
    axes[1][0].set_ylabel("MiB a device")
    for axis in axes[:, 0]:
        if axis.lines:
            axis.legend(fontsize=7)
    figure.savefig(path, dpi=110)


def head(found):
    """Dates, devices and versions of the rows."""
    of = lambda name, rows=found: sorted({str(row[name]) for row in rows if row.get(name) is not None})
    dates, versions = of("date"), [row.get("versions", {}) for row in found]
    parts = [" .. ".join(dict.fromkeys((dates[0], dates[-1])))] if dates else []
    parts += [", ".join(of("device")), *(f"driver {x}" for x in of("driver")), *of("host")]
    named = [f"{name} {version}" for name in _NAMED for version in of(name, versions)]
    return "; ".join(filter(None, [*parts, ", ".join(named)]))


def write(found, path):
    """Puts the table between the markers of a file, and the plot beside it."""
    plot(found, path.with_name("growth.png"))
    text = f"`python benchmarks/growth.py`, {head(found)}.\n\n![images/s and memory](growth.png)\n\n{words(found)}"
    put = lambda match: f"{match[1]}{text}\n{match[2]}"
    path.write_text(re.sub(r"(<!-- growth -->\n).*?(<!-- /growth -->)", put, path.read_text(), flags=re.S))


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/growth"))
    parser.add_argument("--minutes", type=float, default=12, help="of this call; another one goes on")
    parser.add_argument("--passes", type=int, default=1, help="over all rows; the fastest of each counts")
    parser.add_argument("--tiny", action="store_true", help="a rehearsal")
    parser.add_argument("--again", action="store_true", help="try again what could not be measured")
    parser.add_argument("--write", type=Path, help="a file with the markers <!-- growth --> and <!-- /growth -->")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    path, size = args.out / "growth.jsonl", "tiny" if args.tiny else "full"
    left = play(jobs(size, args.passes), path, args.minutes, size, args.again)
    found = list(rows(path).values())
    print(f"{head(found)}.\n\n{words(found)}")
    for row in found:
        if "not_measured" in row:
            print(f"{row['name']}: not measured: {row['not_measured']}")
    if left:
        print(f"the time was over, run it again to go on: {len(left)} rows are left, {'; '.join(left)}")
    if args.write:
        write(found, args.write)
    else:
        plot(found, args.out / "growth.png")


if __name__ == "__main__":
    main()
