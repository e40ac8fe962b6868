"""How often a training looks at itself, and what it keeps."""

from dataclasses import dataclass
from typing import Annotated

from jaxgan.errors import BadInput
from jaxgan.options import Config
from jaxgan.options.marks import LARGEST, ActiveIf, above, at_least, flag

PLACE = 90
_LOOKS = ActiveIf(
    lambda config: config.evaluate_every_steps or config.evaluate_all_every_steps,
    lambda config: "no evaluations on the way: add --evaluate-every-steps",
)
_OFTEN = above(0, LARGEST)


@dataclass(frozen=True)
class Group:
    """Rows, pictures, checkpoints, evaluations."""

    steps_per_dispatch: Annotated[int, above(0, 2**20)] = 1
    """Steps in one program, at most: for small networks, where the host is the bottleneck."""
    log_every_steps: Annotated[int, _OFTEN] = 100
    """Between the lines of metrics.jsonl."""
    sample_every_steps: Annotated[int, _OFTEN] = 1000
    """Between the pictures in samples/."""
    save_every_steps: Annotated[int, _OFTEN] = 1000
    """Between checkpoints."""
    evaluate_every_steps: Annotated[int, at_least(0, LARGEST)] = 0
    """Between evaluations of the averaged generator that cost little: fd, and the modes of a mixture or of classes. 0: none."""
    evaluate_all_every_steps: Annotated[int, at_least(0, LARGEST)] = 0
    """Between evaluations by every metric that applies. 0: none."""
    evaluate_samples: Annotated[int, at_least(2, 10**8), _LOOKS] = 2000
    """Samples that an evaluation on the way draws, always of the same latents."""
    features: Annotated[str, _LOOKS] = "auto"
    """The feature network then: as jaxgan evaluate --features."""
    keep_latest: Annotated[int, _OFTEN] = 2
    """Newest checkpoints to keep."""
    keep_best: Annotated[int, at_least(0, LARGEST)] = 0
    """Checkpoints to keep besides, the best by --best-metric."""
    best_metric: str = ""
    """Scalar of metrics.jsonl by which checkpoints are the best: the lowest is, or the highest with a + before it. fd, say,
    with --evaluate-every-steps."""


def check(config: Config) -> None:
    """Evaluations come with rows; the best needs a metric."""
    for name in ("evaluate_every_steps", "evaluate_all_every_steps"):
        if getattr(config, name) % config.log_every_steps:
            raise BadInput(
                f"{flag(name)} is {getattr(config, name)} and --log-every-steps {config.log_every_steps}: give a multiple "
                "of it, so that the numbers come into metrics.jsonl"
            )
    if config.keep_best and not config.best_metric:
        raise BadInput(f"--keep-best {config.keep_best} needs --best-metric, a scalar of metrics.jsonl such as loss_g")
