"""LeCam as its authors published it, and the relativistic average hinge loss beside it."""

import jax.numpy as jnp
import numpy as np
from published import agree, draw, recorded

from jaxgan import losses
from jaxgan.losses.lecam import Anchors


def test_lecam_s_code_and_the_relativistic_average_hinge_are_the_authors():
    real, fake = draw("real", 16), draw("fake", 16, mean=-0.5)
    tracker = losses.lecam(1.0, warm_up=1, form="code")
    anchors = Anchors(jnp.float32(0.4), jnp.float32(-0.3), jnp.float32(5))
    hinge = losses.relativistic_average(losses.hinge)
    ours = {
        "lecam": tracker.penalty(anchors, real, fake),
        "rahinge_d": hinge.d(real, fake).mean() / 2,  # theirs are halves
    }
    moved = tracker.update(anchors, real, fake, None)
    np.testing.assert_allclose(moved.real, 0.9 * 0.4 + 0.1 * real.mean(), rtol=1e-6)
    agree(ours, recorded("losses"), 1e-6)
    assert (
        abs(losses.lecam(1.0, warm_up=1).penalty(anchors, real, fake) - ours["lecam"]) > 0.1
    )  # the paper's is another
