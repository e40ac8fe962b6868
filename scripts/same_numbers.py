"""Whether this tree trains as the commit OLD does: both run on this machine, in this environment, and are compared.

    python scripts/same_numbers.py OLD                        # a commit, a tag
    python scripts/same_numbers.py OLD --recipes digits ring --modes single mesh

Every recipe, --tiny, 20 steps, in each mode, on 4 simulated devices. OLD runs twice: what is not repeated bit for bit there
is compared to 1e-6 of each leaf's largest value. State, samples and metrics are compared; the exit status is 1 where
something differs. What has another name and the same values counts as equal, and what is new is told. A recipe that OLD does
not have is left out.
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

MODES = ("single", "pmap", "mesh", "fsdp")
DEVICES, STEPS, SAMPLES = 4, 20, 16
CLOSE = 1e-6  # of a leaf's largest value
TIMES = {"seconds", "images_per_s"}
PARTS = ("state", "samples", "metrics")


def main():
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", help="the commit to compare with")
    parser.add_argument("--recipes", nargs="+", help="these alone")
    parser.add_argument("--modes", nargs="+", default=MODES, choices=MODES, help="these alone")
    parser.add_argument("--keep", help="a folder for OLD's results and compiled programs, for the next comparison")
    parser.add_argument("--play", help=argparse.SUPPRESS)  # the folder of results of a child process
    args = parser.parse_args()
    if args.play:
        play(Path(args.play), args.recipes, args.modes)
        return
    here = Path(__file__).resolve().parent.parent
    with contextlib.ExitStack() as stack:
        home = Path(args.keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="same-numbers-"))).absolute()
        shutil.rmtree(home / "new", ignore_errors=True)
        if not (home / "old").exists():
            checked_out(here, args.old, home / "old")
        names = args.recipes or sorted(
            p.stem for p in (home / "old/jaxgan/recipes").glob("*.py") if not p.stem.startswith("_")
        )
        with ThreadPoolExecutor(2) as pool:  # OLD's second run finds its programs compiled
            jobs = [
                pool.submit(lambda: [child(home / "old", home / f"old-{i}", names, args.modes, home) for i in (1, 2)]),
                pool.submit(child, here, home / "new", names, args.modes, home),
            ]
            for job in jobs:
                job.result()
        runs = [read(home / name) for name in ("old-1", "old-2", "new")]
    differs = table(*runs)
    if differs:
        sys.exit(f"{differs} of {len(PARTS) * len(runs[0])} differ from {args.old}")
    print(f"the same numbers as {args.old}")


def checked_out(here, commit, folder):
    """Writes the tree of a commit into a folder."""
    found = subprocess.run(["git", "-C", here, "archive", "--format=tar", commit], capture_output=True, check=False)
    if found.returncode:
        sys.exit(f"{commit}: {found.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(found.stdout)) as tar:
        tar.extractall(folder, filter="data")


def child(tree, results, names, modes, home):
    """Runs every case with the package in `tree`, where its results are not there yet."""
    if results.exists():
        return
    own = {"PYTHONPATH": str(tree), "JAX_NUM_CPU_DEVICES": str(DEVICES), "JAXGAN_CACHE": str(home / "cache")}
    own |= {"JAX_COMPILATION_CACHE_DIR": str(home / "xla"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.2"}
    command = [sys.executable, __file__, "-", "--play", results, "--recipes", *names, "--modes", *modes]
    subprocess.run(command, env={**os.environ, **own}, check=True, cwd=home)


def play(results, names, modes):
    """In a child process: trains, samples, and writes what came out, a file a case."""
    from jaxgan.cli import main as jaxgan

    results.mkdir()
    for name in names:
        for mode in modes:
            run = results / f"{name}-{mode}"
            words = ["--tiny", "--steps", str(STEPS), "--parallel", mode, "--out", str(run)]
            words += [] if mode == "single" else ["--devices", str(DEVICES)]
            said, told = io.StringIO(), io.StringIO()
            with contextlib.redirect_stderr(said), contextlib.redirect_stdout(told):
                status = jaxgan(["train", name, *words])
                drawn = results / f"{run.name}-samples.npz"
                status = status or jaxgan(["sample", str(run), "--num", str(SAMPLES), "--out", str(drawn)])
            print(f"{results.name:6} {run.name}", file=sys.stderr, flush=True)
            if status:
                (results / f"{run.name}.json").write_text(json.dumps({"refused": said.getvalue()}))
                continue
            np.savez(results / f"{run.name}-state.npz", **state_of(run))
            rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
            metrics = {f"{row['step']}.{k}": v for row in rows for k, v in row.items() if k not in TIMES}
            digest = json.loads((run / "result.json").read_text())["state_sha256"]
            (results / f"{run.name}.json").write_text(json.dumps({"state_sha256": digest, "metrics": metrics}))


def state_of(run):
    """Name -> array of all leaves of a run's newest checkpoint, whatever its structure is."""
    import jax
    import orbax.checkpoint as ocp

    newest = max((p for p in (run / "checkpoints").iterdir() if p.name.isdigit()), key=lambda p: int(p.name))
    tree = ocp.StandardCheckpointer().restore(newest.absolute() / "state")
    return {jax.tree_util.keystr(path): np.asarray(x) for path, x in jax.tree_util.tree_leaves_with_path(tree)}


def read(results):
    """Case -> {"refused": ...}, or its three parts, each name -> array."""
    cases = {}
    for path in sorted(results.glob("*.json")):
        case = cases[path.stem] = json.loads(path.read_text())
        if "refused" not in case:
            case["metrics"] = {name: np.float64(np.nan if x is None else x) for name, x in case["metrics"].items()}
            for part in ("state", "samples"):
                with np.load(results / f"{path.stem}-{part}.npz") as arrays:
                    case[part] = dict(arrays)
    return cases


def table(old, again, new):
    """Prints a line a case; how many parts differ."""
    count = 0
    print(f"{'case':28}{'state':34}{'samples':34}{'metrics':34}")
    for name, case in old.items():
        other = new.get(name, {"refused": "it is not there"})
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
