"""G moved to the pictures where latents alone do not reach them. Roich et al. 2021 (PTI), arXiv:2106.05744."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan.errors import BadInput
from jaxgan.inference import latents as seam
from jaxgan.inference.invert import loss_of
from jaxgan.inference.latents import Space
from jaxgan.inference.load import Loaded
from jaxgan.layers import with_noise
from jaxgan.losses.content import Term
from jaxgan.modalities import image as pixels
from jaxgan.names import tell
from jaxgan.progress import Counting
from jaxgan.sharing import Array, Variables

_ROUND = 25  # steps of one program
_AT_ONCE = 16  # pictures of a step


def tune(
    loaded: Loaded,
    where: Space,
    latents: Array,
    images: Array,
    label: Array | None = None,
    noise: Mapping[str, Array] | None = None,
    *,
    steps: int = 350,
    rate: float = 3e-4,
    locality: float = 0.1,
    distance: float = 1.0,
    pixel: float = 1.0,
    perceptual: Term | None = None,
    seed: int = 0,
    say: Callable[[str], Any] = tell,
) -> Variables:
    """Variables of a G that makes images [N, H, W, C] of latents [N, *shape], the pivots, and elsewhere what it made before.

    Adam on what `invert` makes small (eq. 2), plus `locality` times the same between the new and the old G's images (eq. 4) at
    latents that lie from the pivots towards others (eq. 3): as far as `distance` times the usual way between two draws. The
    paper goes 30 in StyleGAN2's W, of which the authors' program takes the norm over all layers together, and has this term off
    by default. noise: {layer: [N, H, W, 1]} that was found with the pivots. Of more than 16 pictures a step takes some, in
    turns. Raises BadInput where there are not as many of each, and for images of another range.
    """
    latents, images = np.asarray(latents, np.float32), pixels.as_step("images", images)
    if not len(latents) == len(images) > 0:
        raise BadInput(f"there are {len(latents)} latents and {len(images)} images: give one for each")
    seam.alike(latents, label=label, **(noise or {}))
    if steps < 1:
        raise BadInput(f"steps are {steps}: give 1 or more")
    old, key = loaded.state.ema, jax.random.key(seed)
    others, _ = seam.drawn(loaded, where, 512, seed=seed)
    usual = distance * float(np.sqrt(2 * np.sum(others.var(axis=0))))
    loss, opt = jax.vmap(loss_of(pixel, perceptual)), optax.adam(rate)
    rest = {name: tree for name, tree in old.items() if name != "params"}
    size = min(len(latents), _AT_ONCE)

    @jax.jit
    def round_of(carry, latents, images, label, noise, old):
        def objective(params, x, image, label, noise, key):
            variables = {**rest, "params": params}
            fit = jnp.mean(loss(where.draw(with_noise(variables, noise), x, label), image))
            if not locality:
                return fit
            z = loaded.noise(key, jnp.arange(size))
            towards = where.of_z(old, z, label) - x
            near = x + usual * jax.vmap(lambda v: v / jnp.maximum(jnp.sqrt(jnp.sum(v**2)), 1e-8))(towards)
            before = jax.lax.stop_gradient(where.draw(old, near, label))
            return fit + locality * jnp.mean(loss(where.draw(variables, near, label), before))

        def one(carry, _):
            params, state, step = carry
            at = (step * size + jnp.arange(size)) % len(latents)
            some = jax.tree.map(lambda each: each[at], (latents, images, label, noise))
            updates, state = opt.update(jax.grad(objective)(params, *some, jax.random.fold_in(key, step)), state)
            live = (step < steps).astype(jnp.float32)
            params = jax.tree.map(lambda p, u: p + (live * u).astype(p.dtype), params, updates)
            return (params, state, step + 1), None

        return jax.lax.scan(one, carry, None, _ROUND)[0]

    there = jax.tree.map(jnp.asarray, (latents, images, label, dict(noise or {})))
    carry = (old["params"], opt.init(old["params"]), jnp.zeros((), jnp.int32))
    with Counting(-(-steps // _ROUND), f"rounds of {_ROUND} steps of G", say) as counting:
        for _ in range(0, steps, _ROUND):
            carry = jax.block_until_ready(round_of(carry, *there, old))
            counting.one()
    return {**old, "params": carry[0]}


def flat(variables: Variables) -> dict[str, np.ndarray]:
    """{path: weights} of "params", for a file."""
    leaves = jax.tree_util.tree_leaves_with_path(variables["params"])
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


def with_weights(variables: Variables, weights: dict[str, np.ndarray]) -> Variables:
    """Variables with "params" of a file. Raises BadInput where they are of another G."""

    def own(path, leaf):
        found = weights.get(jax.tree_util.keystr(path))
        if found is None or found.shape != leaf.shape:
            raise BadInput(
                f"the tuned G has no {jax.tree_util.keystr(path)} of {list(leaf.shape)}: give one of this run"
            )
        return jnp.asarray(found, leaf.dtype)

    return {**variables, "params": jax.tree_util.tree_map_with_path(own, variables["params"])}
