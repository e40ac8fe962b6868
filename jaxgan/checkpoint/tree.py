"""States as plain trees: by name, as numbers, as a hash."""

import hashlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import BadInput
from jaxgan.processes import agree

State = Any  # a core.State: of arrays, or of their shapes


def check_step(step: Any, state: State) -> None:
    """Raises BadInput where this is not the step of the state, or the state is of several trainings."""
    if shape := np.shape(state.step):
        raise BadInput(f"the state is of {shape[0]} trainings: save each one's, jax.tree.map(lambda x: x[i], state)")
    own = int(agree.whole(state.step))
    if isinstance(step, float | bool) or step != own:
        raise BadInput(f"step is {step}, and the state is of step {own}: give int(state.step)")


def _is_key(x):
    return jnp.issubdtype(x.dtype, jax.dtypes.prng_key)


def _impl(key):
    """Name of the implementation of keys, or of their shapes."""
    of = lambda name: jax.eval_shape(lambda: jax.random.key(0, impl=name)).dtype
    return next(name for name in ("threefry2x32", "rbg", "unsafe_rbg") if of(name) == key.dtype)


def plain(state: State) -> State:
    """State with its keys as numbers: what any reader of the files understands."""
    return jax.tree.map(lambda x: jax.random.key_data(x) if _is_key(x) else x, state)


def plain_shapes(target: State) -> State:
    """Its shapes."""
    return jax.eval_shape(plain, target)


def typed(plain: State, target: State) -> State:
    """State of plain numbers with keys where the target has them; optimizers that it does not have stay plain."""
    wrap = lambda like, x: jax.random.wrap_key_data(x, impl=_impl(like)) if _is_key(like) else x
    typed = lambda like, tree: tree if like is None else jax.tree.map(wrap, like, tree)
    side = lambda like, player: type(player)(*map(typed, like, player))
    key, ema = wrap(target.key, plain.key), typed(target.ema, plain.ema)
    return plain._replace(key=key, g=side(target.g, plain.g), d=side(target.d, plain.d), ema=ema)


def with_optimizers(plain: State, saved: Any) -> State:
    """The shapes with those of the optimizers as they were saved, where they have none."""

    def side(player, name):
        if player.opt is not None:
            return player
        like = lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype)
        return player._replace(opt=jax.tree.map(like, saved[name].get("opt", {})))

    return plain._replace(g=side(plain.g, "g"), d=side(plain.d, "d"))


def bare(state: State) -> dict[str, Any]:
    """The fields of a state as they are saved: without those that are empty, which earlier versions did not have."""
    return {name: x for name, x in state._asdict().items() if name != "skips" or x}


def leaves(tree: Any) -> dict[str, Any]:
    """{name: leaf}, the same names whether the tree is of dicts or of tuples with names.

    Raises BadInput for two leaves of one name: one would be written over the other.
    """
    name = lambda path: ".".join(str(getattr(p, "key", getattr(p, "name", getattr(p, "idx", p)))) for p in path)
    found: dict[str, Any] = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        if name(path) in found:
            raise BadInput(
                f"two leaves of the state are called {name(path)}: leave dots out of the names of parameters"
            )
        found[name(path)] = leaf
    return found


def sha256(state: State) -> str:
    """Hex digest over name, dtype, shape and bytes of all leaves, the key as numbers."""
    digest = hashlib.sha256()
    for name, leaf in sorted(leaves(plain(state)).items()):
        leaf = np.ascontiguousarray(leaf)
        digest.update(f"{name}{leaf.dtype}{leaf.shape}".encode())
        digest.update(leaf.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def not_finite(state: State) -> str | None:
    """Name of the first leaf of a state that has a number which is not finite, None where all are."""
    for name, leaf in leaves(plain(state)).items():
        if jnp.issubdtype(leaf.dtype, jnp.floating) and not np.isfinite(np.asarray(leaf)).all():
            return name
    return None


def fits(what: str, saved: Any, target: Any) -> None:
    """Raises BadInput where two trees have other leaves, or leaves of other shapes or dtypes; `what` was saved."""
    kind = lambda x: f"{jnp.dtype(x.dtype)}{list(x.shape)}"
    there, here = ({k: kind(x) for k, x in leaves(tree).items()} for tree in (saved, target))
    narrow = lambda kinds: {key: x.replace("float64", "float32") for key, x in kinds.items()}
    wide = narrow(there) == narrow(here)  # and nothing else is other
    for key in sorted(there.keys() | here.keys()):
        if there.get(key) != here.get(key):
            both = [x.get(key, "absent") for x in (there, here)]
            if wide:
                again = "it was trained with JAX_ENABLE_X64 on: train again, without"
                way = again if "float64" in both[0] else "unset JAX_ENABLE_X64"
            else:
                way = "use the config it was trained with"
            other = "precision" if wide else "architecture"
            raise BadInput(f"{what} is of another {other}: {key} is {both[0]} there and {both[1]} here: {way}")
