"""Whether this tree trains as the commit OLD does: both run on this machine, in this environment, and are compared.

    python scripts/same_numbers.py OLD                        # a commit, a tag
    python scripts/same_numbers.py OLD --recipes digits ring --modes single mesh

Every recipe, --tiny, 20 steps, in each mode, on 4 devices that a CPU simulates. OLD runs twice: what is not repeated bit for bit
there is compared to 1e-6 of each leaf's largest value. State, samples and metrics are compared; the exit status is 1 where
something differs. What has another name and the same values counts as equal, and what is new is told. A recipe that OLD does
not have is left out. With --keep the cases of this commit that are done are not played again.
"""

import argparse
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent.parent
MODES = ("single", "pmap", "mesh", "fsdp")
DEVICES, STEPS, SAMPLES = 4, 20, 16
CLOSE = 1e-6  # of a leaf's largest value
TIMES = {"seconds", "images_per_s"}
PARTS = ("state", "samples", "metrics")
REFUSED = (2, 70)  # statuses of what cannot be trained, and of what diverges


def main():
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", help="the commit to compare with")
    parser.add_argument("--recipes", nargs="+", help="these alone")
    parser.add_argument("--modes", nargs="+", default=MODES, choices=MODES, help="these alone")
    parser.add_argument(
        "--keep", help="a folder for results of each OLD and compiled programs, for the next comparison"
    )
    parser.add_argument("--play", help=argparse.SUPPRESS)  # the folder of results of a child process
    args = parser.parse_args()
    if args.play:
        play(Path(args.play), args.recipes, args.modes)
        return
    with contextlib.ExitStack() as stack:
        home = Path(args.keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="same-numbers-"))).absolute()
        shutil.rmtree(home / "new", ignore_errors=True)
        old = checked_out(args.old, home)
        names = args.recipes or sorted(
            p.stem for p in (old / "tree/jaxgan/recipes").glob("*.py") if not p.stem.startswith("_")
        )
        results = [old / "old-1", old / "old-2", home / "new"]
        with ThreadPoolExecutor(2) as pool:  # OLD's second run finds its programs compiled
            jobs = [
                pool.submit(lambda: [child(old / "tree", own, names, args.modes, home) for own in results[:2]]),
                pool.submit(child, HERE, results[2], names, args.modes, home),
            ]
            for job in jobs:
                job.result()
        runs = [read(own, [f"{name}-{mode}" for name in names for mode in args.modes]) for own in results]
    differs = table(*runs)
    if differs:
        sys.exit(f"{differs} of {len(PARTS) * len(runs[0])} differ from {args.old}")
    print(f"the same numbers as {args.old}")


def checked_out(commit, home):
    """The commit's own folder in `home`, whose `tree` is written where it is not there yet."""
    git = lambda *words: subprocess.run(["git", "-C", HERE, *words], capture_output=True, check=False)
    found = git("rev-parse", "--verify", f"{commit}^{{commit}}")
    if found.returncode:
        sys.exit(f"{commit}: {found.stderr.decode().strip()}")
    own = home / found.stdout.decode().strip()
    if not (own / "tree").exists():
        shutil.rmtree(own / "part", ignore_errors=True)
        archive = git("archive", "--format=tar", own.name)
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(own / "part", filter="data")
        (own / "part").rename(own / "tree")
    return own


