"""`jaxgan report`."""

from collections.abc import Sequence

from jaxgan.cli import flags
from jaxgan.errors import BadInput
from jaxgan.names import tell

USAGE, DOES, PLACE, NEEDS = (
    "report RUN",
    "a run's own page: samples, curves, config in one file, written anew",
    4,
    "RUN",
)


class Flags(flags.Own):
    """Flags of `jaxgan report`."""


def run(subject: str | None, argv: Sequence[str]) -> None:
    """Writes the page, and prints where."""
    if argv and not argv[0].startswith("-"):
        raise BadInput(f"jaxgan report takes a run and no more, not {argv[0]!r}: jaxgan report --help shows how")
    args = flags.parse(Flags, argv, f"jaxgan report {subject or 'RUN'}", DOES)
    from jaxgan.reports import page

    tell(page.write(subject, **flags.of(args)))
