"""Which part of a listing is trained on: folders named train, val, test and the like, below folders that hold everything."""

from jaxgan.data.listing import Listing, top
from jaxgan.errors import BadInput

TRAIN, VAL, TEST = ("train", "training"), ("val", "valid", "validation"), ("test", "testing")
_ALL = {name: kind for kind in (TRAIN, VAL, TEST) for name in kind}


def unwrapped(found: Listing, names: list[str]) -> Listing:
    """The Listing below the single folders that hold all of these names, as often as there is one that is no split."""
    while True:
        folders = top(names)
        (only,) = folders if len(folders) == 1 else (None,)
        if only is None or only.lower() in _ALL:
            return found
        found, names = found.below(only), [name[len(only) + 1 :] for name in names]


def splits(names: list[str]) -> dict[str, str]:
    """{split in small letters: its folder} where these names lie in folders that are splits, all of them; else {}."""
    folders = top(names)
    found = {folder.lower(): folder for folder in folders if folder is not None}
    return found if folders and None not in folders and found.keys() <= _ALL.keys() else {}


def mixed(names: list[str]) -> str:
    """What to say of splits that lie beside something else, or within classes, "" where there are none."""
    folders = top(names)
    named = [folder for folder in folders if folder is not None]
    found = sorted(folder for folder in named if folder.lower() in _ALL)
    if splits(names):
        return ""
    if not found:
        within = {name.split("/")[1] for name in names if name.count("/") > 1}
        found = sorted(folder for folder in within if folder.lower() in _ALL)
        first = f"{', '.join(found)} within {', '.join(sorted(named)[:3])}: all of them are trained on"
        return f"{first}; for splits put {found[0]}/CLASS for CLASS/{found[0]}" if len(found) > 1 else ""
    others = sorted(set(named) - set(found)) or ["images"]
    return f"{', '.join(found)} beside {', '.join(others[:3])}: they are classes, and no splits"


def chosen(source: str, there: dict[str, str], split: str) -> str:
    """The folder of a split: of its own name, or another word for it. Raises BadInput where it is not there."""
    wanted = split.lower() or "train"
    for name in (wanted, *_ALL.get(wanted, ())):
        if name in there:
            return there[name]
    names = ", ".join(there.values())
    raise BadInput(
        f"{source} has the splits {names}, and none called {wanted}: add --split {next(iter(there.values()))}"
    )


def held_out(there: dict[str, str], split: str) -> str | None:
    """The split that is held out where `split` is trained on: val, else test; None where there is no other."""
    own = _ALL.get(split.lower() or "train")
    for kind in (VAL, TEST):
        for name in kind:
            if name in there and kind is not own:
                return there[name]
    return None
