"""A short clip of one voice, sung, hummed, whistled or played -> the notes of its melody. Runs inside a media worker.

Pitch is found by YIN (de Cheveigné and Kawahara, 2002, "YIN, a fundamental frequency estimator for speech and music", JASA 111): the
difference function by FFT, cumulative mean normalization, the first dip below a threshold, parabolic interpolation. Notes are stretches of
steady pitch, cut where the voice pauses, moves to another semitone, or is struck anew. It guesses no metre.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soundfile
from scipy.ndimage import median_filter
from scipy.signal import resample_poly

from core.errors import InputError, NoMusicError, UploadTooLargeError
from music.piece import DEFAULT_TICKS_PER_QUARTER, Note, Piece, Tempo, Track

Floats = npt.NDArray[np.float64]

MAX_SECONDS = 60
RATE_HZ = 16_000
HOP_FRAMES = 160
"""Ten milliseconds."""

_WINDOW_FRAMES = 1024
_LOWEST_HZ, _HIGHEST_HZ = 65.0, 1600.0
_APERIODICITY = 0.18
_QUIET_DB = 38.0  # below the loudest: breath and room
_SHORTEST_HOPS = 7
_SHORTEST_PAUSE_SECONDS = 0.03
_NEW_STROKE_DB, _DIP_DB = 7.0, 4.5
_STROKE_HOPS = 6  # a stroke rises fast, a tremolo slowly
_SMOOTHED_HOPS = 7
_CLIP_TEMPO_BPM = 120.0
_MIN_NOTES = 2
_SILENT = -1000


@dataclass(frozen=True, slots=True)
class _Voice:
    """Hop by hop: pitch in semitones (MIDI, NaN where there is none) and level in decibels."""

    pitch: Floats
    level_db: Floats


def looks_like_sound(data: bytes) -> bool:
    """Return whether a file is Ogg, FLAC, WAVE, AIFF or MP3, by its first bytes."""
    is_wave = data[:4] == b"RIFF" and data[8:12] == b"WAVE"
    is_mp3 = data[:3] == b"ID3" or (data[:1] == b"\xff" and len(data) > 1 and data[1] & 0xE0 == 0xE0)
    return is_wave or is_mp3 or data[:4] in (b"OggS", b"fLaC", b"FORM")


def transcribe(data: bytes, *, max_seconds: float = MAX_SECONDS) -> Piece:
    """Return the melody in a sound file as one track, in the clip's own time at 120 quarters a minute.

    Raises:
        InputError: if it is no sound file that we read.
        UploadTooLargeError: if it is longer than ``max_seconds``.
        NoMusicError: if no melody can be heard in it.
    """
    samples = _read(data, max_seconds=max_seconds)
    voice = _follow(samples)
    notes = _cut_notes(voice)
    if len(notes) < _MIN_NOTES:
        raise NoMusicError("I hear no melody in this clip. Sing, hum or play one voice alone, close to the microphone.")
    first_ticks = notes[0].onset_ticks
    line = tuple(note._replace(onset_ticks=note.onset_ticks - first_ticks) for note in notes)
    return Piece(tracks=(Track(notes=line, name="Melody"),), tempos=(Tempo(0, _CLIP_TEMPO_BPM),))


def _read(data: bytes, *, max_seconds: float) -> Floats:
    """Return one channel at ``RATE_HZ``."""
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.frames > max_seconds * file.samplerate:
                raise UploadTooLargeError(what="seconds of sound", limit=round(max_seconds))
            samples = file.read(dtype="float64", always_2d=True, frames=int(max_seconds * file.samplerate) + 1)
            rate_hz = int(file.samplerate)
    except (soundfile.SoundFileError, ValueError) as error:
        raise InputError("I cannot read this sound file. Send Ogg, MP3, FLAC or WAV.") from error
    if not np.isfinite(samples).all() or rate_hz < 4000:
        raise InputError("I cannot read this sound file. Send Ogg, MP3, FLAC or WAV.")
    divisor = int(np.gcd(RATE_HZ, rate_hz))
    return np.asarray(resample_poly(samples.mean(axis=1), RATE_HZ // divisor, rate_hz // divisor), dtype=np.float64)


def _follow(samples: Floats) -> _Voice:
    """Return pitch and level of every hop."""
    padded = np.pad(samples, (0, 2 * _WINDOW_FRAMES))
    starts = np.arange(0, max(len(samples), 1), HOP_FRAMES)
    frames = padded[starts[:, None] + np.arange(2 * _WINDOW_FRAMES)[None, :]]
    power = np.mean(frames[:, :_WINDOW_FRAMES] ** 2, axis=1)
    level_db = 10 * np.log10(np.maximum(power, 1e-12))
    pitch = np.concatenate([_yin(part) for part in np.array_split(frames, max(len(frames) // 500, 1))])
    is_quiet = level_db < level_db.max(initial=-120.0) - _QUIET_DB
    pitch[is_quiet] = np.nan
    return _Voice(pitch=pitch, level_db=level_db)


def _yin(frames: Floats) -> Floats:
    """Return the pitch of each frame (N, 2 W) in semitones, NaN where it is not periodic. Equations as in the paper."""
    longest = int(RATE_HZ / _LOWEST_HZ)
    shortest = int(RATE_HZ / _HIGHEST_HZ)
    window = frames[:, :_WINDOW_FRAMES]
    size = 4 * _WINDOW_FRAMES
    spectrum = np.fft.rfft(frames, size)
    products = np.fft.irfft(spectrum * np.conj(np.fft.rfft(window, size)), size)[:, : longest + 2]
    energy = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), axis=1)
    lags = np.arange(longest + 2)
    shifted = energy[:, lags + _WINDOW_FRAMES] - energy[:, lags]
    difference = np.maximum(shifted[:, :1] + shifted - 2 * products, 0.0)  # equation 7
    mean = np.cumsum(difference[:, 1:], axis=1) / lags[1:]
    normal = np.ones_like(difference)
    normal[:, 1:] = difference[:, 1:] / np.maximum(mean, 1e-12)  # equation 8

    inner = normal[:, 1:-1]
    is_dip = (inner <= normal[:, :-2]) & (inner < normal[:, 2:]) & (lags[1:-1] >= shortest)
    is_found = is_dip & (inner < _APERIODICITY)
    first = is_found.argmax(axis=1) + 1
    rows = np.arange(len(frames))
    before, here, after = normal[rows, first - 1], normal[rows, first], normal[rows, first + 1]
    curve = before - 2 * here + after
    lag = first + np.where(curve > 0, 0.5 * (before - after) / np.where(curve > 0, curve, 1.0), 0.0)
    return np.where(is_found.any(axis=1), 69 + 12 * np.log2(RATE_HZ / lag / 440.0), np.nan)


def _cut_notes(voice: _Voice) -> list[Note]:
    """Return the steady stretches as notes; pitches are rounded after taking out how far the voice is off concert pitch."""
    pitch = _bridge_gaps(voice.pitch)
    voiced = ~np.isnan(pitch)
    if not voiced.any():
        return []
    filled = np.where(voiced, pitch, 0.0)
    smooth = np.where(voiced, median_filter(filled, size=_SMOOTHED_HOPS), np.nan)
    smooth[voiced & (smooth == 0.0)] = pitch[voiced & (smooth == 0.0)]
    turns = np.exp(2j * np.pi * smooth[voiced])
    offset = float(np.angle(turns.mean()) / (2 * np.pi))
    labels = np.where(voiced, np.round(np.where(voiced, smooth, 0.0) - offset), _SILENT).astype(np.int64)
    notes: list[Note] = []
    loudest = float(voice.level_db[voiced].max())
    for start, stop, number in _stretches(labels, voice.level_db):
        velocity = int(np.clip(96 + 2 * (float(voice.level_db[start:stop].max()) - loudest), 40, 110))
        onset, end = _ticks(start), _ticks(stop)
        if 0 <= number <= 127 and end > onset:
            notes.append(Note(onset, number, end - onset, velocity))
    return notes


def _bridge_gaps(pitch: Floats) -> Floats:
    """Return the pitch with pauses too short to be any filled from the left."""
    bridged = pitch.copy()
    longest = round(_SHORTEST_PAUSE_SECONDS * RATE_HZ / HOP_FRAMES)
    silent = np.isnan(pitch)
    index = 0
    while index < len(pitch):
        if not silent[index]:
            index += 1
            continue
        stop = index
        while stop < len(pitch) and silent[stop]:
            stop += 1
        if index > 0 and stop < len(pitch) and stop - index <= longest and abs(pitch[stop] - pitch[index - 1]) < 1:
            bridged[index:stop] = pitch[index - 1]
        index = stop
    return bridged


def _stretches(labels: npt.NDArray[np.int64], level_db: Floats) -> list[tuple[int, int, int]]:
    """Return (start, stop, pitch) of steady stretches, in hops. What is too short to be a note is a glide to the next one."""
    runs = _runs(labels)
    steady: list[tuple[int, int, int]] = []
    glide = -1
    for start, stop, number in runs:
        if number == _SILENT:
            glide = -1
        elif (stop - start) < _SHORTEST_HOPS:
            glide = start if glide < 0 else glide
        elif steady and steady[-1][2] == number and steady[-1][1] >= (start if glide < 0 else glide):
            steady[-1] = (steady[-1][0], stop, number)  # it left its pitch for a moment only
            glide = -1
        else:
            steady.append((start if glide < 0 else glide, stop, number))
            glide = -1
    return [
        (first, last, number)
        for start, stop, number in steady
        for first, last in itertools.pairwise([start, *_strokes(level_db, start, stop), stop])
    ]


def _runs(labels: npt.NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Return (start, stop, label) of equal neighbours."""
    borders = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), len(labels)]
    return [(start, stop, int(labels[start])) for start, stop in itertools.pairwise(borders) if stop > start]


def _strokes(level_db: Floats, start: int, stop: int) -> list[int]:
    """Return where a tone is struck again without a pause: where its level rises at once."""
    found: list[int] = []
    last = start
    for hop in range(start + _SHORTEST_HOPS, stop - _SHORTEST_HOPS):
        here = float(level_db[hop])
        is_lowest = here <= float(level_db[hop - 4 : hop + 5].min())
        rise_db = float(level_db[hop : hop + _STROKE_HOPS].max()) - here
        fall_db = float(level_db[max(hop - _STROKE_HOPS, last) : hop].max()) - here
        is_struck = rise_db > _NEW_STROKE_DB or (rise_db > _DIP_DB and fall_db > _DIP_DB)
        if is_lowest and hop - last >= _SHORTEST_HOPS and is_struck:
            found.append(hop)
            last = hop
    return found


def _ticks(hop: int) -> int:
    seconds = hop * HOP_FRAMES / RATE_HZ
    return round(seconds * _CLIP_TEMPO_BPM / 60 * DEFAULT_TICKS_PER_QUARTER)
