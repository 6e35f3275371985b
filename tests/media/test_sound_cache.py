"""Sounds are given out again only where nothing better would be made."""

from msgspec.structs import replace

from media.protocol import Render, Rendering
from media.sound_cache import SoundCache
from tests.media.bands import make_band

REQUEST = Render(piece=make_band(), audio_format="ogg", size_limit_bytes=1000, max_seconds=60.0, soundfont="a.sf2")


def sound(num_bytes=400, *, is_shortened=False):
    return Rendering(
        audio=b"x" * num_bytes,
        filename_suffix=".ogg",
        duration_seconds=1.0,
        loudness_lufs=-16.0,
        is_shortened=is_shortened,
    )


def test_the_same_request_is_answered_again():
    cache = SoundCache()
    assert cache.find(REQUEST) is None
    cache.keep(REQUEST, sound())
    assert cache.find(REQUEST) == sound()
    assert cache.find(replace(REQUEST, size_limit_bytes=5000)) == sound()


def test_other_music_and_other_settings_sound_otherwise():
    cache = SoundCache()
    cache.keep(REQUEST, sound())
    assert cache.find(replace(REQUEST, piece=make_band(5))) is None
    assert cache.find(replace(REQUEST, soundfont="b.sf2")) is None
    assert cache.find(replace(REQUEST, audio_format="mp3")) is None


def test_what_does_not_fit_is_not_given_out():
    cache = SoundCache()
    cache.keep(REQUEST, sound(400))
    assert cache.find(replace(REQUEST, size_limit_bytes=399)) is None


def test_quality_that_was_stepped_down_is_not_given_to_whoever_has_more_room():
    cache = SoundCache()
    cache.keep(REQUEST, sound(900))
    assert cache.find(REQUEST) is not None
    assert cache.find(replace(REQUEST, size_limit_bytes=5000)) is None
    cache.keep(REQUEST, sound(10, is_shortened=True))
    assert cache.find(replace(REQUEST, size_limit_bytes=5000)) is None


def test_beginnings_are_not_kept():
    """They continue in the synthesizer, not here."""
    cache = SoundCache()
    beginning = replace(REQUEST, stop_ticks=480)
    cache.keep(beginning, sound())
    assert cache.find(beginning) is None


def test_the_oldest_sounds_give_way():
    cache = SoundCache(max_bytes=1000)
    requests = [replace(REQUEST, soundfont=f"{number}.sf2") for number in range(3)]
    for request in requests:
        cache.keep(request, sound(400))
    assert [cache.find(request) is not None for request in requests] == [False, True, True]
    cache.find(requests[1])
    cache.keep(REQUEST, sound(400))
    assert [cache.find(request) is not None for request in requests] == [False, True, False]
    cache.keep(requests[0], sound(2000))
    assert cache.find(requests[0]) is None


def test_a_cache_without_room_keeps_nothing():
    """`TUTTI_SOUND_CACHE_BYTES=0`: every sound is made again."""
    cache = SoundCache(max_bytes=0)
    cache.keep(REQUEST, sound(1))
    assert cache.find(REQUEST) is None
