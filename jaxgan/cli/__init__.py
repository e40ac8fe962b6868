"""The command `jaxgan`: one command a file, found by its name; `data_check.py` is `jaxgan data check`.

USAGE: the words of its line in the overview. DOES: what it does. PLACE: where it stands there. NEEDS: the word that it takes
before its flags, "" where it takes none.
run(subject, argv) -> exit status, None for 0; subject is that word, None where only `--help` was asked for.
"""

import errno
import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from jaxgan import runtime
from jaxgan.errors import BadInput, unknown
from jaxgan.names import shown, tell
from jaxgan.processes import interrupt, together

_HELP = ("-h", "--help")
_IN_THE_WAY = (errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY, errno.ELOOP, errno.ENXIO, errno.ENOTDIR)
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)  # of which a disk that does not answer says the last two


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status of the command line `argv`."""
    own = argv is None  # the process is this command, and ends with it
    if own:
        interrupt.listen()
    argv = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in argv
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever called
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
    for out in (sys.stdout, sys.stderr):
        if hasattr(out, "reconfigure"):  # what a terminal has no letter for is shown by its number
            out.reconfigure(errors="backslashreplace")
    argv = [word for word in argv if word != "--debug"]
    with warnings.catch_warnings():
        usual = warnings.showwarning
        warnings.showwarning = lambda *told: _tell(*told) if told[1] is UserWarning else usual(*told)
        status = _status(argv, debug)
    if own and status == 130:
        interrupt.leave(status)
    return status


def _tell(message, *_):
    tell(f"jaxgan: {shown(message, lines=True)}", file=sys.stderr)


def _status(argv, debug):
    try:
        if not argv or argv[0] in _HELP:
            tell(_overview())
            return 0
        if argv[0] == "--version":
            from jaxgan import __version__

            tell(f"jaxgan {__version__}")
            return 0
        return together.leave(_dispatch(argv) or 0)
    except BadInput as error:
        if debug and together.alone():
            raise
        tell(f"jaxgan: {shown(error)}", file=sys.stderr)
        return together.abandon(error.status, shown(error), error if debug else None)
    except BrokenPipeError:  # the reader has seen enough: jaxgan ... | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return together.abandon(141, "nobody reads its output")
    except OSError as error:  # a full disk, a folder that was taken away
        if debug and together.alone():
            raise
        then = "go on with --resume auto" if {*argv[:1]} & {"train", "rerun"} else "give the same command again"
        tell(f"jaxgan: {shown(error)}: {_way_out(error)}, then {then}", file=sys.stderr)
        status = 2 if error.errno in (*_IN_THE_WAY, errno.EROFS) else 75  # no second try mends these
        return together.abandon(status, shown(error), error if debug else None)
    except KeyboardInterrupt:
        return together.abandon(130, "interrupted")
    except Exception as error:
        if interrupt.asked():  # what an import or a library made of it
            return together.abandon(130, "interrupted")
        together.abandon(1, f"{type(error).__name__}: {shown(error)}", error)
        raise


def _way_out(error):
    if error.errno in _IN_THE_WAY:
        return "something else is in its place, take that away"
    if error.errno in _REFUSED:
        return "make it writable or take another place"
    if error.errno in (errno.ENOENT, errno.ESTALE):
        return "put it back or take another place"
    return "make room or take another place"


def commands() -> list[str]:
    """Names of all commands, in the order of the overview."""
    places = runtime.constants(Path(__file__).parent, "PLACE")
    return [name.replace("_", " ") for name in sorted(places, key=places.get)]


def _overview():
    here = Path(__file__).parent
    usage, does = runtime.constants(here, "USAGE"), runtime.constants(here, "DOES")
    lines = [f"  {usage[name]:30}{does[name]}" for name in (command.replace(" ", "_") for command in commands())]
    sources = runtime.constants(here.parent / "data" / "sources", "WORDS").values()
    return "\n".join(
        [
            "usage: jaxgan COMMAND ... [--debug]\n\ncommands:",
            *lines,
            "\n`jaxgan COMMAND --help` shows a command's flags, `jaxgan train RECIPE --help` those of a recipe too.\n"
            "A RECIPE is one of those that `jaxgan recipes` lists, or path/to/my_recipe.py. A SOURCE is",
            *(f"  {words}" for words in sources),
            "Begin with `jaxgan train digits`. Bad input ends with status 2 and one line; --debug shows where it was found.",
            "Status: 0 done; 1 a fault of jaxgan; 2 bad input; 70 diverged; 75 try the same again (a full disk, another process",
            "in the folder, SIGUSR1); 129, 130, 143 after saving on HUP, INT, TERM; 141 nobody reads its output any more.",
        ]
    )


def _dispatch(argv):
    there = commands()
    name = next((name for name in there if argv[: len(name.split())] == name.split()), None)
    if name is None:
        group = [other for other in there if other.startswith(f"{argv[0]} ")]  # jaxgan data
        if group and argv[1:2] in ([], *([word] for word in _HELP)):
            raise BadInput(f"jaxgan {argv[0]} needs a word more: there are {', '.join(group)}")
        raise unknown("command", " ".join(argv[:2]) if group else argv[0], group or there)
    if not {*argv} & {*_HELP}:
        runtime.check_float32()
    module, rest = importlib.import_module(f"{__name__}.{name.replace(' ', '_')}"), argv[len(name.split()) :]
    if not module.NEEDS:
        return module.run(None, rest)
    if rest and rest[0] in _HELP:
        return module.run(None, rest)
    if not rest or rest[0].startswith("-"):
        raise BadInput(f"jaxgan {name} needs {module.NEEDS}: jaxgan {name} --help shows how")
    return module.run(rest[0], rest[1:])
