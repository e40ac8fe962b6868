"""Films become clips: of files and of folders of frames, in memory and one by one; what cannot be meant is told."""

import shutil
import subprocess
import zipfile

import numpy as np
import pytest
from PIL import Image

from jaxgan import BadInput, data
from jaxgan.data import films
from jaxgan.data.sources import moving_digits
from jaxgan.modalities import image, resize, video

DRAW = np.random.default_rng(0)


def film(frames, size=(8, 12)):
    """Grey frames with their own number in them: uint8 [frames, H, W, 1]."""
    clip = np.repeat(DRAW.integers(0, 99, (1, *size, 1), dtype=np.uint8), frames, axis=0)
    clip[:, 0, 0, 0] = np.arange(frames)
    return clip


@pytest.fixture
def folder(tmp_path):
    """Function (name, clip): writes a film of its suffix, or a folder of frames, under tmp_path / "films"."""

    def put(name, clip):
        path = tmp_path / "films" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in (".gif", ".webp"):
            video.write(path, clip, rate=20)
        elif path.suffix == ".mp4":
            movie(path, clip)
        else:
            path.mkdir()
            for t, frame in enumerate(clip):
                image.write(path / f"frame{t}.png", frame)
        return f"video:{tmp_path / 'films'}"

    return put


def movie(path, clip):
    """Writes an mp4 of 10 frames a second."""
    ffmpeg = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    size = f"{clip.shape[2]}x{clip.shape[1]}"
    raw = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", size, "-r", "10", "-i", "pipe:0")
    made = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "4", str(path))
    subprocess.run([ffmpeg, "-v", "error", *raw, *made], input=clip.tobytes(), check=True)


@pytest.mark.parametrize("suffix", ["", ".gif", ".webp"])
def test_a_film_gives_as_many_clips_as_it_holds_spread_evenly(suffix, folder):
    clips = [film(11), film(4)]
    for name, clip in zip(("b", "a"), clips, strict=True):
        source = folder(f"{name}{suffix}", clip)
    found = data.load(source, length=4, channels=1)
    x = found["image"]
    assert x.dtype == np.uint8 and found.specs["image"].modality == "video"
    assert x[:, :, 0, 0, 0].tolist() == [[0, 1, 2, 3], [0, 1, 2, 3], [7, 8, 9, 10]]  # a, and both ends of b
    np.testing.assert_array_equal(x[0], clips[1])
    assert found.names == tuple(f"{name}{suffix}#{start}" for name, start in (("a", 0), ("b", 0), ("b", 7)))
    assert found.specs["image"].rate == (20 if suffix else 0)
    lazy = data.load(source, length=4, channels=1, memory=0)
    np.testing.assert_array_equal(lazy["image"][np.array([[2, 0], [1, 1]])], x[np.array([[2, 0], [1, 1]])])
    assert not isinstance(lazy["image"], np.ndarray) and lazy["image"].ndim == 5
    assert lazy.sha256 != data.load(source, length=3, channels=1, memory=0).sha256


def test_mp4_is_read_and_its_zip_and_a_folder_of_nothing_else_without_a_word(folder, tmp_path):
    clip = film(12, (16, 16))
    clip[..., 0] = 16 * np.arange(12)[:, None, None]  # what survives the compression
    source = folder("x/a.mp4", clip).removeprefix("video:")
    found = data.load(source, length=4, rate=5, resolution=8)
    assert found["image"].shape == (1, 4, 8, 8, 3) and found.specs["image"].rate == 5
    grey = found["image"][0].mean((1, 2, 3))
    np.testing.assert_allclose(np.diff(grey), 32, atol=4)  # every second frame
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(f"{source}/x/a.mp4", "a.mp4")
    other = data.load(str(tmp_path / "a.zip"), length=4, rate=5, resolution=8)
    np.testing.assert_array_equal(other["image"], found["image"])
    assert data.load(f"{source}/x/a.mp4", length=6)["image"].shape == (2, 6, 16, 16, 3)


