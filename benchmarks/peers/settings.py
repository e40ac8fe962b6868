"""What all peers play, and how large: known without JAX and without PyTorch."""

from typing import NamedTuple

from jaxgan.errors import unknown


class Setting(NamedTuple):
    """A network's data, batch and penalty."""

    shape: tuple  # (H, W, C) of an image
    batch_size: int = 64
    gamma: float = 0.0  # of R1 at every step, 0 for none
    paired: bool = False  # G is given an image, "input", in place of latents, and D sees it too
    unpaired: bool = False  # two translations, there and back: "input" and "image" have nothing to do with one another
    images: int = 2048  # in the data set


NETWORKS = {  # what the quick ones leave of the time is the slow ones'
    "mlp": Setting((28, 28, 1)),
    "dcgan32": Setting((32, 32, 3)),
    "resnet32": Setting((32, 32, 3), gamma=10.0),
    "dcgan64": Setting((64, 64, 3)),
    "unet256": Setting((256, 256, 3), batch_size=1, paired=True, images=64),
    "cyclegan128": Setting((128, 128, 3), batch_size=1, unpaired=True, images=64),
}
Z = 100  # length of the latents
RATE, B1, B2 = 2e-4, 0.5, 0.999  # of Adam, both sides
L1 = 100.0  # weight in the loss of a G that is given an image
BLOCKS, CYCLE, IDENTITY = 6, 10.0, 0.5  # of CycleGAN's G at 128 pixels, and its two weights


def setting(network):
    """Setting of a network. Raises BadInput for an unknown one."""
    if network not in NETWORKS:
        raise unknown("network", network, NETWORKS)
    return NETWORKS[network]
