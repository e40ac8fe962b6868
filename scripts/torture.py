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
import gzip
import io
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy

STEPS = 60
SPOILT = Path(__file__).parents[1] / "tests" / "training" / "spoilt.py"  # fakes that are not numbers at some draws
LINE = ["train", "ring", "--tiny", "--schedule", "constant", "--steps", str(STEPS), "--save-every-steps", "10"]
LINE += ["--log-every-steps", "5", "--sample-every-steps", "20"]
MODES = {  # name: (mode, more flags)
    "single": ("single", []),
    "pmap": ("pmap", []),
    "mesh": ("mesh", []),
    "fsdp": ("fsdp", []),
    "evaluations": ("single", ["--evaluate-every-steps", "10", "--keep-best", "1", "--best-metric", "fd"]),
    "population": ("single", ["--population", "2"]),
}
WATCHED = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree", "shutil.move")


def child(
    argv: list[str], folder: Path, mode: str = "single", kill_at: int = 0, prepare: Callable | None = None
) -> int:
    """Status of a command in a forked process; minus the signal that ended it. kill_at: operation at which it is killed.

    mode: a name in MODES, "" for a command that does not train. FOLDER.count has how many operations there were, FOLDER.peak
    the largest resident set in KiB.
    """
    parallel, more = MODES[mode] if mode else ("single", [])
    pid = os.fork()
    if pid:
        _, status, used = os.wait4(pid, 0)
        Path(f"{folder}.peak").write_text(str(used.ru_maxrss))
        return os.waitstatus_to_exitcode(status)
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

        jax.config.update("jax_num_cpu_devices", 1 if parallel == "single" else 4)
        where = [] if parallel == "single" else ["--parallel", parallel, "--devices", "4"]
        status = main([*argv, *where, *more])
    finally:
        Path(f"{folder}.count").write_text(str(seen))
        sys.stdout.flush()
        os._exit(status)


def found(folder: Path) -> tuple:
    """What a training has come to: hash, rows without times, names of files; of a population that of each member."""
    if (folder / "population.json").exists():
        return tuple(found(member) for member in sorted(folder.glob("[0-9][0-9]")))
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    timeless = [{k: v for k, v in row.items() if k not in ("seconds", "images_per_s")} for row in rows]
    files = sorted(str(p.relative_to(folder)) for kind in ("samples", "*.html", "*.webp") for p in folder.rglob(kind))
    return json.loads((folder / "result.json").read_text())["state_sha256"], timeless, files


def finite(folder: Path) -> bool:
    """Whether what a run has saved is numbers, and it has saved something or nothing at all."""
    import jax
    import numpy as np

    from jaxgan import inference, runs

    if not any((folder / "checkpoints").glob("[0-9]*")):
        return True
    run = runs.open_run(folder, folder.parent / "spoilt.py")
    state = inference.load(run).state
    numbers = (x for x in jax.tree.leaves(state) if jax.numpy.issubdtype(x.dtype, jax.numpy.floating))
    return all(bool(np.isfinite(x).all()) for x in numbers)


def _watch(path, rows):
    """Writes how many bytes of rows there are and what the process takes, ten times a second."""
    with path.open("w") as file:
        while True:
            status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
            taken = int(status["VmRSS"].split()[0]), int(status["Threads"]), len(os.listdir("/proc/self/fd"))
            print(rows.stat().st_size if rows.exists() else 0, *taken, file=file, flush=True)
            time.sleep(0.1)


def _zip(folder):
    with (
        zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.png", "w", force_zip64=True) as entry,
    ):
        for _ in range(2**11):
            entry.write(bytes(2**20))
    return folder / "bomb.zip"


def _gz(folder):
    with gzip.open(folder / "train-images-idx3-ubyte.gz", "wb", 1) as file:
        file.write(b"\0\0\x08\x03" + struct.pack(">III", 2**16, 256, 256))
        for _ in range(2**11):
            file.write(bytes(2**20))
    return folder


def _pixels(folder):
    from PIL import Image

    Image.new("1", (60_000, 60_000)).save(folder / "huge.png")
    return folder / "huge.png"


def _labels(folder):
    from PIL import Image

    Image.new("L", (8, 8)).save(folder / "a.png")
    (folder / "labels.csv").write_text("file,label\na.png,2147483646\n")
    return folder


def _array(folder):
    header = io.BytesIO()
    said = {"descr": "|u1", "fortran_order": False, "shape": (10**6, 1000, 2700)}
    numpy.lib.format.write_array_header_1_0(header, said)
    with zipfile.ZipFile(folder / "a.npz", "w") as archive:
        archive.writestr("image.npy", header.getvalue() + b"x" * 99)
    return folder / "a.npz"


def _pickle(folder):
    numpy.savez(folder / "a.npz", image=numpy.array([{"a": 1}], dtype=object))
    return folder / "a.npz"


def _fifo(folder):
    os.mkfifo(folder / "a.npz")
    return folder / "a.npz"


