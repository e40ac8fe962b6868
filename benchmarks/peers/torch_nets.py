"""jaxgan's DCGAN and MLP pairs in PyTorch, NCHW, with the initialisation of the DCGAN paper."""

from itertools import pairwise

import torch
from torch import nn

from peers import ours


class DCGenerator(nn.Sequential):
    """z [B, 100] -> [B, C, R, R] in [-1, 1]."""

    def __init__(self, resolution, channels=3, width=64, max_width=512):
        widths = [min(width << i, max_width) for i in reversed(range(resolution.bit_length() - 3))]
        layers = [
            nn.Linear(ours.Z, 16 * widths[0], bias=False),
            nn.Unflatten(1, (widths[0], 4, 4)),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(inplace=True),
        ]
        for before, after in pairwise(widths):
            layers += [
                nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers, nn.ConvTranspose2d(widths[-1], channels, 4, stride=2, padding=1), nn.Tanh())
        self.apply(_paper)


class DCDiscriminator(nn.Sequential):
    """x [B, C, R, R] -> logits [B]."""

    def __init__(self, resolution, channels=3, width=64, max_width=512):
        widths = [min(width << i, max_width) for i in range(resolution.bit_length() - 3)]
        layers = [nn.Conv2d(channels, widths[0], 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        for before, after in pairwise(widths):
            layers += [
                nn.Conv2d(before, after, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        super().__init__(*layers, nn.Flatten(), nn.Linear(16 * widths[-1], 1), nn.Flatten(0))
        self.apply(_paper)


class MLPGenerator(nn.Sequential):
    """z [B, 100] -> [B, C, H, W] in [-1, 1]."""

    def __init__(self, shape, hidden=(128, 256, 512)):
        height, width, channels = shape
        sizes = (ours.Z, *hidden, height * width * channels)
        super().__init__(*_dense(sizes), nn.Tanh(), nn.Unflatten(1, (channels, height, width)))


class MLPDiscriminator(nn.Sequential):
    """x [B, C, H, W] -> logits [B]."""

    def __init__(self, shape, hidden=(512, 256, 128)):
        height, width, channels = shape
        super().__init__(nn.Flatten(), *_dense((height * width * channels, *hidden, 1)), nn.Flatten(0))


def networks(network, width=64):
    """(generator, discriminator) of a network of `ours.NETWORKS`, on the default device."""
    shape = ours.shape(network)
    if network == "mlp":
        return MLPGenerator(shape), MLPDiscriminator(shape)
    return DCGenerator(shape[0], shape[2], width), DCDiscriminator(shape[0], shape[2], width)


def _dense(sizes):
    """Linear layers between these sizes, leaky ReLUs between the layers."""
    layers = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.LeakyReLU(0.2, inplace=True)]
    return layers[:-1]


@torch.no_grad()
def _paper(module):
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
