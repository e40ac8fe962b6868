"""The GAN step in plain PyTorch, as somebody writes it who knows PyTorch well: jaxgan.core.make_step's protocol.

One pass of G for both turns, D's turn on the detached fakes, G's turn against the updated D without gradients in D's
weights, fused Adam, an average of G; uint8 images on the device, gathered in the step. Two things are left as PyTorch
has them, and change no loss: running variances are unbiased, and D's statistics move in G's turn too.
"""

import copy
import importlib.util
import os
import shutil
from typing import NamedTuple

import torch
from torch.nn.functional import softplus

from jaxgan.errors import BadInput
from peers import torch_cycle
from peers.settings import B1, B2, L1, RATE, Z, setting
from peers.torch_nets import networks

_EAGER_STEPS = 3  # on a side stream before a CUDA graph is captured, as PyTorch's notes on CUDA graphs ask


class Mode(NamedTuple):
    """How PyTorch is asked to run the step. All off: eager, NCHW, float32 (on CUDA with TF32, as JAX does by default)."""

    channels_last: bool = False
    compile: bool = False
    bf16: bool = False
    graphs: bool = False


def check(mode, network, device, gamma=0.0):
    """Raises BadInput where this machine, or PyTorch itself, cannot run the mode."""
    kind = torch.device(device).type
    if kind not in ("cpu", "cuda"):
        raise BadInput(f"device is {device!r}, and this step knows 'cpu' and 'cuda': give one of the two")
    if kind == "cuda" and not torch.cuda.is_available():
        raise BadInput(f"device is {device!r}, and torch {torch.__version__} sees no CUDA device: give device='cpu'")
    if mode.graphs and kind != "cuda":
        raise BadInput(f"graphs=True on device {device!r}: CUDA graphs need a CUDA device, leave graphs=False")
    if mode.channels_last and network == "mlp":
        raise BadInput("channels_last=True for mlp: it has no convolutions, leave channels_last=False")
    if mode.bf16 and kind == "cuda" and not torch.cuda.is_bf16_supported():
        raise BadInput(f"bf16=True on {torch.cuda.get_device_name()}: it has no bfloat16, leave bf16=False")
    if mode.compile and gamma:
        raise BadInput(
            f"compile=True with R1 of gamma {gamma}: torch.compile has no second derivatives, leave one of the two"
        )
    if mode.compile and mode.graphs:
        raise BadInput("compile=True with graphs=True: this step captures eager operators alone, leave one of the two")
    if mode.compile and kind == "cpu" and shutil.which(compiler := os.environ.get("CXX", "g++")) is None:
        raise BadInput(
            f"compile=True on a CPU needs a C++ compiler, and there is no {compiler}: install it, or set CXX"
        )
    if mode.compile and kind == "cuda" and importlib.util.find_spec("triton") is None:
        raise BadInput("compile=True on CUDA needs triton, which is not installed: pip install triton")