def child(tree, results, names, modes, home):
    """Runs every case with the package in `tree`, whose result is not there yet."""
    own = {"PYTHONPATH": str(tree), "JAXGAN_CACHE": str(home / "cache")}
    own |= {"JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": str(DEVICES)}
    own |= {"JAX_COMPILATION_CACHE_DIR": str(home / "xla"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.2"}
    command = [sys.executable, __file__, "-", "--play", results, "--recipes", *names, "--modes", *modes]
    subprocess.run(command, env={**os.environ, **own}, check=True, cwd=home)


def play(results, names, modes):
    """In a child process: trains, samples, and writes what came out, a file a case."""
    from jaxgan.cli import main as jaxgan

    results.mkdir(exist_ok=True)
    for name in names:
        for mode in modes:
            run, result = results / f"{name}-{mode}", results / f"{name}-{mode}.json"
            if result.exists():
                continue
            shutil.rmtree(run, ignore_errors=True)  # of a call that was killed
            words = ["--tiny", "--steps", str(STEPS), "--parallel", mode, "--out", str(run)]
            words += [] if mode == "single" else ["--devices", str(DEVICES)]
            said, told = io.StringIO(), io.StringIO()
            with contextlib.redirect_stderr(said), contextlib.redirect_stdout(told):
                status = jaxgan(["train", name, *words])
                drawn = results / f"{run.name}-samples.npz"
                status = status or jaxgan(["sample", str(run), "--num", str(SAMPLES), "--out", str(drawn)])
            print(f"{results.name:6} {run.name}", file=sys.stderr, flush=True)
            if status not in (0, *REFUSED):  # it was asked to stop, a disk is full
                sys.exit(said.getvalue())
            if status:
                write(result, {"refused": said.getvalue()})
                continue
            np.savez(results / f"{run.name}-state.npz", **state_of(run))
            rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
            metrics = {f"{row['step']}.{k}": v for row in rows for k, v in row.items() if k not in TIMES}
            digest = json.loads((run / "result.json").read_text())["state_sha256"]
            write(result, {"state_sha256": digest, "metrics": metrics})


def write(path, result):
    """A case's result, whole or not at all: it comes last, and says that the case is done."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(result))
    part.replace(path)


def state_of(run):
    """Name -> array of all leaves of a run's newest checkpoint, whatever its structure is."""
    import jax
    import orbax.checkpoint as ocp

    newest = max((p for p in (run / "checkpoints").iterdir() if p.name.isdigit()), key=lambda p: int(p.name))
    tree = ocp.StandardCheckpointer().restore(newest.absolute() / "state")
    return {jax.tree_util.keystr(path): np.asarray(x) for path, x in jax.tree_util.tree_leaves_with_path(tree)}


def read(results, names):
    """Case -> {"refused": ...}, or its three parts, each name -> array; of the cases of these names."""
    cases = {}
    for name in names:
        case = cases[name] = json.loads((results / f"{name}.json").read_text())
        if "refused" not in case:
            case["metrics"] = {key: np.float64(np.nan if x is None else x) for key, x in case["metrics"].items()}
            for part in ("state", "samples"):
                with np.load(results / f"{name}-{part}.npz") as arrays:
                    case[part] = dict(arrays)
    return cases


def table(old, again, new):
    """Prints a line a case; how many parts differ."""
    count = 0
    print(f"{'case':28}{'state':34}{'samples':34}{'metrics':34}")
    for name, case in old.items():
        other = new[name]
        if "refused" in case or "refused" in other:
            words = [x.get("refused", "trains").strip().splitlines()[-1][:100] for x in (case, other)]
            same = words[0] == words[1]
            count += 0 if same else len(PARTS)
            print(f"{name:28}" + ("both refuse: " + words[0] if same else f"DIFFERS: {words[0]} | {words[1]}"))
            continue
        cells = []
        for part in PARTS:
            steady = not difference(case[part], again[name][part])[0]
            ours, theirs, said = matched(case[part], other[part])
            apart, where = difference(ours, theirs)
            if apart == 0:
                cells.append(f"equal{said}")
            elif apart <= CLOSE and not steady:
                cells.append(f"{apart:.0e}, does not repeat itself{said}")
            else:
                cells.append(f"DIFFERS {apart:.1e} {where}"[:32])
                count += 1
        print(f"{name:28}" + "".join(f"{cell:34}" for cell in cells))
    return count


def matched(ours, theirs):
    """(ours, theirs, what is said of it): leaves of another name and the same values are one, new ones are left out."""
    ours, theirs, renamed = dict(ours), dict(theirs), 0
    for name in sorted(ours.keys() - theirs.keys()):
        same = lambda x, a=ours[name]: x.shape == a.shape and np.array_equal(x, a, equal_nan=a.dtype.kind == "f")
        found = next((k for k in sorted(theirs.keys() - ours.keys()) if same(theirs[k])), None)
        if found is not None:
            renamed += 1
            ours[found] = ours.pop(name)
    new = theirs.keys() - ours.keys()
    said = (f", {renamed} renamed" if renamed else "") + (f", {len(new)} new" if new else "")
    return ours, {name: x for name, x in theirs.items() if name in ours}, said


def difference(ours, theirs):
    """(largest difference of two dicts of arrays, relative to each leaf's largest value; the leaf). inf: not alike."""
    odd = ours.keys() ^ theirs.keys()
    if odd:
        return np.inf, f"{len(odd)} leaves are in one of them: {min(odd)}"
    worst = (0.0, "")
    for name, a in ours.items():
        b = theirs[name]
        if a.shape != b.shape or a.dtype != b.dtype:
            return np.inf, f"{name} is {a.dtype}{a.shape} and {b.dtype}{b.shape}"
        if not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
            a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
            scale = max(np.nanmax(np.abs(a), initial=0), np.nanmax(np.abs(b), initial=0), 1e-30)
            gap = np.where(np.isnan(a) & np.isnan(b), 0, np.abs(a - b)) / scale
            worst = max(worst, (float(np.nan_to_num(gap, nan=np.inf).max()), name))
    return worst


if __name__ == "__main__":
    main()
