"""jaxgan's step and its peers' side by side, in one run: images/s in interleaved rounds, as JSON and as a table.

    python benchmarks/compare.py --networks dcgan32 dcgan64 mlp resnet32 unet256 --json FILE --markdown FILE

Every contender lives in a process of its own, warm through all rounds; in a round each has its turn, one after the other,
and the others wait for a line of input, which takes no time of the processor.
What this machine cannot measure is listed with its reason. `python -m peers.equal` and tests/benchmarks/test_peers.py show
that the contenders' work is equal.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from peers import hardware  # noqa: E402
from peers.process import NotMeasured, Process  # noqa: E402
from peers.settings import NETWORKS  # noqa: E402

CONTENDERS = (
    *("ours", "flax", "torch", "torch+channels_last", "torch+compile", "torch+channels_last+compile"),
    *("torch+graphs", "torch+channels_last+graphs", "ours+onednn", "ours+bf16", "torch+bf16"),
    "torch+channels_last+bf16",
)
WHAT = {
    "ours": "jaxgan.make_step, jitted, state donated; images on the device",
    "flax": "plain Flax and optax: two passes of G, batches from the host, no average of G (less work in that)",
    "torch": "plain PyTorch, the same protocol as ours; images on the device",
}


def compare(network, contenders, args, until):
    """[{contender, images_per_s, ...} or {contender, not_measured}]: the rounds of one network, done by time `until`."""
    alive, rows, where = {}, {}, args.platform
    batch_size, gamma = played(network, args)
    for name in contenders:
        rows[name] = {"network": network, "contender": name, "batch_size": batch_size, "r1": gamma, "rates": []}
        if reason := left_out(name, network, where):
            rows[name]["not_measured"] = reason
            continue
        limit = min(args.start_limit, until - time.monotonic() - 10)
        try:
            alive[name] = process = Process((name, network, batch_size, where, gamma), limit)
        except NotMeasured as error:
            rows[name]["not_measured"] = str(error)
            continue
        rows[name] |= {key: process.ready[key] for key in ("device", "first_step_s", "finite", "versions")}
        where = process.ready["platform"] or where
    for _ in range(args.rounds):
        for name, process in list(alive.items()):
            if time.monotonic() > until:
                break
            try:
                said = process.ask(args.seconds, max(20.0, 10 * args.seconds))
            except NotMeasured as error:
                rows[name]["not_measured"] = str(error)
                del alive[name]
                continue
            rows[name]["rates"].append(said["steps"] * batch_size / said["seconds"])
    for process in alive.values():
        process.end()
    reference = rows[contenders[0]]["rates"]
    return [summary(row, reference) for row in rows.values()], where


def played(network, args):
    """(batch size, gamma of R1): as asked for, else the network's own; translations there and back have no penalty."""
    own = NETWORKS[network]
    gamma = 0.0 if own.unpaired else own.gamma if args.r1 is None else args.r1
    return args.batch_size or own.batch_size, gamma


def left_out(name, network, where):
    """Why a contender need not even be started, None where it must."""
    words = name.split("+")[1:]
    if {"channels_last", "onednn"} & {*words} and network == "mlp":
        return "an MLP has no convolutions"
    if "onednn" in words and where not in (None, "cpu"):
        return "oneDNN's convolutions are a CPU's"
    if "graphs" in words and where == "cpu":
        return "CUDA graphs need a CUDA device, and this run is on a CPU"
    if name == "ours+bf16" and where == "cpu":
        return "on a CPU `jaxgan train --dtype bfloat16` computes in float32: it is ours"
    return None


def summary(row, reference):
    """The row with median, lowest and highest images/s, and the median over rounds of its ratio to the reference."""
    rates = row.pop("rates")
    if "not_measured" in row or not rates:
        return {"not_measured": "no time left for a round: raise --minutes", **row}
    ratios = [a / b for a, b in zip(rates, reference, strict=False)]
    return {
        **row,
        "rounds": len(rates),
        "images_per_s": rounded(statistics.median(rates)),
        "lowest": rounded(min(rates)),
        "highest": rounded(max(rates)),
        "ratio_to_first": round(statistics.median(ratios), 3) if ratios else None,
        "rates": [rounded(rate) for rate in rates],
    }


