"""Samples as a sound file that fits. It knows nothing of pieces.

Ogg Opus is the default, because Discord plays it in place. Files over the size limit step down in bit rate, then in
format, then in length.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import soundfile

from core.errors import RenderError
from media.protocol import AudioFormat
from media.synth import SAMPLE_RATE_HZ, Samples

_CONTAINERS: dict[AudioFormat, tuple[str, str]] = {
    "ogg": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "flac": ("FLAC", "PCM_16"),
    "wav": ("WAV", "PCM_16"),
}
_COMPRESSION_LEVELS: dict[AudioFormat, tuple[float | None, ...]] = {
    "ogg": (0.8, 0.87, 0.94),  # about 105, 65 and 30 kbit/s
    "mp3": (0.0, 0.3, 0.6, 0.9),  # about 320, 230, 150 and 65 kbit/s
    "flac": (None,),
    "wav": (None,),
}
_NEXT: dict[AudioFormat, AudioFormat] = {"wav": "flac", "flac": "mp3"}
"""What a format steps down to before anything is cut off."""
_CHUNK_FRAMES = SAMPLE_RATE_HZ  # libsndfile ended the process on one long Ogg write; a second at a time is safe
_MIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedAudio:
    """A sound file that keeps the size limit."""

    data: bytes
    audio_format: AudioFormat  # the one asked for, or one that it stepped down to
    duration_seconds: float
    is_shortened: bool


def encode_audio(samples: Samples, *, audio_format: AudioFormat, size_limit_bytes: int) -> EncodedAudio:
    """Return the best encoding of the sound within ``size_limit_bytes``: bit rate steps down first, then the format
    (WAV, FLAC, MP3), then the length.

    Raises:
        RenderError: if not even five seconds fit, or the encoder fails.
    """
    data = b""
    for level in _COMPRESSION_LEVELS[audio_format]:
        data = write_audio(samples, audio_format=audio_format, compression_level=level)
        if len(data) <= size_limit_bytes:
            return EncodedAudio(
                data=data,
                audio_format=audio_format,
                duration_seconds=len(samples) / SAMPLE_RATE_HZ,
                is_shortened=False,
            )
    if audio_format in _NEXT:
        return encode_audio(samples, audio_format=_NEXT[audio_format], size_limit_bytes=size_limit_bytes)
    return _encode_shorter(samples, num_bytes=len(data), audio_format=audio_format, size_limit_bytes=size_limit_bytes)


def _encode_shorter(
    samples: Samples, *, num_bytes: int, audio_format: AudioFormat, size_limit_bytes: int
) -> EncodedAudio:
    """Return as much of the sound as fits, at the lowest bit rate; ``num_bytes``: what all of it would take."""
    num_frames = len(samples)
    level = _COMPRESSION_LEVELS[audio_format][-1]
    while True:
        num_frames = int(num_frames * min(0.9, 0.95 * size_limit_bytes / max(num_bytes, 1)))
        if num_frames < _MIN_SECONDS * SAMPLE_RATE_HZ:
            raise RenderError(f"No {audio_format} file of {size_limit_bytes} bytes can hold this piece")
        data = write_audio(_fade_out(samples[:num_frames]), audio_format=audio_format, compression_level=level)
        num_bytes = len(data)
        if num_bytes <= size_limit_bytes:
            return EncodedAudio(
                data=data,
                audio_format=audio_format,
                duration_seconds=num_frames / SAMPLE_RATE_HZ,
                is_shortened=True,
            )


def write_audio(samples: Samples, *, audio_format: AudioFormat, compression_level: float | None = None) -> bytes:
    """Return the sound as a file; ``compression_level`` runs from 0 (large) to 1 (small)."""
    container, subtype = _CONTAINERS[audio_format]
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(
            buffer,
            "w",
            samplerate=SAMPLE_RATE_HZ,
            channels=2,
            format=container,
            subtype=subtype,
            compression_level=compression_level,
        ) as file:
            for start in range(0, len(samples), _CHUNK_FRAMES):
                file.write(samples[start : start + _CHUNK_FRAMES])
    except (soundfile.SoundFileError, TypeError) as error:
        raise RenderError(f"The sound could not be written as {audio_format}") from error
    return buffer.getvalue()


def _fade_out(samples: Samples) -> Samples:
    faded = samples.copy()
    num_faded = min(len(faded), SAMPLE_RATE_HZ)
    faded[len(faded) - num_faded :] *= np.linspace(1.0, 0.0, num_faded, dtype=np.float32)[:, None]
    return faded
