"""A contender in a process of its own, told what to do line by line: `python -m peers.worker NAME NETWORK BATCH ...`.

It answers in lines of JSON that begin with MARK: once when it is warm, then for every "SECONDS" line of its input the steps
it made in about so many seconds, the device waited for at the end.
"""

import json
import sys
import time
from importlib.util import find_spec

from jaxgan import runtime
from jaxgan.errors import BadInput, unknown
from peers.settings import setting

MARK = "peer: "
_WAITS = 5  # for the device in a measurement
_WARM_UP = 5  # steps, in which a CUDA graph is captured too


def runner(name, network, batch_size, platform, gamma=None):
    """Runner of a contender "ours", "flax" or "torch", with its options after plus signs: torch+compile+channels_last.

    gamma: of R1, 0 for none, None for what the network always has.
    Raises BadInput where there is no such contender, or it cannot run here.
    """
    peer, *words = name.split("+")
    known = {"ours": ("bf16", "onednn"), "flax": (), "torch": ("channels_last", "compile", "bf16", "graphs")}
    if peer not in known:
        raise unknown("contender", peer, known)
    for word in words:
        if word not in known[peer]:
            raise unknown(f"option of {peer}", word, known[peer] or ("none",))
    if peer == "torch" and find_spec("torch") is None:
        raise BadInput(f"{name} needs torch, which is not installed: pip install torch")
    from peers import ours

    options, data = dict.fromkeys(words, True), ours.data(network, max(setting(network).images, batch_size))
    if peer == "ours":
        return ours.Runner(network, data, batch_size, gamma=gamma, **options)
    if peer == "flax":
        from peers import flax_step

        return flax_step.Runner(network, data, batch_size, gamma=gamma)
    from peers import torch_step

    return torch_step.Runner(network, data, batch_size, platform=platform, gamma=gamma, **options)


def versions(name):
    """Of what the contender is made of."""
    from importlib.metadata import version

    packages = {"ours": ("jax", "jaxlib", "optax"), "flax": ("jax", "jaxlib", "flax", "optax"), "torch": ("torch",)}
    found = {package: version(package) for package in packages[name.split("+")[0]]}
    if name.startswith("torch"):
        import torch

        found["torch"] = torch.__version__
    return found


def main(name, network, batch_size, platform, gamma=None):
    runtime.keep_memory()  # as `jaxgan train` does; PyTorch has it too
    import numpy as np

    batch_size, draw = int(batch_size), np.random.default_rng(1)
    begin = time.perf_counter()
    run = runner(name, network, batch_size, platform, None if gamma is None else float(gamma))
    count = max(setting(network).images, batch_size)
    rows = [draw.choice(count, batch_size, replace=False).astype(np.int32) for _ in range(16)]
    for i in range(_WARM_UP):
        run.step(rows[i])
        losses = run.wait()
        if i == 0:
            first = time.perf_counter() - begin
    begin = time.perf_counter()
    run.step(rows[0])
    run.wait()
    each = time.perf_counter() - begin
    kind = {"device": getattr(run.device, "device_kind", run.device), "platform": getattr(run.device, "platform", None)}
    say(
        ready=True,
        first_step_s=round(first, 2),
        finite=bool(np.isfinite(losses).all()),
        **kind,
        versions=versions(name),
    )
    for line in sys.stdin:
        seconds, steps, begin = float(line), 0, time.perf_counter()
        while (taken := time.perf_counter() - begin) < seconds:
            count = max(1, round(seconds / _WAITS / each))
            for i in range(count):
                run.step(rows[i % len(rows)])
            run.wait()
            steps += count
            each = (time.perf_counter() - begin) / steps
        say(steps=steps, seconds=taken)


def say(**what):
    """One line of JSON on stdout, marked, so that a library's own lines there do no harm."""
    print(MARK + json.dumps(what), flush=True)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:
        say(error=str(error) if isinstance(error, BadInput) else f"{type(error).__name__}: {error}")
        sys.exit(2)
