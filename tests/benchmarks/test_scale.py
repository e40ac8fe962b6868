"""What trainings on many devices are predicted to be is what docs/scale.md says in a formula."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import scale

from jaxgan.cost.flops import count_flops

ASSUMED = SimpleNamespace(tflops=100.0, efficiency=0.5, node_gb_s=400.0, net_gb_s=50.0, latency_us=10.0)


def test_rings_send_two_shares_of_what_is_summed_and_one_of_what_is_gathered():
    each = dict.fromkeys(scale.DEVICES, 800000000.0)
    fact = {
        "flops_per_sample": 5e10,
        "reduced_bytes": 4e8,
        "state_bytes": 9e8,
        "gathered_bytes": each,
        "cut_state_bytes": each,
    }
    work, wait, sent, state = scale.predicted(fact, "mesh", 8, 10, ASSUMED)
    assert (work, sent, state) == (pytest.approx(10 * 5e10 / 5e13), pytest.approx(2 * 7 / 8 * 4e8), 9e8)
    assert wait == pytest.approx(sent / 4e11 + 2 * 2 * 3 * 1e-5)  # two sums, each of 2 log2(8) hops
    _, wait, sent, state = scale.predicted(fact, "fsdp", 64, 10, ASSUMED)
    assert (sent, state) == (pytest.approx(63 / 64 * (2 * 4e8 + 8e8)), pytest.approx(9e8 - 8e8 * 63 / 64))
    assert wait == pytest.approx(sent / 5e10 + 5 * 2 * 6 * 1e-5)  # past a node, and G, D and D again


def test_what_fsdp_cuts_are_large_leaves_that_the_devices_divide():
    kernel, odd, bias = (jax.ShapeDtypeStruct(s, jnp.float32) for s in ((512, 64), (513, 65), (512,)))
    tree = {"kernel": kernel, "odd": odd, "bias": bias}
    assert scale.size(tree) == 4 * (512 * 64 + 513 * 65 + 512)
    assert scale.gathered(tree, 8) == 4 * 512 * 64 and scale.gathered({"odd": odd}, 8) == 0


def test_kinds_of_steps_have_shares_of_one_and_the_sums_of_their_terms():
    kinds = lambda name: [(share, *times) for share, _, *times in scale.kinds(*scale.config_of(name, 16, tiny=True))]
    assert kinds("dcgan") == [(1.0, 1, 2)]
    assert kinds("stylegan2") == [(0.25, 2, 3), (0.75, 1, 2)]  # R1 and path lengths are due together


def test_the_node_is_one_that_a_cpu_simulates():
    code = f"import sys; sys.path.insert(0, {str(Path(scale.__file__).parent)!r}); import jax, scale; scale.simulate()"
    line = [sys.executable, "-c", f"{code}; print([d.platform for d in jax.devices()])"]
    env = {**os.environ, "JAX_PLATFORMS": "cuda", "JAX_NUM_CPU_DEVICES": "1"}  # as where there are GPUs
    told = subprocess.run(line, capture_output=True, text=True, env=env, check=True).stdout
    assert told.strip() == str(["cpu"] * scale.NODE)


def test_flops_of_a_sample_are_those_of_the_direct_form(monkeypatch):
    full = scale.config_of
    monkeypatch.setattr(scale, "config_of", lambda name, size: full(name, 8, tiny=True))
    fact = scale.facts("r3gan", [("mesh", 0, "all-reduce", 100, 100)])
    module, config, specs = full("r3gan", 8, tiny=True)
    assert fact["flops_per_sample"] == pytest.approx(count_flops(module, config, specs) / config.batch_size, rel=0.01)
