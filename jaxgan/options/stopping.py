"""When a training ends before its last step."""

import re
from dataclasses import dataclass
from typing import Annotated

from jaxgan.errors import BadInput
from jaxgan.options import Config
from jaxgan.options.marks import LARGEST, above

PLACE = 91


@dataclass(frozen=True)
class Group:
    """Early stopping."""

    stop_when: str = ""
    """End the training where a scalar of metrics.jsonl passes a threshold: loss_d<0.1, or real_d>20."""
    stop_rows: Annotated[int, above(0, LARGEST)] = 3
    """Rows of metrics.jsonl in a row that have to pass it."""

    @property
    def threshold(self) -> tuple[str, str, float] | None:
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


def check(config: Config) -> None:
    """The threshold is one."""
    _ = config.threshold
