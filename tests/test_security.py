"""What SECURITY.md promises, each promise by a test that it names."""

import gzip
import io
import json
import os
import pickle
import re
import signal
import stat
import struct
import zipfile
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from jaxgan import BadInput, data, names, reading, recipes, runs, runtime
from jaxgan.cli import main
from jaxgan.data import caches, listing
from jaxgan.evaluation import cache
from jaxgan.inference import pictures
from jaxgan.metrics.features import weights
from jaxgan.progress import Progress
from jaxgan.reports import curves, page
from jaxgan.training import lock

PROMISES = Path(__file__).parents[1] / "SECURITY.md"
ESCAPE = "\x1b]0;pwned\x07"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    signal.alarm(60)  # nothing may wait for ever
    yield
    signal.alarm(0)


def put(path, **how):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), "teal").save(path, **how)


def png():
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, "PNG")
    return file.getvalue()


def zipped(path, entries, how=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def begun(folder, **changes):
    """A run that has begun, whose config.json says what `changes` says."""
    dataset = data.from_arrays("mine", {"image": np.zeros((4, 8, 8, 1), np.uint8), "label": np.arange(4) % 2})
    run = runs.create(folder, recipes.get("digits"), recipes.get("digits").Config(conditional=True), dataset.info)
    path = run.folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return run.folder


def test_each_promise_names_a_test_that_is_here():
    lines = [line for line in PROMISES.read_text().splitlines() if line.startswith("- ")]
    promised = {name for line in lines for name in re.findall(r"`(test_\w+)`", line)}
    assert len(lines) >= 8 and all("`test_" in line for line in lines)
    assert promised <= globals().keys()


# -- where files go


def test_names_that_any_system_takes_stay_as_they_are():
    legal = ["it's", "rock & roll", "a(b)", "x=1, y=2", "50%", "#1", "e\u0301", "猫", "🐈", "a_b"]
    assert names.folders(legal) == legal
    assert names.folders(["a/b", "a_b", "A_b"]) == ["a_b_0", "a_b", "A_b_2"]


def test_no_name_chooses_a_path():
    wild = [
        "../cat",
        "/etc/x",
        "a/b",
        "a_b",
        "",
        ".",
        "..",
        "Dog",
        "dog",
        "nul",
        "con.txt",
        "-rf",
        "x" * 500,
        "日" * 300,
    ]
    wild += ["C:\\x", "a\0b", "a\nb", "caf\udce9", "e\u0301", "\u00e9", "ss", "ß", "x" * 499]
    found = names.folders(wild)
    assert len({name.casefold() for name in found}) == len(wild)
    for name in found:
        assert Path(name).name == name and name.strip(". ") == name and name[0] not in "-." and "\\" not in name
        assert name.lower().partition(".")[0] not in ("nul", "con") and len(name.encode()) <= 255
        (Path("made") / name).mkdir(parents=True)


def test_a_progress_says_no_commands_to_a_terminal():
    out = io.StringIO()
    with Progress(1, out=out) as progress:
        progress.say(f"into {ESCAPE}")
    names.tell(f"a\n{ESCAPE}", file=out)
    assert "\x1b" not in out.getvalue() and out.getvalue().count("\\x1b]0;pwned\\x07") == 2


def test_names_in_a_zip_do_not_lead_out_of_a_folder():
    odd = ("../../up.png", "/abs.png", "/etc/abs.png", "C:/x/drive.png", "C:\\x\\drive.png", "\\\\host\\share\\x.png")
    zipped("z.zip", {**dict.fromkeys(odd, png()), "in/a.png": png(), "b.png": png()})
    found = listing.listing("z.zip")
    assert found.names == ("b.png", "in/a.png") and sum(found.left_out.values()) == len(odd)
    assert [name for name, _ in pictures.found(["z.zip"])] == ["b.png", "in/a.png"]
    assert data.load("z.zip").size == 2


def test_a_link_in_the_folder_of_a_run_is_not_written_through():
    folder = begun("run")
    Path("mine.txt").write_text("mine")
    for name in ("report.html.part", "report.html", "training.webp.part", "config.json.part"):
        (folder / name).symlink_to(Path("mine.txt").absolute())
    page.write(folder)
    runs.write_json(folder / "config.json", {})
    (folder / "lock").symlink_to(Path("mine.txt").absolute())
    with pytest.raises(OSError, match="lock"), lock.held(folder):
        pass
    (folder / "curves.png").symlink_to(Path("mine.txt").absolute())
    (folder / "metrics.jsonl").write_text('{"step": 1, "loss_g": 1.0, "loss_d": 1.0}\n')
    curves.save_curves(folder / "curves.png", folder / "metrics.jsonl")
    assert not (folder / "curves.png").is_symlink()
    assert Path("mine.txt").read_text() == "mine" and not (folder / "report.html").is_symlink()


# -- what is larger than it looks


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(reading, "MOST_PACKED", 2**18)


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bomb_is_refused_before_it_is_unpacked(how, small, monkeypatch):
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda *_: pytest.fail("it was unpacked"))
    zipped("z.zip", {"a.png": bytes(2**22)}, how)
    with pytest.raises(BadInput, match=r"damaged|no data do"):
        data.check("z.zip")
    zipped("t.zip", {"a.png": b"x", "labels.csv": bytes(2**22)}, how)
    with pytest.raises(BadInput, match="says that it becomes 4,194,304"):
        data.load("t.zip")


