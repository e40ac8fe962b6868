"""Textures and styles, measured: what docs/texture.md has.

    python benchmarks/textures.py --features squeezenet.npz --psgan RUN --dcgan RUN
    python benchmarks/textures.py --features squeezenet.npz --style RUN --alone RUN --photos FOLDER

psgan and dcgan_texture are runs on the source `textures`; alone is a run of style with --adversary 0. Crops are 64 pixels,
of psgan from 16 pictures: one has one global noise, and so bricks of one size.
"""

import argparse

import jax
import jax.numpy as jnp
import numpy as np
from skimage import data as photographs

import jaxgan
from jaxgan import data, inference, metrics
from jaxgan.metrics import features
from jaxgan.metrics.features import squeezenet
from jaxgan.modalities import image

SIDE, COUNT, EACH, BIG = 64, 256, 256, 1024  # crops are of many pictures, as each has its own global noise
CLASSES = ("brick", "grass", "gravel")


def main():
    """Prints the tables of the runs that are given."""
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--features", required=True, help="weights of SqueezeNet, an .npz")
    for name in ("psgan", "dcgan", "style", "alone"):
        args.add_argument(f"--{name}", help="a run")
    args.add_argument("--photos", help="folder of photographs that style has not seen")
    args = args.parse_args()
    taps = features.taps(args.features)
    if args.psgan:
        textures(args, taps)
    if args.style:
        styles(args, taps)