def rounded(rate):
    """To three digits at least."""
    return round(rate, 1 if rate >= 10 else 3)


def markdown(result):
    """The result as a table for people."""
    rows, first = result["rows"], result["contenders"][0]
    penalty = lambda row: f", R1 of gamma {row['r1']:g} at every step" if row["r1"] else ""
    games = {row["network"]: f"{row['network']}: batch {row['batch_size']}{penalty(row)}" for row in rows}
    lines = [
        f"Measured on {result['date']}, {result['hardware']}; {', '.join(f'{k} {v}' for k, v in result['versions'].items())}.",
        f"{'; '.join(games.values())}. {result['rounds']} interleaved rounds of about {result['seconds']} s each; load of the "
        f"machine {result['load_before']} before and {result['load_after']} after, over one minute. Random images. Start: "
        "imports, compilation, the first step.",
        "",
        f"| network | contender | images/s, median | lowest .. highest | times {first} | rounds | start |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = [row["network"], row["contender"]]
        if "not_measured" in row:
            cells += [f"not measured: {row['not_measured']}", "", "", "", ""]
        else:
            spread = f"{row['lowest']:,} .. {row['highest']:,}"
            cells += [
                f"{row['images_per_s']:,}",
                spread,
                row["ratio_to_first"],
                row["rounds"],
                f"{row['first_step_s']} s",
            ]
        lines.append("| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |")
    peers = dict.fromkeys(name.split("+")[0] for name in result["contenders"])
    return "\n".join([*lines, "", *(f"- {peer}: {WHAT[peer]}." for peer in peers if peer in WHAT), ""])


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=tuple(NETWORKS))
    parser.add_argument(
        "--contenders", nargs="+", help=f"the first is what ratios are to; by default {' '.join(CONTENDERS)}"
    )
    sizes = ", ".join(f"{name} {own.batch_size}" for name, own in NETWORKS.items())
    parser.add_argument("--batch-size", type=int, help=f"by default {sizes}")
    parser.add_argument(
        "--r1",
        type=float,
        help="gamma of an R1 penalty, 0 for none; by default 10 for resnet32 alone; none in cyclegan128",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of a measurement; at least one step is made")
    parser.add_argument(
        "--start-limit", type=float, default=240.0, help="seconds for a contender to compile and warm up"
    )
    parser.add_argument("--minutes", type=float, default=25, help="of the whole run; what is left then is not measured")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    args = parser.parse_args(argv)
    for name in ("batch_size", "rounds", "seconds", "start_limit", "minutes"):
        if (value := getattr(args, name)) is not None and value <= 0:
            parser.error(f"--{name.replace('_', '-')} is {value}: give a number above 0")
    args.platform = "any"  # until a contender in JAX says where it runs
    contenders = args.contenders or CONTENDERS
    end, load, rows = time.monotonic() + 60 * args.minutes, hardware.load(), []
    for i, network in enumerate(sorted(set(args.networks), key=list(NETWORKS).index)):
        share = (end - time.monotonic()) / (len(set(args.networks)) - i)
        found, args.platform = compare(network, contenders, args, time.monotonic() + share)
        rows += found
        for row in found:
            print(json.dumps({k: v for k, v in row.items() if k != "versions"}), flush=True)
    versions = {"python": platform.python_version()}
    for row in rows:
        versions |= row.get("versions", {})
    result = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "hardware": hardware.words(rows),
        "versions": versions,
        **{name: getattr(args, name) for name in ("rounds", "seconds")},
        "contenders": list(contenders),
        "load_before": load,
        "load_after": hardware.load(),
        "rows": rows,
    }
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n")
    if args.markdown:
        args.markdown.write_text(markdown(result))
    print(markdown(result))


if __name__ == "__main__":
    main()