def test_a_packed_array_or_idx_file_is_no_bomb_either(small):
    np.savez_compressed("a.npz", image=np.zeros((64, 256, 256), np.uint8))
    with pytest.raises(BadInput, match="says that it becomes 4,194,432"):
        data.load("a.npz")
    Path("i").mkdir()
    for said, match in (((64, 256, 256), "says that it becomes 4,194,304"), ((4, 8, 8), "has more bytes")):
        with gzip.open("i/train-images-idx3-ubyte.gz", "wb") as file:
            file.write(b"\0\0\x08\x03" + struct.pack(">III", *said) + bytes(2**22))
        with pytest.raises(BadInput, match=match):
            data.load("i")
    np.savez_compressed("b.npz", image=np.random.default_rng(0).integers(0, 2, (4, 8, 8), np.uint8))
    assert data.load("b.npz").size == 4


def test_a_size_that_lies_is_found_out(monkeypatch):
    zipped("z.zip", {"a.png": bytes(2**24)})
    raw = bytearray(Path("z.zip").read_bytes())
    raw[(at := raw.rfind(b"PK\x01\x02") + 24) : at + 4] = struct.pack("<I", 100)
    Path("z.zip").write_bytes(raw)
    asked = []
    read = zipfile.ZipExtFile.read
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda self, n=None: asked.append(n) or read(self, n))
    with pytest.raises(BadInput, match="none of which can be used"):
        data.check("z.zip")
    assert asked and all(n and n <= 2**20 for n in asked)  # no piece is larger, whatever comes of it


