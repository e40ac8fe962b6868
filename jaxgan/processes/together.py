"""A process among others: how it finds them, how it leaves them."""

import contextlib
import os
import sys
import traceback

from jaxgan.errors import BadInput, TryAgain
from jaxgan.names import tell
from jaxgan.processes.lifeline import SILENT, Lifeline

CONNECT = 300  # seconds that processes wait for each other at the start
HEARTBEAT = 2 * round(SILENT) + 10  # of JAX itself, the second net: it notices after half of this at the earliest
_SHUTDOWN = 20
_HEARD_S = 3
_line: Lifeline | None = None


def start(
    distributed: str = "no", coordinator: str | None = None, process: int | None = None, processes: int | None = None
) -> None:
    """Joins the other processes, before anything else asks JAX for a device; of all but the first, stdout is silent.

    distributed: "auto" finds them as Slurm, Open MPI or a TPU pod has started them. coordinator: HOST:PORT of process 0, for
    `process` of `processes`. Raises BadInput where neither is enough, and TryAgain where the others do not come.
    """
    global _line
    given = {"--coordinator": coordinator, "--process": process, "--processes": processes}
    said = [name for name, value in given.items() if value is not None]
    if distributed == "no" and not said:
        return
    if distributed != "no" and said:
        raise BadInput(
            f"--distributed {distributed} finds the processes by itself, and {said[0]} names them: remove one"
        )
    if said:
        _check(given)
    import jax

    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(
            coordinator,
            processes,
            process,
            cluster_detection_method="deactivate" if said else None,
            initialization_timeout=CONNECT,
            heartbeat_timeout_seconds=HEARTBEAT,
            shutdown_timeout_seconds=_SHUTDOWN,
        )
    except (ValueError, KeyError, TypeError) as error:
        if said:
            raise
        raise BadInput(
            f"--distributed auto finds no Slurm step, no mpirun and no TPU pod around this process ({error}): start it by "
            "srun or mpirun, or give --coordinator HOST:PORT --process I --processes N"
        ) from error
    except RuntimeError as error:
        reason = (str(error).splitlines() or [""])[0][:200]
        raise TryAgain(
            f"the {processes or ''} processes did not find each other ({reason}): try again".replace("  ", " ")
        ) from error
    if jax.process_count() > 1:
        _line = _lifeline(coordinator)
        if jax.process_index():
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115


def _check(given):
    missing = [name for name, value in given.items() if value is None]
    coordinator, process, processes = given.values()
    if missing:
        raise BadInput(
            f"--coordinator HOST:PORT, --process I and --processes N go together: add {' and '.join(missing)}"
        )
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 2**16:
        raise BadInput(f"--coordinator {coordinator}: give HOST:PORT, as 10.0.0.1:1234, the same for every process")
    if processes < 1 or not 0 <= process < processes:
        raise BadInput(f"--process {process} of --processes {processes}: give 0 .. {max(processes, 1) - 1}")


def _lifeline(coordinator):
    """The Lifeline of this process, where all are on it; where not, that is said, and JAX's own heartbeat is left."""
    import jax

    from jaxgan.processes import agree

    line = Lifeline(jax.process_index(), jax.process_count())
    place = agree.shared(line.listen() if agree.writer() else None)
    there = agree.writer() or line.join(place, coordinator.rpartition(":")[0].strip("[]") if coordinator else "")
    missed = [i for i, (ok,) in enumerate(agree.gathered(there)) if not ok]
    if missed and agree.writer():
        tell(
            f"jaxgan: processes {', '.join(map(str, missed[:8]))} do not reach port {place['port']} of {place['hosts'][0]}: if "
            f"one of them dies, JAX notices after {HEARTBEAT} s, and ends the others with status 134",
            file=sys.stderr,
        )
    return line


def alone() -> bool:
    """Whether this process has no others to tell."""
    return _line is None


def leave(status: int) -> int:
    """The status, once all processes have come to the same end."""
    global _line
    if _line is None:
        return status
    import jax

    from jaxgan.processes import agree

    agree.gathered(status)
    _line.close()
    _line = None
    with contextlib.suppress(Exception):  # nothing is left to be lost
        jax.distributed.shutdown()
    return status


def abandon(status: int, why: str, error: BaseException | None = None) -> int:
    """The status, alone; of one process among several the end of it, after it has told the others, who end with it.

    error: a fault, whose traceback is printed; where another process is lost, that is the reason, and this one ends by it.
    """
    if _line is None:
        return status
    if error is not None:
        words = _line.words(_HEARD_S)  # of a peer that ended, which was noticed here first: as a collective that failed
        if words is None:
            traceback.print_exception(error)
        else:
            status, why = words["status"], words["why"]
            tell(f"jaxgan: {_line.line(words)}", file=sys.stderr)
    _line.give_up(status, why)
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)
