"""A GAN, of any kind, is a game between two parameter trees. The types, the turns, the step."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from jaxgan import errors, sharing
from jaxgan.sharing import MEMORY, Axis, Batch, Key, Step, Tree, Variables, average, local, with_index


class Pair(NamedTuple):
    """One thing per side: variables, optimizers, losses, metrics."""

    g: Any
    d: Any


ALWAYS = Pair(1, 1)  # steps between those at which something of a side is due


class Losses(NamedTuple):
    """Both scalars, from the same fakes. A turn keeps its half; under jit what only the other half needs is dropped."""

    g: jax.Array  # float32 []
    d: jax.Array  # float32 []
    moved: dict = {}  # collections of d that moved: kept after D's turn, forgotten after G's
    metrics: Pair = Pair({}, {})  # name -> scalar: .d is computed in D's turn only, .g in G's only


class InitFn(Protocol):
    """Pair of variables {"params": ..., **stats}, drawn by `key`. batch: of one turn, for its shapes."""

    def __call__(self, key: Key, batch: Batch, /) -> Pair: ...


class GenerateFn(Protocol):
    """(fakes, moved): all that g answers for, a tree, and the collections of g that moved.

    g: variables; batch: what g is given, with "index"; key: of all that is drawn.
    """

    def __call__(self, g: Variables, batch: Batch, key: Key, /) -> tuple[Tree, Variables]: ...


class LossesFn(Protocol):
    """Losses of both sides. d: variables; fakes: as `generate` gives them; batch: of the turn; key: of its draws."""

    def __call__(self, d: Variables, fakes: Tree, batch: Batch, key: Key, /) -> Losses: ...


class SampleFn(Protocol):
    """Images [B, H, W, C] in [-1, 1]. g: variables; batch: what g is given, or "index" int32 [B] alone; key: of draws."""

    def __call__(self, g: Variables, batch: Batch, key: Key, /) -> jax.Array: ...


class GAN(NamedTuple):
    """Four pure functions, made by a constructor as optax makes a GradientTransformation, and what is not always due."""

    init: InitFn
    generate: GenerateFn
    losses: LossesFn
    sample: SampleFn
    # terms that `losses` has not, due at every so many steps: a `sharing.RareTermFn` each, or None
    rare: Pair = Pair(None, None)


class Player(NamedTuple):
    """One side of the game."""

    params: Any  # what it learns
    stats: dict  # what it remembers without learning: norm statistics, trackers, frozen networks; a pool, in MEMORY
    opt: optax.OptState

    @property
    def variables(self) -> Variables:
        """Flax variables {"params": ..., **stats}."""
        return {"params": self.params, **self.stats}


class State(NamedTuple):
    """Arrays only. Exactly this is checkpointed."""

    step: jax.Array  # int32 []
    key: jax.Array  # typed base key: folded with step, never split and stored
    g: Player
    d: Player
    ema: dict  # moving average of g's variables, norm statistics included, those COPIED as they are: what `sample` is given
    skips: dict = {}  # how many steps came to nothing, {"skipped", "in_a_row": int32 []}, where `steps.guarded` counts them


class Turns(NamedTuple):
    """The moves of the game. `make_step` plays them in the usual order; an unusual protocol is another order."""

    generate: Callable  # (g, batch, key) -> (fakes, pullback, moved)
    d: Callable  # (d, fakes_fn, batch, key, due=True) -> (d, metrics), with fakes_fn: batch -> fakes
    g: Callable  # (g, d, fakes_fn, batch, key, due=True) -> (g, metrics), fakes_fn: (g, batch) -> (fakes, pullback, moved)


def init_state(gan: GAN, opt: Pair, key: Key, batch: Batch) -> State:
    """State at step 0. opt: a Pair of optax transformations, which are given `value`, their side's loss; batch: of one turn."""
    errors.check_pair("opt", opt)
    key_init, key = jax.random.split(key)

    def player(variables, tx):
        params = variables["params"]
        return Player(params, {k: v for k, v in variables.items() if k != "params"}, tx.init(params))

    g, d = map(player, gan.init(key_init, with_index(batch)), opt)
    # own buffers, leaf by leaf: the step donates its state
    return jax.tree.map(jnp.copy, State(jnp.zeros((), jnp.int32), key, g, d, g.variables))


