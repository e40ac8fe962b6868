"""What the processes of a training tell each other. Each of these is called by all of them, at the same place of the program.

They go over the devices, and so wait for what was dispatched before: called where the host waits anyway. With one process
nothing is sent and nothing compiled.
"""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

import jax
import numpy as np

Part = TypeVar("Part")


def count() -> int:
    """How many processes train together."""
    return jax.process_count()


def index() -> int:
    """Which of them this is, 0 .. count - 1."""
    return jax.process_index()


def writer() -> bool:
    """Whether this is the one that writes rows, pictures, configs and locks. Checkpoints are written by all."""
    return jax.process_index() == 0


def gathered(*numbers: float) -> np.ndarray:
    """int32 [count, len(numbers)]: what each process gave; also a place that nobody passes before all have come."""
    own = np.asarray(numbers, np.int32)
    if count() == 1:
        return own[None]
    from jax.experimental import multihost_utils

    return multihost_utils.process_allgather(own)


def shared(value: Any) -> Any:
    """The writer's value, on all processes: what JSON can say. The others' own is not looked at."""
    if count() == 1:
        return value
    from jax.experimental import multihost_utils

    text = json.dumps(value, default=float).encode() if writer() else b""
    size = int(multihost_utils.broadcast_one_to_all(np.int32(len(text))))
    room = np.zeros(1 << max(size - 1, 1).bit_length(), np.uint8)  # few lengths, few programs
    room[: len(text)] = np.frombuffer(text, np.uint8)
    return json.loads(np.asarray(multihost_utils.broadcast_one_to_all(room), np.uint8)[:size].tobytes())


def dealt(parts: Sequence[Part]) -> list[Part]:
    """Those of the parts that this process works at: as many for each, the last part over again where they do not divide."""
    each = -(-len(parts) // count())
    return [parts[min(i * count() + index(), len(parts) - 1)] for i in range(each)]


def collected(found: Sequence[Any], parts: int) -> list[Any]:
    """What all processes made of the parts that were `dealt` to them, trees of arrays, in the order of the parts."""
    if count() == 1:
        return list(found)
    from jax.experimental import multihost_utils

    rounds = [multihost_utils.process_allgather(jax.tree.map(np.asarray, one)) for one in found]
    return [jax.tree.map(lambda x, i=i: x[i % count()], rounds[i // count()]) for i in range(parts)]


def same(tree: Any) -> Any:
    """The writer's arrays, on all processes."""
    if count() == 1:
        return tree
    from jax.experimental import multihost_utils

    return multihost_utils.broadcast_one_to_all(jax.tree.map(np.asarray, tree))


def whole(tree: Any) -> Any:
    """The tree with its leaves whole and on this host, leaf by leaf; with one process as it is.

    Of leaves that lie in shares on several processes each gets all: for a moment one leaf is whole on every device.
    """
    return tree if count() == 1 else jax.tree.map(_whole, tree)


def _whole(x):
    if not isinstance(x, jax.Array) or x.is_fully_addressable:
        return x
    if jax.numpy.issubdtype(x.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(_whole(jax.random.key_data(x)))
    if not x.is_fully_replicated:
        everywhere = jax.sharding.NamedSharding(x.sharding.mesh, jax.sharding.PartitionSpec())
        x = jax.jit(_as_it_is, out_shardings=everywhere)(x)
    return np.asarray(x.addressable_data(0))


def _as_it_is(x):
    return x
