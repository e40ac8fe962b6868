"""Folders, zips and files of sounds: what is read, at which rate, into which crops; and what is told of those that cannot be."""

import io
import os
import re
import shlex
import wave
import zipfile

import numpy as np
import pytest
from PIL import Image

from jaxgan import BadInput, data
from jaxgan.cli import main
from jaxgan.data import sound_files
from jaxgan.data.load import source_of
from jaxgan.data.sources import clips, files, sounds, tones
from jaxgan.metrics.pitch import cents, pitch

soundfile = pytest.importorskip("soundfile")


def sine(hertz, length, rate=8000, channels=1):
    wave = np.sin(2 * np.pi * hertz * np.arange(length) / rate)
    return np.repeat((wave * 20_000).astype(np.int16)[:, None], channels, 1)


def write(path, sound, rate=8000, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate, **how)


@pytest.fixture
def folder(tmp_path):
    for i, name in enumerate(("low/a.wav", "low/b.flac", "high/c.wav")):
        write(tmp_path / "set" / name, sine(200 * (i + 1), 600 + i))
    return tmp_path / "set"


def test_a_folder_of_sounds_is_one_with_its_folders_as_classes(folder):
    found = data.load(str(folder), length=512)
    assert found["audio"].shape == (3, 512, 1) and found["audio"].dtype == np.int16
    assert found.classes == ("high", "low") and found["label"].tolist() == [0, 1, 1]
    assert found.specs["audio"].modality == "audio" and found.specs["audio"].rate == 8000
    np.testing.assert_array_equal(found["audio"][[1, 2]], [sine(200, 512), sine(400, 512)])
    assert "the beginnings of 3 sounds" in found.notes[-1]


def test_a_zip_and_a_single_file_hold_the_same(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(folder))
    whole, packed = data.load(str(folder), length=512), data.load(str(tmp_path / "set.zip"), length=512)
    np.testing.assert_array_equal(whole["audio"][:], packed["audio"][:])
    alone = data.load(str(folder / "high" / "c.wav"))
    assert alone["audio"].shape == (1, 602, 1) and "label" not in alone


def test_pictures_and_films_stay_with_their_sources(folder, tmp_path):
    (tmp_path / "pictures").mkdir()
    for i in range(3):
        Image.new("RGB", (8, 8)).save(tmp_path / "pictures" / f"{i}.png")
    write(tmp_path / "pictures" / "noise.wav", sine(200, 600))
    assert source_of(str(tmp_path / "pictures")) is files
    Image.new("RGB", (8, 8)).save(folder / "cover.jpg")
    assert source_of(str(folder)) is sounds and source_of(str(folder / "low" / "a.wav")) is sounds
    assert not clips.takes(str(folder)) and source_of("tones") is tones
    assert data.load(str(folder), length=512).size == 3
    lines, problems = data.check(str(folder))
    assert "left out    1 no sounds (.jpg)" in lines and not problems


