"""Eight simulated devices, no silent rank promotion, one compilation cache for all processes of a session.

Most tests compile what they run once or twice: what makes programs fast costs them more than it saves. Trainings with a bar,
which run long, are processes of their own with it (`optimised`).
"""

import getpass
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import jax
import numpy as np
import pytest

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
PLAIN = "--xla_backend_optimization_level=0"  # programs that are compiled in a third of the time
PLAINER = f"{PLAIN} --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"


def _with_flags(flags):
    return {**os.environ, "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip()}


if (
    "JAXGAN_TESTS_FLAGS" not in os.environ
):  # once for all workers: XLA ends a process that has a flag which it does not know
    asked = subprocess.run(
        [sys.executable, "-c", "import jax; jax.devices()"], env=_with_flags(PLAINER), check=False, **QUIET
    )
    os.environ["JAXGAN_TESTS_FLAGS"] = PLAIN if asked.returncode else PLAINER
    os.environ.update(_with_flags(os.environ["JAXGAN_TESTS_FLAGS"]))  # read when the first device is asked for

SETTINGS = {
    "jax_num_cpu_devices": 8,
    "jax_numpy_rank_promotion": "raise",
    "jax_compilation_cache_dir": str(
        Path(tempfile.gettempdir()) / f"jaxgan-tests-{getpass.getuser()}-jax{jax.__version__}"
    ),
    "jax_persistent_cache_min_compile_time_secs": 0.05,
}
for _name, _value in SETTINGS.items():
    jax.config.update(_name, _value)
    os.environ[_name.upper()] = str(_value)  # for the commands that tests start
os.environ["JAXGAN_CACHE"] = tempfile.mkdtemp(prefix="jaxgan-tests-cache-")


def pytest_collection_modifyitems(config, items):
    """Leaves out the full product of modes unless it is asked for by name."""
    if "full" in config.option.markexpr:
        return
    left = [item for item in items if item.get_closest_marker("full")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if not item.get_closest_marker("full")]


@pytest.fixture(autouse=True)
def same_draws(request):
    """A test draws what it draws, whichever were run before it in its process."""
    if hasattr(request.module, "DRAW"):
        request.module.DRAW = np.random.default_rng(0)


@pytest.fixture(scope="module", autouse=True)
def forgotten():
    """Compiled programs are dropped after each module: thousands of them would be gigabytes."""
    yield
    jax.clear_caches()


@pytest.fixture(autouse=True)
def heard():
    """Signals that whoever started the tests ignores (nohup, a shell's job in the background) are heard within each."""
    usual = {signal.SIGINT: signal.default_int_handler}
    ignored = [n for n in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT) if signal.getsignal(n) == signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, usual.get(number, signal.SIG_DFL))
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(scope="session")
def optimised():
    """Function (*words): the command jaxgan in a process of its own, with programs optimised as a user's are."""
    env = {**os.environ, "XLA_FLAGS": os.environ["XLA_FLAGS"].replace(os.environ["JAXGAN_TESTS_FLAGS"], "").strip()}

    def run(*words):
        done = subprocess.run([sys.executable, "-m", "jaxgan", *words], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    return run


@pytest.fixture(scope="session")
def real_data():
    """The folder of real data sets that JAXGAN_TEST_DATA names; tests that need it are skipped without."""
    if not os.environ.get("JAXGAN_TEST_DATA"):
        pytest.skip("JAXGAN_TEST_DATA names no folder of real data")
    return Path(os.environ["JAXGAN_TEST_DATA"])
