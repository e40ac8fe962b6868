"""Eight simulated devices, no silent rank promotion, one compilation cache for all processes of a session."""

import os

import jax
import pytest

os.environ["JAX_NUM_CPU_DEVICES"] = "8"  # for the commands that tests start
jax.config.update("jax_num_cpu_devices", 8)
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture(scope="session")
def test_data():
    """The folder of real data sets that JAXGAN_TEST_DATA names; tests that need it are skipped without."""
    from pathlib import Path

    if not os.environ.get("JAXGAN_TEST_DATA"):
        pytest.skip("JAXGAN_TEST_DATA names no folder of real data")
    return Path(os.environ["JAXGAN_TEST_DATA"])
