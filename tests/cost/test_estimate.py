"""What --dry-run says before a training is what the training takes."""

import dataclasses
import re
import subprocess
import sys

import numpy as np
import pytest

from jaxgan import parallel, recipes, sharing, training
from jaxgan.cli import main
from jaxgan.cost import estimate
from jaxgan.cost.flops import count_flops
from jaxgan.layers import lowering

TINY = {"data": "digits", "width": 8}
DIGITS = recipes.digits.Config(**TINY)


def test_flops_of_several_turns_are_counted_one_by_one():
    flops = [estimate.measure("digits", dataclasses.replace(DIGITS, d_steps=n))["flops"] for n in (1, 2, 5)]
    turn = flops[1] - flops[0]
    assert turn > 0.2 * flops[0]
    np.testing.assert_allclose(flops[2], flops[0] + 4 * turn, rtol=0.02)


def test_flops_are_those_of_the_direct_form_on_a_cpu_too(monkeypatch):
    config = dataclasses.replace(DIGITS, batch_size=4)
    specs = training.prepare("digits", config).specs
    flops = lambda: count_flops(recipes.digits, config, specs)
    counted = flops()
    monkeypatch.setattr(lowering, "asked", lambda: "")
    assert abs(flops() / counted - 1) > 0.005  # a CPU's own forms would be told apart
    direct = {
        name: (own, lambda onednn, *given, own=own: own(*given), by) for name, (own, _, by) in lowering._FORMS.items()
    }
    monkeypatch.setattr(lowering, "_FORMS", direct)
    np.testing.assert_allclose(counted, flops(), rtol=1e-6)


def test_bytes_are_those_of_state_and_data():
    cost = estimate.measure("digits", DIGITS)
    dataset = training.prepare("digits", DIGITS)
    assert cost["argument_bytes"] > cost["state_bytes"] + dataset["image"].nbytes
    assert (
        cost["argument_bytes"] < 1.1 * (cost["state_bytes"] + dataset["image"].nbytes + dataset["label"].nbytes) + 4096
    )
    assert cost["peak_bytes"] >= cost["argument_bytes"] + cost["temp_bytes"]


