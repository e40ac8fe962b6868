"""How trainings grow with devices: a prediction by formula, its bytes checked against programs of 8 simulated ones.

    python benchmarks/scale.py                    # the tables of docs/scale.md and docs/scale.png, some minutes
    python benchmarks/scale.py --write docs/scale.md

Nothing here is measured on many devices. Of a step are known, by shapes: the bytes of parameters, and the FLOPs that XLA counts
in the lowered program, of convolutions in their direct form. Assumed, and arguments: what a device does and how much of it, how
fast the links are.
"""

import argparse
import dataclasses
import json
import math
import re
import sys
from pathlib import Path

import jax

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from jaxgan import build, parallel, recipes  # noqa: E402
from jaxgan.cost import collectives  # noqa: E402
from jaxgan.cost.flops import count_flops  # noqa: E402
from jaxgan.data import Spec  # noqa: E402
from jaxgan.data import batch as batches  # noqa: E402

SIZES = {"dcgan": 64, "stylegan2": 256, "r3gan": 64}
PER_DEVICE = {"dcgan": (8, 64), "stylegan2": (4, 16), "r3gan": (8, 64)}
DEVICES = (8, 64, 512)
NODE = 8  # devices that the fast links join


def simulate():
    """Makes this process's devices those of a node, simulated: a CPU's, whatever else is there. Before JAX sees a device."""
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_num_cpu_devices", NODE)


def config_of(name, size, tiny=False):
    module = recipes.get(name)
    config = module.Config(**module.TINY) if tiny else module.Config()
    config = dataclasses.replace(config, resolution=size)
    return module, config, {config.real: Spec((size, size, 3))}


def shapes(module, config, specs):
    made = build.experiment(module, config, specs)
    return jax.eval_shape(lambda: build.initial_state(made, config, specs))


def size(tree):
    return sum(math.prod(x.shape) * x.dtype.itemsize for x in jax.tree.leaves(tree))


def gathered(tree, devices):
    """Bytes of the leaves that fsdp cuts over so many devices."""
    cut = lambda x: math.prod(x.shape) > parallel.SMALL and any(n % devices == 0 for n in x.shape)
    return sum(math.prod(x.shape) * x.dtype.itemsize for x in jax.tree.leaves(tree) if cut(x))


def kinds(module, config, specs):
    """[(share, step, times that G's gradient is summed, D's)]: those of the terms of their losses."""
    penalties = 0 if not config.penalties else {"r1_r2": 2}.get(config.penalty, 1)
    times = lambda due: (1 + (due.g and config.penalty_g_every > 1), 2 + due.d * penalties)
    return [(share, step, *times(due)) for share, step, due in build.kinds(module, config, specs)]


