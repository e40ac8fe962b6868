"""The laws on a device: a CPU's losses and gradients, the modes, a killed run; and what the compiled programs call."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

from pieces.jobs import Job, table
from pieces.setup import PAIRS, config_of, noise, shape_of

RECIPES = ("dcgan", "stylegan2", "r3gan", "pix2pix", "cyclegan", "wavegan")
TOLERANCE = {"default": 0.2, "highest": 3e-3}
"""Of a gradient, |difference| over |gradient|. What rounding moves over a kink jumps: weights rounded to TF32, on a CPU, moved
those of these recipes by up to 0.044, and TF32 rounds what the weights meet too."""
CLOSE = 1e-3  # of a leaf's largest value, after STEPS steps, in float32
STEPS, RATE = 10, 0.01
QUICK = {"xla_backend_optimization_level": 0}  # a CPU's program that is run once
RUN = {"steps": 400, "save_every_steps": 20, "sample_every_steps": 400, "log_every_steps": 100}
PROGRAMS = {"dcgan": {"resolution": 64}, "r3gan": {"resolution": 32, "batch_size": 64}}
OPERATIONS = ("convolution", "transpose", "copy", "fusion", "dot", "while")


def jobs(size):
    tiny = {"tiny": size == "tiny"}
    several = {"JAX_NUM_CPU_DEVICES": "2"}  # of which a GPU takes no notice
    return [
        *(Job(f"gradients {name}", "pieces.laws:gradients", {"recipe": name}, 240) for name in RECIPES),
        *(Job(f"modes {name}", "pieces.laws:modes", {"recipe": name}, 240, env=several) for name in ("dcgan", "r3gan")),
        Job("killed dcgan", "pieces.laws:killed", {}, 300, 90),
        *(Job(f"program {name}", "pieces.laws:program", {"recipe": name, **tiny}, 240) for name in PROGRAMS),
    ]


def gradients(limit, recipe):
    """How far losses and gradients of a tiny step are from the CPU's: in the device's own precision and in float32."""
    del limit
    import jax

    from jaxgan import core

    gan, batch = _game(recipe)
    opt = core.Pair(*(_keeping() for _ in "gd"))
    cpu, device = jax.devices("cpu")[0], jax.devices()[0]
    with jax.default_device(cpu):
        state = jax.jit(partial(core.init_state, gan, opt), compiler_options=QUICK)(jax.random.key(0), batch)

    def play(where, precision):
        step = jax.jit(core.make_step(gan, opt), compiler_options=QUICK if where.platform == "cpu" else None)
        with jax.default_matmul_precision(precision):
            state_, metrics = step(*jax.device_put((state, batch), where))
        kept = {"g": state_.g.opt, "d": state_.d.opt, "losses": (metrics.g["loss"], metrics.d["loss"])}
        return {name: [np.asarray(x, np.float64) for x in jax.tree.leaves(tree)] for name, tree in kept.items()}

    length = lambda leaves: np.sqrt(sum(np.sum(x**2) for x in leaves))
    want, row = play(cpu, "default"), {**_about(), "recipe": recipe, "holds": True}
    for precision, tolerance in TOLERANCE.items():
        have = play(device, precision)
        apart = {k: length([x - y for x, y in zip(have[k], want[k], strict=True)]) / length(want[k]) for k in want}
        row[precision] = {name: float(f"{value:.2g}") for name, value in apart.items()}
        row["holds"] = row["holds"] and within(apart, tolerance)
    return row


def modes(limit, recipe):
    """How far the state is after some steps under pmap, mesh and fsdp from that on one device, which is also played again."""
    del limit
    import jax

    from jaxgan import core, parallel

    count = min(8, 1 << (len(jax.devices()).bit_length() - 1))

    def play(mode):
        axis = parallel.axis_name(mode)
        gan, batch = _game(recipe, axis, batch_size=16)
        opt = core.Pair(*(_keeping() for _ in "gd"))
        step = core.make_step(gan, opt, axis_name=axis)
        wrapped = parallel.wrap(mode, step, parallel.choose(mode, 1 if mode == "single" else count))
        state = jax.jit(partial(core.init_state, gan, opt))(jax.random.key(0), batch)
        for _ in range(STEPS):
            state, _ = wrapped(state, batch)
        return [np.asarray(x) for x in jax.tree.leaves((state.g.params, state.d.params, state.g.stats, state.d.stats))]

    with jax.default_matmul_precision("highest"):
        one = play("single")
        others = {"again": play("single"), **{mode: play(mode) for mode in parallel.MODES if mode != "single"}}
    apart = {name: float(f"{furthest(other, one):.2g}") for name, other in others.items()}
    return {**_about(), "recipe": recipe, "shared_by": count, **apart, "holds": within(apart, CLOSE)}


def furthest(leaves, want):
    """The largest difference of a leaf over its largest value, NaN where one is."""
    largest = lambda x: np.max(np.abs(x), initial=0)
    return float(np.max([largest(a - b) / np.maximum(largest(b), 0.01) for a, b in zip(leaves, want, strict=True)]))


def within(apart, most):
    """Whether all differences of {name: difference} are at most so large, which NaN is not."""
    return all(value <= most for value in apart.values())


def killed(limit):
    """Whether a training that is killed twice and gone on with ends with the bits of one that is let alone."""
    del limit
    with tempfile.TemporaryDirectory() as folder:
        home, found, kills = Path(folder), {}, 0
        for name in ("whole", "again", "killed"):
            seen = 0
            while True:
                words = [sys.executable, "-c", "from pieces import laws; laws.train()", str(home / name)]
                process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
                while process.poll() is None:
                    time.sleep(0.02)
                    newest = _newest(home / name)
                    if name == "killed" and kills < 2 and newest > seen:
                        seen = newest
                        process.kill()
                if process.returncode != -signal.SIGKILL:
                    break
                kills += 1
            if process.returncode:
                raise RuntimeError(f"the training ended with status {process.returncode}")
            found[name] = json.loads((home / name / "result.json").read_text())["state_sha256"]
        about = json.loads((home / "about.json").read_text())
    repeats, same = found["again"] == found["whole"], found["killed"] == found["whole"]
    return {**about, "kills": kills, "repeats": repeats, "same": same, "holds": same and repeats and kills > 0}


def train():
    """In a process of its own: the run of `killed`, in the folder that its command line names."""
    from jaxgan import runtime

    runtime.deterministic()
    from jaxgan import training

    home = Path(sys.argv[1])
    module, config = config_of("dcgan", RUN, home.parent, tiny=True)
    training.train(module, config, out=home, resume="auto")
    (home.parent / "about.json").write_text(json.dumps(_about()))


def program(limit, recipe, tiny):
    """What the compiled step calls: of libraries by name, of XLA's own operations those that convolutions come with."""
    del limit
    import jax

    from jaxgan import training

    with tempfile.TemporaryDirectory() as folder:
        module, config = config_of(recipe, {} if tiny else PROGRAMS[recipe], Path(folder), tiny)
        dataset = training.prepare(module, config)
    made = training.compose(module, config, dataset, "single", jax.devices()[:1])
    text = made.lower(jax.eval_shape(made.begin)).compile().as_text()
    return {**_about(), "recipe": recipe, **counts(text)}


