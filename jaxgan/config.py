"""What every recipe lets you choose. A recipe's Config is a subclass with its own defaults and fields."""

import dataclasses
import re
from dataclasses import dataclass
from typing import Literal

from jaxgan.errors import BadInput, unknown
from jaxgan.options import limits
from jaxgan.options.limits import ENDS

Loss = Literal["non_saturating", "minimax", "bce", "least_squares", "hinge", "wasserstein"]
Penalty = Literal["auto", "none", "r1", "r2", "r1_r2", "wgan_gp", "dragan"]
Schedule = Literal["constant", "linear", "cosine"]


@dataclass(frozen=True)
class Config:
    """Fields that every recipe has."""

    data: str = ""
    """Source of the real samples: digits, ring, grid, swissroll, textures; a folder of images (sub-folders are classes,
    or a labels.csv, or a dataset.json) or of idx files; a .zip of images; an .npz; one large picture (crops of it);
    tfds:NAME; stacked_mnist:FOLDER."""
    resolution: int = 0
    """Bring images to this many pixels in height, and to --aspect times it in width. 0: as they are."""
    fit: Literal["crop", "stretch", "pad"] = "crop"
    """How: the largest centred part of that shape, all of the image stretched, or all of it between black bars."""
    aspect: float = 1.0
    """Width / height of the images at --resolution."""
    channels: int = 0
    """1 grey, 3 colour, 4 colour and transparency. 0: as found, transparency laid over white."""
    flip: bool = False
    """Let every image count twice, as it is and mirrored."""
    conditional: bool = False
    """Give the labels to both networks, so that a class can be asked for."""
    classes: int = 0
    """How many classes (or numbers in a label vector) there are to be. 0: as many as the data has."""

    steps: int = 10_000
    """Steps in all: turns of G."""
    batch_size: int = 64
    """Samples a turn, over all devices."""
    seed: int = 0
    """Of the initialisation, the order of the data and all noise."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Of the networks' computations; parameters, losses and averages are float32."""

    loss: Loss = "non_saturating"
    """Adversarial loss."""
    relativistic: Literal["no", "paired", "average"] = "no"
    """Let D judge real samples against fake ones: one by one (RpGAN), or against the mean (RaGAN)."""
    smoothing: float = 0.0
    """One-sided label smoothing of --loss bce: the target of the real samples is 1 minus this."""
    penalty: Penalty = "auto"
    """On D's gradient. auto: wgan_gp for the Wasserstein loss without weight clipping, none for the others."""
    penalty_weight: float = 10.0
    """gamma of r1 and r2, lambda of wgan_gp and dragan."""
    penalty_every: int = 1
    """Compute the penalty at every N-th step, as many times as strong (lazy regularisation)."""
    clip_weights: float = 0.0
    """Keep D's parameters within plus and minus this. 0: off."""

    augment: Literal["none", "diffaugment", "ada"] = "none"
    """What D sees in place of images: moved, recoloured, cut ones (DiffAugment), or as much of ADA's pipeline as D overfits."""
    ada_target: float = 0.6
    """Mean sign of D's logits of real images above which --augment ada augments more."""
    ada_images: float = 500_000
    """Images that take ADA's probability from 0 to 1: fewer for a short training."""
    ada_groups: str = "bgc"
    """Transformations of --augment ada: b pixel blitting, g geometric ones, c colour, f filtering, n noise, o cutout; a number
    behind a letter multiplies the probability of that group: bgc0.5o."""
    augment_p: float | None = None
    """Fixed probability of --augment ada, in place of one that follows how much D overfits."""

    instance_noise: float = 0.0
    """Deviation of normal noise on all that D sees, real and fake. 0: off."""
    pack: int = 1
    """Samples that D judges at once (PacGAN). 1: each by itself."""
    consistency: float = 0.0
    """Weight by which D has to say the same of an image and of a mirrored, moved copy, real and fake (bCR). 0: off."""
    lecam: float = 0.0
    """Weight by which D's logits stay near the average of the other kind's (LeCam). 0: off."""
    lecam_warm_up: int = 1000
    """Turns of D before --lecam begins."""
    top_k: float = 1.0
    """Share of the fakes that teach G, those that D likes best. 1: all. With --top-k-end it gets there on the way."""
    unroll: int = 0
    """Steps of D's answer that G's gradient foresees (unrolled GAN): for points and small networks. 0: none."""
    unroll_rate: float = 0.001
    """Rate of those steps, of plain gradient descent: where it is too large D overshoots, and G learns nothing."""

    noise: Literal["normal", "uniform", "truncated_normal", "spherical", "one_hot"] = "normal"
    """Distribution of the latents."""
    z_dim: int = 100
    """Length of the latents."""

    optimizer: Literal["adam", "sgd", "rmsprop", "optimistic_adam"] = "adam"
    """Of both sides. optimistic_adam takes its last direction off twice the new one."""
    lookahead: int = 0
    """Steps after which both sides go back half of the way they have gone since (lookahead). 0: never."""
    lr_g: float = 2e-4
    """Learning rate of G."""
    lr_d: float = 2e-4
    """Learning rate of D."""
    b1: float = 0.5
    """Adam's decay of the mean gradient; momentum of sgd."""
    b2: float = 0.999
    """Adam's and rmsprop's decay of the mean square."""
    schedule: Schedule = "constant"
    """Of both learning rates, down to 0 at --decay-steps."""
    decay_steps: int = 0
    """Where the schedule ends, in steps. 0: at --steps."""
    clip_norm: float = 0.0
    """Scale each side's gradient down to at most this global norm. 0: off."""
    d_steps: int = 1
    """Turns of D for each turn of G."""
    new_fakes: bool = False
    """Draw new fakes for G's turn instead of those that D has just seen."""
    microbatches: int = 1
    """Parts of each batch that are computed one after the other, for less memory and one more pass of G."""
    ema_halflife_images: float = 10_000
    """Images after which half of the average of G's weights is new. 0: no average."""
    ema_ramp: float = 0.05
    """At the start the half-life is at most this share of the images seen."""
    posthoc_ema: bool = False
    """Keep averages of G in every checkpoint from which jaxgan.optim.averages makes one of any length."""

    burn_in_images: int = 0
    """Images over which what has an --*-end goes there from its start, along half a cosine; then it stays. 0: nothing has."""
    lr_g_end: float | None = None
    """Learning rate of G after the burn-in. None, here and below: as at the start."""
    lr_d_end: float | None = None
    """Learning rate of D after the burn-in."""
    b2_end: float | None = None
    """--b2 after the burn-in."""
    penalty_weight_end: float | None = None
    """--penalty-weight after the burn-in."""
    ema_halflife_images_end: float | None = None
    """--ema-halflife-images after the burn-in."""
    augment_p_end: float | None = None
    """--augment-p after the burn-in."""
    top_k_end: float | None = None
    """--top-k after the burn-in."""

    stop_when: str = ""
    """End the training where a scalar of metrics.jsonl passes a threshold: loss_d<0.1, or real_d>20."""
    stop_rows: int = 3
    """Rows of metrics.jsonl in a row that have to pass it."""
    steps_per_dispatch: int = 1
    """Steps in one program: for small networks, where the host is the bottleneck."""
    log_every_steps: int = 100
    """Between the lines of metrics.jsonl."""
    sample_every_steps: int = 1000
    """Between the pictures in samples/."""
    save_every_steps: int = 1000
    """Between checkpoints."""
    evaluate_every_steps: int = 0
    """Between evaluations of the averaged generator that cost little: fd, and the modes of a mixture or of classes. 0: none."""
    evaluate_all_every_steps: int = 0
    """Between evaluations by every metric that applies. 0: none."""
    evaluate_samples: int = 2000
    """Samples that an evaluation on the way draws, always of the same latents."""
    features: str = "auto"
    """What looks at the images then: as jaxgan evaluate --features."""
    keep_latest: int = 2
    """Newest checkpoints to keep."""
    keep_best: int = 0
    """Checkpoints to keep besides, the best by --best-metric."""
    best_metric: str = ""
    """Scalar of metrics.jsonl by which checkpoints are the best: the lowest is, or the highest with a + before it. fd, say,
    with --evaluate-every-steps."""

    def __post_init__(self):
        """Raises BadInput for values out of range, and for those that contradict each other."""
        limits.check(self)

    @property
    def ends(self):
        """Name -> value after the burn-in, of the fields that have one and are of effect."""
        idle = self.inactive
        ends = {name: getattr(self, end) for name, end in ENDS.items() if end not in idle}
        return {name: end for name, end in ends.items() if end is not None}

    @property
    def inactive(self):
        """{field: reason} of the fields that nothing looks at, as the others are. A recipe adds its own."""
        return limits.inactive(self)

    @property
    def real(self):
        """Name of the column that G makes."""
        return "image"

    @property
    def given(self):
        """Names of the columns that G is given, whenever it makes something."""
        return ("label",) if self.conditional else ()

    @property
    def unpaired(self):
        """Names of the columns whose rows belong to no row of another's."""
        return ()

    @property
    def fitting(self):
        """What `data.load` is to do with the images of `data`."""
        return {name: getattr(self, name) for name in ("resolution", "fit", "channels", "aspect")}

    @property
    def penalties(self):
        """Names of the penalties in `jaxgan.losses`."""
        if self.penalty == "auto":
            return ("wgan_gp",) if self.loss == "wasserstein" and not self.clip_weights else ()
        return {"none": (), "r1_r2": ("r1", "r2")}.get(self.penalty, (self.penalty,))

    @property
    def batch_parts(self):
        """What a step cuts the batch of a device into."""
        return self.pack * self.microbatches

    @property
    def batch_unit(self):
        """What the largest batch of a device is to be a multiple of. A recipe may need more than the parts."""
        return self.batch_parts

    @property
    def penalty_g_every(self):
        """Steps between those with G's own penalties, where a recipe has them and lets them be lazy."""
        return 1

    @property
    def threshold(self):
        """(scalar, "<" or ">", value) of stop_when, None without. Raises BadInput where it is not that."""
        if not self.stop_when:
            return None
        found = re.fullmatch(r"\s*(\w+)\s*([<>])\s*(\S+)\s*", self.stop_when)
        try:
            return found[1], found[2], float(found[3])
        except (TypeError, ValueError):
            raise BadInput(
                f"--stop-when is {self.stop_when!r}: give SCALAR<NUMBER or SCALAR>NUMBER, loss_d<0.1 say"
            ) from None


def from_json(cls, fields, source):
    """Config of class `cls` from the object of a JSON file. Raises BadInput for unknown fields and wrong types."""
    known = {f.name: f for f in dataclasses.fields(cls)}
    for name, value in fields.items():
        if name not in known:
            raise BadInput(f"{source}: {unknown('field', name, known)}")
        kind = known[name].type
        if kind in (bool, str) and not isinstance(value, kind):
            raise BadInput(f"{source}: {name} is {value!r}: give a {kind.__name__}")
        if isinstance(value, list):
            fields = {**fields, name: tuple(value)}
    return cls(**fields)
