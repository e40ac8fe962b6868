"""One step on one device, under pmap, on a mesh, or with the state in shares: the same numbers.

A wrapped step takes the state and the *global* batch, wherever they are, and donates the state. What follows the batch
(a data set on the device, say) goes to every device whole. The file that says pmap.
"""

import math
from collections.abc import Sequence
from functools import partial, wraps

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from jaxgan.core import State
from jaxgan.errors import BadInput, unknown
from jaxgan.layers import onednn
from jaxgan.processes import agree
from jaxgan.sharing import Step, rows_of, shared_over, whole

AXIS = "data"
MODES = ("single", "pmap", "mesh", "fsdp")
SMALL = 2**10  # entries up to which a leaf of the state is not worth cutting into shares


def axis_name(mode: str) -> str | None:
    """What `make_step` and batch-coupled layers take as axis_name under this mode: on a mesh the batch is whole."""
    return AXIS if mode == "pmap" else None


def single(step: Step, devices: Sequence[jax.Device] | None = None, *, batch_axis: int = 0) -> Step:
    """The step on one device, jitted."""
    del batch_axis
    device = _some(devices)[0]
    where = jax.sharding.SingleDeviceSharding(device)
    return _wrap(onednn.jit(step, device.platform, donate_argnums=0), where, _as_it_is)


