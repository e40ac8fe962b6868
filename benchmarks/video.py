"""Runs of `video` against real clips, and against what is wrong with real frames: shuffled, standing still, of other clips.

    python benchmarks/video.py RUN... [--num 2000] [--out docs]

Prints docs/video.md's table, and for conditional runs how often a classifier of real frames reads the digit that was asked for,
and the same one in a clip's first and last frame. --out: a folder for video.png, film strips, and video.webp, clips that move,
each row of three of one content and three motions.
"""

import argparse
from pathlib import Path

import jax
import numpy as np
from scipy import ndimage
from sklearn.linear_model import LogisticRegression

from jaxgan import inference, runs
from jaxgan.data import batch as batches
from jaxgan.evaluation import extract
from jaxgan.metrics import clips
from jaxgan.modalities import image, video

_HEAD = ("clips", "FD of frames", "FD of differences", "motion", "content")
_ROWS, _MOTIONS = 4, 3


def row(name: str, samples: np.ndarray, real: np.ndarray) -> str:
    """A line of the table, of uint8 clips [N, T, H, W, C]; motion and content in units of the real ones'."""
    values = [
        clips.frames_distance(real, samples),
        clips.motion_distance(real, samples),
        clips.motion(samples) / clips.motion(real),
        clips.content_distance(samples) / clips.content_distance(real),
    ]
    return " | ".join(["", name, *(f"{value:.3f}" for value in values), ""]).strip()


def reader(clips: np.ndarray, label: np.ndarray):
    """A logistic regression of real frames: clips [N, T, H, W, 1] -> the classes [4, N] that it reads in four frames, from the
    first to the last."""
    half = clips.shape[1] // 2
    model = LogisticRegression(max_iter=400).fit(middle(clips[:, half]), label)
    places = np.linspace(0, clips.shape[1] - 1, 4).astype(int)
    return lambda clips: np.stack([model.predict(middle(clips[:, place])) for place in places])


def middle(frames: np.ndarray) -> np.ndarray:
    """Frames [N, H, W, 1] as rows in [0, 1], their centre of mass shifted to the middle."""
    frames = frames[..., 0].astype(np.float32) / 255
    goal = (np.array(frames.shape[1:]) - 1) / 2
    shifted = [ndimage.shift(x, goal - ndimage.center_of_mass(x + 1e-6), order=1) for x in frames]
    return np.stack(shifted).reshape(len(frames), -1)


def one_content(loaded: inference.Loaded, given: dict) -> np.ndarray:
    """Clips [_ROWS * _MOTIONS, ...], each content with several motions: these are drawn by the index, the content is given."""
    count = _ROWS * _MOTIONS
    z = np.repeat(np.asarray(loaded.noise(jax.random.key(1), np.arange(_ROWS))), _MOTIONS, axis=0)
    label = {name: np.repeat(x[:_ROWS], _MOTIONS, axis=0) for name, x in given.items()}
    batch = {**batches.indexed(0, count), "z": z, **label}
    return np.asarray(video.to_file(jax.jit(loaded.gan.sample)(loaded.state.ema, batch, jax.random.key(0))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--num", type=int, default=2000)
    parser.add_argument("--out")
    asked = parser.parse_args()
    print("| " + " | ".join(_HEAD) + " |\n" + "|---" * len(_HEAD) + "|")
    for number, path in enumerate(asked.runs):
        run = runs.open_run(path)
        loaded, (mine, others) = inference.load(run), inference.data_of(run)
        real = mine["image"][: asked.num]
        if not number:
            other = mine["image"][asked.num : 2 * asked.num]
            print(row("real, others of the training data", other, real))
            if others is not None:
                print(row("real, held out", others["image"][: asked.num], real))
            for name, wrong in (("shuffled", clips.shuffled), ("still", clips.still), ("mixed", clips.mixed)):
                print(row(f"real, {name}", wrong(other), real))
        given = batches.conditions(run.config, run.data.specs, asked.num)
        drawn = video.to_file(extract.drawn(loaded.gan, loaded.state.ema, asked.num, given))
        print(row(f"{run.name}, step {int(loaded.state.step)}", np.asarray(drawn), real), flush=True)
        if given and others is not None:
            asked_for, drawn = (
                np.argmax(given["label"], -1) if given["label"].ndim > 1 else given["label"],
                np.asarray(drawn),
            )
            read = reader(mine["image"][:3000], mine["label"][:3000])
            for name, x, label in (("held out", others["image"], others["label"]), (run.name, drawn, asked_for)):
                found = read(x)
                told = f"{np.mean(found == label):.3f} of frames as told, {np.mean(found[0] == found[-1]):.3f} of clips the same"
                print(f"{name}: {told} at both ends", flush=True)
    if asked.out:
        strips = np.concatenate([np.asarray(drawn)[:10], real[:2]])
        titles = [*[""] * 10, "real", "real"]
        video.strips(strips, video.MOST_SHOWN, titles=titles).save(
            Path(asked.out) / "video.png", pnginfo=image.generated()
        )
        video.play(Path(asked.out) / "video.webp", one_content(loaded, given))


if __name__ == "__main__":
    main()