BOMBS = {
    "a zip of 2 MB that becomes 2 GiB": _zip,
    "an idx file of gzip that becomes 2 GiB": _gz,
    "a PNG of 3.6 gigapixels": _pixels,
    "a label 2147483646": _labels,
    "an npz that says to be 2.7 TB": _array,
    "an npz with a pickle in it": _pickle,
    "a FIFO called a.npz": _fifo,
}


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
        """kill -9, in chains of five; those that come behind the last operation do not count."""
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

    def not_finite(self) -> None:
        """Fakes that are no numbers at some draws, and then always; and kills while that is so. The last of all."""
        own, seed = self.home / "spoilt.py", ["--seed", "1"]
        shutil.copy(SPOILT, own)
        made = []
        for how, share, status in (
            ("stop", "0.02", 70),
            ("skip", "0.05", 0),
            ("rollback", "0.02", 0),
            ("rollback", "1", 70),
        ):
            line = [word if word != "ring" else str(own) for word in LINE] + ["--on-nan", how, *seed]
            prepare = lambda share=share: os.environ.update(SPOILT=share)
            first, killed = self.home / f"nan-{how}-{share}", self.home / f"nan-{how}-{share}-killed"
            held = child([*line, "--out", str(first)], first, prepare=prepare) == status
            if status == 0:
                operations = int(Path(f"{first}.count").read_text())
                again = [*line, "--out", str(killed), "--resume", "auto"]
                for _ in range(3):
                    child(again, killed, kill_at=self.draw.randint(1, operations), prepare=prepare)
                held &= child(again, killed, prepare=prepare) == 0 and found(killed)[0] == found(first)[0]
            words = f"fakes that are no numbers, {float(share):.0%} of the draws, --on-nan {how}"
            made.append((words + (", killed three times" if status == 0 else ""), held, first))
        for words, held, folder in made:  # JAX begins here, and nothing may be forked any more
            self.tell(words, 1, int(held and finite(folder)))

    def bombs(self) -> None:
        """Files that are larger than they look, or no files: looked at or refused, in few lines, without memory or waiting."""
        home = self.home / "bombs"
        home.mkdir()
        calm = self.home / "calm"
        assert child(["data", "check", "digits"], calm, "") == 0
        usual = int(Path(f"{calm}.peak").read_text())
        for i, (words, make) in enumerate(BOMBS.items()):
            folder = home / str(i)
            folder.mkdir()
            source = make(folder)
            began = time.monotonic()
            status = child(["data", "check", str(source)], folder, "", prepare=lambda: signal.alarm(120))
            peak, log = int(Path(f"{folder}.peak").read_text()), Path(f"{folder}.log").read_text()
            told = status in (0, 2) and "Traceback" not in log and len(log.strip().splitlines()) <= 20
            self.tell(words, 1, int(told and peak < usual + 2**20 and time.monotonic() - began < 120))

    def long(self, steps: int = 20_000) -> None:
        """A long training takes no more memory, threads and descriptors in its last quarter than in the one before."""
        folder, seen = self.home / "long", self.home / "long.seen"
        line = ["train", "ring", "--tiny", "--steps", str(steps), "--save-every-steps", "500"]
        line += ["--evaluate-every-steps", "1000", "--log-every-steps", "100", "--sample-every-steps", "1000"]
        prepare = lambda: threading.Thread(target=_watch, args=(seen, folder / "metrics.jsonl"), daemon=True).start()
        ended = child([*line, "--out", str(folder)], folder, prepare=prepare) == 0
        rows, *taken = numpy.loadtxt(seen).T  # bytes, KiB, threads, descriptors, at one moment after the other
        share = rows / rows.max()  # of the training; behind its last row are report and animation
        within = lambda i: (share > i / 4) & (share <= (i + 1) / 4) & (share < 1)
        before, last = (numpy.median(numpy.array(taken)[:, within(i)], axis=1) for i in (2, 3))
        print(f"KiB, threads, descriptors: {before.tolist()} in the third quarter, {last.tolist()} in the last")
        flat = last[0] <= 1.03 * before[0] and (last[1:] <= before[1:] + 5).all()  # a pool more or less
        saved = len(list((folder / "checkpoints").glob("[0-9]*")))
        words = f"{steps:,} steps: memory, threads, descriptors, checkpoints stay as they are"
        self.tell(words, 1, int(ended and flat and saved == 2))

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
    parser.add_argument("--only", nargs="+", choices=MODES, default=[*MODES], help="modes to kill in")
    parser.add_argument("--signals", type=int, default=5, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path, help="file whose <!-- torture --> part becomes the table")
    parser.add_argument("--keep", type=Path, help="folder for the runs, which stay there")
    args = parser.parse_args(argv)
    began = time.monotonic()
    os.environ["JAX_PLATFORMS"] = "cpu"  # whose devices are simulated, in every child
    import orbax.checkpoint  # noqa: F401  in every child, once

    with tempfile.TemporaryDirectory() as home:
        bench = Bench(args.keep or Path(home), args.seed)
        bench.home.mkdir(parents=True, exist_ok=True)
        for mode in args.only:
            bench.kills(mode, args.kills)
        bench.damages()
        bench.disks()
        bench.signals(args.signals)
        bench.writers()
        bench.bombs()
        bench.long()
        bench.not_finite()
    print(bench.table(), f"\n{(time.monotonic() - began) / 60:.0f} min")
    if args.write:
        text = args.write.read_text()
        first, last = (text.index(mark) for mark in ("<!-- torture -->", "<!-- /torture -->"))
        args.write.write_text(f"{text[:first]}<!-- torture -->\n{bench.table()}\n{text[last:]}")
    return int(any(injected != survived for _, injected, survived in bench.rows))


if __name__ == "__main__":
    sys.exit(main())
