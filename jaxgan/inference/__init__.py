"""A trained state at work: opened, drawn from."""

from jaxgan.inference.apply import Translator, apply
from jaxgan.inference.apply_files import Applied, apply_files
from jaxgan.inference.data import Beside, check_data, data_of
from jaxgan.inference.directions import Directions, effects, features, jacobian, means, moved, pca, sefa
from jaxgan.inference.discriminator import discriminator_of
from jaxgan.inference.edit import Edited, edit
from jaxgan.inference.invert import Inverted, invert
from jaxgan.inference.latents import Space, drawn, images, space
from jaxgan.inference.load import Loaded, load, pick, takes_latents, untrained
from jaxgan.inference.sample import sample
from jaxgan.inference.texture import Texture, texture, texture_file
from jaxgan.inference.tune import tune

__all__ = [
    "Applied",
    "Beside",
    "Directions",
    "Edited",
    "Inverted",
    "Loaded",
    "Space",
    "Texture",
    "Translator",
    "apply",
    "apply_files",
    "check_data",
    "data_of",
    "discriminator_of",
    "drawn",
    "edit",
    "effects",
    "features",
    "images",
    "invert",
    "jacobian",
    "load",
    "means",
    "moved",
    "pca",
    "pick",
    "sample",
    "sefa",
    "space",
    "takes_latents",
    "texture",
    "texture_file",
    "tune",
    "untrained",
]
