"""`jaxgan bench`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jaxgan import config, recipes, runtime
from jaxgan.cli import flags
from jaxgan.names import tell

USAGE, DOES, PLACE, NEEDS = "bench RECIPE [flags]", "images/s and step time of a recipe on this machine", 7, "RECIPE"


@dataclass(frozen=True)
class Flags(flags.Compiled, flags.Where):
    """Flags of `jaxgan bench`, beside those of the recipe."""

    json: str | None = None
    """File for the result, a flat JSON object."""
    seconds: float = 10.0
    """How long to measure, after compiling and warming up."""


class _Common:
    """Flags that every recipe has; `jaxgan bench RECIPE --help` shows those that it has besides."""

    Config, TINY = config.Config, {}


def run(subject: str | None, argv: Sequence[str]) -> None:
    """Measures, and prints a line a number."""
    runtime.keep_memory()
    if subject is None:
        flags.parse_with_config(Flags, _Common, argv, "jaxgan bench RECIPE")
    recipe = recipes.get(subject)
    args, fields = flags.parse_with_config(Flags, recipe, argv, f"jaxgan bench {subject}")
    flags.check_json(args.json)
    flags.choose_library(args)
    from jaxgan import runs
    from jaxgan.cost import bench

    result = bench.measure(recipe, fields, **flags.of(args, "tiny", "config", "json", "onednn"))
    tell(bench.table(result))
    if args.json:
        runs.write_json(Path(args.json), result)
