"""One step on one device, under pmap, or on a mesh: the same numbers.

A wrapped step takes the state and the *global* batch, wherever they are, and donates the state. What follows the batch
(a data set on the device, say) goes to every device whole. The file that says pmap.
"""

from functools import wraps

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from jaxgan.errors import BadInput, unknown

AXIS = "data"
MODES = ("single", "pmap", "mesh")


def axis_name(mode):
    """What `make_step` and batch-coupled layers take as axis_name under this mode: on a mesh the batch is whole."""
    return AXIS if mode == "pmap" else None


def single(step, devices=None, *, batch_axis=0):
    """The step on one device, jitted."""
    del batch_axis
    return _wrap(
        jax.jit(step, donate_argnums=0), jax.sharding.SingleDeviceSharding(_some(devices)[0]), _numpy_or_device
    )


def pmap(step, devices=None, *, batch_axis=0):
    """The step, made with axis_name=parallel.AXIS, on every device with a share of the batch (data parallel).

    The state is never stacked: it has the same shapes as on one device.
    batch_axis: where the samples are in the batch's leaves, after the axes of `repeat` and of several D turns.
    """
    devices = _some(devices)
    replicated = NamedSharding(_mesh(devices), PartitionSpec())
    mapped = jax.pmap(
        lambda state, batch, shared: step(state, batch, *shared),
        axis_name=AXIS,
        in_axes=(None, batch_axis, None),
        out_axes=None,
        donate_argnums=0,
        devices=devices,
    )

    def split(x):
        lead, rows, rest = x.shape[:batch_axis], x.shape[batch_axis], x.shape[batch_axis + 1 :]
        check_divisible(rows, len(devices))
        return x.reshape(*lead, len(devices), rows // len(devices), *rest)

    def play(state, batch, *shared):
        return mapped(state, jax.tree.map(split, batch), shared)

    play.lower = lambda state, batch, *shared: mapped.lower(state, jax.tree.map(split, batch), shared)
    return _wrap(play, replicated, _numpy_or_device)


def mesh(step, devices=None, *, batch_axis=0):
    """The step, made without axis_name, as one program over a mesh of devices that share the batch (data parallel)."""
    devices = _some(devices)
    grid = _mesh(devices)
    replicated = NamedSharding(grid, PartitionSpec())
    shares = NamedSharding(grid, PartitionSpec(*(None,) * batch_axis, AXIS))

    def place(batch):
        rows = jax.tree.leaves(batch)[0].shape[: batch_axis + 1]
        check_divisible(rows[-1], len(devices))
        # inside the program an arange is replicated, and every device would compute all of G
        index = np.broadcast_to(np.arange(rows[-1], dtype=np.int32), rows)
        return jax.device_put({"index": index, **batch}, shares)

    return _wrap(jax.jit(step, donate_argnums=0, out_shardings=replicated), replicated, place)


def wrap(mode, step, devices, batch_axis=0):
    """The step under the mode of this name."""
    if mode not in MODES:
        raise unknown("--parallel", mode, MODES)
    return {"single": single, "pmap": pmap, "mesh": mesh}[mode](step, devices, batch_axis=batch_axis)


def check_divisible(batch_size, devices):
    """Raises BadInput where the batch does not divide evenly."""
    if batch_size % devices:
        low = batch_size - batch_size % devices
        choices = " or ".join(str(n) for n in (low, low + devices) if n)
        raise BadInput(f"a batch of {batch_size} does not divide over {devices} devices: set --batch-size {choices}")


def choose(mode, count=None):
    """The first `count` devices that JAX sees; by default one for "single" and all for the other modes.

    Raises BadInput where there are fewer, and for "single" with several.
    """
    devices = jax.devices()
    if mode == "single" and (count or 1) > 1:
        raise BadInput(
            f"--devices {count} with --parallel single: add --parallel pmap or mesh, or leave --devices away"
        )
    if count is None:
        return devices[:1] if mode == "single" else devices
    if not 1 <= count <= len(devices):
        raise BadInput(
            f"--devices {count}, but JAX sees {len(devices)} ({devices[0].platform}): set --devices 1"
            + (f" .. {len(devices)}" if len(devices) > 1 else "")
        )
    return devices[:count]


def _wrap(step, where, place):
    """`step` that puts a state which lies elsewhere (at the start, after a restore) where it belongs."""

    @wraps(step)
    def play(state, batch, *shared):
        return step(*put(state, batch, *shared))

    def put(state, batch, *shared):
        state, *shared = (tree if lies(tree) else jax.device_put(tree, where) for tree in (state, *shared))
        return state, place(batch), *shared

    def lies(tree):
        # an uncommitted array is on the right device and yet compiles a program of its own
        leaf = jax.tree.leaves(tree)[0]
        return isinstance(leaf, jax.Array) and leaf.committed and leaf.sharding == where

    play.where = where
    play.lower = lambda state, batch, *shared: step.lower(state, place(batch), *shared)
    return play


def _numpy_or_device(batch):
    return batch


def _mesh(devices):
    return jax.make_mesh((len(devices),), (AXIS,), axis_types=(AxisType.Auto,), devices=devices)


def _some(devices):
    return jax.devices() if devices is None else list(devices)
