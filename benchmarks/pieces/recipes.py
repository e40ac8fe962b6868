"""The programs that train the recipes, at sizes for one large GPU: what `jaxgan bench` measures, and the most memory held."""

import dataclasses
import tempfile
from pathlib import Path

from pieces.jobs import Job, mib, table
from pieces.setup import config_of

SIZES = {
    "dcgan": {"resolution": 64, "batch_size": 128},
    "sngan": {},
    "r3gan": {"resolution": 32, "batch_size": 256},
    "stylegan2": {"resolution": 256, "width": 16384, "batch_size": 16},
    "pix2pix": {"batch_size": 16},
    "cyclegan": {"batch_size": 4},
    "enhance": {"resolution": 128},
    "wavegan": {"length": 16384, "rate": 16000.0},
    "video": {"batch_size": 32},
}
DTYPES = ("float32", "bfloat16")
DISPATCHES, BLOCKS = (8, 32), (32, 64)  # steps a dispatch of dcgan, channels of dense blocks of r3gan
CEILING = "ceiling"


def jobs(size):
    tiny = size == "tiny"
    sizes, dtypes = ({n: {} for n in SIZES} if tiny else SIZES), DTYPES[: 1 if tiny else 2]
    cases = [(name, {**fields, "dtype": dtype}) for name, fields in sizes.items() for dtype in dtypes]
    more = [("dcgan", {"steps_per_dispatch": n}) for n in DISPATCHES] + [("r3gan", {"block": n}) for n in BLOCKS]
    more = more[1:3] if tiny else more
    cases += [(name, {**sizes[name], **own, "dtype": dtype}) for name, own in more for dtype in dtypes]
    found = [Job(CEILING, "pieces.recipes:ceiling")]
    for name, fields in cases:
        options = {"recipe": name, "fields": fields, "tiny": tiny, "seconds": 0.2 if tiny else 6.0}
        shown = " ".join(f"{k} {v}" for k, v in fields.items() if k in ("dtype", "block", "steps_per_dispatch"))
        found.append(Job(f"{name} {shown}", "pieces.recipes:measured", options, 300, 60))
    return found


def measured(limit, recipe, fields, tiny, seconds):
    """What `jaxgan.cost.bench` measures, FLOPs by the program before it is compiled, and the most bytes held."""
    del limit
    from jaxgan import training
    from jaxgan.cost import bench
    from jaxgan.cost.flops import count_flops
    from pieces.worker import about, peak_bytes

    with tempfile.TemporaryDirectory() as folder:
        module, config = config_of(recipe, fields, Path(folder), tiny)
        found = bench.measure(module, config, seconds=seconds)
        peak, dataset = peak_bytes(), training.prepare(module, config)
        plain = dataclasses.replace(config, block=0) if hasattr(config, "block") else config
        flops = count_flops(module, plain, dataset.specs)
    shown = {key: value for key, value in fields.items() if key not in ("dtype", "batch_size")}
    return {**about(), **found, "fields": shown, "flops": flops, "peak_bytes": peak}


def ceiling(limit):
    """{dtype: FLOP/s of products of matrices}."""
    del limit
    import jax

    from jaxgan.cost import bench
    from pieces.worker import about

    return {**about(), "flops_per_s": {dtype: bench.matmul_ceiling(jax.devices()[0], dtype) for dtype in DTYPES}}


def mfu(row, rows):
    """FLOPs of the step's networks over what products of matrices in its dtype reach; None where that was not measured."""
    best = next((r["flops_per_s"][row["dtype"]] for r in rows if "flops_per_s" in r), None)
    return best and row["flops"] * row["images_per_s"] / row["batch_size"] / best


def words(rows):
    head = (
        *("recipe", "batch", "dtype", "images/s", "lowest .. highest", "step p50 / p99", "MFU"),
        *("compile", "temporary", "arguments", "peak"),
    )
    lines = []
    for row in rows:
        if "not_measured" in row or row["name"] == CEILING:
            continue
        fields = ", ".join(f"{k} {v:g}" for k, v in row["fields"].items())
        share = mfu(row, rows)
        lines.append((
            f"`{row['recipe']}` {fields}".strip(), row["batch_size"], row["dtype"], f"{row['images_per_s']:,.0f}",
            f"{row['images_per_s_lowest']:,.0f} .. {row['images_per_s_highest']:,.0f}",
            f"{row['step_ms_p50']:.3g} / {row['step_ms_p99']:.3g} ms", "" if share is None else f"{share:.0%}",
            f"{row['compile_s']:.1f} s", *(mib(row[k]) for k in ("temp_bytes", "argument_bytes", "peak_bytes")),
        ))  # fmt: skip
    found = next((row for row in rows if "flops_per_s" in row), None)
    said = "" if found is None else (
        "\n\nMFU is over products of matrices: "
        + ", ".join(f"{value / 1e12:.3g} TFLOP/s in {dtype}" for dtype, value in found["flops_per_s"].items()) + "."
    )  # fmt: skip
    return table(head, lines) + said
