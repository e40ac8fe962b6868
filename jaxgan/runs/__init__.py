"""A run's folder: what was asked for, what came out, how to open it again; its files."""

from jaxgan.runs.files import check_new, created, read_metrics, replaced, versions, write_json, write_text
from jaxgan.runs.folder import exists, new_folder, remove_unused, unbegun, unbegun_beside
from jaxgan.runs.run import (
    FORMAT,
    MUTABLE,
    Run,
    create,
    folder_of,
    is_own,
    open_run,
    resume,
)

__all__ = [
    "FORMAT",
    "MUTABLE",
    "Run",
    "check_new",
    "create",
    "created",
    "exists",
    "folder_of",
    "is_own",
    "new_folder",
    "open_run",
    "read_metrics",
    "remove_unused",
    "replaced",
    "resume",
    "unbegun",
    "unbegun_beside",
    "versions",
    "write_json",
    "write_text",
]