def test_folders_are_classes_and_splits(folder):
    for part, name in (("train", "dog/a.gif"), ("train", "cat/b.gif"), ("train", "dog/c"), ("val", "cat/d.gif")):
        source = folder(f"{part}/{name}", film(4))
    found = data.load(source)
    assert found.classes == ("cat", "dog") and found["label"].tolist() == [0, 1, 1] and found.part == "train"
    assert [n.partition("#")[0] for n in found.names] == ["cat/b.gif", "dog/a.gif", "dog/c"]
    held_out = data.held_out(source)
    assert held_out["image"].shape == (1, 4, 8, 12, 3) and held_out.part == "val"


def test_frames_are_in_the_order_of_their_numbers(folder):
    source = folder("a", film(12))
    assert data.load(source, length=12)["image"][0, :, 0, 0, 0].tolist() == list(range(12))
    assert data.load(f"{source}/a", length=6)["image"].shape == (2, 6, 8, 12, 1)  # the folder itself


def test_pictures_are_never_taken_for_films(folder):
    source = folder("a.gif", film(4)).removeprefix("video:")
    assert data.load(source).specs["image"].modality == "image"  # the first frame of each, as ever
    lines, _ = data.check(source)
    assert f"animated    1 files: the first frame of each (all of them: video:{source})" in lines
    folder("b.mp4", film(4, (16, 16)))
    assert data.load(source).specs["image"].modality == "image"


@pytest.mark.parametrize(
    ("films", "how", "said"),
    [
        (
            {"a.gif": 5, "b.gif": 3},
            {"length": 4},
            r"b.gif has 3 frames and clips have 4 \(1 of 2 films are too short\): set --length 3",
        ),
        ({"a.gif": (5, (8, 8)), "b.gif": 5}, {}, r"films of 2 sizes \(8x8, 8x12\): set --resolution"),
        ({"a": 5, "b": 5}, {"rate": 5.0}, "--rate 5, but .*: a does not say its frames a second: remove it"),
        ({"a.gif": 5}, {"length": 1}, "clips of 1 frames: give films of 2 frames or more"),
        ({"a.gif": 5}, {"split": "val"}, "--split val, but .* has no folders train, val or test"),
    ],
)
def test_what_cannot_be_used_is_told(films, how, said, folder):
    for name, frames in films.items():
        source = folder(name, film(*frames) if isinstance(frames, tuple) else film(frames))
    with pytest.raises(BadInput, match=said):
        data.load(source, **how)


def test_a_look_at_films_of_several_sizes_is_at_a_resolution(folder):
    folder("a.gif", film(5, (8, 8)))
    source = folder("b.gif", film(5))
    with pytest.raises(BadInput, match="set --resolution"):
        data.check(source)
    lines, problems = data.check(source, resolution=16)
    assert any("16x16" in line for line in lines) and problems == []


def test_what_is_damaged_is_named_and_a_movie_opens_no_other_file(folder, tmp_path, monkeypatch):
    source = folder("a.gif", film(5))
    whole = (tmp_path / "films" / "a.gif").read_bytes()
    (tmp_path / "films" / "b.gif").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match=r"b.gif( is damaged|: )"):
        data.load(source)
    shutil.rmtree(tmp_path / "films")
    source = folder("a.mp4", film(5, (16, 16)))
    list_of_others = f"#EXTM3U\n#EXTINF:1,\n{tmp_path}/films/a.mp4\n#EXT-X-ENDLIST\n"
    for content in (list_of_others.encode(), whole):  # of other formats, which may be lists of files, or programs
        (tmp_path / "films" / "b.mp4").write_bytes(content)
        with pytest.raises(BadInput, match=r"b.mp4 is damaged \(.{5,200}\): take it out"):
            data.load(source)
    (tmp_path / "films" / "b.mp4").unlink()
    monkeypatch.setattr(films, "_MOST", 16 * 16 * 3)
    with pytest.raises(BadInput, match=r"its . frames have more than 768 pixels: cut it in pieces"):
        data.load(source)


