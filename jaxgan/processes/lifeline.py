"""A line from every process to the first: whoever dies, hangs or gives up is known to all within a minute.

A collective waits for its peers for ever, and JAX's own heartbeat ends a process without a word that Python could add, with a
status that says nothing. So each process has a thread, which is heard of every second; it ends the process where another one
is not heard of any more.
"""

import contextlib
import json
import os
import secrets
import selectors
import socket
import threading
import time
from typing import Any

SILENT = 40.0
"""Seconds without a sign after which a process counts as hanging. A thread may wait long for Python's lock, and is no corpse."""
GRACE = 10.0
"""Seconds that a process has to come to its own end, after another one has said that it gives up, and why."""
AGAIN = 75  # what a scheduler begins again
_BYE = {"bye": True}


class Lifeline:
    """The line of process `index` of `count`. The first listens; the others `join` where it says.

    Nobody is let in, and nobody is believed, who does not begin with the secret of this training.
    """

    def __init__(self, index: int, count: int) -> None:
        self._index, self._count, self._secret = index, count, ""
        self._heard: dict[socket.socket, float] = {}  # last sign of each
        self._who: dict[socket.socket, int] = {}  # of those that are let in
        self._parts: dict[socket.socket, bytes] = {}  # lines that are not whole yet
        self._words: dict[str, Any] | None = None  # the last ones of whoever gave up first
        self._until = float("inf")  # when this process has to be gone
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._selector = selectors.DefaultSelector()
        self._server: socket.socket | None = None

    def listen(self) -> dict[str, Any]:
        """Opens the line, of the first process; where it is, for `join`."""
        self._server = socket.create_server(("", 0), backlog=self._count)
        self._secret = secrets.token_hex(16)
        self._selector.register(self._server, selectors.EVENT_READ)
        self._run()
        return {"hosts": _addresses(), "port": self._server.getsockname()[1], "secret": self._secret}

    def join(self, place: dict[str, Any], near: str = "") -> bool:
        """Whether the first process was reached where `listen` has said, or at the host `near`."""
        for host in (near, *place["hosts"]) if near else place["hosts"]:
            with contextlib.suppress(OSError):
                line = socket.create_connection((host, place["port"]), timeout=5)
                self._add(line, 0)
                self._send(line, {"secret": place["secret"], "index": self._index})
                self._run()
                return True
        return False

    def joined(self, seconds: float = 10.0) -> bool:
        """Whether all are on the line, within so many seconds: asked of the first process."""
        end = time.monotonic() + seconds
        while len(self._who) < self._count - 1 and time.monotonic() < end:
            time.sleep(0.05)
        return len(self._who) == self._count - 1

    def words(self, seconds: float) -> dict[str, Any] | None:
        """{"status", "why", "who"} of whoever gave up first, if that is heard within so many seconds."""
        end = time.monotonic() + seconds
        while self._words is None and time.monotonic() < end:
            time.sleep(0.05)
        return self._words

    def give_up(self, status: int, why: str) -> None:
        """Tells all that this process ends, with this status, and why. The first one leaves last: without it JAX ends all."""
        if self._words is None:
            self._words = {"status": status, "why": why, "who": self._index}
            self._tell(self._words)
        end = time.monotonic() + GRACE
        while self._who and self._index == 0 and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.2)  # for what was said to be read

    def line(self, words: dict[str, Any]) -> str:
        """Such words as a line."""
        return f"process {words['who']} of {self._count} gave up: {words['why']}"

    def close(self) -> None:
        """Takes leave: from here on nobody minds that this process is gone, nor it that others are.

        The line stays open: closed with something unread in it, it would take back what was just said.
        """
        self._closed.set()  # first: who reads it may close the line before this thread goes on
        self._tell(_BYE)

    def _run(self):
        threading.Thread(target=self._watch, name="lifeline", daemon=True).start()

    def _watch(self):
        beat = 0.0
        while True:
            for key, _ in self._selector.select(0.5):
                if key.fileobj is self._server:
                    self._add(self._server.accept()[0])
                else:
                    self._read(key.fileobj)
            now = time.monotonic()
            if now - beat > 1:
                beat = now
                for line in list(self._who):
                    self._send(line, None)
            for line, heard in list(self._heard.items()):
                if now - heard > SILENT:
                    self._lost(line, f"has not been heard of for {SILENT:.0f} s")
            if now > self._until:
                _end(self._words["status"], self.line(self._words))

    def _add(self, line, who=None):
        line.settimeout(5)
        self._heard[line], self._parts[line] = time.monotonic(), b""
        if who is not None:
            self._who[line] = who
        self._selector.register(line, selectors.EVENT_READ)

    def _read(self, line):
        try:
            said = line.recv(2**16)
        except OSError:
            said = b""
        if not said:
            return self._lost(line, "is gone")
        self._heard[line] = time.monotonic()
        *lines, rest = (self._parts[line] + said).split(b"\n")
        self._parts[line] = rest[: 2**16]
        for text in filter(None, lines):
            try:
                words = json.loads(text)
                known = line in self._who or words["secret"] == self._secret
            except (ValueError, KeyError, TypeError):
                known = False
            if not known:
                return self._drop(line)
            if line not in self._who:
                self._who[line] = int(words["index"])
            elif "bye" in words:
                return self._drop(line)
            elif "status" in words and self._words is None:
                self._words, self._until = words, time.monotonic() + GRACE
                self._tell(words, but=line)
        return None

    def _lost(self, line, how):
        who = self._who.get(line)
        self._drop(line)
        if who is None or self._closed.is_set() or self._words is not None:
            return
        why = f"process {who} of {self._count} {how}"
        self._tell({"status": AGAIN, "why": why, "who": self._index})
        _end(AGAIN, f"{why}: the same command with --resume auto goes on from the last checkpoint")

    def _drop(self, line):
        self._selector.unregister(line)
        self._heard.pop(line), self._parts.pop(line), self._who.pop(line, None)
        line.close()

    def _tell(self, words, but=None):
        for line in list(self._who):
            if line is not but:
                self._send(line, words)

    def _send(self, line, words):
        """Sends words, or a sign of life. Who cannot be told is noticed where it is read."""
        with self._lock, contextlib.suppress(OSError):
            line.sendall((b"" if words is None else json.dumps(words).encode()) + b"\n")


def _end(status, why):
    """Ends the process, whatever its main thread waits for."""
    with contextlib.suppress(OSError):
        os.write(2, f"jaxgan: {why}\n".encode(errors="backslashreplace"))
    os._exit(status)


def _addresses():
    """Names and numbers by which this host may be reached, the likeliest first."""
    found = [socket.gethostname()]
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # nothing is sent: which of our numbers would go out
        found.append(probe.getsockname()[0])
    return [*found, "127.0.0.1"]
