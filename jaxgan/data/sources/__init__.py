"""Where samples come from, one kind of source a file. A module here is a source, found by what it takes.

NAMES: words that are whole sources. WORDS: what it takes, for people. FALLBACK: True where it takes what no other does.
takes(word) -> bool. load(word, how, memory) -> Dataset brought to a `modalities.resize.Resize`, its files read when they are
    needed where they take more than `memory` bytes. held_out(word, how) -> Dataset of what `load` leaves out, or None;
    absent where nothing is. check(word, split) -> (lines, problems) of `jaxgan data check`, of a source of files that may be
    damaged; absent where loading tells all.
"""

import importlib
import pkgutil
from types import ModuleType


def modules() -> list[ModuleType]:
    """All sources, those that take what is left last."""
    found = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    return sorted(found, key=lambda source: getattr(source, "FALLBACK", False))


def words() -> list[str]:
    """What each source takes, in words."""
    return [source.WORDS for source in modules()]