def pmap(step: Step, devices: Sequence[jax.Device] | None = None, *, batch_axis: int = 0) -> Step:
    """The step, made with axis_name=parallel.AXIS, on every device with a share of the batch (data parallel).

    The state is never stacked: it has the same shapes as on one device.
    batch_axis: where the samples are in the batch's leaves, after the axes of `repeat` and of several D turns. Raises BadInput
    with oneDNN's convolutions.
    """
    if onednn.is_used():
        raise BadInput(
            "--onednn does not go with --parallel pmap, whose compiler cannot be asked: take mesh, or remove --onednn"
        )
    devices = _some(devices)
    replicated = NamedSharding(_mesh(devices), PartitionSpec())

    def share(state, batch, shared):
        with shared_over(AXIS):
            return step(state, batch, *shared)

    mapped = jax.pmap(
        share,
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
        rows_of(batch, batch_axis, scalars=False)
        return mapped(state, jax.tree.map(split, batch), shared)

    play.lower = lambda state, batch, *shared: mapped.lower(state, batch, shared)
    return _wrap(play, replicated, _as_it_is, like=partial(jax.eval_shape, partial(jax.tree.map, split)))


def mesh(
    step: Step, devices: Sequence[jax.Device] | None = None, *, batch_axis: int = 0, rows: int | None = None
) -> Step:
    """The step, made without axis_name, as one program over a mesh of devices that share the batch (data parallel).

    rows: how many a global batch has, where each process gives `own_rows` of it alone.
    """
    devices = _some(devices)
    replicated = NamedSharding(_mesh(devices), PartitionSpec())
    place, like = _shares(replicated, batch_axis, rows)
    jitted = onednn.jit(step, devices[0].platform, donate_argnums=0, out_shardings=replicated)
    return _wrap(jitted, replicated, place, like=like)


def fsdp(
    step: Step, devices: Sequence[jax.Device] | None = None, *, batch_axis: int = 0, rows: int | None = None
) -> Step:
    """The step, made without axis_name, on a mesh whose devices keep a share of the state each (fully sharded).

    Every leaf above SMALL entries is cut along its longest axis that divides by the devices; parameters are gathered
    where the step needs them, optimizers and averages are only ever computed share by share.
    Rajbhandari et al. 2020, arXiv:1910.02054; Zhao et al. 2023, arXiv:2304.11277.
    """
    devices = _some(devices)
    replicated = NamedSharding(_mesh(devices), PartitionSpec())

    def where(state):
        return jax.tree.map(partial(_share, replicated.mesh), state)

    def play(state, batch, *shared):
        kept = where(state)
        with whole(replicated):
            state, metrics = step(state, batch, *shared)
        return jax.lax.with_sharding_constraint(state, kept), jax.lax.with_sharding_constraint(metrics, replicated)

    place, like = _shares(replicated, batch_axis, rows)
    return _wrap(onednn.jit(play, devices[0].platform, donate_argnums=0), replicated, place, where, like)


def wrap(
    mode: str, step: Step, devices: Sequence[jax.Device] | None, batch_axis: int = 0, rows: int | None = None
) -> Step:
    """The step under the mode of this name; rows: as `mesh` takes them. Raises BadInput, with the nearest names, for none."""
    if mode not in MODES:
        raise unknown("--parallel", mode, MODES)
    if mode in ("mesh", "fsdp"):
        return {"mesh": mesh, "fsdp": fsdp}[mode](step, devices, batch_axis=batch_axis, rows=rows)
    return {"single": single, "pmap": pmap}[mode](step, devices, batch_axis=batch_axis)


def own_rows(mode: str, devices: Sequence[jax.Device], rows: int) -> np.ndarray | None:
    """Places int [n] of a global batch's rows that this process puts on its devices; None where there is but one process."""
    if agree.count() == 1 or mode not in ("mesh", "fsdp"):
        return None
    check_divisible(rows, len(devices))
    shares = NamedSharding(_mesh(devices), PartitionSpec(AXIS)).addressable_devices_indices_map((rows,))
    return np.sort(np.concatenate([np.arange(rows)[index] for index in shares.values()]))


def check_divisible(batch_size: int, devices: int, parts: int = 1) -> None:
    """Raises BadInput where the batch does not divide evenly over devices, and on each of them by `parts`."""
    unit = devices * parts
    if batch_size % unit:
        low = batch_size - batch_size % unit
        choices = " or ".join(str(n) for n in (low, low + unit) if n)
        multiples = f" in multiples of {parts}" if parts > 1 else ""
        raise BadInput(
            f"a batch of {batch_size} does not divide over {devices} devices{multiples}: set --batch-size {choices}"
        )


def choose(mode: str, count: int | None = None) -> list[jax.Device]:
    """The first `count` devices that JAX sees; by default one for "single" and all for the other modes.

    Raises BadInput where there are fewer, for "single" with several, and where several processes would not share them.
    """
    devices = jax.devices()
    if agree.count() > 1 and mode in ("single", "pmap"):
        raise BadInput(f"--parallel {mode} is of one process, and there are {agree.count()}: take mesh or fsdp")
    if agree.count() > 1 and count is not None:
        raise BadInput(f"--devices {count}, but {agree.count()} processes share all {len(devices)} devices: remove it")
    if mode == "single" and (count or 1) > 1:
        raise BadInput(
            f"--devices {count} with --parallel single: add --parallel pmap, mesh or fsdp, or remove --devices"
        )
    if count is None:
        return devices[:1] if mode == "single" else devices
    if not 1 <= count <= len(devices):
        raise BadInput(
            f"--devices {count}, but JAX sees {len(devices)} ({devices[0].platform}): set --devices 1"
            + (f" .. {len(devices)}" if len(devices) > 1 else "")
        )
    return devices[:count]


def _wrap(step, where, place, where_state=None, like=lambda batch: batch):
    """`step` that puts a state which lies elsewhere (at the start, after a restore) where it belongs.

    place: puts a batch where it belongs; like: gives the shapes of that, from arrays or shapes.
    """
    where_state = where_state or (lambda state: where)
    here = where.addressable_devices
    threads = len(here) > 1 and next(iter(here)).platform == "cpu"  # of one pool, which several programs at once use up

    @wraps(step)
    def play(state, batch, *shared):
        out = step(*put(state, batch, *shared))
        return jax.block_until_ready(out) if threads else out

    def put(state, batch, *shared):
        state = state if lies(state) else _put(state, where_state(state))
        return state, place(batch), *map(follow, shared)

    def follow(tree):
        return tree if lies(tree) else _put(tree, where)

    def lies(tree):
        # an uncommitted array is on the right device and yet compiles a program of its own; the first leaf of a state is
        # its step, which no mode cuts
        first = jax.tree.leaves(tree)[:1]
        return all(isinstance(leaf, jax.Array) and leaf.committed and leaf.sharding == where for leaf in first)

    def lower(state, batch, *shared):
        """Lowered for arrays, or for their shapes."""
        batch, shared = like(batch), tuple(_like(tree, where) for tree in shared)
        return step.lower(_like(state, where_state(state)), batch, *shared)

    play.where, play.where_state = where, where_state
    play.lower, play.follow = lower, follow
    return play


def _put(tree, where):
    """The tree on its devices, those of other processes included; every process has it whole before."""
    if agree.count() == 1:
        return jax.device_put(tree, where)
    return jax.tree.map(put, tree, where if isinstance(where, State) else jax.tree.map(lambda x: where, tree))


def put(x: jax.Array | np.ndarray, where: jax.sharding.Sharding) -> jax.Array:
    """The array on these devices, of which each process fills its own; every process has it whole before."""
    if agree.count() == 1:
        return jax.device_put(x, where)
    if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):  # a typed key cannot be sent across processes
        return jax.jit(jax.random.wrap_key_data, out_shardings=where)(put(jax.random.key_data(x), where))
    x = np.asarray(x)
    return jax.make_array_from_callback(x.shape, where, lambda index: x[index])


