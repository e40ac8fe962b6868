"""State <-> disk, by Orbax: asynchronous, atomic, the newest N and the best K kept."""

import contextlib
import logging
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax

from jaxgan import reading
from jaxgan.checkpoint import keeping, notes, tree
from jaxgan.checkpoint.damage import Wrong, chain, hush, of_the_machine, printable, proved, unsaved
from jaxgan.checkpoint.tree import State, bare, fits, not_finite, plain, plain_shapes, sha256, typed, with_optimizers
from jaxgan.errors import BadInput, Damaged, Diverged, TryAgain
from jaxgan.names import tell
from jaxgan.processes import agree

logging.getLogger("absl").setLevel(logging.CRITICAL)  # Orbax reports every save; what fails is raised as well

_NOTE = "note"  # the item that holds the metadata: Orbax has one of that name
_TOLD = re.compile("OS error|os_error_code")  # how TensorStore's versions tell of one
_MARK = "committed"  # file beside the folder: a checkpoint was whole here, once


class Checkpoints:
    """Checkpoints of one run, folders named by step.

    Each holds the state and metadata: what the caller wants to find beside it (metrics of its step, seconds, versions).
    keep_best by metadata["metrics"][metric], lowest first, or highest with a "+" before the name. every: steps between those
    that are saved unasked, the newest of which is kept too, since `keeping.back_to` goes there; 0 where nobody does.
    read_only: of a run that somebody else may be writing; nothing is tidied up.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        keep_latest: int = 2,
        keep_best: int = 0,
        metric: str = "",
        every: int = 0,
        read_only: bool = False,
        say: Callable[[str], Any] = tell,
    ) -> None:
        import orbax.checkpoint as ocp
        from orbax.checkpoint import checkpoint_managers as policies

        self._ocp, self._say, self._read_only, self.folder = ocp, say, read_only, Path(folder).absolute()
        self._writes = agree.writer() and not read_only  # what lies beside the checkpoints: those are written by all
        name = metric.removeprefix("+")
        keep = [policies.LatestN(keep_latest), *([keeping.NewestOf(every)] if every else [])]
        options, among = self._together() if agree.count() > 1 else ({}, {})
        if keep_best and not name:
            raise BadInput(f"keep_best is {keep_best} and metric is empty: name one of the metadata's metrics")
        if keep_best:

            def score(metrics):
                return metrics[name]

            highest = metric.startswith("+")
            keep.append(policies.BestN(get_metric_fn=score, reverse=not highest, n=keep_best))
            options |= {"best_fn": score, "best_mode": "max" if highest else "min"}
        self._metric, self._worst = (name if keep_best else None), float("-inf" if metric.startswith("+") else "inf")
        for path in self.folder.glob("*"):
            if path.is_symlink() and not path.exists():
                raise BadInput(f"{path} is a link to what is not there: take it away")
        self._manager = ocp.CheckpointManager(
            self.folder,
            item_handlers={"state": ocp.StandardCheckpointHandler(**among), _NOTE: ocp.JsonCheckpointHandler(**among)},
            options=ocp.CheckpointManagerOptions(
                preservation_policy=policies.AnyPreservationPolicy(keep),
                cleanup_tmp_directories=not read_only,
                read_only=read_only,
                async_options=ocp.AsyncOptions(post_finalization_callback=self._mark),
                **options,
            ),
        )
        self._mark()

    def _together(self):
        """(options, those of handlers) of a folder that several processes write to: they wait for each other without devices.

        Orbax's writers are threads: what those send over devices would come in another order among what the steps send.
        """
        if self._writes:
            self.folder.mkdir(parents=True, exist_ok=True)
        agree.gathered(0)
        everybody = self._ocp.options.MultiprocessingOptions(active_processes=set(range(agree.count())))
        among = {"multiprocessing_options": everybody}
        return {**among, "create": False}, among

    @property
    def marked(self) -> bool:
        """Whether a checkpoint was ever whole here, whatever has become of it."""
        aside = self._aside()
        return (self.folder.parent / _MARK).exists() or (aside.is_dir() and any(aside.iterdir()))

    def _mark(self):
        """Notes that there is a whole checkpoint, where there is one."""
        mark = self.folder.parent / _MARK
        if self._writes and not mark.exists() and any(name.name.isdigit() for name in self.folder.iterdir()):
            reading.own(mark).close()

    def steps(self) -> list[int]:
        """Steps of the committed checkpoints, oldest first."""
        return sorted(self._manager.all_steps())

    def drop_after(self, step: int) -> None:
        """Takes away the checkpoints of later steps: a rollback's state is that of a training that nobody has stopped."""
        late = [found for found in self.steps() if found > step]
        for found in late:
            self._manager.delete(found)  # of several processes all do, and wait for each other
        if late:
            agree.gathered(0)
            self._manager.reload()

    def save(self, step: int, state: State, metadata: Mapping[str, Any]) -> None:
        """Begins to save; `step` is that of the state, `metadata` a JSON object, whose scalars may be NumPy's and JAX's.

        A step that is there is left as it is, whatever is given. Raises BadInput for another step than the state's, for one
        before the newest, and for metadata that JSON cannot write or that lack the metric of keep_best; Diverged where a number
        of the state is not finite; TryAgain where the disk refuses, then or at the next call.
        """
        tree.check_step(step, state)
        if step in (steps := self.steps()):
            return
        if steps and step < steps[-1]:
            raise BadInput(
                f"step {step} is before {steps[-1]}, which {self.folder} has: drop_after({step}) takes that away"
            )
        metadata = notes.as_json(metadata)
        host = agree.whole(state)
        if bad := not_finite(host):
            raise Diverged(f"{bad} is not finite at step {step}")
        metrics = {self._metric: notes.metric(metadata, self._metric, self._worst)} if self._metric else None
        metadata["sha256"] = sha256(host)
        args = self._ocp.args.Composite(
            **{"state": self._ocp.args.StandardSave(bare(plain(state))), _NOTE: self._ocp.args.JsonSave(metadata)}
        )
        with self._disk(f"step {step}"):
            # asked before, because a disk that fills up on the way makes the writers print tracebacks of their own
            size, free = sum(x.nbytes for x in jax.tree.leaves(state)) + 2**20, shutil.disk_usage(self.folder).free
            if agree.gathered(free < size).any():  # of all, or some would wait in a save that others do not begin
                raise OSError(f"it takes {size:,} bytes, the disk has {free:,} left")
            if not self._manager.save(step, args=args, metrics=metrics):
                raise BadInput(f"{self.folder} is open to be read: leave out read_only")

    def wait(self) -> None:
        """Waits until what was begun is on disk."""
        with self._disk("the newest step"):
            self._manager.wait_until_finished()

    def metadata(self, step: int) -> dict[str, Any]:
        """The metadata beside the state of `step`."""
        self._regular(step)
        return self._manager.restore(step, args=self._ocp.args.Composite(**{_NOTE: self._ocp.args.JsonRestore()}))[
            _NOTE
        ]

    def restore(
        self, target: State, only: int | None = None, device: jax.Device | None = None
    ) -> tuple[State, dict[str, Any]] | None:
        """(state, metadata) of the newest checkpoint that is whole (or of step `only`), or None. `target`: a state's shapes.

        The state comes onto one device (by default the first), wherever its parts were when it was saved. Where target.g.opt and
        target.d.opt are None, as for whoever draws from a run and builds no optimizer, they come back as nested dicts.

        Checkpoints that are proved damaged, by their hash, their structure or a file that is missing, are passed over; they are
        moved to damaged/ beside the folder, and said, once an older one was found whole. Raises BadInput where the newest one
        is of another architecture, Damaged where all are damaged, and TryAgain, at once, where one cannot be read now.
        """
        found = self.steps()
        if only is not None:
            if only not in found:
                raise BadInput(
                    f"{self.folder} has no checkpoint {only}: there are {', '.join(map(str, found)) or 'none'}"
                )
            found = [only]
        damaged = {}
        for step in reversed(found):
            try:
                whole = self._read(step, target, device)
            except Damaged as error:
                damaged[step] = error
            else:
                self.set_aside(damaged)
                return whole
        if only is not None and damaged:
            raise damaged[only]
        if found:
            raise Damaged(
                f"none of the checkpoints {found} in {self.folder} can be read: train again, with another --out"
            )
        return None

    def set_aside(self, damaged: Mapping[int, Exception]) -> None:
        """Moves damaged checkpoints, {step: what is wrong}, to damaged/ beside the folder, and says so."""
        for step, error in damaged.items():
            self._say(f"{error}: falling back to the one before")
            self._move(step, self._aside())
        if damaged and not self._read_only:
            agree.gathered(0)  # what one has moved the others do not find
            self._manager.reload()

    def put_by(self, step: int) -> None:
        """Moves the checkpoints of later steps to ahead/ beside the folder, and says so."""
        late, place = [found for found in self.steps() if found > step], self.folder.parent / "ahead"
        for found in late:
            self._say(f"{self.folder} is ahead of the others, and goes on from step {step}: {found} is in {place} now")
            self._move(found, place)
        if late:
            self._manager.reload()

    def _move(self, step, place):
        if not self._writes:
            return
        place = place / str(step)
        place.parent.mkdir(exist_ok=True)
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
        shutil.move(self.folder / str(step), place)

    def close(self) -> None:
        """Waits, and lets go of the folder."""
        with self._disk("the newest step"):
            self._manager.close()

    def _aside(self):
        return self.folder.parent / "damaged"

    def _read(self, step, target, device):
        """(state, metadata) of a step. Raises Damaged where that is proved, TryAgain where it is not."""
        where = jax.sharding.SingleDeviceSharding(device or jax.local_devices()[0])
        like = lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=where)
        try:
            self._regular(step)
            saved = self._saved(step)
            wanted = with_optimizers(plain_shapes(target), saved)
            fits(f"checkpoint {step} in {self.folder}", saved, wanted)
            shapes = bare(jax.tree.map(like, wanted))
            args = self._ocp.args.Composite(state=self._ocp.args.StandardRestore(shapes))
            found = self._manager.restore(step, args=args)["state"]
            state = typed(type(target)(**found), target)
            metadata = self.metadata(step)
            if int(state.step) != step:
                raise Wrong(f"it is of step {int(state.step)}")
            if sha256(state) != metadata["sha256"]:  # Orbax lets a flipped bit pass
                raise Wrong("its arrays are not the ones that were saved")
            if bad := not_finite(state):  # of a version that saved it
                raise Wrong(f"{bad} is not finite")
        except BadInput:
            raise
        except Exception as error:  # whatever a damaged file, or a disk, makes Orbax raise
            hush()
            raise self._what_is_wrong(step, error) from error
        return jax.jit(lambda x: x)(state), metadata  # own buffers: restored ones may refuse to be donated

    def _what_is_wrong(self, step, error):
        """Damaged or TryAgain: a disk that does not answer now proves nothing."""
        reason = printable(error)
        if proved(error, self.folder / str(step)):
            return Damaged(f"checkpoint {step} is damaged ({reason})")
        return TryAgain(
            f"checkpoint {step} in {self.folder} cannot be read now ({reason}): nothing was changed, try the same command again"
        )

    def _regular(self, step):
        """Raises OSError where a file of a checkpoint is none: a pipe would be waited for."""
        for path in (self.folder / str(step)).rglob("*"):
            if not path.is_dir():
                reading.regular(path).close()

    def _saved(self, step):
        """Shapes of what was saved, in nested dicts."""
        saved = self._manager.item_metadata(step)["state"]
        if saved is None:
            raise Wrong("no description of the state")
        return getattr(saved, "tree", saved)

    @contextlib.contextmanager
    def _disk(self, step):
        try:
            yield
        except BadInput:
            raise
        except Exception as error:
            if not any(isinstance(x, OSError) or of_the_machine(x) or _TOLD.search(str(x)) for x in chain(error)):
                raise  # a mistake in a program, which room does not mend
            hush()
            raise TryAgain(unsaved(step, self.folder, self.steps(), error)) from error
