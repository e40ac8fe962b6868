"""Ctrl-C before and beside a training: it ends the command, whatever Python is doing when it comes."""

import contextlib
import os
import signal
import sys
import threading
from types import FrameType
from typing import NoReturn

_asked = False


def listen() -> None:
    """From here on a SIGINT is not lost where Python would only print what is raised; nothing where it is ignored, or heard."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        with contextlib.suppress(ValueError):  # not the main thread: nobody can interrupt it
            signal.signal(signal.SIGINT, _interrupt)


def asked() -> bool:
    """Whether one came: what is raised since may be what others made of it, as of an import that was broken off."""
    return _asked


def leave(status: int) -> NoReturn:
    """Ends the process now: what XLA still compiles in its threads would not outlive the interpreter's own end."""
    for out in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            out.flush()
    os._exit(status)


def swallows(frame: FrameType | None) -> bool:
    """Whether Python would only print what is raised here: in a finaliser, or while garbage is collected."""
    while frame is not None:
        if frame.f_code.co_name in ("__del__", "_xla_gc_callback"):
            return True
        frame = frame.f_back
    return False


def later(number: int) -> None:
    """Sends a signal to the main thread again, a moment later."""
    ident = threading.main_thread().ident
    assert ident is not None
    timer = threading.Timer(0.05, signal.pthread_kill, (ident, number))
    timer.daemon = True
    timer.start()


def _interrupt(number, frame):
    global _asked
    if swallows(frame):
        later(number)
        return
    _asked = True
    raise KeyboardInterrupt
