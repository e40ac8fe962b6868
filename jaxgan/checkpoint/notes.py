"""What is written beside a state, as JSON has it."""

import json
import math
from collections.abc import Mapping
from typing import Any

from jaxgan.errors import BadInput


def as_json(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata as JSON gives them back, scalars of NumPy and JAX as numbers. Raises BadInput for what it cannot write."""
    found: dict[str, Any] = {}
    for key, value in metadata.items():
        try:
            found |= json.loads(json.dumps({key: value}, default=_number))
        except (TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise BadInput(
                f"metadata {key!r} is of {type(value).__name__}, and JSON cannot write it ({error}): give numbers, text, "
                "lists or dicts, an array as x.tolist()"
            ) from error
    return found


def metric(metadata: Mapping[str, Any], name: str, worst: float) -> float:
    """metadata["metrics"][name], `worst` where it is not finite, as of an evaluation that was broken off.

    Raises BadInput where there is none of that name, and where it is no number.
    """
    there = metadata.get("metrics") or {}
    if not isinstance(there, dict):
        raise BadInput(f'metadata["metrics"] is {there!r}: give {{name: number}}, with the best metric {name}')
    if name not in there:
        has = ", ".join(sorted(there)) or "none"
        raise BadInput(f'--best-metric {name} is not reported in metadata["metrics"]: there are {has}')
    value = there[name]
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise BadInput(f'metadata["metrics"][{name!r}], the best metric, is {value!r}: give a number')
    return value if value is not None and math.isfinite(value) else worst


def _number(x):
    """Of a scalar. Raises TypeError for what is none, and what JAX does for one that is only a shape, or was donated."""
    if getattr(x, "shape", None) != ():
        raise TypeError(f"{type(x).__name__} in it")
    value = x.item()
    return value if isinstance(value, int | float) else float(value)
