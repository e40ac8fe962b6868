"""Two processes on one machine, each with two devices, are one mesh: the numbers of a single device."""

import subprocess
import sys

import pytest
from arrays import far
from test_parallel import on_one_device  # noqa: F401

from jaxgan import parallel

PROGRAM = """
import pickle, sys, jax
rank, port, out = int(sys.argv[1]), sys.argv[2], sys.argv[3]
jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_cpu_collectives_implementation", "gloo")
jax.distributed.initialize(f"127.0.0.1:{port}", 2, rank, heartbeat_timeout_seconds=20)
import numpy as np
sys.path.insert(0, sys.argv[4])
from games import GAMES, batch, sgd
import jaxgan
from jaxgan import data, parallel
assert len(jax.devices()) == 4 and len(jax.local_devices()) == 2
for mode in ("mesh", "fsdp"):
    gan, opt = GAMES["mlp_wgan_gp"](None), sgd()
    parallel.SMALL = 2**4
    play = parallel.wrap(mode, jaxgan.make_step(gan, opt), jax.devices())
    state = jaxgan.init_state(gan, opt, jax.random.key(0), batch())
    for _ in range(10):
        state, metrics = play(state, batch())
    whole = jax.jit(lambda s: (s._replace(key=jax.random.key_data(s.key)), metrics), out_shardings=play.where)(state)
    whole = jax.tree.map(lambda x: np.asarray(x.addressable_data(0)), whole)
    shares = [x.addressable_data(0).nbytes for x in jax.tree.leaves(state.g.params)]
    with open(f"{out}/{mode}{rank}", "wb") as file:
        pickle.dump((tuple(whole[0]), tuple(whole[1]), sum(shares)), file)
"""


@pytest.mark.slow
def test_two_processes_are_one_mesh(tmp_path, on_one_device):  # noqa: F811
    import pickle
    import socket
    from pathlib import Path

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    line = [sys.executable, "-c", PROGRAM]
    rest = [str(port), str(tmp_path), str(Path(__file__).parents[1])]
    started = [
        subprocess.Popen([*line, str(rank), *rest], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for rank in (0, 1)
    ]
    try:
        said = [process.communicate(timeout=240)[0] for process in started]
    finally:
        for process in started:
            process.kill()
    assert [process.returncode for process in started] == [0, 0], said
    alone, metrics = on_one_device("mlp_wgan_gp")
    sizes = {}
    for mode in ("mesh", "fsdp"):
        found = [pickle.loads((tmp_path / f"{mode}{rank}").read_bytes()) for rank in (0, 1)]
        for state, judged, size in found:
            assert far(state, tuple(alone)) < 1e-6 and far(judged, tuple(metrics)) < 1e-5
            sizes[mode] = size
    assert sizes["fsdp"] < 0.5 * sizes["mesh"]  # a share of the parameters on each
    assert parallel.SMALL == 2**10
