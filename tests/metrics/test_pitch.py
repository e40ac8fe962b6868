"""Pitches of tones that are known, of noise and silence; how sets of them lie apart."""

import numpy as np
import pytest

from jaxgan import BadInput
from jaxgan.data.sources import tones
from jaxgan.metrics.pitch import Pitch, cents, cents_to_nearest, histogram_distance, pitch
from jaxgan.metrics.protocol import Protocol
from jaxgan.metrics.records import pitch as record
from jaxgan.metrics.records.record import EvalContext

RATE = 8000.0
TIME = np.arange(4096) / RATE
DRAW = np.random.default_rng(0)


def sung(hertz, harmonics=6, decay=0.3):
    """A decaying tone of these hertz, its harmonics in any phase."""
    order = np.arange(1, harmonics + 1)[:, None]
    order = order[order[:, 0] * hertz < RATE / 2]
    waves = np.sin(2 * np.pi * order * hertz * TIME + DRAW.uniform(0, 6, (len(order), 1))) / order
    return (waves.sum(0) * np.exp(-TIME / decay) * 8000).astype(np.int16)[:, None]


@pytest.mark.parametrize("harmonics", [1, 6])
def test_a_pitch_is_found_within_a_cent(harmonics):
    hertz = np.array([55.0, 82.4, 110.0, 261.63, 333.3, 440.0, 493.88, 700.0, 987.8])
    found = pitch(np.stack([sung(f, harmonics) for f in hertz]), RATE)
    assert np.abs(cents(found.hertz, hertz)).max() < 1 and found.clear.all()


@pytest.mark.parametrize("harmonics", [3, 6, 12])
def test_a_high_pitch_whose_period_lies_between_values_is_not_told_an_octave_lower(harmonics):
    hertz = np.linspace(130, 998, 300)
    found = pitch(np.stack([sung(f, harmonics, decay=10) for f in hertz]), RATE)
    assert np.abs(cents(found.hertz, hertz)).max() < 1 and found.clear.all()


def test_a_missing_fundamental_is_heard():
    wave = sum(np.sin(2 * np.pi * 200 * k * TIME) for k in (2, 3, 4, 5))[None, :, None]
    assert abs(cents(pitch(wave, RATE).hertz, 200)[0]) < 1


@pytest.mark.parametrize("drift", [0.3 * TIME, 5 * TIME, -9 * TIME, np.sin(2 * np.pi * TIME)])
def test_a_slow_drift_hides_no_pitch(drift):
    for hertz in (110.0, 261.63, 700.0):
        found = pitch((np.sin(2 * np.pi * hertz * TIME) + drift)[None, :, None], RATE)
        assert abs(cents(found.hertz, hertz)[0]) < 1 and found.clear.all()


def test_noise_and_silence_have_no_pitch_and_a_tone_in_noise_has_less_of_one():
    noise = DRAW.uniform(-1, 1, (50, 4096, 1))
    assert pitch(noise, RATE).clarity.max() < 0.3 and not pitch(np.zeros((2, 4096, 1)), RATE).clear.any()
    tone = np.sin(2 * np.pi * 300 * TIME)[None, :, None]
    clarity = [pitch(tone + share * noise[:1], RATE).clarity[0] for share in (0, 0.3, 1, 3)]
    assert sorted(clarity, reverse=True) == clarity and clarity[0] > 0.99


@pytest.mark.parametrize(
    "wave",
    [
        np.sin(2 * np.pi * 8 * np.arange(4096) / 44_100) * 2e4,  # a tenth of a period
        np.sin(2 * np.pi * 12 * np.arange(4096) / 44_100) * 2e4,
        np.exp(-np.arange(16_384) / 8000),
        np.arange(16_384.0),
        np.linspace(0, 1, 16_384),  # whose rounding is alike here and there
        np.linspace(0, 1, 16_384, dtype=np.float32),
        np.linspace(3, 103, 16_384).astype(np.int16),
        np.arange(64.0) ** 2,
        np.full(4096, 0.1),
        np.where(np.arange(4096) < 3, 1.0, 0.0),  # whose highest hill is below 0
    ],
    ids=["8 Hz", "12 Hz", "decay", "ramp", "rounded", "single", "whole", "few", "constant", "click"],
)
def test_what_does_not_come_again_has_no_pitch(wave):
    found = pitch(wave[None, :, None], 44_100)
    assert found.clarity[0] == 0 and np.isnan(found.hertz[0]) and not found.clear[0]


def test_walks_at_random_have_no_pitch_and_never_one_out_of_range():
    walks = np.random.default_rng(0).normal(size=(200, 4096, 1)).cumsum(1)
    found = pitch(walks, 16_000)
    known = found.hertz[found.clarity > 0]
    assert not found.clear.any() and len(known) and ((known > 15) & (known < 2200)).all()
    assert np.isfinite(histogram_distance(found, pitch(sung(300)[None], RATE)))


