"""Checkpoints that somebody saves from a loop of their own."""

import shutil
import sys
from functools import partial

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import orbax.checkpoint as ocp
import pytest
from small_runs import saved, state

from jaxgan import BadInput
from jaxgan.checkpoint import Checkpoints, damage
from jaxgan.errors import TryAgain


@pytest.fixture
def store(tmp_path):
    found = Checkpoints(tmp_path / "checkpoints", keep_latest=3)
    yield found
    found.close()


def refused(words, call):
    with pytest.raises(BadInput, match=words) as said:
        call()
    assert not isinstance(said.value, TryAgain) and "make room" not in str(said.value)


def test_a_step_is_that_of_the_state(store, tmp_path):
    store.save(5, state(5), {})
    refused(
        r"step is 2, and the state is of step 10: give int\(state.step\)", lambda: store.save(2, state(10), {})
    )  # an epoch
    refused("step is 5, and the state is of step 10", lambda: store.save(5, state(10), {}))
    store.wait()
    assert saved(tmp_path) == [5] and int(store.restore(state())[0].step) == 5


def test_nothing_is_saved_behind_a_later_one(store, tmp_path):
    store.save(10, state(10), {"a": 1})
    store.wait()
    refused(r"step 5 is before 10, which .* has: drop_after\(5\)", lambda: store.save(5, state(5), {}))
    store.save(10, state(10), {"a": 2})  # there already
    store.wait()
    assert store.metadata(10)["a"] == 1
    store.drop_after(5)
    store.save(5, state(5), {})
    store.wait()
    assert saved(tmp_path) == [5]


def test_scalars_of_arrays_are_numbers_in_metadata(store):
    scalars = [np.float32(0.5), np.int64(3), np.bool_(True), jnp.float32(0.5), jnp.int32(3), jnp.bfloat16(0.5)]
    scalars += [np.array(0.5), np.array(0.5, ml_dtypes.bfloat16)]
    given = {"all": scalars, "of one": {"loss": np.float32(2)}, "none": None, "text": "a", "fd": np.float64(1)}
    store.save(1, state(1), given)
    given["text"] = "changed meanwhile"
    store.wait()
    found = store.metadata(1)
    assert found["all"] == [0.5, 3, True, 0.5, 3, 0.5, 0.5, 0.5] and found["of one"] == {"loss": 2.0}
    assert found["none"] is None and found["text"] == "a" and found["fd"] == 1.0


@pytest.mark.parametrize(
    "value",
    [np.zeros(3), {"x": [object()]}, 1j, np.complex64(1), {(1, 2): 3}],
    ids=["array", "object", "complex", "complex64", "key"],
)
def test_metadata_that_json_cannot_write_are_refused_at_once_and_by_name(store, tmp_path, value):
    refused(
        "metadata 'history' is of .*, and JSON cannot write it", lambda: store.save(1, state(1), {"history": value})
    )
    assert saved(tmp_path) == []


def test_arrays_without_numbers_are_refused_in_metadata(store):
    donated = jax.jit(lambda x: x + 1, donate_argnums=0)
    x = jnp.zeros(())
    donated(x)
    for value in (x, jax.random.key(0), jax.ShapeDtypeStruct((), jnp.float32)):
        save = partial(store.save, 1, state(1), {"last": value})
        refused("metadata 'last' is of .*, and JSON cannot write it", save)


def test_states_of_several_trainings_and_steps_that_are_no_counts_are_refused(store, tmp_path):
    several = jax.tree.map(lambda x: jnp.stack([x, x]), state(1))
    refused("the state is of 2 trainings: save each one's", lambda: store.save(1, several, {}))
    refused("step is 1.0, and the state is of step 1", lambda: store.save(1.0, state(1), {}))
    assert saved(tmp_path) == []


@pytest.mark.parametrize("metrics", [3.0, {"score": "3"}, {"score": [3.0]}, {"score": True}])
def test_a_best_metric_that_is_no_number_is_refused(tmp_path, metrics):
    store = Checkpoints(tmp_path / "checkpoints", keep_latest=1, keep_best=1, metric="+score")
    refused("give .*number", lambda: store.save(1, state(1), {"metrics": metrics}))


