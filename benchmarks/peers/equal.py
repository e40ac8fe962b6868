"""Equal work, proven: parameters, weights carried over from jaxgan to a peer, and FLOPs counted by hand.

    cd benchmarks && python -m peers.equal        # parameters of all peers, FLOPs of the step by hand and by XLA

A hand count is of multiplications and additions (2 each) in convolutions and dense layers alone, those with the zeros of
the padding left out, as XLA leaves them out. Batch norm, activations, losses, Adam and the average are not in it.
"""

import importlib.util
import math
from collections import Counter
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import Pair, layers
from peers import flax_step, ours
from peers.settings import BLOCKS, NETWORKS, Z, setting

QUICK = {
    "xla_backend_optimization_level": 0
}  # half the time of compilation: machine code that is run little or not at all


def parameters(network, width=64):
    """{peer: Pair of parameter counts}, nothing allocated; of PyTorch only where it is installed."""
    size = lambda tree: sum(math.prod(x.shape) for x in jax.tree.leaves(tree))
    state = _shapes(network, 2, width)
    plain = jax.eval_shape(lambda key: flax_step.init(network, key, width=width), jax.random.key(0))
    counts = {
        "ours": Pair(size(state.g.params), size(state.d.params)),
        "flax": Pair(size(plain["g"]["params"]), size(plain["d"]["params"])),
    }
    if importlib.util.find_spec("torch"):
        import torch

        from peers.torch_nets import networks

        with torch.device("meta"):
            counts["torch"] = Pair(*(sum(p.numel() for p in net.parameters()) for net in networks(network, width)))
    return counts


def into_torch(params, net, side):
    """Fills a PyTorch network with jaxgan's params of this side, "g" or "d".

    Layers meet in the order of their making, each kind for itself; a 1x1 convolution is a dense layer in jaxgan.
    Convolutions: HWIO to OIHW. Transposed ones are kept as the kernel of the convolution that they transpose, here and in
    PyTorch, so the same turn of axes does, without a flip. Of dense layers, the axis that is 4x4 places times channels
    goes from (4, 4, C) to (C, 4, 4). Of CycleGAN's, which are several, kernels are mirrored: `torch_cycle` says why.
    """
    import torch
    from torch import nn

    if isinstance(net, nn.ModuleDict):
        for (name, part), own in zip(net.items(), _by_name(params), strict=True):
            assert name.startswith(own)
            into_torch(_mirrored(_in_order(params[own])), part, side)
        return net
    names = {nn.Linear: "Dense", nn.Conv2d: "Conv", nn.ConvTranspose2d: "ConvTranspose"}
    names |= {nn.BatchNorm2d: "Norm", nn.InstanceNorm2d: "Norm"}
    images, seen, used = "Conv" in str(net), Counter(), 0
    for module in net.modules():
        kind = type(module)
        if kind not in names or (kind is nn.InstanceNorm2d and not module.affine):
            continue
        name = names[kind]
        if kind is nn.Conv2d:
            name = "Dense" if module.kernel_size == (1, 1) else name if "Conv_0" in params else "ResizedConv"
        layer = params[f"{name}_{seen[name]}"]
        seen[name] += 1
        norm = kind in (nn.BatchNorm2d, nn.InstanceNorm2d)
        weight, bias = np.asarray(layer["scale" if norm else "kernel"]), layer.get("bias")
        if kind is nn.Linear:
            weight = weight.T  # [out, in]
            axis = 0 if side == "g" else 1
            weight = np.moveaxis(_channels_first(np.moveaxis(weight, axis, 0)), 0, axis) if images else weight
            bias = _channels_first(bias) if images and side == "g" and bias is not None else bias
        elif not norm:
            weight = (weight if weight.ndim == 4 else weight[None, None]).transpose(3, 2, 0, 1)
        for name, value in (("weight", weight), ("bias", bias)):
            if value is not None:
                with torch.no_grad():
                    own = getattr(module, name)
                    assert own.shape == value.shape, (module, name, own.shape, value.shape)
                    own.copy_(torch.from_numpy(np.array(value)))
                used += 1
    assert used == len(jax.tree.leaves(params)) == len(list(net.parameters()))
    return net


