"""Folders as they lie on disks: linked, kept from us, looked into again and again."""

import errno
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan import BadInput, data
from jaxgan.data import content, listing

OPEN = all(folder.stat().st_mode & 0o005 == 0o005 for folder in Path(jaxgan.__file__).parents)
AS_NOBODY = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0 or not OPEN, reason="takes root, to be somebody else who may read jaxgan"
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JAXGAN_CACHE", str(tmp_path / "cache"))


def put(*names):
    for i, name in enumerate(names):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (i, 0, 0)).save(name)


def as_nobody(*sources):
    """How many samples somebody with no rights finds in each, or what is said; all that is imported is before."""
    put("warm/1.png")
    code = (
        "import os, sys; from jaxgan import data; from jaxgan.errors import BadInput; data.load('warm'); os.seteuid(65534)\n"
        "for source in sys.argv[1:]:\n try: print(data.load(source).size)\n except BadInput as error: print(error)"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *sources], capture_output=True, text=True, check=True
    ).stdout.splitlines()


def report(source):
    return "\n".join(data.check(source)[0])


@pytest.mark.parametrize("call", ["scandir", "stat"])
def test_what_is_kept_from_us_is_no_less_silently(call, monkeypatch):
    put("s/a/1.png", "s/b/2.png", "s/lost+found/3.png", "s/.git/4.png")
    real, kept = getattr(os, call), {"scandir": ("b", "lost+found", ".git"), "stat": ("2.png",)}[call]

    def refusing(path, *rest, **how):
        if Path(os.fspath(path)).name in kept and not isinstance(path, int):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest, **how)

    monkeypatch.setattr(os, call, refusing)
    with pytest.raises(BadInput, match=r"s/b.* cannot be looked into \(Permission denied\): give yourself the right"):
        data.load("s")
    assert list(listing.peek(Path("s"), 100))  # what it may be of is seen in what can be
    monkeypatch.undo()


@AS_NOBODY
def test_a_folder_without_permission_is_refused_in_a_line():
    os.chmod(".", 0o755)
    cases = {"closed/b": 0o000, "names/b": 0o444, "whole": 0o000}
    for folder, mode in cases.items():
        source = folder.partition("/")[0]
        put(f"{source}/a/1.png", f"{source}/b/2.png")
        os.chmod(folder, mode)
    said = as_nobody(*(folder.partition("/")[0] for folder in cases))
    assert len(said) == 3 and all("Permission denied" in line for line in said), said
    assert all(folder in line for folder, line in zip(cases, said, strict=True)), said


def test_links_to_what_is_there_already_are_counted():
    put("s/cats/1.png", "s/cats/2.png", "s/birds/3.png")
    os.symlink("cats", "s/dogs")
    assert data.load("s").classes == ("birds", "cats")
    assert "left out    1 links to folders that are there already" in report("s")


@AS_NOBODY
def test_a_link_to_what_may_not_be_seen_is_one_that_leads_nowhere():
    os.chmod(".", 0o755)
    put("secret/0.png", "s/1.png", "s/2.png")
    os.symlink(Path("secret/0.png").absolute(), "s/0.png")
    os.chmod("secret", 0o700)
    assert as_nobody("s") == ["2"]


def test_what_goes_while_it_is_looked_at_is_not_kept_from_us(monkeypatch):
    put("s/a/1.png", "s/b/2.png")
    real = os.scandir

    def scandir(path):
        if Path(os.fspath(path)).name == "b":
            raise OSError(errno.ESTALE, "Stale file handle", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert listing.listing("s").names == ("a/1.png",)


def test_links_round_in_circles_are_counted_and_not_walked():
    put(*(f"s/{folder}/{i}.png" for folder in "abc" for i in range(4)))
    for folder in "abc":
        os.symlink("..", f"s/{folder}/all")
    assert listing.listing("s").left_out == {"links to folders that are there already": 3}


def test_linked_folders_say_what_a_source_is_of():
    soundfile = pytest.importorskip("soundfile")
    Path("elsewhere/x").mkdir(parents=True)
    soundfile.write("elsewhere/x/a.wav", np.zeros(64), 8000)
    Path("s").mkdir()
    os.symlink(Path("elsewhere/x").absolute(), "s/x")
    os.symlink(Path("s").absolute(), "s/round")
    assert list(listing.peek(Path("s"), 100)) == ["a.wav"]
    assert "audio" in data.load("s")


def test_hashes_of_one_split_stay_while_others_are_asked_for(monkeypatch):
    put(*(f"s/{part}/{i}.png" for part in ("train", "val") for i in range(3)))
    hashed, once = [], content._sha256
    monkeypatch.setattr(content, "_sha256", lambda path: hashed.append(path.name) or once(path))
    parts = lambda: [data.load("s", split=part, memory=0).sha256 for part in ("train", "val")]
    first = parts()
    assert len(hashed) == 6
    assert parts() == first and len(hashed) == 6
    Path("s/val/2.png").unlink()
    put("s/train/new.png")
    again = parts()
    assert len(hashed) == 7 and first[0] != again[0] and first[1] != again[1]
    (kept,) = Path("cache/content").iterdir()  # and no part of a file
    assert set(content._read(kept)) == {f"train/{n}.png" for n in (0, 1, 2, "new")} | {"val/0.png", "val/1.png"}


def test_a_zip_of_old_windows_has_its_folders():
    with zipfile.ZipFile("win.zip", "w") as archive:
        for i, name in enumerate(("train/cat/0.png", "train/dog/1.png", "test/cat/2.png", "test/dog/3.png")):
            Image.fromarray(np.full((8, 8), i, np.uint8)).save("one.png")
            info = zipfile.ZipInfo("x")
            info.filename = name.replace("/", "\\")
            archive.writestr(info, Path("one.png").read_bytes())
    found = data.load("win.zip")
    assert found.classes == ("cat", "dog") and found["image"][:][:, 0, 0, 0].tolist() == [0, 1]
