"""A process that keeps its memory. Imports nothing heavy, so that it can come first."""

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8  # of glibc's mallopt
_MOST = 2**31 - 1


def keep():
    """Lets glibc keep what is freed, for the process that trains on a CPU: XLA takes a step's temporary memory anew each time.

    Otherwise the system takes it back, and clears it page by page at the next step. Without glibc nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _MOST), (_TRIM_THRESHOLD, _MOST), (_TOP_PAD, 2**28)):
            mallopt(option, value)
