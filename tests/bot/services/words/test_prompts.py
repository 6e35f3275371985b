"""Plain words become the controls that were said, and nothing else."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.services.words.prompts import understand
from bot.services.words.vocabulary import load_vocabulary


def controls(text: str, **wishes):
    return understand(text, **wishes).controls()


def test_the_sentence_of_the_specification():
    """The example that the feature was asked with gives exactly its controls."""
    text = "sad jazz waltz in D minor, piano and upright bass, about 90 bpm, 16 bars, quiet ending"
    assert controls(text) == {
        "genre": "jazz",
        "key": "D minor",
        "tempo": 90,
        "metre": "3/4",
        "bars": 16,
        "instruments": ["piano", "upright bass"],
        "mood": "sad",
        "ending": "quiet",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in a minor", "A minor"),
        ("in a minor key", "minor"),
        ("Bbm", "Bb minor"),
        ("f sharp minor", "F# minor"),
        ("E-flat", "Eb major"),
        ("key: g", "G major"),
        ("C♯ minor", "C# minor"),
        ("a song", None),
        ("I am a fan", None),
        ("plan b", None),
    ],
)
def test_keys_as_people_type_them(text, expected):
    """A letter is a key only where it can be nothing else."""
    assert controls(text).get("key") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90bpm", 90),
        ("between 90 and 100 bpm", 95),
        ("90-100 bpm", 95),
        ("crotchet = 72", 72),
        ("dotted quarter = 80", 120),
        ("one hundred and ten bpm", 110),
        ("tempo 110", 110),
        ("a hundred bpm", 100),
        ("80s pop", None),
        ("8 bars", None),
        ("at 16 bars", None),
    ],
)
def test_tempos_as_people_type_them(text, expected):
    """Tempos are quarter notes a minute, whatever note was counted."""
    assert controls(text).get("tempo") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("half a minute", 30),
        ("a minute and a half", 90),
        ("2 min", 120),
        ("1:30", 90),
        ("1 minute 20 seconds", 80),
        ("30s of drums", 30),
        ("70s rock", None),
    ],
)
def test_lengths_in_time(text, expected):
    """Seconds are counted, decades are not."""
    assert controls(text).get("seconds") == expected


@pytest.mark.parametrize(
    ("text", "wanted", "refused"),
    [
        ("no drums", [], ["drums"]),
        ("drums only", ["drums"], []),
        ("without drums, piano and bass", ["piano", "bass"], ["drums"]),
        ("no drums, bass or brass, harp", ["harp"], ["drums", "bass", "brass"]),
        ("no bass and no guitar just harp", ["harp"], ["bass", "guitar"]),
        ("strings instead of piano", ["strings"], ["piano"]),
        ("don't use drums. piano", ["piano"], ["drums"]),
        ("piano, vocals not needed", ["piano"], ["vocals"]),
    ],
)
def test_refusals_reach_as_far_as_they_are_meant(text, wanted, refused):
    """ "No" covers what is joined to it and ends at the next wish."""
    found = controls(text)
    assert (found.get("instruments", []), found.get("exclude_instruments", [])) == (wanted, refused)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("no drums, only drums", "drums"),
        ("fast and slow", "tempos"),
        ("8 bars, 16 bars", "numbers of bars"),
        ("C major and D minor", "keys"),
        ("a waltz in 4/4", "metres"),
        ("happy and sad", "moods"),
    ],
)
def test_contradictions_are_told_and_not_decided(text, named):
    """Two wishes that exclude each other leave the control free and are named."""
    understood = understand(text)
    assert named in " ".join(each.sentence for each in understood.contradictions)
    assert understood.controls() == {}


def test_a_number_wins_over_a_word():
    """ "Slow, 150 bpm" is 150."""
    assert controls("slow, 150 bpm")["tempo"] == 150


def test_slips_of_the_finger_are_forgiven_and_quoted():
    """The echo shows the words as they were typed."""
    understood = understand("jaz wlatz in d minro w/ pinao")
    assert understood.controls() == {"genre": "jazz", "metre": "3/4", "key": "D minor", "instruments": ["piano"]}
    assert {"jaz", "wlatz", "d minro", "pinao"} <= {echo.words for echo in understood.echoes}


def test_unknown_words_are_told():
    """What is not understood is named, words that carry no wish are not."""
    assert understand("please make a song about my dog, like Radiohead").not_understood == ("dog", "Radiohead")


def test_a_mode_that_we_do_not_know_becomes_the_nearer_one_and_says_so():
    """Dorian is read as minor, with a remark."""
    understood = understand("D dorian")
    assert understood.key == "D minor"
    assert understood.remarks


def test_comparisons_need_something_to_compare_with():
    """ "Slower" alone means nothing; with the last one, or in a reply, it does."""
    assert "changes" not in controls("slower")
    assert controls("like the last one but slower") == {"like": "last", "changes": ["slower"]}
    assert controls("slower", takes_changes=True) == {"changes": ["slower"]}


def test_reading_takes_no_time():
    """A prompt takes less than 5 ms of this thread's own time (the best of five: a busy machine does not count)."""
    text = "sad jazz waltz in D minor, piano and uprigth bass, about 90 bpm, 16 bars, qwertyui asdfgh, quiet ending"
    understand(text)
    seconds: list[float] = []
    for _ in range(5):
        started = time.thread_time()
        understand(text)
        seconds.append(time.thread_time() - started)
    assert min(seconds) < 0.005


_WORDS = sorted({word for phrase in load_vocabulary().senses for word in phrase} | {"90", "bpm", "in", "a", "b", "no"})


@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(_WORDS), max_size=15).map(" ".join)))
@settings(max_examples=150, deadline=None)
def test_no_text_breaks_it_and_every_control_has_its_words(text):
    """Whatever is typed, reading ends, and each control is backed by words that are in the text."""
    understood = understand(text)
    quoted = [words for echo in understood.echoes for words in echo.words.split(", ")]
    assert all(words in text for words in quoted)
    assert len(understood.echoes) >= len(set(understood.controls()) - {"blend"}) - len(understood.changes)
    if not any(character.isalnum() for character in text):
        assert not set(understood.controls()) - {"instruments", "exclude_instruments"}


@given(st.text(alphabet=st.characters(categories=["Ll", "Zs"]), max_size=80))
@settings(max_examples=80, deadline=None)
def test_words_of_no_meaning_give_no_controls(text):
    """Taking every known word out of a text leaves nothing to understand."""
    known = set(_WORDS) | set(load_vocabulary().filler)
    unknown = " ".join(f"zq{word}zq" for word in text.split() if word not in known)
    assert understand(unknown).controls() == {}


def test_a_band_may_come_without_one_of_its_members():
    """ "Jazz trio without drums" is no contradiction: the others play."""
    understood = understand("jazz piano trio without drums")
    assert understood.contradictions == ()
    assert understood.instruments == ("piano", "upright bass")
    assert understood.exclude_instruments == ("drums",)


def test_a_refusal_may_stand_around_what_it_refuses():
    """ "Leave bass and drums out" refuses both; "take me out" refuses nothing."""
    assert controls("piano, leave bass and drums out") == {
        "instruments": ["piano"],
        "exclude_instruments": ["bass", "drums"],
    }
    assert controls("take me out") == {}