def into_flax(params):
    """jaxgan's params as plain Flax's: nn.ConvTranspose keeps its kernel flipped and as [h, w, in, out]."""

    norm = "InstanceNorm_" if _by_name(params) else "BatchNorm_"
    plain = lambda name: name.replace("Norm_", norm).replace("ResizedConv_", "Conv_")

    def turned(name, layer):
        if "kernel" not in layer and "scale" not in layer:
            return {plain(part): turned(part, own) for part, own in layer.items()}
        if name.startswith(("ConvTranspose", "up")):
            return {**layer, "kernel": jnp.flip(layer["kernel"], (0, 1)).swapaxes(2, 3)}
        return layer

    return turned("", params)


def minimum_flops(network, batch_size, width=64):
    """FLOPs that a step of this protocol cannot do without, by hand. G and D stand for those of a forward pass of a sample.

    G once forward, and once each for the gradients in its weights and in its inputs, but z: 3 G - first layer.
    D's turn: real and fake forward, gradients in weights and in inputs, but the images: 2 (3 D - first layer).
    G's turn: fakes forward through the new D, and the gradient in inputs, down to the fakes: 2 D, less the gradient in
    an input image beside them.
    R1, of a network without norms whose activations have no second derivative: from the logits down to the images; that
    gradient up again, but through the last layer; and what both together give the weights: 3 D - last layer.
    CycleGAN's has two G and two D. Each G is played three times: once more on what the other made, whose gradient goes
    through its first layer too.
    The convolutions of resnet32 are in jaxgan's form, folded with the resizing.
    """
    g, d = _layers(network, width)
    if setting(network).unpaired:
        return batch_size * 2 * (9 * sum(g) - 2 * g[0] + 2 * (3 * sum(d) - d[0]) + 2 * sum(d))
    beside = d[0] / 2 if setting(network).paired else 0
    penalty = 3 * sum(d) - d[-1] if setting(network).gamma else 0
    return batch_size * (3 * sum(g) - g[0] + 2 * (3 * sum(d) - d[0]) + 2 * sum(d) - beside + penalty)


def xla_flops(network, batch_size, width=64):
    """FLOPs of jaxgan's compiled step in XLA's count, everything in it, with convolutions in their direct form."""
    _, step = ours.program(network, width=width)
    batch = ours.batch_like(network, batch_size)
    with layers.direct_form():
        lowered = jax.jit(step).lower(_shapes(network, batch_size, width), batch)
    compiled = lowered.compile(QUICK)
    return float(compiled.cost_analysis()["flops"])


