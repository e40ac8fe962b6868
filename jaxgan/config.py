"""What every recipe lets you choose. A recipe's Config is a subclass with its own defaults and fields."""

import dataclasses
import re
from dataclasses import dataclass
from typing import Literal, get_args, get_origin

from jaxgan.errors import BadInput, unknown

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
    """Compute the penalty at every so manieth step, as many times as strong (lazy regularisation)."""
    clip_weights: float = 0.0
    """Keep D's parameters within plus and minus this. 0: off."""

    augment: Literal["none", "diffaugment", "ada"] = "none"
    """What D sees in place of images: moved, recoloured, cut ones (DiffAugment), or as much of ADA's pipeline as D overfits."""
    ada_target: float = 0.6
    """Mean sign of D's logits of real images above which --augment ada augments more."""
    ada_images: float = 500_000
    """Images that take ADA's probability from 0 to 1: fewer for a short training."""
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
    """Share of the fakes that teach G, those that D likes best. 1: all."""
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
    d_turns: int = 1
    """Turns of D for each turn of G."""
    fresh: bool = False
    """Draw new fakes for G's turn instead of those that D has just seen."""
    microbatches: int = 1
    """Parts of each batch that are computed one after the other, for less memory and one more pass of G."""
    ema_halflife_images: float = 10_000
    """Images after which half of the average of G's weights is new. 0: no average."""
    ema_ramp: float = 0.05
    """At the start the half-life is at most this share of the images seen."""
    posthoc_ema: bool = False
    """Keep averages of G in every checkpoint from which jaxgan.posthoc makes one of any length."""

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
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is None and field.type == float | None:
                continue
            choices = get_args(field.type) if get_origin(field.type) is Literal else ()
            if choices and value not in choices:
                raise unknown(_flag(field.name), value, choices)
            if get_origin(field.type) is tuple and not isinstance(value, tuple):
                raise BadInput(f"{_flag(field.name)} is {value!r}: give a list")
            if field.type in _NUMBERS and not isinstance(value, int if field.type is int else (int, float)):
                raise BadInput(f"{_flag(field.name)} is {value!r}: give a number")
        for kinds, fits, wanted in (
            (_positive, lambda value: value > 0, "a number above 0"),
            (_not_negative, lambda value: value >= 0, "0 or more"),
            (("b1", "b2"), lambda value: 0 <= value < 1, "a number in [0, 1)"),
            (("augment_p",), lambda value: 0 <= value <= 1, "a number in [0, 1]"),
        ):
            for name in (*kinds, *(ENDS[name] for name in kinds if name in ENDS)):
                value = getattr(self, name)
                if value is not None and not fits(value):
                    raise BadInput(f"{_flag(name)} is {value}: give {wanted}")
        chunks = ("steps", "log_every_steps", "sample_every_steps", "save_every_steps")
        for name in (*chunks, "evaluate_every_steps", "evaluate_all_every_steps"):
            if getattr(self, name) % self.steps_per_dispatch:
                raise BadInput(
                    f"{_flag(name)} is {getattr(self, name)} and --steps-per-dispatch {self.steps_per_dispatch}: "
                    "give a multiple of it, or --steps-per-dispatch 1"
                )
        if self.smoothing and self.loss != "bce":
            raise BadInput(f"--smoothing {self.smoothing} has no meaning for --loss {self.loss}: add --loss bce")
        if not 0 < self.top_k <= 1:
            raise BadInput(f"--top-k is {self.top_k}: give a number in (0, 1], the share of the fakes that teach G")
        if self.batch_size % self.pack:
            raise BadInput(
                f"--batch-size {self.batch_size} does not go into packs of --pack {self.pack}: give a multiple"
            )
        if self.pack > 1 and self.conditional:
            raise BadInput(
                f"--pack {self.pack} joins samples, and --conditional gives each its label: add --no-conditional, or "
                "leave --pack away"
            )
        if self.keep_best and not self.best_metric:
            raise BadInput(
                f"--keep-best {self.keep_best} needs --best-metric, a scalar of metrics.jsonl such as loss_g"
            )
        for name in ("evaluate_every_steps", "evaluate_all_every_steps"):
            if getattr(self, name) % self.log_every_steps:
                raise BadInput(
                    f"{_flag(name)} is {getattr(self, name)} and --log-every-steps {self.log_every_steps}: give a multiple "
                    "of it, so that the numbers come into metrics.jsonl"
                )
        if self.evaluate_samples < 2:
            raise BadInput(f"--evaluate-samples is {self.evaluate_samples}: give 2 or more")
        _ = self.threshold
        self._check_ends()
        if self.penalty_every > 1 and self.penalties == ():
            raise BadInput(f"--penalty-every {self.penalty_every} without a penalty: add --penalty r1, for example")
        if self.loss == "wasserstein" and self.relativistic == "no" and not (self.penalties or self.clip_weights):
            raise BadInput(
                "--loss wasserstein has no meaning without a constraint on D: add --penalty wgan_gp or --clip-weights 0.01"
            )

    def _check_ends(self):
        """Raises BadInput where an end, or a fixed probability, has nothing to act on."""
        if self.augment_p is not None and self.augment != "ada":
            raise BadInput(
                f"--augment-p {self.augment_p} has no meaning for --augment {self.augment}: add --augment ada"
            )
        if self.burn_in_images and not self.ends:
            raise BadInput(f"--burn-in-images {self.burn_in_images} changes nothing: add --lr-g-end, for example")
        rates = self.schedule != "constant" and f"--schedule {self.schedule}: take --schedule constant"
        idle = not self.burn_in_images and "--burn-in-images 0: say over how many images"
        lacks = {
            "lr_g": rates,
            "lr_d": rates,
            "b2": self.optimizer == "sgd" and "--optimizer sgd, which has no --b2: take adam",
            "penalty_weight": not self.penalties and "no penalty: add --penalty r1",
            "augment_p": self.augment_p is None and "no --augment-p to start from: add --augment ada --augment-p 0",
        }
        for name, end in self.ends.items():
            if lack := lacks.get(name) or idle:
                flag = _flag(ENDS[name])
                raise BadInput(f"{flag} is {end} with {lack}, or {flag} None")

    @property
    def ends(self):
        """Name -> value after the burn-in, of the fields that have one."""
        ends = {name: getattr(self, end) for name, end in ENDS.items()}
        return {name: end for name, end in ends.items() if end is not None}

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


_NUMBERS = (int, float, float | None)
ENDS = {name: f"{name}_end" for name in ("lr_g", "lr_d", "b2", "penalty_weight", "ema_halflife_images", "augment_p")}
"""The fields that a burn-in can change -> those that say to what."""
_positive = (
    *("steps", "batch_size", "z_dim", "lr_g", "lr_d", "d_turns", "penalty_every", "steps_per_dispatch"),
    *(
        "log_every_steps",
        "sample_every_steps",
        "save_every_steps",
        "keep_latest",
        "stop_rows",
        "aspect",
        "ada_images",
        "microbatches",
    ),
    *("pack", "lecam_warm_up", "unroll_rate"),
)
_not_negative = (
    *("resolution", "classes", "seed", "penalty_weight", "clip_weights", "clip_norm", "decay_steps"),
    *("instance_noise", "consistency", "lecam", "unroll", "lookahead"),
    *("ema_halflife_images", "ema_ramp", "keep_best", "evaluate_every_steps", "evaluate_all_every_steps"),
    "burn_in_images",
)


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


def _flag(name):
    return "--" + name.replace("_", "-")
