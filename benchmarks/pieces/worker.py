"""A job's process: `python -m pieces.worker MODULE:FUNCTION OPTIONS LIMIT`. It answers in one line of JSON behind MARK."""

import ctypes
import importlib
import json
import signal
import subprocess
import sys

from peers import hardware

from jaxgan import runtime
from jaxgan.errors import BadInput
from pieces.jobs import MARK

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG: the signal at the parent's end


def about():
    """The device that a row is of, and all else that it depends on."""
    import jax

    from jaxgan import runs

    device = jax.devices()[0]
    return {
        "device": device.device_kind,
        "platform": device.platform,
        "devices": len(jax.devices()),
        "driver": driver(),
        "runtime": " ".join(device.client.platform_version.split()),
        "host": hardware.words([]),
        "versions": runs.versions(),
    }


def driver():
    """Version of NVIDIA's driver, None where there is none."""
    try:
        words = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.split("\n")[0].strip() or None


def peak_bytes():
    """Most bytes that the first device has held, None where it does not say."""
    import jax

    return (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")


def main(function, options, limit):
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)  # whoever started it may be killed: it frees the device
    signal.alarm(int(float(limit)) + 5)  # elsewhere after this
    runtime.keep_memory()  # as `jaxgan train` does
    module, _, name = function.partition(":")
    found = getattr(importlib.import_module(module), name)(float(limit), **json.loads(options))
    print(f"\n{MARK}{json.dumps(found)}", flush=True)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:
        line = str(error).strip().partition("\n")[0][:300]
        why = line if isinstance(error, BadInput) else f"{type(error).__name__}: {line}"
        print(f"\n{MARK}{json.dumps({'not_measured': why})}", flush=True)
        sys.exit(2)