def _like(tree, where):
    """Shapes of the tree's leaves, and where they lie."""
    where = where if isinstance(where, State) else jax.tree.map(lambda x: where, tree)
    return jax.tree.map(lambda x, where: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=where), tree, where)


def _share(mesh, x):
    """Where a leaf of the state lies: cut along its longest axis that divides by the devices, or whole on each."""
    devices = mesh.devices.size
    axes = [axis for axis, length in enumerate(x.shape) if length % devices == 0]
    if not axes or math.prod(x.shape) <= SMALL:
        return NamedSharding(mesh, PartitionSpec())
    longest = max(axes, key=lambda axis: x.shape[axis])
    return NamedSharding(mesh, PartitionSpec(*(None,) * longest, AXIS))


def _shares(replicated, batch_axis, total=None):
    """(place, like): puts a batch onto the mesh, a share on each device, with its "index"; its shapes there.

    total: the rows of the global batch, where a process gives its own ones; by default it gives all.
    """
    mesh = replicated.mesh
    shares = NamedSharding(mesh, PartitionSpec(*(None,) * batch_axis, AXIS))
    own = None if total is None else own_rows("mesh", list(mesh.devices.flat), total)

    def place(batch):
        rows = rows_of(batch, batch_axis, scalars=False)
        rows = (*rows[:-1], total or rows[-1])
        check_divisible(rows[-1], mesh.devices.size)
        # inside the program an arange is replicated, and every device would compute all of G
        index = np.broadcast_to(np.arange(rows[-1], dtype=np.int32), rows)
        if own is None:
            return _put({"index": index, **batch}, shares)
        return {"index": _put(index, shares), **{name: put_own(x, rows) for name, x in batch.items()}}

    def put_own(x, rows):
        def part(index):
            first = int(np.searchsorted(own, index[batch_axis].start or 0))
            count = rows[-1] // mesh.devices.size
            return x[(*index[:batch_axis], slice(first, first + count))]

        return jax.make_array_from_callback((*rows, *x.shape[batch_axis + 1 :]), shares, part)

    def like(batch):
        rows = rows_of(batch, batch_axis, scalars=False)
        return _like({"index": jax.ShapeDtypeStruct(rows, np.int32), **batch}, shares)

    return place, like


def _as_it_is(batch):
    return batch


def _mesh(devices):
    return jax.make_mesh((len(devices),), (AXIS,), axis_types=(AxisType.Auto,), devices=devices)


def _some(devices):
    return jax.devices() if devices is None else list(devices)
