"""What evaluations measure: one metric, or one group that is computed together, a file, found by its name.

A module here has RECORD, a `Record`: tables, curves, the report, the diagnosis, --stop-when and --best-metric are read off it.
"""

import importlib
import pkgutil

from jaxgan.metrics.records.record import EvalContext, Info, Record, Value, class_shares

__all__ = ["EvalContext", "Info", "Record", "Value", "all_records", "class_shares", "infos"]

_TOOLS = {"record"}


def all_records() -> list[Record]:
    """Every Record, in the order of the tables."""
    modules = [module.name for module in pkgutil.iter_modules(__path__) if module.name not in _TOOLS]
    found = [importlib.import_module(f"{__name__}.{name}").RECORD for name in modules]
    return sorted(found, key=lambda record: record.place)


def infos() -> dict[str, Info]:
    """{name: Info} of every metric."""
    return {name: info for record in all_records() for name, info in record.infos.items()}
