"""jaxgan's pairs in PyTorch, NCHW: DCGAN and pix2pix with the papers' initialisation, the others with PyTorch's."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu, relu

from peers.settings import Z, setting


class DCGenerator(nn.Sequential):
    """z [B, 100] -> [B, C, R, R] in [-1, 1]."""

    def __init__(self, resolution, channels=3, width=64, max_width=512):
        widths = [min(width << i, max_width) for i in reversed(range(resolution.bit_length() - 3))]
        layers = [
            nn.Linear(Z, 16 * widths[0], bias=False),
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
        self.apply(paper)


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
        self.apply(paper)


class MLPGenerator(nn.Sequential):
    """z [B, 100] -> [B, C, H, W] in [-1, 1]."""

    def __init__(self, shape, hidden=(128, 256, 512)):
        height, width, channels = shape
        sizes = (Z, *hidden, height * width * channels)
        super().__init__(*_dense(sizes), nn.Tanh(), nn.Unflatten(1, (channels, height, width)))


class MLPDiscriminator(nn.Sequential):
    """x [B, C, H, W] -> logits [B]."""

    def __init__(self, shape, hidden=(512, 256, 128)):
        height, width, channels = shape
        super().__init__(nn.Flatten(), *_dense((height * width * channels, *hidden, 1)), nn.Flatten(0))


class Block(nn.Module):
    """x [B, before, H, W] -> [B, after, H, W], residual."""

    def __init__(self, before, after):
        super().__init__()
        hidden = min(before, after)
        self.conv1 = nn.Conv2d(before, hidden, 3, padding=1)
        self.conv2 = nn.Conv2d(hidden, after, 3, padding=1)
        self.shortcut = nn.Identity() if before == after else nn.Conv2d(before, after, 1, bias=False)

    def forward(self, x):
        h = self.conv2(leaky_relu(self.conv1(leaky_relu(x, 0.2)), 0.2, inplace=True))
        return self.shortcut(x) + 0.1 * h


class ResGenerator(nn.Module):
    """z [B, 100] -> [B, 3, 32, 32] in [-1, 1]."""

    def __init__(self, width=64):
        super().__init__()
        widths = (4 * width, 4 * width, 2 * width, width)
        self.dense = nn.Linear(Z, 16 * widths[0])
        self.blocks = nn.ModuleList(Block(*sizes) for sizes in pairwise(widths))
        self.conv = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, z):
        x = self.dense(z).unflatten(1, (-1, 4, 4))
        for block in self.blocks:
            x = block(interpolate(x, scale_factor=2))
        return self.conv(leaky_relu(x, 0.2)).tanh()


class ResDiscriminator(nn.Module):
    """x [B, 3, 32, 32] -> logits [B]."""

    def __init__(self, width=64):
        super().__init__()
        widths = (width, 2 * width, 4 * width, 4 * width)
        self.conv = nn.Conv2d(3, width, 3, padding=1)
        self.blocks = nn.ModuleList(Block(*sizes) for sizes in pairwise(widths))
        self.dense = nn.Linear(16 * widths[-1], 1)

    def forward(self, x):
        x = self.conv(x)
        for block in self.blocks:
            x = avg_pool2d(block(x), 2)
        return self.dense(leaky_relu(x, 0.2).flatten(1)).flatten()


class UNet(nn.Module):
    """x [B, C, R, R] -> [B, C, R, R] in [-1, 1]."""

    def __init__(self, resolution, channels=3, width=64):
        super().__init__()
        widths = [min(width << i, 8 * width) for i in range(resolution.bit_length() - 1)]
        down = lambda before, after: nn.Conv2d(before, after, 4, stride=2, padding=1, bias=False)
        up = lambda before, after: nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False)
        self.down = nn.ModuleList([down(channels, widths[0])])
        for before, after in pairwise(widths[:-1]):
            self.down.append(nn.Sequential(down(before, after), nn.BatchNorm2d(after)))
        self.down.append(down(widths[-2], widths[-1]))
        inputs = [widths[-1], *(2 * size for size in reversed(widths[:-1]))]
        self.up = nn.ModuleList()
        for before, after in zip(inputs, reversed(widths[:-1]), strict=False):
            self.up.append(nn.Sequential(up(before, after), nn.BatchNorm2d(after)))
        self.last = nn.ConvTranspose2d(inputs[-1], channels, 4, stride=2, padding=1)
        self.apply(paper)

    def forward(self, x):
        skips = [self.down[0](x)]
        for layer in self.down[1:]:
            skips.append(layer(leaky_relu(skips[-1], 0.2)))
        x = skips.pop()
        for layer in self.up:
            x = torch.cat((layer(relu(x, inplace=True)), skips.pop()), 1)
        return self.last(relu(x, inplace=True)).tanh()


class PatchGAN(nn.Sequential):
    """x [B, C, R, R] -> logits [B, 1, R/8 - 2, R/8 - 2]."""

    def __init__(self, channels=6, width=64):
        layers = [nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        for i, stride in enumerate((2, 2, 1)):
            layers += [
                nn.Conv2d(width << i, width << i + 1, 4, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(width << i + 1),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        super().__init__(*layers, nn.Conv2d(8 * width, 1, 4, padding=1))
        self.apply(paper)


def networks(network, width=64):
    """(generator, discriminator) of a network of `settings.NETWORKS`, on the default device."""
    shape = setting(network).shape
    if network == "mlp":
        return MLPGenerator(shape), MLPDiscriminator(shape)
    if network == "resnet32":
        return ResGenerator(width), ResDiscriminator(width)
    if setting(network).unpaired:
        from peers import torch_cycle

        return torch_cycle.networks(network, width)
    if network == "unet256":
        return UNet(shape[0], shape[2], width), PatchGAN(2 * shape[2], width)
    return DCGenerator(shape[0], shape[2], width), DCDiscriminator(shape[0], shape[2], width)


def _dense(sizes):
    """Linear layers between these sizes, leaky ReLUs between the layers."""
    layers = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.LeakyReLU(0.2, inplace=True)]
    return layers[:-1]


@torch.no_grad()
def paper(module):
    """The papers' initialisation of a module's own weights."""
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