@pytest.mark.parametrize(("width", "error"), [(1, 1 / 60), (2, 1e-4), (3, 1e-4), (4, 1e-4)])
def test_plain_wav_needs_no_soundfile(tmp_path, width, error, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    values = np.random.default_rng(0).uniform(-0.9, 0.9, (300, 2))
    whole = np.rint(values * (2 ** (8 * width - 1) - 1)).astype("<i4")
    raw = (whole + 128).astype(np.uint8) if width == 1 else whole.view(np.uint8).reshape(300, 2, 4)[..., :width]
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((2, width, 8000, 0, "NONE", ""))
        file.writeframes(np.ascontiguousarray(raw).tobytes())
    found = data.load(str(tmp_path / "a.wav"))["audio"][0]
    assert np.abs(found / 2**15 - values).max() < error
    (tmp_path / "a.flac").write_bytes(b"fLaC")
    with pytest.raises(BadInput, match=r"pip install 'jaxgan\[audio\]'"):
        data.load(str(tmp_path / "a.flac"))


@pytest.mark.parametrize("how", [{"format": "WAV", "subtype": "FLOAT"}, {"format": "FLAC"}, {"format": "OGG"}])
def test_other_files_hold_the_same_sound(tmp_path, how):
    path = tmp_path / f"a.{how['format'].lower()}"
    write(path, sine(440, 4096) / 2**15, **how)
    found = data.load(str(path))["audio"][0]
    assert np.abs(found.astype(int) - sine(440, 4096)).max() < (1500 if how["format"] == "OGG" else 2)


@pytest.mark.parametrize("rate", [4000, 11_025, 44_100])
def test_a_sound_of_another_rate_keeps_its_pitch_and_its_time(tmp_path, rate):
    write(tmp_path / "a.wav", sine(300, 4096))
    found = data.load(str(tmp_path / "a.wav"), rate=rate)
    assert found.specs["audio"].rate == rate and found["audio"].shape[1] == -(-4096 * rate // 8000)
    assert abs(cents(pitch(found["audio"][:], rate).hertz, 300)[0]) < 2


def test_rates_that_differ_are_told_and_brought_to_one(folder):
    write(folder / "high" / "d.wav", sine(300, 1200, 16_000), 16_000)
    with pytest.raises(BadInput, match=r"2 rates \(3 of 8000 Hz, 1 of 16000 Hz\): set --rate"):
        data.load(str(folder))
    lines, problems = data.check(str(folder))
    assert "rate        8000 Hz: 3" in lines and problems == ["2 rates: train with --rate"]
    assert data.load(str(folder), rate=8000, length=512).size == 4


def test_channels_are_mixed_or_repeated(tmp_path):
    write(tmp_path / "a.wav", np.concatenate([sine(200, 600), 0 * sine(200, 600)], 1))
    write(tmp_path / "b.wav", sine(200, 600))
    assert data.load(str(tmp_path))["audio"].shape == (2, 600, 2)
    mono = data.load(str(tmp_path), channels=1)["audio"][:]
    np.testing.assert_allclose(2 * mono[0].astype(int), mono[1], atol=2)
    write(tmp_path / "c.wav", np.zeros((600, 6), np.int16))
    with pytest.raises(BadInput, match="6 channels, and they are to have 1 or 2"):
        data.load(str(tmp_path))


def test_every_place_of_a_long_sound_is_a_crop_and_a_short_one_ends_in_silence(tmp_path):
    long, short = np.arange(1, 101, dtype=np.int16)[:, None], np.arange(1, 11, dtype=np.int16)[:, None]
    view = sounds.Crops([short, long, short], 16)
    assert view.shape == (1 + 85 + 1, 16, 1) and view.sound_of(np.array([0, 1, 85, 86])).tolist() == [0, 1, 1, 2]
    np.testing.assert_array_equal(view[0][:, 0], [*range(1, 11), *[0] * 6])
    for row in (1, 2, 85):
        np.testing.assert_array_equal(view[row][:, 0], np.arange(row, row + 16))
    np.testing.assert_array_equal(view[np.array([[86, 1], [3, 0]])][0, 0], view[0])
    import jax.numpy as jnp

    rows = np.array([0, 7, 85, 86])
    np.testing.assert_array_equal(
        view.gather({k: jnp.asarray(x) for k, x in view.arrays.items()}, jnp.asarray(rows)), view[rows]
    )


def test_damaged_files_are_named_and_counted(folder):
    whole = (folder / "low" / "a.wav").read_bytes()
    (folder / "low" / "a.wav").write_bytes(whole[:300])
    said = r"1 of 3 sounds cannot be read, the first is low/a.wav \(it says 600 values and has 128\)"
    with pytest.raises(BadInput, match=said):
        data.load(str(folder))
    (folder / "low" / "b.flac").write_bytes(b"fLaC" + os.urandom(200))
    (folder / "low" / "empty.wav").write_bytes(b"")
    with pytest.raises(BadInput, match=r"2 of 4 sounds cannot be read, the first is low/b.flac \("):
        data.load(str(folder))
    lines, problems = data.check(str(folder))
    assert problems == ["3 files are damaged: take them out"]
    (listed,) = [line for line in lines if line.startswith("damaged     3")]
    assert listed.count("\n") == 3 and "low/empty.wav (it ends too soon)" in listed and "_io" not in listed
    (folder / "high" / "c.wav").unlink()
    with pytest.raises(BadInput, match=r"3 sound files, none of which can be read, the first is a.wav"):
        data.check(str(folder))


def test_a_header_that_lies_takes_no_memory():
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\0" * 100)
    raw = bytearray(held.getvalue())
    raw[40:44] = (2**30 - 2).to_bytes(4, "little")
    raw[4:8] = (2**30 - 2).to_bytes(4, "little")
    with pytest.raises(OSError, match="it says 536,870,911 values and has 100"):
        sound_files.read(io.BytesIO(bytes(raw)), "a.wav")


def test_what_cannot_be_meant_is_told(folder, tmp_path):
    with pytest.raises(BadInput, match="sounds, not images: remove --resolution"):
        data.load(str(folder), 64)
    with pytest.raises(BadInput, match="GiB at 8000 Hz, and there are"):
        data.load(str(folder), memory=100)
    with pytest.raises(BadInput, match="--split test"):
        data.load(str(folder), split="test")


@pytest.mark.parametrize("said", [0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFF000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_wav_that_came_through_a_pipe_has_the_values_that_it_has(said, channels, tmp_path):
    sound = sine(200, 900, channels=channels)
    write(tmp_path / "a.wav", sound)
    raw = bytearray((tmp_path / "a.wav").read_bytes())
    place = raw.index(b"data") + 4
    raw[4:8] = raw[place : place + 4] = said.to_bytes(4, "little")
    (tmp_path / "a.wav").write_bytes(raw)
    np.testing.assert_array_equal(data.load(str(tmp_path))["audio"][0], sound)
    lines, problems = data.check(str(tmp_path))
    assert "damaged     0" in lines and not problems
    raw[place : place + 4] = (10**6).to_bytes(4, "little")  # not a number that stands for none: it ends too soon
    (tmp_path / "a.wav").write_bytes(raw)
    with pytest.raises(BadInput, match=r"it says [0-9,]+ values and has 900"):
        data.load(str(tmp_path))


def test_sounds_of_one_channel_and_of_two_are_brought_to_either(tmp_path):
    write(tmp_path / "one.wav", sine(200, 900))
    write(tmp_path / "two.wav", sine(200, 900, channels=2))
    for channels, found in ((0, 2), (1, 1), (2, 2)):
        assert data.load(str(tmp_path), channels=channels)["audio"][0].shape == (900, found)
    with pytest.raises(BadInput, match=r"--channels is 3: give 1 \(the mean\), 2 \(stereo\) or 0"):
        data.load(str(tmp_path), channels=3)


def test_a_flac_that_does_not_say_how_long_it_is_is_told(tmp_path):
    soundfile.write(tmp_path / "a.flac", sine(200, 900)[:, 0], 8000)
    raw = bytearray((tmp_path / "a.flac").read_bytes())
    raw[21:26] = bytes([raw[21] & 0xF0, 0, 0, 0, 0])  # of the samples in all
    (tmp_path / "a.flac").write_bytes(raw)
    with pytest.raises(BadInput, match=r"a.flac \(it does not say how many values it has: write it anew"):
        data.load(str(tmp_path))


def test_splits_are_trained_on_and_held_out(folder, tmp_path):
    (tmp_path / "parts").mkdir()
    folder.rename(tmp_path / "parts" / "train")
    write(tmp_path / "parts" / "test" / "low" / "z.wav", sine(100, 600))
    assert data.load(str(tmp_path / "parts"), length=512).size == 3
    assert data.held_out(str(tmp_path / "parts"), length=512).size == 1
    write(tmp_path / "parts" / "test" / "low" / "z.wav", sine(100, 600, rate=4000), rate=4000)
    trained = data.load(str(tmp_path / "parts"))
    held = data.held_out(str(tmp_path / "parts"), like=trained)
    assert held.specs["audio"] == trained.specs["audio"]  # length, channels and rate, not those of its own files
    write(tmp_path / "parts" / "test" / "low" / "y.wav", sine(100, 600))  # of several rates
    assert data.held_out(str(tmp_path / "parts"), like=trained).size == 2


def test_an_archive_has_the_rate_that_is_said(tmp_path):
    np.savez(tmp_path / "x.npz", audio=np.zeros((3, 100), np.int16) + np.arange(100, dtype=np.int16))
    found = data.load(str(tmp_path / "x.npz"), rate=8000, length=64)
    assert found["audio"].shape == (3, 64, 1) and found.specs["audio"].rate == 8000


def test_what_is_synthesised_is_always_the_same_and_of_any_length_and_rate():
    one, two = data.load("tones", length=1024), data.load("tones", length=1024)
    assert one.sha256 == two.sha256 and one["audio"].shape == (2400, 1024, 1) and one.classes == tones.NOTES
    assert one.specs["audio"].rate == tones.RATE == 8000
    assert np.abs(one["audio"]).max() < 0.91 * 2**15 and np.abs(one["audio"]).max(axis=(1, 2)).min() > 0.49 * 2**15
    other = data.load("drums", length=256, rate=4000)
    assert other["audio"].shape == (800, 256, 1) and other.specs["audio"].rate == 4000 and other.classes == tones.DRUMS
    for said, how in (("--rate is 500", {"rate": 500}), ("remove --resolution", {"resolution": 8})):
        with pytest.raises(BadInput, match=said):
            data.load("tones", **how)


def test_held_out_sounds_of_another_rate_are_refused():
    from jaxgan.inference.data import _same

    at = lambda rate: data.load("drums", length=64, rate=rate)
    _same("audio", at(4000).specs["audio"], at(4000))
    with pytest.raises(BadInput, match="the run has audio at 4000 a second, drums at 8000: give such"):
        _same("audio", at(4000).specs["audio"], at(8000))


def test_floats_of_another_range_are_no_sound(tmp_path):
    loud = sine(200, 900)[:, 0].astype(np.float32)
    write(tmp_path / "loud.wav", loud / 15_000, subtype="FLOAT")  # to 1.33
    found = data.load(str(tmp_path / "loud.wav"))["audio"][[0]][0, :, 0].astype(float)
    np.testing.assert_allclose(found, np.clip(loud / 15_000 * 32768, -32768, 32767), atol=1)
    write(tmp_path / "whole.wav", loud, subtype="FLOAT")
    with pytest.raises(BadInput, match=r"its values reach 2\d+, and floats of a sound are of \[-1, 1\]: scale them"):
        data.load(str(tmp_path / "whole.wav"))


@pytest.mark.parametrize("how", [{"format": "RF64"}, {"format": "W64"}, {"format": "FLAC"}])
def test_what_is_called_wav_and_is_not_is_read_as_what_it_is(how, tmp_path):
    write(tmp_path / "a.wav", sine(200, 900)[:, 0], **how)
    np.testing.assert_array_equal(data.load(str(tmp_path / "a.wav"))["audio"][[0]][0], sine(200, 900))


def test_data_check_takes_the_length_and_the_rate_that_a_recipe_asks_for(tmp_path, capsys):
    for i in range(4):
        write(tmp_path / "long" / f"{i}.wav", sine(200, 5000))
    line = ["data", "check", str(tmp_path / "long"), "--recipe", "wavegan"]
    assert main(line) == 2
    advised = shlex.split(re.search("--length [0-9]+", capsys.readouterr().err)[0])
    assert main([*line, *advised]) == 0
    assert f"4 of audio {advised[1]}x1" in (said := capsys.readouterr().out) and "wavegan can take it" in said
    assert main([*line, "--rate", "4000", "--length", "2048"]) == 0
    assert "of audio 2048x1" in capsys.readouterr().out
    assert main(["data", "check", "digits", "--length", "4"]) == 0
    assert "to mend     --length 4 is of what has a time, and digits has images: remove it" in capsys.readouterr().out