def test_the_metric_of_keep_best_has_to_be_there(tmp_path):
    refused("keep_best is 1 and metric is empty", lambda: Checkpoints(tmp_path / "other", keep_best=1))
    store = Checkpoints(tmp_path / "checkpoints", keep_latest=1, keep_best=1, metric="+score")
    refused("score is not reported .*: there are none", lambda: store.save(1, state(1), {"score": 1.0}))
    refused("score is not reported .*: there are fd", lambda: store.save(1, state(1), {"metrics": {"fd": 1.0}}))
    for step, value in ((1, jnp.float32(3)), (2, np.float32(2)), (3, None), (4, float("nan"))):
        store.save(step, state(step), {"metrics": {"score": value}})
        store.wait()
    store.close()
    assert saved(tmp_path) == [1, 4]


def test_a_store_that_is_open_to_be_read_saves_nothing(store, tmp_path):
    store.save(1, state(1), {})
    store.wait()
    other = Checkpoints(tmp_path / "checkpoints", read_only=True)
    refused("open to be read", lambda: other.save(2, state(2), {}))
    other.close()
    assert saved(tmp_path) == [1]


def test_a_mistake_is_no_full_disk(store, monkeypatch):
    def fails(error):
        def save(*_, **__):
            raise error

        return save

    for error in (TypeError("unsupported"), RuntimeError("twice"), KeyError("name")):
        monkeypatch.setattr(ocp.CheckpointManager, "save", fails(error))
        with pytest.raises(type(error)):
            store.save(1, state(1), {})
    told = (
        "can't start new thread",
        "NOT_FOUND: [OS error 2: No such file]",
        "Failed to write 9 bytes to file 14 [os_error_code='27']",
    )
    for error in (OSError(28, "No space left"), MemoryError(), *map(ValueError, told)):
        monkeypatch.setattr(ocp.CheckpointManager, "save", fails(error))
        with pytest.raises(TryAgain, match="make room"):
            store.save(1, state(1), {})


def test_a_folder_that_was_taken_away_is_told(store, tmp_path):
    store.save(1, state(1), {})
    store.wait()
    shutil.rmtree(tmp_path / "checkpoints")
    with pytest.raises(TryAgain, match=r"could not save .*: the folder was moved or taken away, put it back"):
        store.save(2, state(2), {})
        store.wait()


def test_what_the_tasks_of_a_failed_reading_still_say_is_no_news(monkeypatch, capsys):
    for name in ("unraisablehook", "excepthook"):
        monkeypatch.setattr(sys, name, getattr(sys, f"__{name}__"))
    damage.hush.__wrapped__()  # else once in a process

    class Late:
        def __init__(self, said):
            self.said = said

        def __del__(self):
            raise RuntimeError(self.said)

    for said in ("Event loop is closed", "something else"):
        late = Late(said)
        del late
        sys.excepthook(RuntimeError, RuntimeError(said), None)
    err = capsys.readouterr().err
    assert "Event loop is closed" not in err and err.count("RuntimeError: something else") == 2


def test_what_a_full_disk_lacks_is_told_apart(store, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(2**30, 2**30, 2**20))
    with pytest.raises(TryAgain, match=r"it takes 1,048,\d\d\d bytes, the disk has 1,048,576 left"):
        store.save(3, state(), {})


def test_a_state_of_float64_is_told_the_way_out(store, tmp_path):
    store.save(3, state(), {})
    store.wait()
    wide = jax.tree.map(lambda x: x, jax.eval_shape(state))
    with jax.enable_x64(True):
        wide = wide._replace(ema={"params": {"kernel": jax.ShapeDtypeStruct((4, 2), jnp.float64)}})
        refused(
            "of another precision: ema.params.kernel .* float64.* here: unset JAX_ENABLE_X64",
            lambda: store.restore(wide),
        )
    refused(
        "of another architecture", lambda: store.restore(jax.eval_shape(lambda: state()._replace(ema={"params": {}})))
    )
