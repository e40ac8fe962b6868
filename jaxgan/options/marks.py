"""What stands beside a field of a Config, in its Annotated: what its values may be, and when it counts."""

import dataclasses
import inspect
import typing
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, Literal, NamedTuple, get_args, get_origin

from jaxgan.errors import BadInput, unknown
from jaxgan.options import Config

LARGEST = 2**31 - 1  # of whole numbers: what an int32 on a device holds


class Range(NamedTuple):
    """Numbers from low to high, both of them in it or not; `of` says what they are. NaN is in no range."""

    low: float
    high: float
    open_low: bool = False
    open_high: bool = False
    of: str = ""

    def holds(self, value: float) -> bool:
        """Whether the value is in it."""
        above = self.low < value if self.open_low else self.low <= value
        return above and (value < self.high if self.open_high else value <= self.high)

    def __str__(self) -> str:
        if self.high <= 1:
            left, right = "(" if self.open_low else "[", ")" if self.open_high else "]"
            return f"a number in {left}{self.low:g}, {self.high:g}{right}{self.of}"
        start = f"a number above {self.low:g}" if self.open_low else f"{self.low:g} or more"
        return f"{start}, up to {self.high:g}{self.of}"


def above(low: float, high: float = 1e9) -> Range:
    """Range of numbers above `low`."""
    return Range(low, high, open_low=True)


def at_least(low: float, high: float = LARGEST) -> Range:
    """Range of numbers from `low` on."""
    return Range(low, high)


def returning(kind: Any, module: ModuleType) -> list[str]:
    """Names of a module's functions that are annotated to return this: choices that are read off the file they are in."""
    return [name for name, x in vars(module).items() if getattr(x, "__annotations__", {}).get("return") is kind]


class ActiveIf(NamedTuple):
    """When a field counts: `test(config)`; else `reason(config)` says why not, and the way out."""

    test: Callable
    reason: Callable
    weight: str = ""  # the field of the weight that it is of, where it is of one


def weighed(name: str) -> ActiveIf:
    """ActiveIf of a field that counts where the weight of this name is not 0."""
    return ActiveIf(lambda config: getattr(config, name), lambda config: f"{flag(name)} 0: say how much of it", name)


class Field(NamedTuple):
    """A field of a Config class: its type without marks, and its marks."""

    name: str
    kind: Any
    marks: tuple

    @property
    def range(self) -> Range | None:
        """Its Range, None without."""
        return next((mark for mark in self.marks if isinstance(mark, Range)), None)


def fields(cls: type) -> dict[str, Field]:
    """{name: Field} of a dataclass. Where a subclass only gives another default, the marks of the class above it stay."""
    found: dict[str, Field] = {}
    for own in reversed(cls.__mro__):
        names = inspect.get_annotations(own)
        hints = typing.get_type_hints(own, include_extras=True) if names else {}
        for name in names:
            hint, marks = hints[name], []
            if get_origin(hint) is typing.Annotated:
                hint, *marks = get_args(hint)
            before = found[name].marks if name in found else ()
            found[name] = Field(name, hint, (*marks, *before))
    return {field.name: found[field.name] for field in dataclasses.fields(cls)}


def flag(name: str) -> str:
    """The command line's word for a field."""
    return "--" + name.replace("_", "-")


def check(config: Config) -> None:
    """Raises BadInput for values of a wrong type or out of range."""
    for name, field in fields(type(config)).items():
        _check(field, getattr(config, name))


def inactive(config: Config, names: Iterable[str] | None = None) -> dict[str, str]:
    """{field: reason} of those that have no effect, as the other fields are: of all fields, or of these."""
    found, known = {}, fields(type(config))
    for name in known if names is None else names:
        field = known[name]
        marks = [mark for mark in field.marks if isinstance(mark, ActiveIf) and not mark.test(config)]
        if marks:
            found[name] = marks[0].reason(config)
    return found


def without_files(config: Config) -> Config:
    """The Config without those terms whose file is still to be named: what is about the data alone needs none."""
    own = fields(type(config)).values()
    files = [field for field in own if field.kind is str and not getattr(config, field.name)]
    weights = {mark.weight for field in files for mark in field.marks if isinstance(mark, ActiveIf) and mark.weight}
    return dataclasses.replace(config, **dict.fromkeys(weights, 0.0))


def _check(field, value):
    kinds = get_args(field.kind) if get_origin(field.kind) in (typing.Union, type(int | None)) else (field.kind,)
    if value is None and type(None) in kinds:
        return
    kind = next(kind for kind in kinds if kind is not type(None))
    said = flag(field.name)
    if get_origin(kind) is Literal and value not in get_args(kind):
        raise unknown(said, value, get_args(kind))
    if get_origin(kind) is tuple and not isinstance(value, tuple):
        raise BadInput(f"{said} is {value!r}: give a list")
    if get_origin(kind) is tuple and get_origin(choices := get_args(kind)[0]) is Literal:
        for one in value:
            if one not in get_args(choices):
                raise unknown(said, one, get_args(choices))
    for one in value if get_origin(kind) is tuple and field.range is not None else ():
        if isinstance(one, bool) or not isinstance(one, int | float) or not field.range.holds(one):
            raise BadInput(f"{said} has {one!r}: give {field.range}")
    if kind in (bool, str) and not isinstance(value, kind):
        raise BadInput(f"{said} is {value!r}: give a {kind.__name__}")
    if kind in (int, float):
        if isinstance(value, bool) or not isinstance(value, int if kind is int else (int, float)):
            raise BadInput(f"{said} is {value!r}: give {'a whole number, an int' if kind is int else 'a number'}")
        if field.range is not None and not field.range.holds(value):
            raise BadInput(f"{said} is {value}: give {field.range}")
