"""Where what G is given comes from, for games that make a picture of another."""

from dataclasses import dataclass
from typing import Literal

from jaxgan.data.pairs import INPUT
from jaxgan.errors import BadInput
from jaxgan.options import Config

PLACE, EVERY = 1, False


@dataclass(frozen=True)
class Group:
    """Inputs."""

    input: str = ""
    """Source of what G is given: pictures of the same names as those of --data. By default a column `input` of the data."""
    side_by_side: Literal["left-input", "right-input"] | None = None
    """Each picture of --data is two, side by side: which half is the input."""

    @property
    def given(self) -> tuple[str, ...]:
        """The inputs."""
        return (INPUT,)


def check(config: Config) -> None:
    """One place for inputs."""
    if config.input and config.side_by_side:
        raise BadInput(
            f"--input {config.input} and --side-by-side {config.side_by_side} each say what G is given: keep one of them"
        )