def facts(name, checks):
    """Of a recipe at its full size; checks: those of the tiny one, how much more than the formula says its program sums."""
    module, config, specs = config_of(name, SIZES[name])
    state = shapes(module, config, specs)
    rows = config.batch_unit * max(1, 8 // config.batch_unit)
    small = dataclasses.replace(config, batch_size=rows)
    params = size(state.g.params), size(state.d.params)
    more = [have / want for mode, _, kind, want, have in checks if (mode, kind) == ("mesh", "all-reduce")]
    reduced = 0.0
    for share, _, times_g, times_d in kinds(module, small, specs):
        ratio = more[0] if times_g + times_d > 3 else more[-1]  # with penalties, as the first step is, and without
        reduced += share * ratio * (times_g * params[0] + times_d * params[1])
    return {
        "resolution": SIZES[name],
        "bytes_g": params[0],
        "bytes_d": params[1],
        "state_bytes": size(state),
        "flops_per_sample": count_flops(module, small, specs) / rows,
        "reduced_bytes": reduced,
        "gathered_bytes": {n: gathered((state.g.params, state.d.params, state.d.params), n) for n in DEVICES},
        "cut_state_bytes": {n: gathered(state, n) for n in DEVICES},
    }


def checked(name):
    """[(mode, kind of step, collective, bytes by the formula, bytes in the compiled text)] of the tiny recipe on 8 devices."""
    module, config, specs = config_of(name, 16 if name == "dcgan" else 8, tiny=True)
    config = dataclasses.replace(config, batch_size=8 * config.batch_unit)
    state, lines = shapes(module, config, specs), []
    p_g, p_d = size(state.g.params), size(state.d.params)
    for number, (_, step, g, d) in enumerate(kinds(module, config, specs)):
        for mode in ("mesh", "fsdp"):
            lowered = parallel.wrap(mode, step, jax.devices()[:8]).lower(state, batches.like_step(config, specs))
            compiled = lowered.compile(
                compiler_options={"xla_backend_optimization_level": 0}
            )  # what is sent is the same
            sent = collectives.found(compiled.as_text())
            lines.append((mode, number, "all-reduce", g * p_g + d * p_d, collectives.total(sent, "all-reduce")))
            if mode == "fsdp":
                expected = gathered((state.g.params, state.d.params, state.d.params), 8)
                lines.append((mode, number, "all-gather", expected, collectives.total(sent, "all-gather")))
            others = sorted({kind for kind, _ in sent} - {"all-reduce", "all-gather"})
            lines += [(mode, number, kind, 0, collectives.total(sent, kind)) for kind in others]
    return lines


def predicted(fact, mode, devices, rows, args):
    """Of a step: seconds of work, seconds of sending, bytes sent and state bytes a device."""
    compute = rows * fact["flops_per_sample"] / (args.tflops * 1e12 * args.efficiency)
    sent = collectives.sent(fact["reduced_bytes"], devices, "all-reduce")
    state, number = fact["state_bytes"], 2
    if mode == "fsdp":
        sent += collectives.sent(fact["gathered_bytes"][devices], devices, "all-gather")
        state -= fact["cut_state_bytes"][devices] * (devices - 1) / devices
        number += 3
    link = args.node_gb_s if devices <= NODE else args.net_gb_s
    seconds = sent / (link * 1e9) + number * 2 * math.log2(devices) * args.latency_us * 1e-6
    return compute, seconds, sent, state


def table(found, args):
    head = "| recipe | mode | devices | samples a device | samples/s | weak scaling | sent a step and device | state a device |"
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for name, fact in found.items():
        for mode in ("mesh", "fsdp"):
            for devices in DEVICES:
                for rows in PER_DEVICE[name]:
                    work, wait, sent, state = predicted(fact, mode, devices, rows, args)
                    lines.append(
                        f"| {name} {fact['resolution']} | {mode} | {devices} | {rows} | {devices * rows / (work + wait):,.0f} | "
                        f"{work / (work + wait):.0%} | {sent / 2**20:,.0f} MiB | {state / 2**20:,.0f} MiB |"
                    )
    return "\n".join(lines)


def check_table(checks):
    lines = ["| recipe, tiny | mode | step | collective | formula | compiled |", "|---|---|---|---|---|---|"]
    for name, rows in checks.items():
        lines += [f"| {name} | {mode} | {n} | {kind} | {want:,} | {have:,} |" for mode, n, kind, want, have in rows]
    return "\n".join(lines)


def plot(found, args, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(found), figsize=(4 * len(found), 3.2), sharey=True)
    for axis, (name, fact) in zip(axes, found.items(), strict=True):
        rows = [2**i for i in range(2, 10)]
        for mode, style in (("mesh", "-"), ("fsdp", "--")):
            for devices, colour in zip(DEVICES, ("C0", "C1", "C3"), strict=True):
                both = [predicted(fact, mode, devices, n, args)[:2] for n in rows]
                axis.semilogx(rows, [w / (w + s) for w, s in both], style, color=colour, label=f"{devices}, {mode}")
        axis.set(title=f"{name}, {fact['resolution']} pixels", xlabel="samples a device", ylim=(0, 1.02))
    axes[0].set_ylabel("predicted weak scaling")
    axes[-1].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--tflops", type=float, default=494.0, help="of a device, dense TF32: an H100 SXM by its data sheet"
    )
    parser.add_argument("--efficiency", type=float, default=0.3, help="share of that which a step reaches")
    parser.add_argument("--node-gb-s", type=float, default=450.0, help="each way, among 8 devices of a node: NVLink 4")
    parser.add_argument("--net-gb-s", type=float, default=50.0, help="a device, among nodes: a 400 Gbit/s port each")
    parser.add_argument("--latency-us", type=float, default=10.0, help="of a hop; a collective has 2 log2(devices)")
    parser.add_argument("--recipes", nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--write", type=Path, help="a file with the markers <!-- scale --> and <!-- collectives -->")
    args = parser.parse_args()
    simulate()
    checks = {}
    for name in args.recipes:
        checks[name] = checked(name)
        print(check_table({name: checks[name]}), flush=True)
    found = {name: facts(name, checks[name]) for name in args.recipes}
    print(json.dumps(found, indent=2))
    print(table(found, args))
    if args.write:
        text = args.write.read_text()
        for mark, lines in (("scale", table(found, args)), ("collectives", check_table(checks))):
            text = re.sub(
                f"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", lambda m, x=lines: f"{m[1]}{x}\n{m[2]}", text, flags=re.S
            )
        args.write.write_text(text)
        plot(found, args, args.write.with_suffix(".png"))


if __name__ == "__main__":
    main()
