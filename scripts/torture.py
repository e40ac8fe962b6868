"""Faults injected into trainings, and what was lost by them.

    python scripts/torture.py                              # a table; about half an hour on 2 idle cores
    python scripts/torture.py --kills 5 --only single      # a short one
    python scripts/torture.py --write docs/reliability.md  # the table, between its marks there

A process is killed at its n-th operation on a file of the run, n drawn anew each time, from the first one to those of report and
animation; what is left goes on by --resume auto until it is done. Survived: the state's hash and every row, but for times, are
those of a training that nobody disturbed. Ends with status 1 where anything was lost.
"""

import argparse
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

STEPS = 60
LINE = ["train", "ring", "--tiny", "--schedule", "constant", "--steps", str(STEPS), "--save-every-steps", "10"]
LINE += ["--log-every-steps", "5", "--sample-every-steps", "20"]
MODES = ("single", "pmap", "mesh", "fsdp")
WATCHED = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree", "shutil.move")


def child(
    argv: list[str], folder: Path, mode: str = "single", kill_at: int = 0, prepare: Callable | None = None
) -> int:
    """Status of a command in a forked process; minus the signal that ended it. kill_at: operation at which it is killed.

    FOLDER.count has how many operations there were.
    """
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    seen = 0

    def watch(event, args):
        nonlocal seen
        if event in WATCHED and str(folder) in str(args[0]):
            seen += 1
            if seen == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    with open(f"{folder}.log", "a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    sys.addaudithook(watch)
    status = 1
    try:
        if prepare is not None:
            prepare()
        import jax

        from jaxgan.cli import main

        jax.config.update("jax_num_cpu_devices", 1 if mode == "single" else 4)
        status = main([*argv, "--parallel", mode, *([] if mode == "single" else ["--devices", "4"])])
    finally:
        Path(f"{folder}.count").write_text(str(seen))
        sys.stdout.flush()
        os._exit(status)


def found(folder: Path) -> tuple:
    """What a training has come to: hash, rows without times, names of files."""
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    timeless = [{k: v for k, v in row.items() if k not in ("seconds", "images_per_s")} for row in rows]
    files = sorted(str(p.relative_to(folder)) for kind in ("samples", "*.html", "*.webp") for p in folder.rglob(kind))
    return json.loads((folder / "result.json").read_text())["state_sha256"], timeless, files


class Bench:
    """Faults against trainings in a folder of their own: `rows` has (fault, injected, survived)."""

    def __init__(self, home: Path, seed: int) -> None:
        self.home, self.draw, self.rows, self._whole = home, random.Random(seed), [], {}

    def whole(self, mode: str) -> tuple[tuple, int]:
        """(what an undisturbed training comes to, its operations on files)."""
        if mode not in self._whole:
            folder = self.home / f"whole-{mode}"
            assert child([*LINE, "--out", str(folder)], folder, mode) == 0, Path(f"{folder}.log").read_text()
            self._whole[mode] = found(folder), int(Path(f"{folder}.count").read_text())
        return self._whole[mode]

    def tell(self, fault: str, injected: int, survived: int) -> None:
        """Adds a row."""
        self.rows.append((fault, injected, survived))
        print(f"{fault}: {survived} of {injected}", flush=True)

    def ends_the_same(self, folder: Path, mode: str = "single", line: list[str] = LINE) -> bool:
        """Whether a run, gone on with, ends as if nothing had been."""
        status = child([*line, "--out", str(folder), "--resume", "auto"], folder, mode)
        return status == 0 and found(folder) == self.whole(mode)[0]

    def kills(self, mode: str, least: int) -> None:
        """kill -9, in chains of five."""
        _, operations = self.whole(mode)
        injected = survived = 0
        while injected < least:
            folder, kills = self.home / f"killed-{mode}-{injected}", 0
            for _ in range(5):
                at = self.draw.randint(1, operations)
                kills += child([*LINE, "--out", str(folder), "--resume", "auto"], folder, mode, at) == -signal.SIGKILL
            injected += kills
            survived += kills * self.ends_the_same(folder, mode)
        self.tell(f"kill -9, {mode}", injected, survived)

    def copy(self, name: str, until: str = "40") -> Path:
        """A run of 40 steps that has 20 more to go."""
        first = self.home / f"first-{until}"
        if not first.exists():
            assert child([*LINE, "--steps", until, "--out", str(first)], first) == 0
        return Path(shutil.copytree(first, self.home / name))

    def damages(self) -> None:
        """Of the newest checkpoint, of config, rows, pictures."""

        def newest(folder):
            files = [p for p in (folder / "checkpoints" / "40").rglob("*") if p.is_file()]
            return sorted(files, key=lambda p: -p.stat().st_size)

        def flip(path):
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 255
            path.write_bytes(data)

        def each(folder, change):
            for path in newest(folder):
                change(path)

        kinds = {
            "the largest file of a checkpoint cut in half": lambda f: os.truncate(newest(f)[0], 100),
            "a byte of it flipped": lambda f: flip(newest(f)[0]),
            "it is deleted": lambda f: newest(f)[0].unlink(),
            "all files of a checkpoint of no bytes": lambda f: each(f, lambda p: p.write_bytes(b"")),
            "its note is {}": lambda f: (f / "checkpoints/40/note/metadata").write_text("{}"),
            "its description of the state is gone": lambda f: (f / "checkpoints/40/state/_METADATA").unlink(),
            "an empty folder 50 among the checkpoints": lambda f: (f / "checkpoints/50").mkdir(),
            "a file 50 among the checkpoints": lambda f: (f / "checkpoints/50").write_text(""),
            "half a row at the end of metrics.jsonl": lambda f: (f / "metrics.jsonl").open("a").write('{"step": 4'),
            "bytes that are no text in metrics.jsonl": lambda f: (f / "metrics.jsonl").open("ab").write(b"\xff\x00\n"),
            "a picture of no bytes": lambda f: (f / "samples/000020.png").write_bytes(b""),
            "a config.json.part that nobody finished": lambda f: (f / "config.json.part").write_text("{"),
            "a save that nobody finished": lambda f: (f / "checkpoints/50.orbax-checkpoint-tmp").mkdir(),
            "result.json cut short": lambda f: (f / "result.json").write_text("{"),
        }
        for i, (words, damage) in enumerate(kinds.items()):
            folder = self.copy(f"damaged-{i}")
            damage(folder)
            self.tell(words, 1, int(self.ends_the_same(folder)))

    def disks(self) -> None:
        """Errors of a disk at every read of a restore; nothing may be moved, and the next start goes on."""
        for name in ("EIO", "ENOMEM", "EMFILE", "ETIMEDOUT", "EACCES"):
            folder = self.copy(f"disk-{name}")
            before = sorted(os.listdir(folder / "checkpoints"))

            number = getattr(errno, name)

            def refuse(number=number):
                import orbax.checkpoint as ocp

                def restore(*_, **__):
                    raise OSError(number, os.strerror(number))

                ocp.StandardCheckpointHandler.restore = restore

            status = child([*LINE, "--out", str(folder), "--resume", "auto"], folder, prepare=refuse)
            kept = status == 75 and sorted(os.listdir(folder / "checkpoints")) == before
            self.tell(f"{name} at every read of a checkpoint", 1, int(kept and self.ends_the_same(folder)))

    def signals(self, times: int) -> None:
        """Signals at a moment of the training that is drawn."""
        for name, status in (("SIGHUP", 129), ("SIGINT", 130), ("SIGTERM", 143), ("SIGUSR1", 75)):
            survived = 0
            for i in range(times):
                folder, at = self.home / f"{name}-{i}", self.draw.randint(20, self.whole("single")[1] - 60)

                def raised(folder=folder, at=at, name=name):
                    seen = 0

                    def watch(event, args):
                        nonlocal seen
                        if event in WATCHED and str(folder) in str(args[0]):
                            seen += 1
                            if seen == at:
                                os.kill(os.getpid(), getattr(signal, name))

                    sys.addaudithook(watch)

                left = child([*LINE, "--out", str(folder)], folder, prepare=raised)
                survived += left in (status, 0) and self.ends_the_same(folder)
            self.tell(f"{name} in training", times, survived)

    def writers(self) -> None:
        """Two processes that go on with one run at once."""
        folder = self.copy("writers")
        words = [sys.executable, "-m", "jaxgan", *LINE, "--out", str(folder), "--resume", "auto"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        both = [subprocess.Popen(words, **quiet) for _ in range(2)]
        statuses = sorted(process.wait() for process in both)
        self.tell("two processes go on with one run", 1, int(statuses == [0, 75] and self.ends_the_same(folder)))

    def table(self) -> str:
        """Markdown."""
        lines = [f"| {fault} | {injected} | {survived} |" for fault, injected, survived in self.rows]
        return "\n".join(["| fault | injected | survived |", "|---|---|---|", *lines])


def main(argv: list[str] | None = None) -> int:
    """Injects, tells, and writes the table."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20, help="at least, in each mode")
    parser.add_argument("--only", nargs="+", choices=MODES, default=MODES, help="modes to kill in")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path, help="file whose <!-- torture --> part becomes the table")
    parser.add_argument("--keep", type=Path, help="folder for the runs, which stay there")
    args = parser.parse_args(argv)
    began = time.monotonic()
    import orbax.checkpoint  # noqa: F401  in every child, once

    with tempfile.TemporaryDirectory() as home:
        bench = Bench(args.keep or Path(home), args.seed)
        for mode in args.only:
            bench.kills(mode, args.kills)
        bench.damages()
        bench.disks()
        bench.signals(3)
        bench.writers()
    print(bench.table(), f"\n{(time.monotonic() - began) / 60:.0f} min")
    if args.write:
        text = args.write.read_text()
        first, last = (text.index(mark) for mark in ("<!-- torture -->", "<!-- /torture -->"))
        args.write.write_text(f"{text[:first]}<!-- torture -->\n{bench.table()}\n{text[last:]}")
    return int(any(injected != survived for _, injected, survived in bench.rows))


if __name__ == "__main__":
    sys.exit(main())
