"""What models of speech make of a recording, as mathematics: spectra, bands of pitch, convolutions, parts."""

import io
import itertools
import wave

import numpy as np
import pytest

from lstm_sym.shipped import sound
from lstm_sym.shipped.convolution import convolved
from lstm_sym.shipped.models.resemblyzer import COVERED, HOP, PART, louder, mel_spectrum, starts, unit


def test_a_spectrum_is_that_of_a_window_about_each_step():
    x = np.random.default_rng(0).standard_normal(1000)
    found = sound.power_spectrum(x, 400, 160)
    assert found.shape == (1 + 1000 // 160, 201)
    hann = np.sin(np.pi * np.arange(400) / 400) ** 2
    at = 3 * 160
    np.testing.assert_allclose(found[3], np.abs(np.fft.rfft(x[at - 200 : at + 200] * hann)) ** 2, rtol=1e-12)
    padded = np.concatenate([np.zeros(200), x[:200]])
    np.testing.assert_allclose(found[0], np.abs(np.fft.rfft(padded * hann)) ** 2, rtol=1e-12)


def test_the_bands_of_pitch_are_triangles_of_area_1():
    bands = sound.mel_filters(40, 4000)
    hertz = np.fft.rfftfreq(4000, 1 / sound.RATE)
    centres = hertz[bands.argmax(axis=1)]
    assert bands.shape == (40, 2001) and (bands >= 0).all() and (np.diff(centres) > 0).all()
    np.testing.assert_allclose(bands.sum(axis=1) * hertz[1], 1, rtol=1e-2)
    below = np.diff(centres[centres < 1000])
    np.testing.assert_allclose(below, below.mean(), atol=2 * hertz[1])  # linear below 1 kHz
    above = np.diff(np.log(centres[centres > 1100]))
    np.testing.assert_allclose(above, above.mean(), rtol=0.1)  # and logarithmic above
    for row, following in itertools.pairwise(bands):
        assert row[following > 0].any(), "neighbours overlap"


def test_a_tone_is_loudest_in_the_band_about_it():
    bands = sound.mel_filters(40, 400)
    tone = np.sin(2 * np.pi * 1500 * np.arange(8000) / sound.RATE).astype(np.float32)
    loudest = mel_spectrum(tone)[20].argmax()
    assert bands[loudest, round(1500 / 40)] == bands[:, round(1500 / 40)].max()


@pytest.mark.parametrize("kind", ["wav", "bare"])
def test_samples_are_parts_of_full_scale(kind):
    numbers = np.array([0, 16384, -32768, 32767], "<i2")
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.RATE)
        file.writeframes(numbers.tobytes())
    found = sound.samples(data.getvalue() if kind == "wav" else numbers.tobytes(), "a")
    assert found.dtype == np.float32
    assert found.tolist() == [0, 0.5, -1, 32767 / 32768]


@pytest.mark.parametrize("stride", [1, 2])
def test_a_convolution_is_its_sum(stride):
    rng = np.random.default_rng(0)
    x, kernel, bias = rng.standard_normal((2, 3, 7)), rng.standard_normal((4, 3, 3)), rng.standard_normal(4)
    found = convolved(x, kernel, bias, stride)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1)))
    wanted = [
        [[np.sum(kernel[m] * padded[b, :, t : t + 3]) + bias[m] for t in range(0, 7, stride)] for m in range(4)]
        for b in range(2)
    ]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_a_quiet_recording_is_made_louder_and_a_loud_one_left():
    x = np.sin(np.arange(16000) / 7).astype(np.float32)
    level = 10 * np.log10(np.mean(louder(0.001 * x) ** 2))
    assert level == pytest.approx(-30, abs=1e-3)
    np.testing.assert_array_equal(louder(x), x)


@pytest.mark.parametrize("seconds", [0.5, 1.6, 2.0, 2.78, 7.1])
def test_the_parts_of_a_recording_are_within_it(seconds):
    count = round(seconds * sound.RATE)
    found = starts(count)
    assert found[0] == 0 and set(np.diff(found)) <= {77}
    last = (count - found[-1] * HOP) / (PART * HOP)
    assert len(found) == 1 or last >= COVERED
    assert last < 1 + 2 * 77 / PART  # no further part would have fitted in


def test_a_unit_vector_has_length_1():
    found = unit(np.array([[3.0, 4.0], [0.0, 2.0]]))
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 1]])
