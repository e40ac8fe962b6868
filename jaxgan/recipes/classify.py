"""Classes from few labels: a D that names them, and learns from all other pictures against a G. Salimans et al. 2016.

    jaxgan train classify --data FOLDER --labelled 100                 # of MNIST's or Fashion-MNIST's idx files
    jaxgan train classify --data FOLDER --labelled 1000 --network conv
    jaxgan evaluate RUN --split test                                   # class_accuracy

arXiv:1606.03498, sections 3.1 and 5: D's K logits stand for K + 1 classes, G learns to match the mean of D's features. D is
as it is at the end, where the authors average it.

MNIST, --hidden 500 250 250, 2 cores of a busy x86-64 server, seeds 0, 1, 2: 2 to 4 min each, 83.3 % of
held-out digits with 100 labels and 94.0 % with 1,000; the same D supervised 76.8 and 90.4 (docs/extension.md). Longer D may
win, at a constant rate: in a run of 5,000 steps G ended in noise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from jaxgan import config, losses, models, tasks
from jaxgan.core import GAN
from jaxgan.data.few_labels import CLASS, LABELLED
from jaxgan.errors import BadInput
from jaxgan.options import Ingredients
from jaxgan.options.latents import Noise
from jaxgan.options.marks import ActiveIf, above, at_least
from jaxgan.tasks.semi_supervised import judge

_WEIGHT = at_least(0, 1e9)
_MLP = ActiveIf(lambda config: config.network == "mlp", lambda config: f"--network {config.network}: take mlp")
_CONV = ActiveIf(lambda config: config.network == "conv", lambda config: f"--network {config.network}: take conv")
Tailored: Any = config.tailored(
    "adversary",
    pack="D names the class of one picture",
    unroll="D's answer to G is not of the classes",
)


@dataclass(frozen=True)
class Config(Tailored):
    labelled: Annotated[int, above(0)] = 100
    """Pictures whose class D is told, in all, in equal shares of the classes: 100 of ten classes are 10 of each."""
    labels_seed: Annotated[int, at_least(0)] = 0
    """Which pictures these are."""
    network: Literal["mlp", "conv"] = "mlp"
    """Networks: the authors' dense ones of MNIST, or convolutions as they have them for CIFAR-10, and a DCGAN's G."""
    hidden: Annotated[tuple[int, ...], above(0, 2**16), _MLP] = models.semi_supervised.HIDDEN
    """Widths of D's hidden layers."""
    hidden_g: Annotated[tuple[int, ...], above(0, 2**16), _MLP] = (500, 500)
    """Widths of G's hidden layers."""
    width: Annotated[int, above(0, 2**16), _CONV] = 96
    """Channels of D's first convolutions, and of G's last but one."""
    supervised: Annotated[float, _WEIGHT] = 2.0
    """Weight of the labelled pictures in D's loss: 2 as in the authors' program, 1 as the paper's equation has it."""
    matching: Annotated[float, _WEIGHT] = 1.0
    """Weight in G's loss of the distance between D's mean features of real and fake pictures."""
    adversary: float = 0.0
    noise: Noise = "uniform"
    steps: int = 3_000
    batch_size: int = 100
    lr_g: float = 3e-3
    lr_d: float = 1e-3
    b1: float = 0.5
    sample_every_steps: int = 500
    save_every_steps: int = 500

    @property
    def given(self) -> tuple[str, ...]:
        """Nothing: G makes pictures of no class in particular."""
        return ()

    @property
    def beside(self) -> tuple[str, ...]:
        """The labelled pictures, and their classes."""
        return (LABELLED, CLASS)

    @property
    def fitting(self) -> dict[str, Any]:
        """What `data.load` is to do: no share of pairs, but so many labels."""
        return {**super().fitting, "labelled": 1.0, "labels": (self.labelled, self.labels_seed)}


TINY = {
    "data": "digits",
    "labelled": 20,
    "hidden": (16, 16),
    "hidden_g": (16,),
    "steps": 20,
    "batch_size": 16,
    "log_every_steps": 5,
    "sample_every_steps": 10,
    "save_every_steps": 10,
}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    shape, classes, dtype = specs[config.real].shape, len(specs[CLASS].classes), config.dtype
    if classes < 2:
        raise BadInput(f"{config.data} has {classes} class: there is nothing to tell apart, give pictures of several")
    if not (config.matching or config.adversary):
        raise BadInput("--matching 0 and --adversary 0 leave G nothing to learn: give one of them")
    if config.network == "mlp":
        classifier = models.semi_supervised.dense(classes, config.hidden, dtype=dtype)
        generator = models.semi_supervised.generator(
            shape, config.hidden_g, axis_name=ingredients.axis_name, dtype=dtype
        )
    else:
        models.dcgan.check_shape(shape)
        classifier = models.semi_supervised.convolutions(classes, config.width, dtype=dtype)
        generator = models.dcgan.generator(
            shape[:2], shape[2], width=config.width, axis_name=ingredients.axis_name, dtype=dtype
        )
    content = {"matching": losses.match_features(config.matching, ingredients.axis_name)} if config.matching else {}
    told = ingredients.wrap_discriminator(classifier)
    game = ingredients.adversarial(generator, judge(classifier), content=content)
    return tasks.semi_supervised(game, told, weight=config.supervised)
