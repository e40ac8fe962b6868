"""R3GAN's networks, losses, penalties and gradients are those of its authors' program."""

import jax
import numpy as np
from arrays import quick
from published import agree, draw, probes, recorded, weights

from jaxgan import losses
from jaxgan.models import r3gan

SIZES = {"width": (12, 8, 4), "blocks": (2, 1, 1), "cardinality": (6, 4, 2), "classes": 7}
GAMMA = 0.7


def pair():
    """(G, its variables, D, its variables, latents, real images, labels)."""
    z, x = draw("z", 4, 6), draw("x", 4, 16, 16, 3)
    label = np.array([0, 3, 6, 3], np.int32)
    g, d = r3gan.generator(16, 3, embedding=5, **SIZES), r3gan.discriminator(**SIZES)
    return g, weights(g, z, label), d, weights(d, x, label), z, x, label


def played():
    """{name of an output: array}, as r3gan.json has them."""
    g, variables_g, d, variables_d, z, x, label = pair()
    loss = losses.relativistic(losses.non_saturating)

    def both(params_g, params_d):
        fake = g.apply({"params": params_g}, z, label)[0]
        judge = lambda x: d.apply({"params": params_d}, x, label)[0]
        real_logits, fake_logits = judge(x), judge(fake)
        r1, r2 = (each(GAMMA)(judge, x, jax.lax.stop_gradient(fake), None) for each in (losses.r1, losses.r2))
        loss_g, loss_d = loss.g(real_logits, fake_logits), loss.d(real_logits, fake_logits)
        seen = {"fake": fake, "real_logits": real_logits, "fake_logits": fake_logits}
        return {**seen, "loss_g": loss_g, "loss_d": loss_d, "r1": r1, "r2": r2}

    @quick
    def all_of(params_g, params_d):
        out = both(params_g, params_d)
        slope_g = jax.grad(lambda p: both(p, params_d)["loss_g"].mean())(params_g)

        def turn_of_d(p):
            out = both(params_g, p)
            return (out["loss_d"] + out["r1"] + out["r2"]).mean()

        return out, slope_g, jax.grad(turn_of_d)(params_d)

    out, slope_g, slope_d = all_of(variables_g["params"], variables_d["params"])
    return {**out, "slope_g": probes(slope_g), "slope_d": probes(slope_d)}


def test_networks_losses_penalties_and_gradients_are_the_authors():
    agree(played(), recorded("r3gan"), 1e-5)