@pytest.mark.parametrize("mode", ["single", "pmap", "mesh", "fsdp"])
def test_the_largest_batch_fits_and_a_larger_one_does_not(mode):
    devices, limit = (None if mode == "single" else 4), 40 * 2**20
    most = estimate.largest_batch("digits", DIGITS, limit, mode, devices)
    assert most % (devices or 1) == 0
    peak = lambda batch: estimate.measure("digits", dataclasses.replace(DIGITS, batch_size=batch), mode, devices)[
        "peak_bytes"
    ]
    assert peak(most) <= limit < peak(int(most * 1.1) // 4 * 4)


def test_flops_of_microbatches_are_those_of_the_batch():
    flops = [estimate.measure("digits", dataclasses.replace(DIGITS, microbatches=n))["flops"] for n in (1, 4)]
    np.testing.assert_allclose(flops[1], flops[0], rtol=0.05)


def test_a_lazy_penalty_counts_at_its_own_steps_alone():
    flops = {}
    for name, fields in {
        "none": {"penalty": "none"},
        1: {"penalty": "r1"},
        4: {"penalty": "r1", "penalty_every": 4},
    }.items():
        flops[name] = estimate.measure("digits", dataclasses.replace(DIGITS, **fields))["flops"]
    assert flops[1] > 1.1 * flops["none"]
    np.testing.assert_allclose(flops[4], (3 * flops["none"] + flops[1]) / 4, rtol=0.05)


def test_the_largest_batch_is_one_that_can_be_trained():
    config = recipes.digits.Config(**{**recipes.digits.TINY, "batch_size": 16, "microbatches": 16})
    most = estimate.largest_batch("digits", config, 2**26)
    assert most and most % config.batch_unit == 0


def test_sizes_that_are_tried_are_whole_groups(monkeypatch):
    """Of StyleGAN2's minibatch deviation, on the straight line that is supposed: a program of 1 MiB and 10 KiB a sample."""
    config = recipes.stylegan2.Config(**{**recipes.stylegan2.TINY, "data": "digits"})
    tried = []
    monkeypatch.setattr(estimate, "_compile", lambda recipe, config, *_: (config.batch_size, None))
    monkeypatch.setattr(estimate, "_peak", lambda batch, platform: tried.append(batch) or 2**20 + 10 * 2**10 * batch)
    most = estimate.largest_batch("stylegan2", config, 2**26)
    assert most == (2**26 - 2**20) // (10 * 2**10) // config.batch_unit * config.batch_unit
    assert config.batch_unit == 4 and not any(batch % 4 for batch in tried)


def test_nothing_fits_into_too_little(capsys):
    assert estimate.largest_batch("digits", DIGITS, 1000) == 0
    assert main(["train", "digits", "--tiny", "--dry-run", "--memory-gib", "1e-6"]) == 0
    assert "none, not even --batch-size 1, in 0.0 MiB a device" in capsys.readouterr().out


def test_a_batch_beyond_which_none_is_looked_for_is_told(monkeypatch, capsys):
    monkeypatch.setattr(estimate, "largest_batch", lambda *_: estimate.MOST)
    assert main(["train", "digits", "--tiny", "--dry-run", "--memory-gib", "78"]) == 0
    assert f"--batch-size {estimate.MOST} or more (no larger one was looked at) in 78.00 GiB" in capsys.readouterr().out


def test_fsdp_keeps_a_share_of_the_state_on_each_device(monkeypatch):
    config = dataclasses.replace(DIGITS, width=64)
    whole, share = (
        estimate.measure("digits", config, *where)["argument_bytes"] for where in (("mesh", 8), ("fsdp", 8))
    )
    data_set = training.prepare("digits", config)["image"].nbytes
    assert (share - data_set) < 0.2 * (whole - data_set)


def test_dry_run_names_what_it_is_based_on(capsys):
    flags = ["--width", "8", "--parallel", "mesh", "--devices", "2", "--memory-gib", "0.05"]
    assert main(["train", "digits", "--dry-run", *flags]) == 0
    out = capsys.readouterr().out
    most = int(re.search(r"--batch-size (\d+) in 51.2 MiB a device, given by --memory-gib", out)[1])
    assert most == estimate.largest_batch("digits", DIGITS, 0.05 * 2**30, "mesh", 2)
    assert "2 x cpu under mesh" in out and "memory analysis" in out and "checkpoint" in out
    assert main(["train", "digits", "--dry-run", "--width", "8"]) == 0
    assert "not looked for: add --largest" in capsys.readouterr().out
    assert main(["train", "digits", "--dry-run", "--width", "8", "--largest"]) == 0
    said = capsys.readouterr()
    assert "the memory of this host" in said.out and "compiling the step for --batch-size" in said.err


PROGRAM = """
import dataclasses, jax
jax.config.update("jax_num_cpu_devices", 1)
from jaxgan import build, parallel, recipes, training
config = recipes.{recipe}.Config(**{fields}, batch_size={batch})
dataset = training.prepare("{recipe}", config)
program = training.compose("{recipe}", config, dataset, "single", parallel.choose("single"))
smaller = dataclasses.replace(config, batch_size=8)
state = jax.jit(lambda: build.initial_state(program.experiment, smaller, dataset.specs))()
play, batch = program.stepper(), program.loader.batch(0)
program.lower(state).compile()
peak = lambda: 1024 * int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])  # ru_maxrss is the parent's too
before = peak()
for _ in range(3):
    state, metrics = play(state, batch, 1)
    jax.block_until_ready(metrics)
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize(("recipe", "fields", "least"), [("digits", TINY, 0.5), ("mlp_mnist", {"data": "digits"}, 0.7)])
def test_the_largest_batch_takes_the_bytes_that_were_foretold(recipe, fields, least):
    limit = 2**29
    config = getattr(recipes, recipe).Config(**fields)
    batch = estimate.largest_batch(recipe, config, limit)
    line = [sys.executable, "-c", PROGRAM.format(recipe=recipe, fields=fields, batch=batch)]
    taken = int(subprocess.run(line, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    assert least * limit < taken < 1.15 * limit, (batch, taken / limit)


def test_shapes_of_a_batch_are_those_of_the_batch():
    dataset = training.prepare("digits", DIGITS)
    config = dataclasses.replace(DIGITS, d_steps=2)
    program = training.compose("digits", config, dataset, "single", parallel.choose("single"))
    like, batch = program.loader.like(), program.loader.batch(3)
    assert {k: (v.shape, v.dtype) for k, v in like.items()} == {k: (v.shape, v.dtype) for k, v in batch.items()}
    assert sharing.with_index({"image": batch["row"]})["index"].shape == (2,)