@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_an_array_that_says_to_be_terabytes_takes_none(suffix, monkeypatch):
    file = io.BytesIO()
    said = {"descr": "|u1", "fortran_order": False, "shape": (10**6, 1000, 2700)}
    np.lib.format.write_array_header_1_0(file, said)
    Path("a.npy").write_bytes(file.getvalue() + b"x" * 99)
    zipped("a.npz", {"image.npy": file.getvalue() + b"x" * 99})
    monkeypatch.setattr(np.lib.format, "read_array", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(
        BadInput, match=r"says uint8\[1000000, 1000, 2700\], which is 2,700,000,000,000 bytes, and has 99"
    ):
        data.load(f"a.{suffix}")


def test_a_picture_of_too_many_pixels_is_named_and_large_ones_come_one_at_a_time(monkeypatch):
    from jaxgan.modalities import resize

    Image.new("1", (20_000, 20_000)).save("huge.png")
    with pytest.raises(BadInput, match=r"huge\.png: it says to have more than 268,435,456 pixels"):
        data.load("huge.png")
    monkeypatch.setattr(resize, "_LARGE", 32)
    put("f/a.png")
    with resize.opened("f/a.png") as picture, resize._alone(picture):
        assert not resize._one_large.acquire(blocking=False)
    assert data.load("f").size == 1 and resize._one_large.acquire(blocking=False)
    resize._one_large.release()


DEEP = {"list": "[" * 100_000, "object": '{"a":' * 100_000, "whole": "[" * 100_000 + "]" * 100_000}


@pytest.mark.parametrize("text", [*DEEP.values(), '"' + '\\"' * 300_000], ids=[*DEEP, "quotes"])
def test_json_that_is_too_deep_is_refused_in_a_line(text, capsys):
    put("f/a.png")
    for path in ("f/labels.json", "some.json"):
        Path(path).write_text(text)
    with pytest.raises(BadInput, match="labels"):
        data.load("f")
    assert main(["train", "digits", "--config", "some.json"]) == 2
    assert capsys.readouterr().err.startswith("jaxgan: --config some.json cannot be read")
    folder = begun("run")
    (folder / "result.json").write_text(text)
    page.write(folder)
    (folder / "config.json").write_text(text)
    with pytest.raises(BadInput, match="damaged"):
        runs.open_run(folder)


@pytest.mark.parametrize("top", ["f", "f/.hidden"])
def test_folders_within_folders_end(top, monkeypatch):
    put("f/a.png"), put(f"{top}/b/b.png")
    whole = os.getcwd()
    try:
        os.chdir(top)
        for _ in range(1200):  # more than Python's functions may call each other
            os.mkdir("d")
            os.chdir("d")
        Path("x.png").touch()
    finally:
        os.chdir(whole)
    found = listing.listing("f")
    deep = [f"{top}/" + "d/" * depth for depth in range(1200, 0, -1)]
    assert found.names == (("a.png", "b/b.png") if top == "f" else ("a.png",)) and sum(
        found.left_out.values()
    ) == 3 - len(found.names)
    Path(deep[0], "x.png").unlink()
    for path in deep:  # or nobody could tidy up
        os.rmdir(path)


def test_labels_of_ten_digits_are_as_many_classes_as_there_are():
    put("f/a.png"), put("f/b.png")
    Path("f/labels.csv").write_text("file,label\na.png,2147483646\nb.png,9999999999\n")
    assert data.load("f").classes == ("2147483646", "9999999999")
    np.savez("a.npz", image=np.zeros((2, 8, 8, 1), np.uint8), label=np.array([2**63, 2**40], np.uint64))
    assert data.load("a.npz").classes == (str(2**40), str(2**63))


# -- what is no file, and what is a program


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_is_not_waited_for(capsys):
    for name in ("a.npz", "some.json", "recipe.py"):
        os.mkfifo(name)
    for call in (lambda: data.load("a.npz"), lambda: weights.read("a.npz"), lambda: recipes.get("recipe.py")):
        with pytest.raises(BadInput):
            call()
    assert main(["train", "digits", "--config", "some.json"]) == 2 and "no regular file" in capsys.readouterr().err
    Path("i").mkdir()
    Path("i/a-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + struct.pack(">III", 2, 8, 8) + bytes(128))
    os.mkfifo("i/a-labels-idx1-ubyte")
    with pytest.raises(BadInput, match=r"labels-idx1-ubyte is damaged \(it is no regular file"):
        data.load("i")
    folder = begun("run")
    (folder / "samples").mkdir()
    for name in ("metrics.jsonl", "result.json", "samples/000004.png"):
        os.mkfifo(folder / name)
    with pytest.raises(BadInput, match="no regular file"):
        runs.read_metrics(folder / "metrics.jsonl")
    (folder / "metrics.jsonl").unlink()
    page.write(folder)
    for device in ("/dev/zero", "/dev/random"):
        if Path(device).exists():
            with pytest.raises(OSError, match="no regular file"):
                reading.json_of(device)


class Pwned:
    def __reduce__(self):
        return open, ("pwned", "w")


def test_nothing_is_unpickled():
    odd = np.array([Pwned(), 1], dtype=object)
    np.savez("o.npz", image=odd, label=odd)
    np.savez("o2.npz", image=np.zeros((2, 8, 8, 1), np.uint8), classes=odd)
    np.save("o.npy", odd)
    for name in ("o.npz", "o2.npz", "o.npy"):
        with pytest.raises(BadInput, match="only a pickle holds"):
            data.load(name)
        with pytest.raises(BadInput):
            weights.read(name)
    for place in (caches.folder() / "evil.npz", Path("plain.npz")):
        place.write_bytes(pickle.dumps(Pwned()))
    assert cache.arrays("evil", lambda: {"a": np.ones(2)}, lambda line: None)["a"].sum() == 2
    with pytest.raises(BadInput):
        data.load("plain.npz")
    assert not Path("pwned").exists()


def test_a_picture_is_no_program(monkeypatch):
    from PIL import EpsImagePlugin

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_, **__: pytest.fail("it was run"))
    Path("f").mkdir()
    Path("f/a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n")
    with pytest.raises(BadInput, match="damaged"):
        data.load("f")
    put("f/a.png", format="PPM")
    with pytest.raises(BadInput, match="damaged"):
        data.load("f")


def test_a_recipe_runs_only_where_its_file_was_named(capsys):
    Path("evil.py").write_text("from pathlib import Path\nPath('pwned').touch()\n")
    evil = str(Path("evil.py").absolute())
    for i, changes in enumerate(
        ({"recipe": evil}, {"recipe": "../../evil"}, {"origin": {"path": evil, "sha256": "0"}})
    ):
        folder = begun(f"run{i}", **changes)
        for command in ("report", "sample"):
            assert main([command, str(folder)]) == 2
        assert "recipe" in capsys.readouterr().err and not Path("pwned").exists()
    with pytest.raises(BadInput, match="is no recipe"):
        recipes.get(evil)
    assert Path("pwned").exists()


# -- what is shown


def test_no_escape_reaches_the_terminal(capsys):
    for name in ("cat", f"{ESCAPE}\x1b[2J", "a\nb", "\u202eab"):
        put(f"f\x1b[1m/{name}/a.png")
    Path(f"f\x1b[1m/cat/{ESCAPE}.png").write_bytes(b"damaged")
    Path("f\x1b[1m/cat/a.\x1b[2J").write_bytes(b"no picture")
    put(f"g/{ESCAPE}.png"), put("g/in/a.png")
    np.savez("a.npz", image=np.zeros((4, 8, 8, 1), np.uint8), label=np.array([ESCAPE, "b", "\x9b2J", "d"]))
    for words in ("f\x1b[1m", "g", "a.npz", f"no{ESCAPE}ne"):
        main(["data", "check", words])
    main(["train", "digits", "--data", "f\x1b[1m", "--resolution", "8"])
    main(["\x1b[2Jtrain"])
    told = "".join(capsys.readouterr())
    assert "\\x1b]0;pwned\\x07" in told and "\\u202eab" in told and "a\\x0ab" in told
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", told)
    assert all(name.isprintable() for name in data.load("a.npz").classes)
    specs = json.loads((begun("run") / "config.json").read_text())["data"]["specs"]
    specs["label"]["classes"] = [ESCAPE, "x" * 5000]
    saved = json.loads(Path("run/config.json").read_text())
    Path("run/config.json").write_text(json.dumps({**saved, "data": {**saved["data"], "specs": specs}}))
    one, other = runs.open_run("run").data.specs["label"].classes
    assert one == "\\x1b]0;pwned\\x07" and len(other) <= names.MOST


def test_a_name_that_is_no_text_is_shown_by_its_numbers(capsysbinary):
    folder = os.fsdecode(b"caf\xe9")
    put(f"{folder}/x/a.png")
    assert main(["data", "check", folder]) == 0 and data.load(folder, memory=0).sha256
    put(f"{folder}/{os.fsdecode(bytes([0xE8]))}/a.png")
    assert data.load(folder, memory=0).sha256
    assert main(["data", "check", folder]) == 0 and b"\\udce8" in capsysbinary.readouterr().out


# -- the cache


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("JAXGAN_CACHE", str(tmp_path / "cache"))
    caches._own.cache_clear()
    yield tmp_path / "cache"
    caches._own.cache_clear()


def test_a_cache_of_others_is_not_used(own_cache, monkeypatch, capsys):
    made = []
    make = lambda: made.append(1) or {"a": np.ones(2)}
    cache.arrays("x", make), cache.arrays("x", make)
    assert len(made) == 1 and stat.S_IMODE(own_cache.stat().st_mode) == 0o700

    def refused(reason):
        caches._own.cache_clear()
        cache.arrays("x", make), cache.arrays("x", make)
        assert reason in capsys.readouterr().err and caches.own("xla") is None
        before = jax.config.jax_compilation_cache_dir
        jax.config.update("jax_compilation_cache_dir", None)
        try:
            runtime.keep_programs()
            assert jax.config.jax_compilation_cache_dir is None
        finally:
            jax.config.update("jax_compilation_cache_dir", before)
        count, made[:] = len(made), []
        capsys.readouterr()
        return count

    for mode in (0o777, 0o770, 0o702):
        own_cache.chmod(mode)
        assert refused("others can write to it") >= 2
    own_cache.chmod(0o700)
    own_cache.parent.chmod(0o777)
    assert refused("everybody can write to") == 2
    own_cache.parent.chmod(0o700)
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert refused("belongs to user") == 2
    monkeypatch.undo()
    monkeypatch.setenv("JAXGAN_CACHE", str(own_cache))
    caches._own.cache_clear()
    cache.arrays("x", make)
    assert not made and caches.own("xla") == own_cache / "xla"


def test_programs_that_are_kept_have_a_bound_and_the_oldest_go_first(tmp_path):
    for age, name in enumerate("abcd"):
        (tmp_path / name).write_bytes(bytes(10))
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    left = lambda: {path.name for path in tmp_path.iterdir()} - {"folder", "link"}
    caches.keep_newest(tmp_path, 2**31)
    assert left() == {"a", "b", "c", "d"}
    (tmp_path / "folder").rmdir(), (tmp_path / "link").unlink()  # which have some bytes of their own
    caches.keep_newest(tmp_path, 29)
    assert left() == {"a", "b"}


def test_a_damaged_entry_of_the_cache_is_made_anew(own_cache):
    like = {"a": np.zeros((2, 3), np.float32)}
    good = lambda: {"a": np.ones((2, 3), np.float32)}
    fits = lambda kept: cache.alike(kept, like)
    own_cache.mkdir(mode=0o700)
    path, said = own_cache / "x.npz", []
    for odd in (
        {"b": good()["a"]},
        {"a": np.ones((3, 2), np.float32)},
        {"a": np.ones((2, 3))},
        {"a": good()["a"] * np.nan},
    ):
        np.savez(path, **odd)
        assert cache.arrays("x", good, said.append, fits)["a"].tolist() == [[1] * 3] * 2
        assert "is damaged" in said.pop()
        assert cache.arrays("x", lambda: pytest.fail("it was kept"), said.append, fits) and not said
    for raw in (b"", b"hello", path.read_bytes()[:100]):
        path.write_bytes(raw)
        assert cache.arrays("x", good, said.append, fits) and "is damaged" in said.pop()
    put("f/a.png")
    whole = data.load("f", memory=0).sha256
    (kept,) = (own_cache / "content").glob("*.json")
    facts = json.loads(kept.read_text())
    for text in ("[", "[" * 100_000, "5", json.dumps({"a.png": [*facts["a.png"][:-1], "0" * 63]})):
        kept.write_text(text)
        assert data.load("f", memory=0).sha256 == whole
