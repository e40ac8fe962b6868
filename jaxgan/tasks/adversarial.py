"""One generator against one discriminator: whatever G is given, and whatever D is shown."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgan.core import GAN, Losses, Pair
from jaxgan.errors import BadInput
from jaxgan.losses import Tracker, non_saturating
from jaxgan.losses.content import Context, Term
from jaxgan.losses.penalties import OfFakes, Penalty
from jaxgan.modalities.scale import batch_to_step, check_scaled
from jaxgan.net import TRACKERS, DiscriminatorOutput, Net
from jaxgan.noise import Noise, normal
from jaxgan.sharing import Batch, Key, parts, sample_keys, with_index

_NONE = Pair((), ())
_TAKEN = {"loss", "adversarial", "penalty"}  # metrics of G that no content term can be called


class Fakes(NamedTuple):
    """What g answers for where it has penalties of its own: what it shows, and what it is to avoid whoever looks."""

    image: jax.Array  # [B, H, W, C] in [-1, 1], or any other sample [B, ...]
    penalty: jax.Array | None = None  # float32 []
    given: tuple = ()  # what G made them of, where content terms see it


def adversarial(
    generator: Net,
    discriminator: Net,
    *,
    loss: Pair = non_saturating,
    penalties: Sequence[Penalty] = (),
    penalties_g: Sequence[Callable[..., Any]] = (),
    rare: Pair = _NONE,
    trackers: Sequence[Tracker] = (),
    noise: Noise | None = None,
    real: str | Callable[[Batch], Any] = "image",
    given: str | Callable[[Batch, Key], Any] | None = None,
    shown: Callable[[Any, Batch], Any] | None = None,
    content: Mapping[str, Term] | None = None,
    weight: ArrayLike = 1.0,
    counted: Callable[[Batch], jax.Array] | None = None,
) -> GAN:
    """GAN of one Net against another. What G is given and what D is shown are functions of the batch.

    batch: columns by name; those of uint8 and int16 are brought to [-1, 1] before anything sees them, but for "mask", "label",
        "index" and what has one number a sample, [B].
    real: the column that G imitates, or a function (batch) -> x.
    given: the column that G is given, or (batch, key) -> its inputs, one or a tuple. By default latents, which are
        batch["z"] [B, Z] where it is there and else a draw from `noise` (default N(0, 1)^100), and batch["label"] where G has
        `classes`: int [B] or float [B, classes].
    shown: (x, batch) -> the inputs of D, one or a tuple, x real or fake. By default x, and the label where D has `classes`.
    loss: a Pair of (real, fake) -> unreduced; weight: of its half for G, may be traced.
    content: {name: term}, added to G's loss, each a metric of its own: (real, fake, context) -> scalar, with a
        `losses.Context` of all else that can be seen.
    counted: batch -> [B], how much each sample counts in D's adversarial loss; by default all the same. For samples that have no
        real one.
    penalties: functions (d, real, fake, keys) -> [B] of D as a function of x, added to D's loss. penalties_g: functions
        (g, *given, key=, index=) -> (scalar, collections of g that moved), added to G's. rare: a Pair of those, penalties_g and
        penalties, that are not due at every step: the game's `rare`. trackers: `losses.Tracker`s of D's logits.
    D sees real, then fake samples, each with its own batch statistics: what all samples of a batch have in common, a batch
    norm right behind the pixels hides from it. Logits may be a tree: all leaves count the same; of a `DiscriminatorOutput`
    losses take the logits, content terms the features. Metrics of D: the mean logits "real" and "fake", "penalty" where there
    are penalties, and those of the trackers; of G: "adversarial" beside content terms, each of these, and "penalty".
    Raises BadInput where the Nets' classes differ, labels or columns are missing, or shapes do not fit.
    """
    if given is None and shown is None and generator.classes != discriminator.classes:
        raise BadInput(
            f"the generator has classes={generator.classes}, the discriminator classes={discriminator.classes}: "
            "give both the same number, or neither"
        )
    noise, content = normal(100) if noise is None else noise, {} if content is None else content
    if content.keys() & _TAKEN:
        raise BadInput(
            f"content has {', '.join(sorted(content.keys() & _TAKEN))}, which are metrics of every game: rename it"
        )

    if len({each.name for each in trackers}) < len(trackers):
        named = ", ".join(each.name for each in trackers)
        raise BadInput(f"trackers are called {named}, and keep what they remember by name: give each its own")

    def labels(net, batch):
        return (batch.get("label"),) if net.classes else ()

    def target(batch):
        if not callable(real):
            return column(batch, real)
        x = _one("what is real is", real(batch))
        check_scaled("what is real", x, "iub")
        return x

    def inputs_g(batch, key):
        if given is not None:
            return (column(batch, given, "iu"),) if isinstance(given, str) else _tuple(given(batch, key))
        return (batch["z"] if "z" in batch else noise(key, batch["index"]), *labels(generator, batch))

    def inputs_d(x, batch):
        return (x, *labels(discriminator, batch)) if shown is None else _tuple(shown(x, batch))

    def index_of(net, batch):
        return {"index": batch["index"]} if net.indexed else {}

    def init(key, batch):
        batch = batch_to_step(batch)
        key_g, key_d, key_z = jax.random.split(key, 3)
        x, inputs = target(batch), inputs_g(batch, key_z)
        g = generator.init(key_g, *inputs)
        own = {"key": key_z, **index_of(generator, batch)} if generator.indexed else {}
        made = jax.eval_shape(lambda g: generator.apply(g, *inputs, train=False, **own)[0], g)
        shape = _one("generator gives", made).shape
        if shape != x.shape:
            raise BadInput(
                f"generator gives {shape[1:]}, the data set has {x.shape[1:]}: "
                "build it for that shape, or set --resolution"
            )
        d = discriminator.init(key_d, *inputs_d(x, batch))
        return Pair(g, {**d, TRACKERS: {each.name: each.start() for each in trackers}} if trackers else d)

    def generate(g, batch, key):
        batch = batch_to_step(batch)
        key_z, key_net = jax.random.split(key)
        inputs = inputs_g(batch, key_z)
        image, moved = generator.apply(g, *inputs, key=key_net, **index_of(generator, batch))
        penalty, moved = of_g(penalties_g, {**g, **moved}, inputs, batch, key_net, moved)
        return (Fakes(image, penalty, inputs if content else ()) if penalties_g or content else image), moved

    def of_g(terms, g, inputs, batch, key, moved):
        """(sum of G's penalties, None of none; the collections that moved)."""
        penalty = None
        for i, term in enumerate(terms):
            value, more = term(g, *inputs, key=jax.random.fold_in(key, i), index=batch["index"])
            penalty, moved, g = value + (0.0 if penalty is None else penalty), {**moved, **more}, {**g, **more}
        return penalty, moved

    def rare_g(g, batch, key):
        batch = batch_to_step(batch)
        key_z, key_net = jax.random.split(key)
        penalty, moved = of_g(rare.g, g, inputs_g(batch, key_z), batch, key_net, {})
        return penalty, moved, {"penalty": penalty}

    def discriminate(d, x, batch, key):
        return discriminator.apply(d, *inputs_d(x, batch), key=key, **index_of(discriminator, batch))

    def of_d(terms, d, x, fake, batch, keys):
        """The mean of the sum of D's penalties; keys: of its passes over real and fake, and of what penalties draw."""
        key_real, key_fake, key_penalty = keys
        keys = sample_keys(key_penalty, batch["index"])
        alone = lambda key: lambda x: read_output(discriminate(d, x, batch, key)[0])[0]
        of_real, of_fakes = alone(key_real), alone(key_fake)
        judge = lambda penalty: of_fakes if isinstance(penalty, OfFakes) else of_real
        return sum(jnp.mean(penalty(judge(penalty), x, fake, keys)) for penalty in terms)

    def rare_d(d, fakes, batch, key):
        batch = batch_to_step(batch)
        fakes = fakes if isinstance(fakes, Fakes) else Fakes(fakes)
        penalty = of_d(rare.d, d, target(batch), fakes.image, batch, jax.random.split(key, 3))
        return penalty, {}, {"penalty": penalty}

    def losses(d, fakes, batch, key):
        batch = batch_to_step(batch)
        keys = key_real, key_fake, _ = jax.random.split(key, 3)
        fakes = fakes if isinstance(fakes, Fakes) else Fakes(fakes)
        x, fake = target(batch), fakes.image
        out_real, moved = discriminate(d, x, batch, key_real)
        out_fake, moved = discriminate({**d, **moved}, fake, batch, key_fake)
        (logits_real, features_real), (logits_fake, features_fake) = map(read_output, (out_real, out_fake))

        metrics = {"real": mean_logits(logits_real), "fake": mean_logits(logits_fake)}
        loss_d = jax.tree.map(loss.d, logits_real, logits_fake)
        if counted is not None:
            rows = counted(batch).astype(jnp.float32)
            loss_d = jax.tree.map(lambda x: jax.vmap(jnp.multiply)(x, rows), loss_d)
        loss_d = mean_logits(loss_d)
        if penalties:
            metrics["penalty"] = of_d(penalties, d, x, fake, batch, keys)
            loss_d += metrics["penalty"]
        if trackers:
            tracked = {}
            for each in trackers:
                state = d[TRACKERS][each.name]
                loss_d += each.penalty(state, logits_real, logits_fake)
                constant = jax.lax.stop_gradient((logits_real, logits_fake))
                tracked[each.name] = each.update(state, *constant, x.shape[0] * parts())
                own = each.metrics(state)
                if taken := ", ".join(sorted(own.keys() & metrics.keys())):
                    raise BadInput(f"the tracker {each.name} has a metric {taken}, as D has: rename it")
                metrics |= own
            moved = {**moved, TRACKERS: tracked}
        loss_g, terms = mean_logits(jax.tree.map(loss.g, logits_real, logits_fake)), {}
        if content:
            context = Context(fakes.given, features_real, features_fake, batch, key, logits_fake)
            terms = {name: term(x, fake, context) for name, term in content.items()}
        metrics_g = {"adversarial": loss_g, **terms} if content else {}
        loss_g = weight * loss_g
        if fakes.penalty is not None:
            terms = {**terms, "penalty": fakes.penalty}
        loss_g += sum(terms.values())
        return Losses(loss_g, loss_d, moved, Pair({**metrics_g, **terms}, metrics))

    def sample(g, batch, key):
        batch = batch_to_step(with_index(batch))
        own = {"key": jax.random.fold_in(key, 1), **index_of(generator, batch)} if generator.indexed else {}
        return generator.apply(g, *inputs_g(batch, key), train=False, **own)[0]

    return GAN(init, generate, losses, sample, Pair(rare_g if rare.g else None, rare_d if rare.d else None))


def column(batch: Batch, name: str, kinds: str = "iub") -> Any:
    """A column of a batch, as a step takes it. Raises BadInput where it is not there, or of a kind whose range is not known."""
    if name not in batch:
        raise BadInput(f"the game takes a column {name!r}, and the batch has {', '.join(sorted(batch))}: give it too")
    check_scaled(name, batch[name], kinds)
    return batch[name]


def _one(what, x):
    """x. Raises BadInput where it is no array."""
    if not hasattr(x, "shape"):
        raise BadInput(f"{what} a {type(x).__name__}, and a sample is one array: join its parts along an axis")
    return x


def _tuple(inputs):
    return inputs if isinstance(inputs, tuple) else (inputs,)


def read_output(out) -> tuple[Any, Any]:
    """(float32 logits, features or None) of what a discriminator gives."""
    logits, features = out if isinstance(out, DiscriminatorOutput) else (out, None)
    return jax.tree.map(lambda x: x.astype(jnp.float32), logits), features


def mean_logits(tree: Any) -> Any:
    """The mean of all leaves, each of which counts the same."""
    leaves = [jnp.mean(x) for x in jax.tree.leaves(tree)]
    return sum(leaves) / len(leaves)