def test_a_missing_reader_and_a_missing_folder_are_told(folder, monkeypatch):
    source = folder("a.mp4", film(4, (16, 16)))
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    with pytest.raises(BadInput, match=r"pip install 'jaxgan\[video\]'"):
        data.load(source)
    for word in ("video:", "video:/nowhere"):
        with pytest.raises(BadInput, match=r"there is no .*: give video:FOLDER"):
            data.load(word)


def test_a_gif_that_stands_still_among_others_is_too_short_and_no_frame(folder, tmp_path):
    source = folder("a.gif", film(4))
    video.write(tmp_path / "films" / "b.gif", film(4)[:1])
    with pytest.raises(BadInput, match=r"b\.gif has 1 frames and clips have 4"):
        data.load(source, length=4)


def test_a_poster_beside_a_film_is_named(folder, tmp_path):
    source = folder("a.gif", film(4))
    image.write(tmp_path / "films" / "poster.png", film(1)[0])
    with pytest.raises(
        BadInput, match=r"poster\.png has 1 frames and clips have 2 \(1 of 2 films are too short\): take it out"
    ):
        data.load(source)
    (tmp_path / "films" / "poster.png").unlink()
    folder("b.gif", film(40))
    with pytest.raises(BadInput, match=r"a\.gif has 1 frames at --rate 1 and .*: raise --rate, or take it out"):
        data.load(source, rate=1.0)


def test_a_gif_that_begins_in_grey_has_its_colours(folder, tmp_path):
    source, path = folder("a.gif", film(4)), tmp_path / "films" / "a.gif"
    ramps = [np.tile(np.roll(np.arange(256, dtype=np.uint8), i), (8, 1)) for i in range(4)]
    ramp, *others = map(Image.fromarray, ramps)
    ramp.save(path, save_all=True, append_images=others)
    np.testing.assert_array_equal(data.load(source)["image"][0, ..., 0], ramps)
    later = [Image.fromarray(DRAW.integers(0, 256, (8, 256, 3), dtype=np.uint8)) for _ in range(3)]
    ramp.save(path, save_all=True, append_images=later)
    x = data.load(source)["image"][0]
    assert x.shape == (4, 8, 256, 3) and np.ptp(x[0], axis=-1).max() == 0
    for one, other in zip(x[1:], later, strict=True):  # of 256 colours
        assert np.abs(one - np.asarray(other, np.int16)).mean() < 20


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_a_film_has_the_rate_of_most_of_its_frames(suffix, tmp_path):
    frames = [Image.new("RGB", (8, 8), (60 * i, 9, 0)) for i in range(4)]
    path = tmp_path / "films" / f"a.{suffix}"
    path.parent.mkdir()
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[1000, 40, 40, 40], lossless=True)
    assert data.load(f"video:{tmp_path}/films").specs["image"].rate == 25


