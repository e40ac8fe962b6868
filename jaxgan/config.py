"""What every recipe lets you choose: all options, one group a file. A recipe's Config is a subclass with its own defaults."""

import dataclasses
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from jaxgan import options
from jaxgan.errors import BadInput, unknown
from jaxgan.options import marks
from jaxgan.options.loss import Loss
from jaxgan.options.optimizer import Schedule
from jaxgan.options.penalty import Penalty

__all__ = ["Config", "Loss", "Penalty", "Schedule", "from_json", "tailored"]


@dataclasses.dataclass(frozen=True)
class Base:
    """What is asked of every Config: its columns, its checks, which of its fields have no effect."""

    def __post_init__(self) -> None:
        """Raises BadInput for values out of range, and for those that contradict each other."""
        marks.check(self)
        for module in options.of(self):
            if hasattr(module, "check"):
                module.check(self)

    @property
    def inactive(self) -> dict[str, str]:
        """{field: reason} of the fields that have no effect, as the others are. A recipe adds its own."""
        return marks.inactive(self)

    @property
    def real(self) -> str:
        """Name of the column that G makes."""
        return "image"

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the columns that G is given, whenever it makes something."""
        return ("label",) if self.conditional else ()

    @property
    def beside(self) -> tuple[str, ...]:
        """Names of the columns that a training takes besides, and G is never given: what D alone is told."""
        return ()

    @property
    def unpaired(self) -> tuple[str, ...]:
        """Names of the columns whose rows belong to no row of another's."""
        return ()

    @property
    def drawn(self) -> tuple[str, ...]:
        """Names of those given columns that a step makes itself, of the others."""
        return ()

    @property
    def derivation(self) -> Any:
        """What makes the inputs of what G is to make, a `data.pairs.Derivation`; None where they are columns of the data."""
        return None

    @property
    def batch_unit(self) -> int:
        """What the largest batch of a device is to be a multiple of. A recipe may need more than the parts."""
        return self.batch_parts

    @property
    def penalty_g_every(self) -> int:
        """Steps between those with G's own penalties, where a recipe has them and lets them be lazy."""
        return 1


GIVEN_PICTURES = {
    "latents": "G is given pictures",
    **dict.fromkeys(
        ("augment", "consistency", "instance_noise", "pack"),
        "D is shown a picture that has to fit another, and it moves one",
    ),
}
"""Options that have no meaning where G makes a picture of another: `tailored(**GIVEN_PICTURES)`."""


_NEEDED = ("data", "run", "optimizer", "turns", "burn_in", "rhythm", "stopping", "on_nan")  # by every training


def _with(names, **members):
    groups = [options.get(name).Group for name in reversed(names)]  # fields of the last base come first
    return dataclasses.dataclass(frozen=True)(type("Config", (*groups, Base), {"__module__": __name__, **members}))


Config = _with(options.common(), __doc__="Fields that every recipe has which starts from latents.")


def tailored(*more: str, **without: str) -> type[Any]:
    """Config with more options than every recipe has, and without some, by name with the reason.

    `tailored("inputs", latents="G is given pictures")`. Flags of what is left out are refused, with the reason. Raises
    BadInput for names of no option, and for those without which nothing is trained.
    """
    for name in (*more, *without):
        if name not in options.names():
            raise unknown("option", name, options.names())
    if needed := ", ".join(name for name in without if name in _NEEDED):
        raise BadInput(f"no training is without the options {needed}: give them other defaults in the Config")
    dropped = {field: reason for name, reason in without.items() for field in marks.fields(options.get(name).Group)}
    kept = {*options.common(), *more} - {*without}
    return _with([name for name in options.names() if name in kept], dropped=dropped, __doc__=Config.__doc__)


def check_inactive(config: Base, tiny: Mapping[str, Any]) -> None:
    """Raises BadInput where a field was given that has no effect. A recipe's own values, and its TINY ones, may be there."""
    for name, reason in config.inactive.items():
        value, own = getattr(config, name), getattr(type(config), name)
        if value is not None and value not in (own, tiny.get(name)):
            raise BadInput(f"{marks.flag(name)} {value} has no meaning with {reason}, or leave it at {own}")


def check_typed(flags: Any, inactive: Mapping[str, str], typed: Container[str]) -> None:
    """Raises BadInput where a flag was typed, whatever its value, that has no effect. typed: names of fields."""
    for name, reason in inactive.items():
        if name in typed:
            value = getattr(flags, name)
            said = " ".join(map(str, value)) if isinstance(value, tuple) else value
            raise BadInput(f"{marks.flag(name)} {said} has no meaning with {reason}, or remove it")


def from_json(cls: type[Any], fields: Mapping[str, Any], source: str | Path) -> Any:
    """Config of class `cls` from the object of a JSON file. Raises BadInput for unknown fields and wrong types."""
    known = marks.fields(cls)
    for name, value in fields.items():
        if name not in known:
            raise BadInput(f"{source}: {unknown('field', name, known)}")
        if isinstance(value, list):
            fields = {**fields, name: tuple(value)}
    try:
        return cls(**fields)
    except BadInput as error:
        raise BadInput(f"{source}: {error}") from error
