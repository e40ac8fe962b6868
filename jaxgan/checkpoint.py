"""State <-> disk, by Orbax: asynchronous, atomic, the newest N and the best K kept."""

import contextlib
import hashlib
import logging
import shutil
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import BadInput

logging.getLogger("absl").setLevel(logging.CRITICAL)  # Orbax reports every save; what fails is raised as well


State = Any  # a core.State: of arrays, or of their shapes

_NOTE = "note"  # the item that holds the metadata: Orbax has one of that name


class Checkpoints:
    """Checkpoints of one run, folders named by step.

    Each holds the state and metadata: what the caller wants to find beside it (metrics of its step, seconds, versions).
    keep_best by the metadata's `metric`, lowest first, or highest with a "+" before the name.
    read_only: of a run that somebody else may be writing; nothing is tidied up.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        keep_latest: int = 2,
        keep_best: int = 0,
        metric: str = "",
        read_only: bool = False,
        say: Callable[[str], Any] = print,
    ) -> None:
        import orbax.checkpoint as ocp
        from orbax.checkpoint import checkpoint_managers as policies

        self._ocp, self._say, self._read_only, self.folder = ocp, say, read_only, Path(folder).absolute()
        name = metric.removeprefix("+")
        keep = [policies.LatestN(keep_latest)]
        options = {}
        if keep_best:

            def score(metrics):
                return metrics[name]

            highest = metric.startswith("+")
            keep.append(policies.BestN(get_metric_fn=score, reverse=not highest, n=keep_best))
            options = {"best_fn": score, "best_mode": "max" if highest else "min"}
        self._metric = name if keep_best else None
        self._manager = ocp.CheckpointManager(
            self.folder,
            item_handlers={"state": ocp.StandardCheckpointHandler(), _NOTE: ocp.JsonCheckpointHandler()},
            options=ocp.CheckpointManagerOptions(
                preservation_policy=policies.AnyPreservationPolicy(keep),
                cleanup_tmp_directories=not read_only,
                read_only=read_only,
                **options,
            ),
        )

    def steps(self) -> list[int]:
        """Steps of the committed checkpoints, oldest first."""
        return sorted(self._manager.all_steps())

    def save(self, step: int, state: State, metadata: Mapping[str, Any]) -> None:
        """Begins to save; `metadata` is a JSON object. Raises BadInput where the disk refuses, then or at the next call."""
        if step in self.steps():
            return
        if self._metric and self._metric not in metadata["metrics"]:
            raise BadInput(
                f"--best-metric {self._metric} is not reported: there are {', '.join(sorted(metadata['metrics']))}"
            )
        metadata = {**metadata, "sha256": sha256(state)}
        args = self._ocp.args.Composite(
            **{"state": self._ocp.args.StandardSave(_plain(state)), _NOTE: self._ocp.args.JsonSave(metadata)}
        )
        metrics = {self._metric: metadata["metrics"][self._metric]} if self._metric else None
        with self._disk(step):
            # asked before, because a disk that fills up on the way makes the writers print tracebacks of their own
            size, free = sum(x.nbytes for x in jax.tree.leaves(state)) + 2**20, shutil.disk_usage(self.folder).free
            if free < size:
                raise OSError(f"it takes {size / 2**20:.0f} MiB, the disk has {free / 2**20:.0f} MiB left")
            self._manager.save(step, args=args, metrics=metrics)

    def wait(self) -> None:
        """Waits until what was begun is on disk."""
        with self._disk("the newest step"):
            self._manager.wait_until_finished()

    def metadata(self, step: int) -> dict[str, Any]:
        """The metadata beside the state of `step`."""
        return self._manager.restore(step, args=self._ocp.args.Composite(**{_NOTE: self._ocp.args.JsonRestore()}))[
            _NOTE
        ]

    def restore(
        self, target: State, only: int | None = None, device: jax.Device | None = None
    ) -> tuple[State, dict[str, Any]] | None:
        """(state, metadata) of the newest checkpoint that is whole (or of step `only`), or None. `target`: a state's shapes.

        The state comes onto one device (by default the first), wherever its parts were when it was saved. Where target.g.opt and
        target.d.opt are None, as for whoever draws from a run and builds no optimizer, they come back as nested dicts.

        A damaged checkpoint is moved to damaged/ beside the folder, and said. Raises BadInput where the newest one is of
        another architecture, and where all are damaged.
        """
        found = self.steps()
        if only is not None:
            if only not in found:
                raise BadInput(
                    f"{self.folder} has no checkpoint {only}: there are {', '.join(map(str, found)) or 'none'}"
                )
            found = [only]
        where = jax.sharding.SingleDeviceSharding(device or jax.local_devices()[0])
        like = lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=where)
        plain = _plain_shapes(target)
        for step in reversed(found):
            try:
                saved = self._saved(step)
                wanted = _with_optimizers(plain, saved)
                self._check_architecture(step, saved, wanted)
                shapes = jax.tree.map(like, wanted)
                args = self._ocp.args.Composite(state=self._ocp.args.StandardRestore(shapes))
                state = _typed(self._manager.restore(step, args=args)["state"], target)
                metadata = self.metadata(step)
                if sha256(state) != metadata["sha256"]:  # Orbax lets a flipped bit pass
                    raise OSError("its arrays are not the ones that were saved")
            except BadInput:
                raise
            except Exception as error:  # whatever a damaged file makes Orbax raise
                self._set_aside(step, error)
            else:
                return jax.jit(lambda x: x)(state), metadata  # own buffers: restored ones may refuse to be donated
        if found:
            raise BadInput(
                f"none of the checkpoints {found} in {self.folder} can be read: train again, with another --out"
            )
        return None

    def close(self) -> None:
        """Waits, and lets go of the folder."""
        with self._disk("the newest step"):
            self._manager.close()

    def _set_aside(self, step, error):
        self._say(f"checkpoint {step} is damaged ({str(error).splitlines()[0][:120]}): falling back to the one before")
        if self._read_only:
            return
        aside = self.folder.parent / "damaged"
        aside.mkdir(exist_ok=True)
        place = aside / str(step)
        if place.exists():
            shutil.rmtree(place)
        shutil.move(self.folder / str(step), place)
        self._manager.reload()

    def _saved(self, step):
        """Shapes of what was saved, in nested dicts."""
        saved = self._manager.item_metadata(step)["state"]
        if saved is None:
            raise OSError("no description of the state")
        return getattr(saved, "tree", saved)

    def _check_architecture(self, step, saved, target):
        there, here = ({k: tuple(x.shape) for k, x in _leaves(tree).items()} for tree in (saved, target))
        for key in sorted(there.keys() | here.keys()):
            if there.get(key) != here.get(key):
                raise BadInput(
                    f"checkpoint {step} in {self.folder} is of another architecture: {key} is {there.get(key, 'absent')} "
                    f"there and {here.get(key, 'absent')} here: use the config it was trained with"
                )

    @contextlib.contextmanager
    def _disk(self, step):
        try:
            yield
        except Exception as error:
            _hush_writers()
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            whole = self.steps()
            raise BadInput(
                f"could not save step {step} to {self.folder} ({reason}): make room there or take another --out; "
                + (f"step {whole[-1]} is whole, --resume auto goes on from it" if whole else "nothing was saved before")
            ) from error


def _hush_writers():
    """After a save that failed: what the other writers of the same save still print, at any later moment, is no news."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # "exception was never retrieved", when they are collected
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    before = sys.excepthook

    def hook(kind, error, trace):  # TensorStore's threads, which look for the loop that waited for them
        if str(error) != "Event loop is closed":
            before(kind, error, trace)

    sys.excepthook = hook


