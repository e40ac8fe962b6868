"""The one seam to Flax: a network is two pure functions."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Literal, jaxprs_in_params

from jaxgan.errors import BadInput
from jaxgan.sharing import MEMORY, Key, Tree, Variables


class NetInitFn(Protocol):
    """Variables {"params": ..., **stats} of a network, drawn by `key`. inputs: as `apply` takes them, for their shapes."""

    def __call__(self, key: Key, /, *inputs: Any) -> Variables: ...


class NetApplyFn(Protocol):
    """(out, moved): what a network makes of its inputs, and its collections that moved, {} where train is False.

    inputs: what it is called on, [B, ...] each. options: key=None, of what it draws, where it draws; train=True, whether it
    takes norms of the batch and moves; index=None, int32 [B], each sample's index in the global batch, where it is indexed;
    seen=False, out of training, whether moved has what each module gave, {"intermediates": ...}, where it is of Flax.
    """

    def __call__(self, variables: Variables, /, *inputs: Any, **options: Any) -> tuple[Tree, Variables]: ...


class Net(NamedTuple):
    """A network as two pure functions. `classes` is the length of the label it takes, None where it takes none."""

    init: NetInitFn
    apply: NetApplyFn
    classes: int | None = None
    indexed: bool = False  # whether apply draws for each sample, and takes its index in the global batch, int32 [B]
    methods: tuple[str, ...] = ()  # what apply takes as method=, parts of the network on their own
    multiple: int = 0  # of pixels that the sides of a picture are to have, where it takes any size; 0: nobody says
    # draws any window of the field of noise that the network makes pictures of, of any size, where it does
    field: Any = None
    # variables -> [kernel [D, n], ...]: what a latent [D] meets first; one for z, or one for the style of each layer
    first_kernels: Callable[[Variables], list[jax.Array]] | None = None

    def map(self, before: Callable[..., Any] | None = None, after: Callable[[Any], Any] | None = None) -> "Net":
        """The Net between two functions: before(*inputs) -> its inputs, one or a tuple; after(out) -> what comes out."""

        def inputs(given):
            found = given if before is None else before(*given)
            return found if isinstance(found, tuple) else (found,)

        def apply(variables, *given, **options):
            out, moved = self.apply(variables, *inputs(given), **options)
            return (out if after is None else after(out)), moved

        init = lambda key, *given: self.init(key, *inputs(given))
        kernels = self.first_kernels if before is None else None  # which meet what `before` gives
        return self._replace(init=init, apply=apply, first_kernels=kernels)

    def meets_latents(self, layer: str, beside: int | None = None) -> "Net":
        """The Net that says so: its z meets the kernel of this layer first, whose last `beside` rows are for what is beside z."""

        def kernels(variables):
            kernel = variables["params"][layer]["kernel"]
            return [kernel[: len(kernel) - (beside or 0)]]

        return self._replace(first_kernels=kernels)

    def freeze(self, layers: int) -> "Net":
        """The Net whose first `layers` of `layers_of` keep their weights: no gradient reaches these, or is computed.

        What they remember, statistics of norms and spectral vectors, still moves; so do weights that an optimizer moves without
        a gradient, as one with weight decay does: mask it. Raises BadInput for layers below 0, init and apply where no layer is
        left to train.
        """
        if layers < 0:
            raise BadInput(f"--freeze-d is {layers}: give 0 layers or more")

        def held(variables, inputs):
            found = layers_of(self, variables, *inputs)
            if layers >= len(found):
                raise BadInput(
                    f"--freeze-d is {layers} of the network's {len(found)} layers: give {len(found) - 1} or less"
                )
            still = {path for layer in found[:layers] for path in layer}
            keep = lambda path, leaf: jax.lax.stop_gradient(leaf) if path in still else leaf
            return {**variables, "params": jax.tree_util.tree_map_with_path(keep, variables["params"])}

        def init(key, *inputs):
            variables = self.init(key, *inputs)
            held(variables, inputs)
            return variables

        def apply(variables, *inputs, **options):
            return self.apply(held(variables, inputs), *inputs, **options)

        return self._replace(init=init, apply=apply)


def alone(training: Net, looking: Net) -> Net:
    """`training` in training; out of it `looking`, of the same variables, as in training but one sample at a time.

    So batch norms take the statistics of the sample itself, and what comes out does not depend on its neighbours. looking: the
    same network without an axis of devices.
    """

    def apply(variables, *inputs, key=None, train=True, index=None, **options):
        if train:
            index = {"index": index} if training.indexed else {}
            return training.apply(variables, *inputs, key=key, train=True, **index, **options)

        def one(index, *inputs):
            inputs = jax.tree.map(lambda x: x[None], inputs)
            index = {"index": index[None]} if looking.indexed else {}
            out, _ = looking.apply(variables, *inputs, key=key, train=True, **index, **options)
            return jax.tree.map(lambda x: x[0], out)

        rows = jax.tree.leaves(inputs)[0].shape[0]
        return jax.vmap(one)(jnp.arange(rows) if index is None else index, *inputs), {}

    return training._replace(apply=apply)


def layers_of(net: Net, variables: Variables, *inputs: Any) -> list[list[tuple[Any, ...]]]:
    """Paths in "params" of each layer's weights, in the order in which the network computes with them.

    So the first layer is the nearest to the inputs. A layer begins with each module that has a weight of two axes or more;
    biases and norms behind it are its own. The network is traced, not run.
    """
    params = variables["params"]
    traced = jax.make_jaxpr(lambda params: net.apply({**variables, "params": params}, *inputs, train=False)[0])(params)
    axes = {path: leaf.ndim for path, leaf in jax.tree_util.tree_leaves_with_path(params)}
    used = _used(traced.jaxpr, dict(zip(traced.jaxpr.invars, axes, strict=True)))
    layers: list[list[tuple[Any, ...]]] = []
    for owner in dict.fromkeys(path[:-1] for path in used):
        own = [path for path in axes if path[:-1] == owner]
        if not layers or any(axes[path] > 1 for path in own):
            layers.append([])
        layers[-1] += own
    return layers


def _used(jaxpr, names):
    """Names of the variables in the order in which a program takes them, within the programs that it calls too."""
    for eqn in jaxpr.eqns:
        taken = [None if isinstance(var, Literal) else names.get(var) for var in eqn.invars]
        for inner in jaxprs_in_params(eqn.params):
            if len(inner.invars) == len(taken):
                yield from _used(inner, dict(zip(inner.invars, taken, strict=True)))
        yield from (name for name in taken if name is not None)


class Joined(NamedTuple):
    """Several Nets on one side: their variables are one tree, {"params": {name: ...}, ...}."""

    init: Callable[..., Variables]  # (key, **{name: its inputs, one or a tuple}) -> variables of all
    nets: dict[str, Net]  # name -> Net whose apply takes, and moves, the variables of all; its init is the net's own


def join(**nets: Net) -> Joined:
    """Joined of Nets by name: `join(ab=net, ba=net)` for a G of two directions.

    What a Net of `nets` moves are whole collections, with those of the other Nets as they were.
    """

    def init(key, **inputs):
        keys = dict(zip(nets, jax.random.split(key, len(nets)), strict=True))
        as_tuple = lambda x: x if isinstance(x, tuple) else (x,)
        own = {name: net.init(keys[name], *as_tuple(inputs[name])) for name, net in nets.items()}
        kinds = dict.fromkeys(kind for variables in own.values() for kind in variables)
        return {kind: {name: v[kind] for name, v in own.items() if kind in v} for kind in kinds}

    def one(name, net):
        def apply(variables, *inputs, **options):
            own = {kind: tree[name] for kind, tree in variables.items() if kind not in BESIDE and name in tree}
            out, moved = net.apply(own, *inputs, **options)
            return out, {kind: {**variables[kind], name: tree} for kind, tree in moved.items()}

        return net._replace(apply=apply, first_kernels=None)

    return Joined(init, {name: one(name, net) for name, net in nets.items()})


class DiscriminatorOutput(NamedTuple):
    """What a discriminator gives that hands out its features too: losses take the logits alone."""

    logits: Any  # [B], or a tree of logits
    features: Any  # what it sees, a tree


TRACKERS = "trackers"  # the collection of what is tracked beside a network: averaged as its statistics are
BESIDE = (MEMORY, TRACKERS)  # collections that are no network's, and never shown to one


def from_flax(module: Any, classes: int | None = None, indexed: bool = False) -> Net:
    """Net of a Linen module whose __call__ is (*inputs, train), and takes index=None as well where `indexed`.

    Its random stream, where it draws, is called "draw": one key for all samples, so what it draws is the same on each device
    and in each microbatch, but for what is drawn by `index`, as layers.Dropout does. Raises BadInput where what it
    remembers grows.
    """

    @jax.jit  # op by op an initialisation takes seconds; compiled, the forward pass is not even run
    def init(key, *inputs):
        return module.init({"params": key, "draw": key}, *inputs, train=True)

    def apply(variables, *inputs, key=None, train=True, seen=False, **index):
        variables = {name: value for name, value in variables.items() if name not in BESIDE}
        rngs = None if key is None else {"draw": key}
        stats = [name for name in variables if name != "params"]
        if seen:
            index |= {"capture_intermediates": True, "mutable": ["intermediates"]}
            return module.apply(variables, *inputs, train=False, rngs=rngs, **index)
        if not (train and stats):
            return module.apply(variables, *inputs, train=train, rngs=rngs, **index), {}
        out, moved = module.apply(variables, *inputs, train=True, rngs=rngs, mutable=stats, **index)
        for name, tree in moved.items():
            if _shapes(tree) != _shapes(variables[name]):
                raise BadInput(
                    f"{type(module).__name__} has other arrays in {name!r} after a step than before, as `sow` does: make them "
                    "in init, of one shape for good; sow into 'intermediates', which is not kept, or give a reduce_fn"
                )
        return out, moved

    return Net(init, apply, classes, indexed)


def _shapes(tree):
    return [np.shape(x) for x in jax.tree.leaves(tree)]
