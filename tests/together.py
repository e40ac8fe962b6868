"""Commands of jaxgan as several processes on this host, as Slurm, Open MPI or a shell start them; none is left behind."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

# one device each; the programs of a test are compiled once and run a few times
ENV = {**os.environ, "JAX_NUM_CPU_DEVICES": "1", "PYTHONUNBUFFERED": "1"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def by_hand(count):
    """[(flags, variables)]: named one by one."""
    place = f"127.0.0.1:{free_port()}"
    return [(["--coordinator", place, "--process", f"{i}", "--processes", f"{count}"], {}) for i in range(count)]


def by_slurm(count):
    """As srun sets them."""
    job = {"SLURM_JOB_ID": "7", "SLURM_STEP_NODELIST": "localhost", "SLURM_STEP_NUM_NODES": "1"}
    job |= {"SLURM_NTASKS": f"{count}", "JAX_COORDINATOR_PORT": f"{free_port()}"}
    own = [{"SLURM_PROCID": f"{i}", "SLURM_LOCALID": f"{i}"} for i in range(count)]
    return [(["--distributed", "auto"], {**job, **each}) for each in own]


def by_open_mpi(count):
    """As mpirun sets them."""
    job = {"OMPI_MCA_orte_hnp_uri": "1531576320.0;tcp://127.0.0.1:34911", "OMPI_COMM_WORLD_SIZE": f"{count}"}
    job |= {"JAX_COORDINATOR_PORT": f"{free_port()}"}
    own = [{"OMPI_COMM_WORLD_RANK": f"{i}", "OMPI_COMM_WORLD_LOCAL_RANK": f"{i}"} for i in range(count)]
    return [(["--distributed", "auto"], {**job, **each}) for each in own]


class Started:
    """Processes, each with its output in a file; `status` and `said` of them once `ended`."""

    def __init__(self, folder, starts, *words):
        self.files = [folder / f"said{i}.txt" for i in range(len(starts))]
        self.all = []
        for path, (flags, variables) in zip(self.files, starts, strict=True):
            line = [sys.executable, "-m", "jaxgan", *map(str, words), *flags]
            with path.open("w") as file:
                own = {"stdout": file, "stderr": subprocess.STDOUT, "env": {**ENV, **variables}}
                self.all.append(subprocess.Popen(line, **own, start_new_session=True))

    @property
    def said(self):
        return [path.read_text() for path in self.files]

    def ended(self, seconds):
        """Statuses, within so many seconds."""
        end = time.monotonic() + seconds
        for process in self.all:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, end - time.monotonic()))
        return [process.poll() for process in self.all]

    def when(self, true, seconds=120):
        """Waits until something is true, while all are alive."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end and all(each.poll() is None for each in self.all), self.said
            time.sleep(0.02)

    def kill(self):
        for process in self.all:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def started(folder, starts, *words):
    """Yields Started; whatever happens, none of the processes outlives it."""
    folder.mkdir(parents=True, exist_ok=True)
    processes = Started(folder, starts, *words)
    try:
        yield processes
    finally:
        processes.kill()
