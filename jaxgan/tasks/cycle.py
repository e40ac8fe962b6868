"""Two generators that undo each other, two discriminators: translation between two sets of pictures without pairs."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxgan.core import GAN, Losses, Pair
from jaxgan.errors import BadInput
from jaxgan.losses import half_d, least_squares
from jaxgan.modalities.scale import batch_to_step
from jaxgan.net import Net, join
from jaxgan.sharing import Key, Tree, Variables, with_index
from jaxgan.tasks.adversarial import column, mean_logits, read_output

_LOSS = half_d(least_squares)


class Translations(NamedTuple):
    """What both generators answer for, [B, H, W, C] each; the last two are None where there is no identity loss."""

    image: jax.Array  # forward(input)
    input: jax.Array  # backward(image)
    image_again: jax.Array  # forward(backward(image))
    input_again: jax.Array  # backward(forward(input))
    image_kept: jax.Array | None  # forward(image)
    input_kept: jax.Array | None  # backward(input)


def cycle(
    forward: Net,
    backward: Net,
    judge_image: Net,
    judge_input: Net,
    *,
    loss: Pair = _LOSS,
    weight: float = 10.0,
    identity: float = 0.5,
    real: str = "image",
    given: str = "input",
) -> GAN:
    """GAN of `forward`, from column `given` to column `real`, and `backward`, of one discriminator each; the rows are no pairs.

    Zhu et al. 2017, arXiv:1703.10593: eq. 3, weight is its lambda, with the identity loss of section 5.2, identity (times
    weight) is its lambda: 0.5 for paintings from photos, 0 leaves it out. Both mean absolute differences. The losses of
    both D are halved, as section 4 says: give `losses.half_d(loss)`, as by default.
    Metrics of G: "adversarial_image" and "adversarial_input", "cycle" and "identity", sums of both directions before their
    weights; of D the mean logits "real" and "fake" of `judge_image`, "real_input" and "fake_input" of the other.
    sample translates batch[given] forward, and where there is only batch[real] that back. Variables
    of g are those of `join(forward=, backward=)`, of d of `join(image=, input=)`.
    Fakes are remembered by `pooled(gan, 50, pooled_part, with_pooled)`: a sample swaps both its translations at once, where
    the authors have a pool and a coin for each.
    Raises BadInput where a column is missing, where shapes do not fit, and for an identity loss between other channels.
    """
    g_side, d_side = join(forward=forward, backward=backward), join(image=judge_image, input=judge_input)
    passes = {  # what: by which generator, of what
        "image": ("forward", given),
        "input": ("backward", real),
        "image_again": ("forward", "input"),
        "input_again": ("backward", "image"),
    }
    if identity:
        passes |= {"image_kept": ("forward", real), "input_kept": ("backward", given)}

    def columns(batch):
        batch = batch_to_step(batch)
        return column(batch, given), column(batch, real), batch["index"]

    def init(key, batch):
        x, y, index = columns(with_index(batch))
        if identity and x.shape[-1] != y.shape[-1]:
            raise BadInput(
                f"the identity loss is of pictures with as many channels, {given} has {x.shape[-1]} and {real} "
                f"{y.shape[-1]}: give --identity 0, or --channels 3"
            )
        key_g, key_d = jax.random.split(key)
        g = g_side.init(key_g, forward=x, backward=y)
        for name, z, out in (("forward", x, y), ("backward", y, x)):
            check_shape(name, g_side.nets[name], g, z, out, key, index)
        return Pair(g, d_side.init(key_d, image=y, input=x))

    def generate(g, batch, key):
        x, y, index = columns(batch)
        found, moved = {given: x, real: y}, {}
        made = dict.fromkeys(Translations._fields)
        for (what, (name, source)), own in zip(passes.items(), jax.random.split(key, len(passes)), strict=True):
            of = made[source] if what.endswith("_again") else found[source]
            made[what], more = apply(g_side.nets[name], {**g, **moved}, of, own, index)
            moved = {**moved, **more}
        return Translations(**made), moved

    def losses(d, fakes, batch, key):
        x, y, index = columns(batch)
        key_image, key_input = jax.random.split(key)
        image = judged(d_side.nets["image"], d, y, fakes.image, loss, key_image, index)
        other = judged(d_side.nets["input"], {**d, **image.moved}, x, fakes.input, loss, key_input, index)
        terms = {"adversarial_image": image.g, "adversarial_input": other.g}
        terms["cycle"] = apart(fakes.image_again, y) + apart(fakes.input_again, x)
        loss_g = image.g + other.g + weight * terms["cycle"]
        if identity:
            terms["identity"] = apart(fakes.image_kept, y) + apart(fakes.input_kept, x)
            loss_g += weight * identity * terms["identity"]
        metrics = {**image.metrics.d, **{f"{name}_input": value for name, value in other.metrics.d.items()}}
        return Losses(loss_g, image.d + other.d, {**image.moved, **other.moved}, Pair(terms, metrics))

    def sample(g, batch, key):
        batch = batch_to_step(with_index(batch))
        name, source = ("forward", given) if given in batch or real not in batch else ("backward", real)
        return apply(g_side.nets[name], g, column(batch, source), key, batch["index"], train=False)[0]

    return GAN(init, generate, losses, sample)


def pooled_part(fakes: Translations) -> dict[str, jax.Array]:
    """What of the fakes D sees, and `pooled` remembers: the two translations."""
    return {"image": fakes.image, "input": fakes.input}


def with_pooled(fakes: Translations, part: dict[str, jax.Array]) -> Translations:
    """The fakes with these in the place of their own."""
    return fakes._replace(**part)


def judged(net: Net, d: Variables, real: Tree, fake: Tree, loss: Pair, key: Key, index: jax.Array) -> Losses:
    """Losses of a Net that sees real, then fake samples. Logits may be a tree, all of whose leaves count the same."""
    key_real, key_fake = jax.random.split(key)
    out, moved = apply(net, d, real, key_real, index)
    logits_real, _ = read_output(out)
    out, moved = apply(net, {**d, **moved}, fake, key_fake, index)
    logits_fake, _ = read_output(out)
    side = lambda half: mean_logits(jax.tree.map(half, logits_real, logits_fake))
    metrics = {"real": mean_logits(logits_real), "fake": mean_logits(logits_fake)}
    return Losses(side(loss.g), side(loss.d), moved, Pair({}, metrics))


def apply(
    net: Net, variables: Variables, x: jax.Array, key: Key, index: jax.Array, **options: Any
) -> tuple[Any, Variables]:
    """(out, moved) of a Net, with the index of each sample where it draws for them."""
    own = {"index": index} if net.indexed else {}
    return net.apply(variables, x, key=key, **own, **options)


def apart(made: jax.Array, true: jax.Array) -> jax.Array:
    """Mean absolute difference, float32 []."""
    return jnp.mean(jnp.abs(made - true))


def check_shape(
    name: str, net: Net, variables: Variables, x: jax.Array, out: jax.Array, key: Key, index: jax.Array
) -> None:
    """Raises BadInput where a Net, by its name, does not make pictures of the shape of `out` from x."""
    make = lambda variables: apply(net, variables, x, key, index, train=False)[0]
    shape = jax.eval_shape(make, variables).shape
    if shape != out.shape:
        raise BadInput(
            f"{name} gives {shape[1:]} of {x.shape[1:]}, and the pictures there are {out.shape[1:]}: "
            "build it for that shape, or set --resolution and --channels"
        )