@pytest.mark.parametrize("suffix", ["mp4", "webm"])
def test_frames_that_do_not_follow_evenly_are_each_there_once(suffix, tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    lines = []
    for i in range(12):
        Image.new("L", (16, 16), 20 * i).save(tmp_path / f"{i}.png")
        lines += [f"file {i}.png", f"duration {0.2 if i % 3 else 0.04}"]
    (tmp_path / "list").write_text("\n".join(lines))
    (tmp_path / "films").mkdir()
    made = (tmp_path / "films" / f"a.{suffix}", "-fps_mode", "vfr", "-i", tmp_path / "list")
    codec = {"mp4": ("libx264", "-crf", "4"), "webm": ("libvpx-vp9", "-crf", "10", "-b:v", "0")}[suffix]
    command = [
        ffmpeg,
        "-v",
        "error",
        "-f",
        "concat",
        *made[3:],
        *made[1:3],
        "-pix_fmt",
        "yuv420p",
        "-c:v",
        *codec,
        made[0],
    ]
    subprocess.run(list(map(str, command)), check=True)
    found = data.load(f"video:{tmp_path}/films", length=12)
    grey = found["image"][0].mean((1, 2, 3))
    np.testing.assert_allclose(grey, 20 * np.arange(12), atol=6)


def test_films_of_several_rates_are_told(tmp_path):
    (tmp_path / "films").mkdir()
    for name, rate in (("a", 10), ("b", 25)):
        video.write(tmp_path / "films" / f"{name}.gif", film(8), rate=rate)
    source = f"video:{tmp_path}/films"
    (said,) = data.load(source, length=2).notes
    assert said.endswith("its clips have from 10 to 25 frames a second: --rate N takes of each as many as make about N")
    assert f"note        {said}" in data.check(source)[0]
    (said,) = data.load(source, length=2, rate=10).notes  # every second of b
    assert said.endswith("its clips have from 10 to 12.5 frames a second")


def test_rates_that_nobody_tells_apart_are_one(tmp_path):
    (tmp_path / "films").mkdir()
    for name, rate in (("a", 10), ("b", 9.9)):
        video.write(tmp_path / "films" / f"{name}.webp", film(8), rate=rate)
    found = data.load(f"video:{tmp_path}/films", length=2)
    assert found.notes == () and 9.9 < found.specs["image"].rate < 10


def test_only_films_are_offered_as_such(tmp_path):
    pages = [Image.new("RGB", (8, 8), (60 * i, 9, 0)) for i in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    pages[0].save(tmp_path / "b.jpg", format="MPO", save_all=True, append_images=pages[1:])
    text = "\n".join(data.check(str(tmp_path))[0])
    assert "several     2 files of several pictures: the first of each" in text and "video:" not in text


def test_digits_move_straight_on_bounce_and_stay_what_they_are():
    found = data.load("moving_digits", length=4)
    x = found["image"][:800].astype(np.float64)
    assert found["image"].shape == (4000, 4, 32, 32, 1) and len(found.classes) == 10
    ink = x.sum((2, 3, 4))
    np.testing.assert_allclose(ink, np.broadcast_to(ink[:, :1], ink.shape), rtol=0.02)  # it neither grows nor leaves
    rows = np.arange(32)
    centre = np.stack([(x[..., 0].sum(3) @ rows) / ink, (x[..., 0].sum(2) @ rows) / ink], -1)
    straight = np.abs(np.diff(centre, 2, axis=1)).max((1, 2)) < 0.05  # no edge on the way
    speed = np.hypot(*np.moveaxis(np.diff(centre[straight], axis=1), -1, 0))
    assert straight.mean() > 0.4 and 0.97 < speed.min() < 1.1 and 2.4 < speed.max() < 2.53
    assert moving_digits.bounced(np.array([-1.0, 3.0, 11.0, 21.0]), 10.0).tolist() == [1.0, 3.0, 9.0, 1.0]
    other = data.held_out("moving_digits", length=4)
    assert other["image"].shape == (500, 4, 32, 32, 1) and other.sha256 != found.sha256
    with pytest.raises(BadInput, match=r"clips of 1 frames: give --length 2 .. 1024"):
        data.load("moving_digits", length=1)


def test_frames_of_a_clip_share_its_label():
    from jaxgan.data.frames import frames_of

    clips = DRAW.integers(0, 256, (3, 5, 4, 4, 1), dtype=np.uint8)
    found = frames_of(data.from_arrays("some", {"video": clips, "label": [2, 0, 1]}), "video")
    assert found["image"].shape == (15, 4, 4, 1) and found["label"].tolist() == [2] * 5 + [0] * 5 + [1] * 5
    np.testing.assert_array_equal(
        found["image"][np.array([[0, 7], [14, 3]])], clips.reshape(15, 4, 4, 1)[[[0, 7], [14, 3]]]
    )
    assert resize.fit(found["image"][np.array([0])][0], resize.Resize(2)).shape == (2, 2, 1)