class Step:
    """Networks, optimizers, the average, and step(rows, z) -> (loss of G, loss of D), tensors [] on the device.

    A CUDA graph writes the same two tensors at every step, and wants z either always or never.
    data: "image" and, where G is given one, "input", uint8 [N, H, W, C]. rows: int [B]. z: float32 [B, 100], drawn where it
    is not given. gamma: of R1, 0 for none, None for what the network always has.
    Raises BadInput for a mode that cannot be run.
    """

    def __init__(self, network, data, *, device="cpu", mode=None, gamma=None, width=64, like=None):
        mode, gamma = mode or Mode(), setting(network).gamma if gamma is None else gamma
        check(mode, network, device, gamma)
        self.device, self.mode, self.gamma, self.steps, self.graph = torch.device(device), mode, gamma, 0, None
        self.paired, self.unpaired = setting(network).paired, setting(network).unpaired
        self.data = {name: self._laid_out(torch.from_numpy(images)).to(self.device) for name, images in data.items()}
        layout = torch.channels_last if mode.channels_last else torch.contiguous_format
        self.g, self.d = (net.to(self.device, memory_format=layout) for net in like or networks(network, width))
        self.ema = copy.deepcopy(self.g)
        options = {"lr": RATE, "betas": (B1, B2), "fused": True, "capturable": mode.graphs}
        self.opt_g, self.opt_d = (torch.optim.Adam(net.parameters(), **options) for net in (self.g, self.d))
        self.averaged, self.moving = _floats(self.ema), _floats(self.g)
        if mode.compile:
            self.g, self.d = _compiled(self.g), _compiled(self.d)
        if self.device.type == "cuda":
            torch.set_float32_matmul_precision("high")
            torch.backends.cudnn.benchmark = True

    def __call__(self, rows, z=None):
        rows = torch.as_tensor(rows).to(self.device, non_blocking=True)
        z = None if z is None else torch.as_tensor(z).to(self.device)
        keep = self._keep(len(rows))
        self.steps += 1
        return self._replayed(rows, z, keep) if self.mode.graphs else self._step(rows, z, keep)

    def _step(self, rows, z, keep):
        real = self._images("image", rows)
        if "input" in self.data:
            given = self._images("input", rows)
        else:
            given = torch.randn(len(rows), Z, device=self.device) if z is None else z
        with self._precision():
            made = self._generate(real, given)

        self.opt_d.zero_grad(set_to_none=True)
        with self._precision():
            loss_d = self._loss_d(real, given, made)
        loss_d.backward()
        self.opt_d.step()

        self.opt_g.zero_grad(set_to_none=True)
        self.d.requires_grad_(False)
        with self._precision():
            loss_g = self._loss_g(real, given, made)
        loss_g.backward()
        self.d.requires_grad_(True)
        self.opt_g.step()
        self._average(keep)
        return loss_g.detach(), loss_d.detach()

    def _generate(self, real, given):
        """All that G makes in a step."""
        return torch_cycle.generate(self.g, real, given) if self.unpaired else self.g(given).float()

    def _loss_d(self, real, given, made):
        """Loss of D, of fakes that give G no gradient."""
        if self.unpaired:
            return torch_cycle.loss_d(self.d, real, given, made)
        real = real.requires_grad_(self.gamma > 0)
        logits_real, logits_fake = (self.d(self._shown(x, given)).float() for x in (real, made.detach()))
        loss = (softplus(-logits_real) + softplus(logits_fake)).mean()
        loss = loss / 2 if self.paired else loss
        if self.gamma:
            (slope,) = torch.autograd.grad(logits_real.sum(), real, create_graph=True)
            loss = loss + self.gamma / 2 * slope.square().sum((1, 2, 3)).mean()
        return loss

    def _loss_g(self, real, given, made):
        """Loss of G against the updated D."""
        if self.unpaired:
            return torch_cycle.loss_g(self.d, real, given, made)
        loss = softplus(-self.d(self._shown(made, given)).float()).mean()
        return loss + L1 * (real.detach() - made).abs().mean() if self.paired else loss

    def _shown(self, x, given):
        """What D sees."""
        return torch.cat((x, given), 1) if self.paired else x

    def _laid_out(self, images):
        """uint8 [N, H, W, C] as it lies in memory: as it is, which is what channels_last means, or [N, C, H, W]."""
        return images if self.mode.channels_last else images.permute(0, 3, 1, 2).contiguous()

    def _images(self, name, rows):
        """float32 [B, C, H, W] in [-1, 1]."""
        images = self.data[name][rows]
        return (images.permute(0, 3, 1, 2) if self.mode.channels_last else images) / 127.5 - 1

    def _precision(self):
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.mode.bf16)

    def _keep(self, images):
        """Share of the average that stays: 10,000 images are its half-life, at most 0.05 of those seen."""
        return 0.5 ** (images / max(min(10_000, 0.05 * images * self.steps), 1e-6))

    @torch.no_grad()
    def _average(self, keep):
        if isinstance(keep, float):
            torch._foreach_lerp_(self.averaged, self.moving, 1 - keep)
        else:  # a tensor, so that a captured graph can be told another number
            torch._foreach_sub_(self.averaged, self.moving)
            torch._foreach_mul_(self.averaged, keep)
            torch._foreach_add_(self.averaged, self.moving)

    def _replayed(self, rows, z, keep):
        """The step as a CUDA graph: the first ones eager on a side stream, then captured once and played."""
        if self.steps <= _EAGER_STEPS:
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                losses = self._step(rows, z, torch.tensor(keep, device=self.device))
            torch.cuda.current_stream().wait_stream(side)
            return losses
        if self.graph is None:
            self.rows, self.z, self.keep = rows.clone(), z, torch.tensor(keep, device=self.device)
            self.opt_g.zero_grad(set_to_none=True)
            self.opt_d.zero_grad(set_to_none=True)
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph):
                self.losses = self._step(self.rows, self.z, self.keep)
        self.rows.copy_(rows)
        if self.z is not None:
            self.z.copy_(z)
        self.keep.fill_(keep)
        self.graph.replay()
        return self.losses


class Runner:
    """The step as `compare.py` runs it: step(rows) begins one, wait() until all are done."""

    def __init__(self, network, data, batch_size, *, platform, gamma=None, **mode):
        any_device = "cuda" if torch.cuda.is_available() else "cpu"
        device = {"any": any_device, "gpu": "cuda"}.get(platform, platform)
        torch.manual_seed(0)
        self.play = Step(network, data, device=device, mode=Mode(**mode), gamma=gamma)
        self.device = torch.cuda.get_device_name() if device == "cuda" else "cpu"

    def step(self, rows):
        self.losses = self.play(rows)

    def wait(self):
        if self.play.device.type == "cuda":
            torch.cuda.synchronize()
        return tuple(map(float, self.losses))


def _compiled(net):
    """The network, or each of those that are one side, by torch.compile."""
    if isinstance(net, torch.nn.ModuleDict):
        return torch.nn.ModuleDict({name: torch.compile(part) for name, part in net.items()})
    return torch.compile(net)


def _floats(net):
    """Parameters and floating buffers (running statistics) of a network, detached."""
    return [x.detach() for x in (*net.parameters(), *net.buffers()) if x.is_floating_point()]