def make_turns(gan: GAN, opt: Pair, axis_name: Axis = None, microbatches: int = 1) -> Turns:
    """Turns on Players. Nothing of d changes in G's turn and nothing of g in D's.

    With several microbatches a turn takes one after the other, and learns from the mean of their gradients. A side's MEMORY is
    moved by the whole batch, gathered over devices, and handed from one microbatch to the next. due: whether the side's rare
    term is, which may be traced; a metric that it alone has is NaN where it is not.
    """
    errors.check_counts(microbatches=microbatches)

    def generate(g, batch, key):
        params, stats = local((g.params, g.stats), axis_name)
        forward = lambda params: gan.generate({"params": params, **stats}, batch, key)
        fakes, pullback, moved = jax.vjp(forward, params, has_aux=True)
        if axis_name is not None and MEMORY in g.stats:
            _, whole = gan.generate(g.variables, sharing.gather(batch, axis_name), key)
            moved = {**moved, MEMORY: whole.get(MEMORY, g.stats[MEMORY])}
        return fakes, pullback, moved

    def d_turn(d, fakes_fn, batch, key, due=True):
        params = local(d.params, axis_name)

        def gradients(d, batch):
            fakes, stats = fakes_fn(batch), local(d.stats, axis_name)

            def loss(params):
                out = gan.losses({"params": params, **stats}, fakes, batch, key)
                return out.d, (out.moved, sharing.measured(out.d, out.metrics.d))

            grads, (moved, metrics) = jax.grad(loss, has_aux=True)(params)
            if axis_name is not None and MEMORY in d.stats:
                whole = gan.losses(d.variables, *sharing.gather((fakes, batch), axis_name), key)
                moved = {**moved, MEMORY: whole.moved.get(MEMORY, d.stats[MEMORY])}
            found = grads, moved, metrics
            return sharing.with_term(gan.rare.d, due, found, axis_name, params, stats, fakes, batch, key)

        return learn(d, opt.d, gradients, batch)

    def g_turn(g, d, fakes_fn, batch, key, due=True):
        d_variables = local(d.variables, axis_name)

        def gradients(g, batch):
            fakes, pullback, moved = fakes_fn(g, batch)

            def loss(fakes):
                out = gan.losses(d_variables, fakes, batch, key)
                return out.g, sharing.measured(out.g, out.metrics.g)

            # allow_int: labels and codes among the fakes get float0, which is what pullback expects for them
            grads, metrics = jax.grad(loss, has_aux=True, allow_int=True)(fakes)
            found, own = (pullback(grads)[0], moved, metrics), local((g.params, g.stats), axis_name)
            return sharing.with_term(gan.rare.g, due, found, axis_name, *own, batch, key)

        return learn(g, opt.g, gradients, batch)

    def learn(player, tx, gradients, batch):
        (grads, moved, metrics), memory = sharing.mean_of_parts(gradients, player, batch, microbatches, axis_name)
        grads, moved, metrics = average((grads, moved, metrics), axis_name)
        update, stats = optax.with_extra_args_support(tx).update, {**player.stats, **moved, **memory}
        updates, opt_state = update(grads, player.opt, player.params, value=metrics["loss"])
        return Player(optax.apply_updates(player.params, updates), stats, opt_state), metrics

    return Turns(generate, d_turn, g_turn)


def make_step(
    gan: GAN,
    opt: Pair,
    *,
    d_steps: int = 1,
    new_fakes: bool = False,
    microbatches: int = 1,
    rare_every: Pair = ALWAYS,
    ema_halflife_images: ArrayLike = 10_000,
    ema_ramp: ArrayLike = 0.05,
    ema_seen: ArrayLike = 0,
    axis_name: Axis = None,
) -> Step:
    """(state, batch) -> (state, metrics: Pair). D's turn, G's turn against the updated D, then the average of G.

    d_steps: turns of D per turn of G; above 1 every leaf of the batch has a leading axis of that length, a slice a turn.
    new_fakes: G answers for new fakes (BigGAN, StyleGAN2, R3GAN) instead of those D has just seen: one more pass of G.
    microbatches: parts of the batch that are computed one after the other, for less memory and one more pass of G: the same
        step, but for what couples samples (batch norm, minibatch_stddev), which then sees a part: rows 0, n, 2n, ...
    rare_every: the terms of `gan.rare` are due at steps 0, N, 2 N, ...: lazy regularisation, for which the game is to have
        multiplied their weights by N (Karras et al. 2020, arXiv:1912.04958, appendix B).
    ema_halflife_images: images after which half of the average is new; at most `ema_ramp` times those seen so far, of which
        `ema_seen` before step 0 (Karras et al. 2020, arXiv:2006.06676, appendix B): a short run shows its newest G. 0: none.
    axis_name: the axis of devices to average over, or several, inside pmap or shard_map; batch-coupled layers need it too.
    A schedule needs no hook: build gan, opt and step inside the trace, from `state.step`. The step raises BadInput where
    the batch does not divide into microbatches, and where devices share it over another axis.
    """
    errors.check_counts(rare_every, d_steps=d_steps)
    errors.check_average(ema_halflife_images=ema_halflife_images, ema_ramp=ema_ramp, ema_seen=ema_seen)
    turns = make_turns(gan, opt, axis_name, microbatches)

    def step(state, batch):
        sharing.check_batch(batch, d_steps, axis_name)
        g, d = state.g, state.d
        due = Pair(*(every == 1 or state.step % every == 0 for every in rare_every))
        keys = jax.random.split(jax.random.fold_in(state.key, state.step), (d_steps, 4))
        if d_steps > 1:

            def early(d, turn):
                batch, (key_generate, key_d, *_) = turn
                batch = with_index(batch, axis_name)
                fakes_fn = lambda batch: gan.generate(local(g.variables, axis_name), batch, key_generate)[0]
                return turns.d(d, fakes_fn, batch, key_d, due.d)[0], None

            d, _ = jax.lax.scan(early, d, jax.tree.map(lambda x: x[:-1], (batch, keys)))
            batch = jax.tree.map(lambda x: x[-1], batch)
        key_generate, key_d, key_new, key_g = keys[-1]
        batch = with_index(batch, axis_name)
        shared = None if microbatches > 1 else turns.generate(g, batch, key_generate)
        fakes_fn = lambda g, batch: turns.generate(g, batch, key_generate) if shared is None else shared
        d, metrics_d = turns.d(d, lambda batch: fakes_fn(state.g, batch)[0], batch, key_d, due.d)
        anew = lambda g, batch: turns.generate(g, batch, key_new)
        g, metrics_g = turns.g(g, d, anew if new_fakes else fakes_fn, batch, key_g, due.g)
        images = batch["index"].shape[0] * (1 if axis_name is None else jax.lax.psum(1, axis_name))
        halflife = jnp.minimum(1.0 * ema_halflife_images, 1.0 * ema_ramp * images * state.step + ema_ramp * ema_seen)
        ema = sharing.blended(g.variables, state.ema, 0.5 ** (images / jnp.maximum(halflife, 1e-6)))
        return state._replace(step=state.step + 1, g=g, d=d, ema=ema), Pair(metrics_g, metrics_d)

    return step