def counts(text):
    """{"calls": {target: times}, "operations": {name: times}} of a compiled program's text."""
    calls = Counter(re.findall(r'custom_call_target="([^"]+)"', text))
    operations = Counter(re.findall(r"[\]})] ([a-z][a-z-]*)\(", text))
    return {"calls": dict(calls.most_common()), "operations": {name: operations[name] for name in OPERATIONS}}


def words(rows):
    kind = lambda word: [row for row in rows if row["name"].split()[0] == word and "not_measured" not in row]
    held = lambda row: "yes" if row["holds"] else "NO"
    shown = lambda apart: f"{apart['losses']:.1g}, {apart['g']:.1g}, {apart['d']:.1g}"
    parts = []
    if found := kind("gradients"):
        head = ("tiny step of", "from the CPU's: losses, gradient of G, of D", 'with precision "highest"', "holds")
        parts.append(table(head, [(r["recipe"], shown(r["default"]), shown(r["highest"]), held(r)) for r in found]))
        parts += ["(The device is a CPU: it is compared with itself.)"] * any(r["platform"] == "cpu" for r in found)
    if found := kind("modes"):
        names = ("again", "pmap", "mesh", "fsdp")
        head = ("state after 10 steps of", "devices", *names, "holds")
        parts.append(table(head, [(r["recipe"], r["shared_by"], *(r[n] for n in names), held(r)) for r in found]))
    for r in kind("killed"):
        parts.append(
            f"A deterministic run that was killed {r['kills']} times ends {'' if r['same'] else 'NOT '}with the bits of one that "
            f"was let alone, which {'repeats' if r['repeats'] else 'does NOT repeat'} itself."
        )
    if found := kind("program"):
        listed = lambda numbers: ", ".join(f"{n} `{name}`" for name, n in numbers.items() if n) or "none"
        head = ("compiled step of", "calls of libraries", "XLA's operations")
        parts.append(table(head, [(r["recipe"], listed(r["calls"]), listed(r["operations"])) for r in found]))
    return "\n\n".join(parts)


def _game(recipe, axis_name=None, **fields):
    """(GAN of the tiny recipe, a batch of noise)."""
    from jaxgan import build, recipes
    from jaxgan.data import Spec

    module = recipes.get(recipe)
    config = module.Config(**{**module.TINY, **fields})
    shape = shape_of(recipe, config)
    drawn = noise(shape, config.batch_size, recipe in PAIRS)
    spec = Spec(shape) if len(shape) == 3 else Spec(shape, "int16", "audio", rate=8000.0)
    batch = {name: (x / (255 if len(shape) == 3 else 2**16)).astype("float32") for name, x in drawn.items()}
    return build.game(module, config, dict.fromkeys(drawn, spec), axis_name), batch


def _keeping():
    """Plain gradient descent that keeps the gradient as its state."""
    import jax
    import optax

    update = lambda grads, state, params=None: (jax.tree.map(lambda g: -RATE * g, grads), grads)
    return optax.GradientTransformation(lambda params: jax.tree.map(lambda p: 0 * p, params), update)


def _newest(run):
    """Step of a run's newest checkpoint, 0 where there is none."""
    folder = run / "checkpoints"
    return max((int(name) for name in os.listdir(folder) if name.isdigit()), default=0) if folder.is_dir() else 0


def _about():
    from pieces.worker import about

    return about()
