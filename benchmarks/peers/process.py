"""A contender's process as the parent sees it: started, asked for rounds, ended, each within a time limit."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from queue import Empty, Queue

from peers.worker import MARK

HERE = Path(__file__).resolve().parent.parent


class NotMeasured(Exception):
    """Why there is no number."""


class Process:
    """`ready` is what it said when it was warm; ask(seconds) makes it measure. Raises NotMeasured, and is ended then."""

    def __init__(self, words, limit):
        paths = (str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", ""))
        # several processes share a device: none takes all of its memory
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        }
        self.errors, self.lines = tempfile.TemporaryFile(), Queue()  # noqa: SIM115
        if limit <= 0:
            raise NotMeasured("no time left to start it: raise --minutes")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "peers.worker", *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env=env,
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.ready = self._answer(limit, "start")

    def ask(self, seconds, limit):
        """{"steps", "seconds"} of about so many seconds of steps."""
        try:
            self.process.stdin.write(f"{seconds}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: its answer says so
        return self._answer(limit, "measurement")

    def end(self):
        """Ends it."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.errors.close()

    def _read(self):
        with self.process.stdout as out:
            for line in out:
                if line.startswith(MARK):
                    self.lines.put(json.loads(line.removeprefix(MARK)))
        self.lines.put({"error": None})

    def _answer(self, limit, what):
        try:
            said = self.lines.get(timeout=limit)
        except Empty:
            self.end()
            raise NotMeasured(f"its {what} took longer than {limit:.0f} s") from None
        if "error" in said:
            self.process.wait(10)
            self.errors.seek(0)
            last = self.errors.read().decode(errors="replace").strip().splitlines()[-1:] or ["nothing on stderr"]
            status = self.process.returncode
            self.end()
            raise NotMeasured(said["error"] or f"its process ended with status {status}: {last[0]}")
        return said
