"""A training that begins with the networks of another run."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxgan import checkpoint, inference, parallel, runs
from jaxgan.core import Pair, State
from jaxgan.errors import BadInput
from jaxgan.names import tell
from jaxgan.net import BESIDE


def check(config: Any, source: str | Path | None, partial: bool = False) -> None:
    """Raises BadInput where what a beginning run asks for needs another that it begins with, or would not stay."""
    frozen, clipped = getattr(config, "freeze_d", 0), getattr(config, "clip_weights", 0)
    if frozen and clipped:
        raise BadInput(
            f"--freeze-d {frozen} keeps layers of D as they were, and --clip-weights {clipped} clips all of them: remove one"
        )
    if source is not None:
        return
    if partial:
        raise BadInput("--init-partial needs --init-from RUN, the run to begin with")
    if frozen:
        raise BadInput(f"--freeze-d {frozen} keeps what D begins with: add --init-from RUN, the run to begin with")


class Taken(NamedTuple):
    """What a state is to begin with."""

    parts: dict[str, dict[str, Any]]  # part of a state -> {path of a leaf: array}
    left_out: tuple[str, ...]  # what does not fit, in words
    source: dict[str, Any]  # run, step and state_sha256, for the record; images that its average is of


def take(source: str | Path, target: State, partial: bool = False, recipe: ModuleType | None = None) -> Taken:
    """Taken from a run's newest state that is whole: G, D, the average of G, and what the networks remember.

    Statistics of norms, spectral vectors and w_avg come along; optimizers, trackers and pools do not. target: the shapes of
    the state that begins. partial: what does not fit is left as it begins, and told. recipe: the module of a recipe of one's
    own, which a run of it is opened by. Raises BadInput, with names and shapes, where something does not fit, and where there
    is no such run.
    """
    run = runs.open_run(source, recipe if recipe and runs.is_own(source) else None)
    state = inference.load(run).state
    parts, left_out = {}, []
    for name, theirs, ours in (
        ("g", state.g.variables, target.g.variables),
        ("d", state.d.variables, target.d.variables),
        ("ema", state.ema, target.ema),
    ):
        there, here = _leaves(theirs), _leaves(ours)
        fits = {path for path in there.keys() & here.keys() if _kind(there[path]) == _kind(here[path])}
        for path in sorted((there.keys() | here.keys()) - fits):
            was, now = (_kind(tree[path]) if path in tree else "not there" for tree in (there, here))
            left_out.append(f"{name}{path} is {now} and was {was}")
        parts[name] = {path: there[path] for path in fits}
    if left_out and not partial:
        more = f", and {len(left_out) - 3} more" if len(left_out) > 3 else ""
        raise BadInput(
            f"--init-from {source} does not fit: {'; '.join(left_out[:3])}{more}. Give networks and data of its shapes, or "
            "--init-partial for what fits"
        )
    if not any(parts.values()):
        raise BadInput(f"--init-from {source} has nothing that fits: train from the beginning")
    facts = {"run": str(Path(source).absolute()), "step": int(state.step), "state_sha256": checkpoint.sha256(state)}
    if all(line.startswith("d") for line in left_out):  # what begins anew has an average that does
        facts["images"] = int(state.step) * run.config.batch_size + images(run.begun_from)
    return Taken(parts, tuple(left_out), facts)


def taken(
    source: str | Path | None, target: State, partial: bool, recipe: ModuleType, going_on: str | Path | None
) -> Taken | None:
    """What `take` takes, None without a source; or where that of the run that goes on is gone, which needs it no more."""
    if source is None:
        return None
    if going_on is not None and not runs.exists(source):
        begun_from = runs.open_run(going_on, recipe if runs.is_own(going_on) else None).begun_from or {}
        if begun_from.get("run") == str(Path(source).absolute()):
            return None
    return take(source, target, partial, recipe)


def images(begun_from: dict[str, Any] | None) -> int:
    """How many images the average of what was taken is of, by the record of a run; 0 where that does not say."""
    found = (begun_from or {}).get("images", 0)
    return found if type(found) is int and found > 0 else 0


def check_source(run: runs.Run, taken: Taken) -> None:
    """Raises BadInput where a run did not begin with what was taken."""
    was, now = (run.begun_from or {}).get("state_sha256"), taken.source["state_sha256"]
    if was != now:
        raise BadInput(
            f"{run.folder} began with a state of sha256 {str(was)[:12]}, and {taken.source['run']} has {now[:12]} now: give the "
            "run as it was, --init-from, or another --out"
        )


def same(run: runs.Run, taken: Taken | None) -> dict[str, Any] | None:
    """What a run that goes on began with.

    Raises BadInput where that is neither the run that was taken, nor what is in it now.
    """
    was = run.begun_from or {}
    if taken is not None and all(was.get(name) != taken.source[name] for name in ("run", "state_sha256")):
        said = f"began with {was['run']}" if was.get("run") else "began with no other run"
        raise BadInput(f"{run.folder} {said}: remove --init-from {taken.source['run']}, or give another --out")
    return run.begun_from


def first(run: runs.Run, state: State, opt: Pair, taken: Taken | None, say: Callable[[str], Any] = tell) -> State:
    """The state that a run begins with, opt its optimizers.

    Raises BadInput where it was begun from another, and that is not given again.
    """
    if taken is None:
        if run.begun_from:
            source = run.begun_from["run"]
            way = "add --init-from to begin so" if runs.exists(source) else "which is no run any more, put it back"
            raise BadInput(f"{run.folder} has no checkpoint yet, and was begun from {source}: {way}")
        return state
    check_source(run, taken)
    for line in taken.left_out:
        say(f"left as it begins: {line}")
    say(f"begun from step {taken.source['step']} of {taken.source['run']}")
    return begun(state, opt, taken)


def begun(state: State, opt: Pair, taken: Taken) -> State:
    """The state with what was taken in it, where its own was, on its own devices; optimizers begin from there."""

    def given(name, variables):
        found = taken.parts[name]

        def one(path, leaf):
            path = jax.tree_util.keystr(path)
            return parallel.put(found[path], leaf.sharding) if path in found else leaf

        placed = jax.tree.map(lambda leaf: leaf.sharding, variables)
        # own ones: the step donates its state, and a rollback begins with what was taken once more
        own = jax.jit(lambda x: jax.tree.map(jnp.copy, x), out_shardings=placed)
        return own(jax.tree_util.tree_map_with_path(one, variables))

    def player(name, player, tx):
        variables = given(name, player.variables)
        stats = {kind: tree for kind, tree in variables.items() if kind != "params"}
        own = jax.tree.map(lambda leaf: leaf.sharding, player.opt)  # a copy: the step donates its state
        moments = jax.jit(lambda params: jax.tree.map(jnp.copy, tx.init(params)), out_shardings=own)
        return player._replace(params=variables["params"], stats=stats, opt=moments(variables["params"]))

    g, d = player("g", state.g, opt.g), player("d", state.d, opt.d)
    return state._replace(g=g, d=d, ema=given("ema", state.ema))


def _leaves(variables):
    own = {name: tree for name, tree in variables.items() if name not in BESIDE}
    return {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(own)}


def _kind(leaf):
    return f"{leaf.dtype}{list(leaf.shape)}"
