"""CycleGAN's networks and losses in plain PyTorch: the step is `torch_step.Step`'s.

As the authors' program: zeros come before a picture where it is halved or doubled, jaxgan has them behind it. So each is
the other of mirrored pictures, with mirrored kernels.
"""

import torch
from torch import nn
from torch.nn.functional import l1_loss, mse_loss

from peers.settings import BLOCKS, CYCLE, IDENTITY, setting
from peers.torch_nets import paper


class Translator(nn.Sequential):
    """x [B, C, H, W] -> [B, C, H, W] in [-1, 1]."""

    def __init__(self, channels=3, width=64):
        act = lambda size: (nn.InstanceNorm2d(size), nn.ReLU(inplace=True))
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(channels, width, 7, bias=False), *act(width)]
        for i in (1, 2):
            down = nn.Conv2d(width << i - 1, width << i, 3, stride=2, padding=1, bias=False)
            layers += [down, *act(width << i)]
        layers += [Residual(width << 2) for _ in range(BLOCKS)]
        for i in (1, 0):
            up = nn.ConvTranspose2d(width << i + 1, width << i, 3, stride=2, padding=1, output_padding=1, bias=False)
            layers += [up, *act(width << i)]
        super().__init__(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, channels, 7), nn.Tanh())


class Residual(nn.Module):
    """x [B, C, H, W], to which two 3x3 convolutions of it are added."""

    def __init__(self, width):
        super().__init__()
        conv = lambda: (nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=False), nn.InstanceNorm2d(width))
        self.layers = nn.Sequential(*conv(), nn.ReLU(inplace=True), *conv())

    def forward(self, x):
        return x + self.layers(x)


class PatchGAN(nn.Sequential):
    """x [B, C, H, W] -> logits [B, 1, H/8 - 2, W/8 - 2]."""

    def __init__(self, channels=3, width=64):
        layers = [nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        for i, stride in enumerate((2, 2, 1)):
            layers += [
                nn.Conv2d(width << i, width << i + 1, 4, stride=stride, padding=1, bias=False),
                nn.InstanceNorm2d(width << i + 1, affine=True),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        super().__init__(*layers, nn.Conv2d(8 * width, 1, 4, padding=1))


def networks(network, width=64):
    """(both generators, both discriminators) by name, on the default device."""
    channels = setting(network).shape[2]
    g = nn.ModuleDict({name: Translator(channels, width) for name in ("forward_", "backward_")})
    d = nn.ModuleDict({name: PatchGAN(channels, width) for name in ("image", "input")})
    return g.apply(paper), d.apply(paper)


def generate(g, image, given):
    """What both generators make: of the other side, of that again, and of their own side, for the identity loss."""
    forward, backward = g["forward_"], g["backward_"]
    fake, other = forward(given), backward(image)
    return fake, other, forward(other), backward(fake), forward(image), backward(given)


def loss_d(d, image, given, made):
    """Of the translations, made[0] and made[1], detached; each D's is halved."""
    total = 0.0
    for judge, real, fake in ((d["image"], image, made[0]), (d["input"], given, made[1])):
        real, fake = judge(real).float(), judge(fake.detach()).float()
        total = total + (mse_loss(real, torch.ones_like(real)) + fake.square().mean()) / 2
    return total


def loss_g(d, image, given, made):
    """Adversarial, of the way there and back, and of leaving pictures as they are."""
    fake, other, image_again, given_again, image_kept, given_kept = (x.float() for x in made)
    adversarial = sum(((d[name](x).float() - 1) ** 2).mean() for name, x in (("image", fake), ("input", other)))
    cycle = l1_loss(image_again, image) + l1_loss(given_again, given)
    kept = l1_loss(image_kept, image) + l1_loss(given_kept, given)
    return adversarial + CYCLE * (cycle + IDENTITY * kept)