def _is_key(x):
    return jnp.issubdtype(x.dtype, jax.dtypes.prng_key)


def _plain(state):
    """State with its keys as numbers: what any reader of the files understands."""
    return jax.tree.map(lambda x: jax.random.key_data(x) if _is_key(x) else x, state)


def _plain_shapes(target):
    return jax.eval_shape(_plain, target)


def _typed(plain, target):
    """State of plain numbers with keys where the target has them; optimizers that it does not have stay plain."""
    wrap = lambda like, x: jax.random.wrap_key_data(x) if _is_key(like) else x
    typed = lambda like, tree: tree if like is None else jax.tree.map(wrap, like, tree)
    side = lambda like, player: type(player)(*map(typed, like, player))
    key, ema = wrap(target.key, plain.key), typed(target.ema, plain.ema)
    return plain._replace(key=key, g=side(target.g, plain.g), d=side(target.d, plain.d), ema=ema)


def _with_optimizers(plain, saved):
    """The shapes with those of the optimizers as they were saved, where they have none."""

    def side(player, name):
        if player.opt is not None:
            return player
        like = lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype)
        return player._replace(opt=jax.tree.map(like, saved[name].get("opt", {})))

    return plain._replace(g=side(plain.g, "g"), d=side(plain.d, "d"))


def _leaves(tree):
    """{name: leaf}, the same names whether the tree is of dicts or of tuples with names."""
    name = lambda path: ".".join(str(getattr(p, "key", getattr(p, "name", getattr(p, "idx", p)))) for p in path)
    return {name(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def sha256(state: State) -> str:
    """Hex digest over name, dtype, shape and bytes of all leaves, the key as numbers."""
    digest = hashlib.sha256()
    for name, leaf in sorted(_leaves(_plain(state)).items()):
        leaf = np.ascontiguousarray(leaf)
        digest.update(f"{name}{leaf.dtype}{leaf.shape}".encode())
        digest.update(leaf.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