def textures(args, taps):
    """A table of each texture, and the edges of a tile."""
    psgan = jaxgan.load(args.psgan)
    dcgan = jaxgan.load(args.dcgan) if args.dcgan else None
    print(
        "| texture | pictures | Gram distance | spectrum, dB | period | next crops apart | nearest crop of the photograph |"
    )
    for number, name in enumerate(CLASSES):
        photo = getattr(photographs, name)()
        real, other = (crops(photo, COUNT, seed) for seed in (0, 1))
        drawn = [
            inference.texture(psgan, (EACH, EACH), label=name, seed=seed) for seed in range(COUNT * SIDE**2 // EACH**2)
        ]
        big = inference.texture(psgan, (BIG, BIG), label=name, seed=5)
        sets = {"photograph": (other, photo), "psgan": (np.concatenate([cut(each) for each in drawn]), big)}
        if dcgan:
            batch = {"index": np.arange(COUNT), "label": np.full(COUNT, number, np.int32)}
            made = jax.jit(dcgan.gan.sample)(dcgan.state.ema, batch, jax.random.key(0))
            sets["dcgan_texture"] = (image.to_file(np.asarray(made)), None)
        for kind, (found, whole) in sets.items():
            period = metrics.dominant_period(found)
            rows = [
                f"{metrics.gram_distance(found, real, taps):.3f}",
                f"{metrics.spectrum_distance(as_grey(found), real[..., :1]):.2f}",
            ]
            rows.append("none" if period is None else f"{period.pixels:.1f} {period.direction} ({period.height:.2f})")
            rows.append("" if whole is None else f"{neighbours(whole):.1f}")
            rows.append(f"{np.mean(nearest(found[:: COUNT // 32], photo, kind == 'photograph')):.1f}")
            print(f"| {name} | {kind} | {' | '.join(rows)} |")
    tile = inference.Texture(psgan, seed=1, period=(16, 32), columns=32)
    whole = np.asarray(tile.window(0, 0, 16, 32))
    cell = psgan.generator.field.cell
    difference = np.abs(np.roll(whole, (3 * cell, -5 * cell), (0, 1)) - np.asarray(tile.window(-3, 5, 16, 32))).max()
    print(f"edges of a tile: {difference:.2g} of [-1, 1] apart from the same place in the middle of the picture")


def styles(args, taps):
    """A table of photographs, and of what each run makes of them."""
    runs = {"with the adversary": args.style, "content loss alone": args.alone}
    loaded = {name: jaxgan.load(run) for name, run in runs.items() if run}
    style = data.load(loaded["with the adversary"].config.data, SIDE)["image"]
    style = style[np.linspace(0, len(style) - 1, COUNT).astype(int)]
    photos = np.stack(list(data.load(args.photos, SIDE, channels=3)["image"]))
    target = metrics.gram_matrices(style, taps)
    sets = {"the photographs": photos}
    sets |= {name: np.stack(inference.apply(run, photos)) for name, run in loaded.items()}
    variables = squeezenet.load(args.features).variables
    seen = jax.jit(lambda x: jax.nn.relu(squeezenet.taps(variables, image.to_step(x), ("fire8",))["fire8"]))
    truth = np.asarray(seen(jnp.asarray(photos)))
    print(
        "| pictures | Gram distance of each to the style | of all | fire8 from its photograph | from another's | own is nearest |"
    )
    for name, made in sets.items():
        each = np.mean([apart(metrics.gram_matrices(one[None], taps), target) for one in made])
        every = metrics.gram_distance(made, style, taps)
        found = np.asarray(seen(jnp.asarray(made)))
        distance = np.stack([np.abs(found - np.roll(truth, k, axis=0)).mean((1, 2, 3)) for k in range(len(made))])
        scale = truth.mean()
        print(
            f"| {name} | {each:.3f} | {every:.3f} | {distance[0].mean() / scale:.3f} | {distance[1:].mean() / scale:.3f} | "
            f"{(distance[0] < distance[1:].min(0)).mean():.2f} |"
        )


def apart(a, b):
    """Mean over layers of the relative difference of Gram matrices, as `metrics.gram_distance`."""
    return np.mean([np.linalg.norm(a[name] - b[name]) / np.linalg.norm(b[name]) for name in b])


def crops(photo, count, seed):
    """uint8 [count, SIDE, SIDE, 3] from random places of a photograph [H, W]."""
    places = np.random.default_rng(seed).integers(0, [n - SIDE + 1 for n in photo.shape[:2]], (count, 2))
    found = np.stack([photo[y : y + SIDE, x : x + SIDE] for y, x in places])[..., None]
    return np.repeat(found, 3, axis=-1)


def cut(picture):
    """uint8 [N, SIDE, SIDE, 3]: a picture in squares."""
    rows, columns = (n // SIDE for n in picture.shape[:2])
    squares = picture[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns, SIDE, -1)
    return squares.swapaxes(1, 2).reshape(-1, SIDE, SIDE, picture.shape[2])


def as_grey(pictures):
    """uint8 [N, H, W, 1]."""
    return np.rint(pictures.astype(np.float32).mean(-1, keepdims=True)).astype(np.uint8)


def neighbours(picture):
    """Root mean square difference, in levels, of squares side by side."""
    grey = picture.astype(np.float32) if picture.shape[-1:] != (3,) else picture.astype(np.float32).mean(-1)
    columns = grey.shape[1] // SIDE
    squares = cut(grey[..., None]).reshape(-1, columns, SIDE * SIDE)
    return float(np.sqrt(((squares[:, 1:] - squares[:, :-1]) ** 2).mean(-1)).mean())


def nearest(pictures, photo, own):
    """Root mean square distances [N], in levels, to the nearest crop at any place; own: but those that lie over the picture."""
    photo = photo.astype(np.float64)
    shape = [n - SIDE + 1 for n in photo.shape]
    transform = np.fft.rfft2(photo)
    total = lambda x: np.fft.irfft2(
        np.fft.rfft2(x) * np.conj(np.fft.rfft2(np.ones((SIDE, SIDE)), photo.shape)), photo.shape
    )
    energy, found = total(photo**2)[: shape[0], : shape[1]], []
    for one in as_grey(pictures)[..., 0].astype(np.float64):
        product = np.fft.irfft2(transform * np.conj(np.fft.rfft2(one, photo.shape)), photo.shape)
        square = energy - 2 * product[: shape[0], : shape[1]] + (one**2).sum()
        if own:
            y, x = np.unravel_index(square.argmin(), square.shape)
            square[max(0, y - SIDE + 1) : y + SIDE, max(0, x - SIDE + 1) : x + SIDE] = np.inf
        found.append(np.sqrt(max(square.min(), 0) / SIDE**2))
    return np.array(found)


if __name__ == "__main__":
    main()
