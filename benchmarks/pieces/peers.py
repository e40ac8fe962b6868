"""`compare.py` on a device: each network at its own batch size and at a larger one, in float32 and in bfloat16."""

import json
import sys
import tempfile
from pathlib import Path

from peers.settings import NETWORKS

from pieces.jobs import Job, table

LARGE = {"mlp": 1024, "dcgan32": 256, "resnet32": 256, "dcgan64": 256, "unet256": 16, "cyclegan128": 8}
PLAIN = (
    *("ours", "flax", "torch", "torch+channels_last", "torch+compile", "torch+channels_last+compile"),
    *("torch+graphs", "torch+channels_last+graphs"),
)
HALF = ("ours", "ours+bf16", "torch+bf16", "torch+channels_last+bf16")
TINY = ("ours", "flax", "torch")


def jobs(size):
    if size == "tiny":
        flags = {"rounds": 2, "seconds": 0.2, "batch_size": 4, "contenders": TINY}
        return [Job(f"{n} 4", "pieces.peers:compared", {"network": n, **flags}, 200) for n in ("mlp", "dcgan32")]
    found = []
    for batch_of in ({name: own.batch_size for name, own in NETWORKS.items()}, LARGE):
        for network, batch in batch_of.items():
            for word, contenders, least in (("", PLAIN, 300), (" bf16", HALF, 150)):
                options = {"network": network, "batch_size": batch, "contenders": contenders}
                found.append(Job(f"{network} {batch}{word}", "pieces.peers:compared", options, 450, least))
    return found


def compared(limit, network, batch_size, contenders, rounds=5, seconds=1.0):
    """What `compare.py` measures of a network, in the time that there is."""
    import compare

    from pieces.worker import driver

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "out.json")
        words = ["--networks", network, "--contenders", *contenders, "--batch-size", batch_size, "--rounds", rounds]
        words += ["--seconds", seconds, "--start-limit", 120, "--minutes", max(limit - 15, 1) / 60, "--json", path]
        stdout, sys.stdout = sys.stdout, sys.stderr
        try:
            compare.main(list(map(str, words)))
        finally:
            sys.stdout = stdout
        found = json.loads(path.read_text())
    devices = [row["device"] for row in found["rows"] if row["contender"].startswith("ours") and "device" in row]
    if not devices:
        raise RuntimeError(found["rows"][0]["not_measured"])
    about = {"device": devices[0], "driver": driver(), "host": found["hardware"], "versions": found["versions"]}
    return {**about, "load": [found["load_before"], found["load_after"]], "rows": found["rows"]}


def words(rows):
    lines = []
    for row in rows:
        for found in row.get("rows", ()):
            cells = [found["network"], found["batch_size"], found["contender"]]
            if "not_measured" in found:
                lines.append((*cells, f"not measured: {found['not_measured']}", "", "", ""))
                continue
            spread = f"{found['lowest']:,} .. {found['highest']:,}"
            start = f"{found['first_step_s']} s"
            lines.append((*cells, f"{found['images_per_s']:,}", spread, found["ratio_to_first"], start))
    return table(
        ("network", "batch", "contender", "images/s, median", "lowest .. highest", "times ours", "start"), lines
    )
