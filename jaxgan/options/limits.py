"""What the fields of a Config may be: each by itself, beside the others, and where nothing looks at them."""

import dataclasses
from typing import Literal, get_args, get_origin

from jaxgan.errors import BadInput, unknown

ENDS = {
    name: f"{name}_end"
    for name in ("lr_g", "lr_d", "b2", "penalty_weight", "ema_halflife_images", "augment_p", "top_k")
}
"""The fields that a burn-in can change -> those that say to what."""

_POSITIVE = (
    *("steps", "batch_size", "z_dim", "lr_g", "lr_d", "d_steps", "penalty_every", "steps_per_dispatch", "microbatches"),
    *("log_every_steps", "sample_every_steps", "save_every_steps", "keep_latest", "stop_rows", "aspect", "ada_images"),
    *("pack", "lecam_warm_up", "unroll_rate"),
)
_NOT_NEGATIVE = (
    *("resolution", "classes", "seed", "penalty_weight", "clip_weights", "clip_norm", "decay_steps", "burn_in_images"),
    *("instance_noise", "consistency", "lecam", "unroll", "lookahead", "ema_halflife_images", "ema_ramp", "keep_best"),
    *("evaluate_every_steps", "evaluate_all_every_steps"),
)
_RANGES = (
    (_POSITIVE, lambda value: value > 0, "a number above 0"),
    (_NOT_NEGATIVE, lambda value: value >= 0, "0 or more"),
    (("b1", "b2"), lambda value: 0 <= value < 1, "a number in [0, 1)"),
    (("augment_p",), lambda value: 0 <= value <= 1, "a number in [0, 1]"),
    (("top_k",), lambda value: 0 < value <= 1, "a number in (0, 1], the share of the fakes that teach G"),
    (("evaluate_samples",), lambda value: value >= 2, "2 or more"),
)
_NUMBERS = (int, float, float | None)


def check(config):
    """Raises BadInput for values of a wrong type or out of range, and for those that contradict each other."""
    for field in dataclasses.fields(config):
        _check_type(field, getattr(config, field.name))
    for kinds, fits, wanted in _RANGES:
        for name in (*kinds, *(ENDS[name] for name in kinds if name in ENDS)):
            value = getattr(config, name)
            if value is not None and not fits(value):
                raise BadInput(f"{flag(name)} is {value}: give {wanted}")
    _check_rhythm(config)
    _ = config.threshold
    _check_game(config)


def check_inactive(config, tiny):
    """Raises BadInput where a field was given that nothing looks at. A recipe's own values, and its TINY ones, may be there."""
    for name, reason in config.inactive.items():
        value = getattr(config, name)
        if value is not None and value not in (getattr(type(config), name), tiny.get(name)):
            own = getattr(type(config), name)
            raise BadInput(f"{flag(name)} {value} has no meaning with {reason}, or leave it at {own}")


def inactive(config):
    """{field: reason} of those that nothing looks at, as the other fields are."""
    found = {}

    def without(present, reason, *names):
        if not present:
            found.update({name: reason for name in names if name not in found})

    ada = config.augment == "ada"
    of_ada = ("ada_groups", "ada_target", "ada_images", "augment_p", "augment_p_end")
    without(ada, f"--augment {config.augment}: add --augment ada", *of_ada)
    without(
        config.augment_p is None, f"--augment-p {config.augment_p}: add --augment-p None", "ada_target", "ada_images"
    )
    without(config.augment_p is not None, "--augment-p None: say where it starts", "augment_p_end")
    without(config.loss == "bce", f"--loss {config.loss}: add --loss bce", "smoothing")
    without(config.penalties, "no penalty: add --penalty r1", "penalty_weight", "penalty_weight_end", "penalty_every")
    without(config.lecam, "--lecam 0: say how much of it", "lecam_warm_up")
    without(config.unroll, "--unroll 0: say how many steps", "unroll_rate")
    without(config.optimizer != "sgd", "--optimizer sgd, which has none: take adam", "b2", "b2_end")
    without(config.optimizer != "rmsprop", "--optimizer rmsprop, which has none: take adam", "b1")
    still = config.schedule == "constant"
    without(not still, "--schedule constant: take linear or cosine", "decay_steps")
    without(still, f"--schedule {config.schedule}: take --schedule constant", "lr_g_end", "lr_d_end")
    without(config.burn_in_images, "--burn-in-images 0: say over how many images", *ENDS.values())
    moving = any(getattr(config, end) is not None and end not in found for end in ENDS.values())
    without(moving or not config.burn_in_images, "nothing to change: add --lr-g-end, for example", "burn_in_images")
    without(config.resolution, "--resolution 0: say to how many pixels", "fit")
    looks = config.evaluate_every_steps or config.evaluate_all_every_steps
    without(looks, "no evaluations on the way: add --evaluate-every-steps", "evaluate_samples", "features")
    return found


def flag(name):
    """The command line's word for a field."""
    return "--" + name.replace("_", "-")


def _check_type(field, value):
    if value is None and field.type == float | None:
        return
    choices = get_args(field.type) if get_origin(field.type) is Literal else ()
    if choices and value not in choices:
        raise unknown(flag(field.name), value, choices)
    if get_origin(field.type) is tuple and not isinstance(value, tuple):
        raise BadInput(f"{flag(field.name)} is {value!r}: give a list")
    if field.type in _NUMBERS and not isinstance(value, int if field.type is int else (int, float)):
        raise BadInput(f"{flag(field.name)} is {value!r}: give a number")


def _check_rhythm(config):
    evaluations = ("evaluate_every_steps", "evaluate_all_every_steps")
    for name in evaluations:
        if getattr(config, name) % config.log_every_steps:
            raise BadInput(
                f"{flag(name)} is {getattr(config, name)} and --log-every-steps {config.log_every_steps}: give a multiple "
                "of it, so that the numbers come into metrics.jsonl"
            )


def _check_game(config):
    if config.batch_size % config.batch_parts:
        parts = [
            f"{flag(name)} {getattr(config, name)}" for name in ("microbatches", "pack") if getattr(config, name) > 1
        ]
        raise BadInput(
            f"--batch-size {config.batch_size} does not go into {' of '.join(parts)}: give a multiple of {config.batch_parts}"
        )
    if config.pack > 1 and config.conditional:
        raise BadInput(
            f"--pack {config.pack} joins samples, and --conditional gives each its label: add --no-conditional, or "
            "remove --pack"
        )
    if config.keep_best and not config.best_metric:
        raise BadInput(f"--keep-best {config.keep_best} needs --best-metric, a scalar of metrics.jsonl such as loss_g")
    if config.loss == "wasserstein" and not (config.penalties or config.clip_weights):
        raise BadInput(
            "--loss wasserstein has no meaning without a constraint on D: add --penalty wgan_gp or --clip-weights 0.01"
        )
