"""What a recipe is made of in a measurement: its config, and data that are noise."""

import dataclasses

import numpy as np

PAIRS = ("pix2pix", "cyclegan")
OWN = ("video",)  # recipes with data of their own that nobody has to fetch
_MOST = 2**27  # numbers in a data set


def config_of(recipe, fields, folder, tiny=False, images=2048):
    """(module of a recipe, its Config on data in `folder`): noise, since the time of a step does not depend on it."""
    from jaxgan import recipes

    module = recipes.get(recipe)
    fields = {**(module.TINY if tiny else {}), **fields}
    if recipe in OWN:
        return module, module.Config(**fields)
    config = module.Config(**fields)
    path = folder / f"{recipe}.npz"
    np.savez(path, **noise(shape_of(recipe, config), max(config.batch_size, 256), recipe in PAIRS, images))
    return module, dataclasses.replace(config, data=str(path), **({"input": ""} if recipe in PAIRS else {}))


def shape_of(recipe, config):
    """Of a sample: [T, 1] of a sound, [H, W, C] of an image."""
    if config.real == "audio":
        return (config.length or 16_384, 1)
    return (config.resolution or 32, config.resolution or 32, 3)


def noise(shape, least, pairs=False, images=0):
    """{column: samples}: so many images, or what there is room for, but this many at least."""
    draw = np.random.default_rng(0)
    count = max(least, min(images, _MOST // int(np.prod(shape))))
    if len(shape) == 2:
        return {"audio": draw.integers(-(2**15), 2**15, (count, *shape), dtype=np.int16)}
    return {name: draw.integers(0, 256, (count, *shape), np.uint8) for name in ("image", "input")[: 1 + pairs]}
