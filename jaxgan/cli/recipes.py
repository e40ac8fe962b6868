"""`jaxgan recipes`."""

from collections.abc import Sequence

from jaxgan import recipes
from jaxgan.errors import BadInput
from jaxgan.names import tell

USAGE, DOES, PLACE, NEEDS = "recipes", "what can be trained, a line each", 0, ""


def run(subject: str | None, argv: Sequence[str]) -> None:
    """Prints a line a recipe."""
    del subject
    if argv and argv[0] not in ("-h", "--help"):
        raise BadInput(
            f"jaxgan recipes takes no arguments, not {argv[0]!r}: jaxgan train {argv[0]} --help tells of one"
        )
    for name in recipes.names():
        tell(f"{name:16}{recipes.describe(name)}")