def test_a_pitch_above_the_range_is_not_told_an_octave_lower():
    hertz = np.linspace(1080, 3990, 60)  # of a period of 7.4 values and less
    waves = np.sin(2 * np.pi * hertz[:, None] * TIME + DRAW.uniform(0, 6, (60, 1)))[..., None]
    assert not pitch(waves, RATE).clear.any()
    for rate in (8000, 16_000):
        assert not pitch(np.sin(2 * np.pi * 5000 * np.arange(4096) / rate)[None, :, None], rate).clear.any()
    slow = np.sin(2 * np.pi * np.array([[7.82], [995.0]]) * np.arange(8192) / RATE)[..., None]  # the ends of the range
    assert np.abs(cents(pitch(slow, RATE).hertz, [7.82, 995.0])).max() < 1


def test_the_rate_scales_the_pitch_and_stereo_is_its_mean():
    one = sung(300)[None]
    assert pitch(one, 2 * RATE).hertz == pytest.approx(2 * pitch(one, RATE).hertz)
    np.testing.assert_allclose(pitch(np.repeat(one, 2, -1), RATE).hertz, pitch(one, RATE).hertz)


def test_notes_that_are_synthesised_have_the_pitch_that_they_are_called():
    draw = np.random.RandomState(1)
    x = np.stack([tones.tone(note, 4096, RATE, draw) for note in range(12)])[..., None]
    assert np.abs(cents(pitch(x, RATE).hertz, tones.PITCHES)).max() < 1
    assert tones.PITCHES[9] == 440 and cents(tones.PITCHES[3], tones.PITCHES[2]) == pytest.approx(100)


def test_cents_to_the_nearest():
    np.testing.assert_allclose(cents_to_nearest([440, 450, 100], [440, 460]), [0, 38.05, 2565.0], atol=0.01)
    np.testing.assert_allclose(cents_to_nearest([440.0], [220.0]), [1200])
    assert np.isinf(cents_to_nearest([440], [])).all()


def test_the_histogram_distance_is_the_share_that_lies_elsewhere():
    of = lambda *hertz: Pitch(np.array(hertz, float), np.ones(len(hertz)))
    assert histogram_distance(of(440, 880), of(441, 880)) == 0
    assert histogram_distance(of(440, 880), of(440, 440)) == 0.5
    assert histogram_distance(of(440), Pitch(np.array([440.0]), np.zeros(1))) == 1  # no clear pitch is a bin of its own


def test_the_record_says_what_is_in_tune_and_what_was_asked_for():
    class Seen:
        def __init__(self, *hertz, label=()):
            self.samples = np.stack([sung(f) for f in hertz])
            self.features, self.label = self.samples[:, :, 0], np.array(label)

    real = Seen(440, 440, 880, 880, label=(0, 0, 1, 1))
    made = Seen(441, 880, 883, 600, label=(0, 0, 1, 1))
    context = EvalContext(Protocol("", 0, "", ""), None, "audio", ("a", "b"), True, rate=RATE)
    assert record.needs(context, real, made) and not record.needs(context._replace(modality="image"), real, made)
    values = {name: one.value for name, one in record.measure(context, real, made).items()}
    assert values["pitched"] == 1 and values["in_tune"] == 0.75 and values["asked_pitch"] == 0.5
    assert values["pitch_error"] == pytest.approx((3.93 + 5.89) / 2, abs=0.5) and values["pitch_histogram"] == 0.25
    halves = record.measure(context, real, real)
    assert "asked_pitch" not in halves and halves["pitch_histogram"].value == 0


def test_halves_of_real_sounds_are_not_compared_with_themselves():
    class Seen:
        samples = np.stack(
            [sung(f) for f in (440, 445, 600, 660, 880, 882)]
        )  # of both halves, as `Features.part` has it
        features = samples[:, :, 0]

    context = EvalContext(Protocol("", 0, "", ""), modality="audio", rate=RATE)
    found = record.measure(context, Seen(), Seen())
    assert found["pitched"].value == 1 and found["in_tune"].value == pytest.approx(2 / 3)
    assert found["pitch_error"].value == pytest.approx(19.56, abs=0.1)
    assert found["pitch_histogram"].value == pytest.approx(1 / 3)
    assert all((one.samples, one.real) == (3, 3) for one in found.values())


def test_what_has_no_pitch_is_told():
    for x, rate in ((np.zeros((2, 4096)), RATE), (np.zeros((2, 20, 1)), RATE), (np.zeros((2, 4096, 1)), 0)):
        with pytest.raises(BadInput, match="sounds are float64"):
            pitch(x, rate)