def _layers(network, width):
    """Pair of lists: forward FLOPs of each layer for one sample."""
    height, _, channels = ours.shape(network)
    if network == "mlp":
        sizes = (Z, 128, 256, 512, height * height * channels)
        dense = lambda sizes: [2 * a * b for a, b in pairwise(sizes)]
        return Pair(dense(sizes), dense((height * height * channels, 512, 256, 128, 1)))
    # a convolution from `size` to half of it and the transposed one back have the same taps
    halving = lambda size, before, after: 2 * _taps(size) ** 2 * before * after
    conv = lambda size, before, after: 2 * _taps(size, 3, 1) ** 2 * before * after
    if network == "resnet32":
        sides = ([2 * Z * 64 * width], [conv(height, channels, width)])
        for i, (small, wide) in enumerate(pairwise((width, 2 * width, 4 * width, 4 * width))):
            size = height >> i  # the two sides mirror each other
            shortcut = [2 * (size // 2) ** 2 * small * wide] * (small != wide)
            sides[0][1:1] = [halving(size, wide, small), conv(size, small, small), *shortcut]
            sides[1].extend([conv(size, small, small), halving(size, small, wide), *shortcut])
        return Pair([*sides[0], conv(height, width, channels)], [*sides[1], 2 * 64 * width])
    if network == "unet256":
        depth = height.bit_length() - 1
        widths = [channels, *(min(width << i, 8 * width) for i in range(depth))]
        down = [halving(height >> i, widths[i], widths[i + 1]) for i in range(depth)]
        up = [(1 if i == depth - 1 else 2) * flops for i, flops in enumerate(down)]  # twice the channels, but innermost
        return Pair([*down, *reversed(up)], _patch(height, width, 2 * channels))
    if network == "cyclegan128":
        wide, small = width << 2, height >> 2
        mirrored = lambda size, kernel, before, after: 2 * (size * kernel) ** 2 * before * after
        down = [2 * _taps(height >> i, 3) ** 2 * (width << i) * (width << i + 1) for i in range(2)]
        ends = [mirrored(height, 7, channels, width), mirrored(height, 7, width, channels)]
        g = [ends[0], *down, *[mirrored(small, 3, wide, wide)] * 2 * BLOCKS, *reversed(down), ends[1]]
        return Pair(g, _patch(height, width, channels))
    widths = [channels, *(min(width << i, 512) for i in range(height.bit_length() - 3))]
    convs = [halving(height >> i, widths[i], widths[i + 1]) for i in range(len(widths) - 1)]
    return Pair([2 * Z * 16 * widths[-1], *reversed(convs)], [*convs, 2 * 16 * widths[-1]])


def _patch(height, width, channels):
    """Forward FLOPs of each layer of a PatchGAN."""
    sizes = (channels, width, 2 * width, 4 * width)
    halvings = [2 * _taps(height >> i) ** 2 * a * b for i, (a, b) in enumerate(pairwise(sizes))]
    ends = [(height // 8, 4 * width, 8 * width), (height // 8 - 1, 8 * width, 1)]
    return halvings + [2 * _taps(size, 4, 1) ** 2 * a * b for size, a, b in ends]


def _by_name(params):
    """Names of the networks of a side that has several, in their order; else none."""
    return [name for name in ("forward", "backward", "image", "input") if name in params]


def _in_order(params):
    """Params of a translator with its layers numbered by kind, in the order in which they are met; others as they are."""
    if "first" not in params:
        return params
    blocks = [params[f"block{i}"][f"conv{j}"] for i in range(BLOCKS) for j in range(2)]
    convs = [params["first"], params["down0"], params["down1"], *blocks, params["last"]]
    ups = [params["up1"], params["up0"]]
    number = lambda kind, layers: {f"{kind}_{i}": layer for i, layer in enumerate(layers)}
    return number("Conv", convs) | number("ConvTranspose", ups)


def _mirrored(params):
    """Params whose kernels are turned by a half turn."""
    turn = lambda layer: {**layer, "kernel": np.asarray(layer["kernel"])[::-1, ::-1]} if "kernel" in layer else layer
    return {name: turn(layer) for name, layer in params.items()}


def _taps(size, kernel=4, stride=2, pad=1):
    """Pairs (output, input) along one side of `size` that a window joins, padding left out."""
    starts = range(-pad, size + pad - kernel + 1, stride)
    return sum(0 <= start + tap < size for start in starts for tap in range(kernel))


def _channels_first(x):
    """x [16 C, ...] from (4, 4, C) to (C, 4, 4)."""
    return x.reshape(4, 4, -1, *x.shape[1:]).swapaxes(1, 2).swapaxes(0, 1).reshape(x.shape)


def _shapes(network, batch_size, width):
    """State of jaxgan's step, shapes alone."""
    init, _ = ours.program(network, width=width)
    return jax.eval_shape(init, jax.random.key(0), ours.batch_like(network, batch_size))


def main():
    for network in NETWORKS:
        for peer, count in parameters(network).items():
            print(f"{network:8} {peer:6} G {count.g:,}  D {count.d:,} parameters")
        size = setting(network).batch_size
        least, found = minimum_flops(network, size), xla_flops(network, size)
        print(
            f"{network:8} step of batch {size}: {least / 1e9:.4g} GFLOP by hand, {found / 1e9:.4g} by XLA: {found / least:.4f}"
        )


if __name__ == "__main__":
    main()
