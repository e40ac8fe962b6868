"""A run's folder: what was asked for, what came out, how to open it again; its files."""

from jaxgan.runs.files import read_metrics, versions, write_json, write_text
from jaxgan.runs.run import (
    FORMAT,
    MUTABLE,
    Run,
    create,
    exists,
    is_own,
    new_folder,
    open_run,
    remove_unused,
    resume,
)

__all__ = [
    "FORMAT",
    "MUTABLE",
    "Run",
    "create",
    "exists",
    "is_own",
    "new_folder",
    "open_run",
    "read_metrics",
    "remove_unused",
    "resume",
    "versions",
    "write_json",
    "write_text",
]
