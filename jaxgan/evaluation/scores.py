"""Which metrics apply, and their values, as the records have it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from jaxgan.data.dataset import LABEL, Spec
from jaxgan.data.few_labels import CLASS
from jaxgan.metrics.protocol import Score, title
from jaxgan.metrics.records import all_records
from jaxgan.metrics.records.record import CLASSES, MASKS, PAIRS, SET, EvalContext, Value
from jaxgan.options import Config

VERSION = 6  # changes with whatever changes a value


def kinds(config: Config, specs: Mapping[str, Spec]) -> list[str]:
    """Kinds of comparison that follow from what a game is given and makes.

    Sets of samples, where a feature network looks at them; images of other ones, in pairs; masks with the true ones;
    classes that D names.
    """
    made, others = specs[config.real], set(config.given) - {LABEL}
    found = [SET] if made.kind.FEATURES else []
    if made.modality == "image" and others and not others & set(config.unpaired):
        found.append(PAIRS)
    found += [CLASSES] if CLASS in getattr(config, "beside", ()) else []
    return [*found, MASKS] if made.modality == "mask" else found


def names(config: Config, specs: Mapping[str, Spec], cheap: bool = False) -> list[str]:
    """Names of the metrics that such games are measured by, or of those that take no time beside the drawing."""
    applying = kinds(config, specs)
    records = [record for record in all_records() if record.kind in applying and (record.cheap or not cheap)]
    return [name for record in records for name in record.infos]


def measure(kind: str, context: EvalContext, real: Any, fake: Any, cheap: bool = False) -> list[Score]:
    """Every Score of a kind that applies: of `Features`, or of arrays as files hold them where each has its target."""
    found = []
    for record in all_records():
        if record.kind == kind and (record.cheap or not cheap) and record.needs(context, real, fake):
            found += [score(context, name, value) for name, value in record.measure(context, real, fake).items()]
    return found


def score(context: EvalContext, name: str, value: Value | tuple) -> Score:
    """Score of a Value in its context."""
    value = value if isinstance(value, Value) else Value(*value)
    split = context.protocol.split if value.real else ""
    digest = context.protocol.data_sha256 if value.real else ""
    protocol = dataclasses.replace(
        context.protocol,
        metric=title(name, context.protocol.net).lower(),
        samples=value.samples,
        real=value.real,
        split=split,
        data_sha256=digest,
    )
    return Score(name, protocol, value.value, value.std)
