"""Plans out of wishes: length, form, key, band, chords; the same seed gives the same plan."""

import pytest

from core.errors import InputError
from music.forms.plan import check_form
from music.forms.planning import FormWishes, plan_form
from music.forms.table import GENRE_FORMS
from music.names import parse_key
from music.piece import DRUM_PROGRAM


@pytest.mark.parametrize("genre", GENRE_FORMS)
@pytest.mark.parametrize("seconds", [60.0, 240.0])
@pytest.mark.parametrize("tempo_bpm", [None, 97.0])
def test_a_song_is_as_long_as_asked(genre, seconds, tempo_bpm):
    """Within 5 percent, whatever the genre, also at a tempo that was asked for."""
    plan = plan_form(FormWishes(genre=genre, seconds=seconds, tempo_bpm=tempo_bpm), seed=1)
    assert abs(plan.duration_seconds - seconds) <= 0.05 * seconds
    assert tempo_bpm in {None, plan.tempo_bpm}


def test_bars_are_met_and_win_over_seconds():
    """48 bars of pop."""
    assert abs(plan_form(FormWishes(genre="pop", num_bars=48, seconds=20.0), seed=1).num_bars - 48) <= 2


def test_the_same_seed_gives_the_same_plan():
    """And another one another."""
    plans = [plan_form(FormWishes(genre="rock"), seed=seed) for seed in (1, 1, 2)]
    assert plans[0] == plans[1] != plans[2]


def test_what_is_asked_is_in_the_plan():
    """Key, metre, tempo, band with its lead first."""
    wishes = FormWishes(key=parse_key("D minor"), metre=(3, 4), tempo_bpm=100.0, instruments=(DRUM_PROGRAM, 73, 0))
    plan = plan_form(wishes, seed=3)
    assert (plan.key, plan.metre, plan.tempo_bpm) == ("D minor", (3, 4), 100.0)
    assert plan.instruments == (73, 0, DRUM_PROGRAM)


def test_a_typed_form_is_kept_with_its_bars():
    """Sections that say nothing get a length that fits."""
    plan = plan_form(FormWishes(form="intro 2, verse 8, chorus, verse, chorus, outro 2", seconds=60.0), seed=1)
    assert [section.name for section in plan.sections] == ["intro", "verse", "chorus", "verse", "chorus", "outro"]
    assert [section.num_bars for section in plan.sections][1::2][:2] == [8, 8]
    assert plan.letters == "ABAB"


def test_repeats_play_the_same_bars_of_the_material():
    """And each theme has bars of its own."""
    plan = plan_form(FormWishes(form="AABA"), seed=1)
    starts = [section.start_bar for section in plan.sections]
    assert starts[0] == starts[1] == starts[3] != starts[2]
    assert [plan.occurrence(index) for index in range(4)] == [0, 1, 0, 2]


def test_intro_and_outro_are_made_of_the_themes_beside_them():
    """The first bars of what follows, the last ones of what was before."""
    plan = plan_form(FormWishes(form="intro 2 A 8 B 8 outro 4"), seed=1)
    intro, first, last, outro = plan.sections
    assert intro.start_bar == first.start_bar
    assert outro.stop_bar == last.stop_bar
    assert plan.instruments[0] not in intro.instruments


def test_blues_has_its_twelve_bars_and_chords():
    """In the asked key."""
    plan = plan_form(FormWishes(form="12-bar blues", key=parse_key("C major")), seed=1)
    assert {section.num_bars for section in plan.sections if section.role == "section"} == {12}
    assert plan.themes[0].chords.startswith("C7 | F7 | C7 | C7 | F7")


def test_chords_go_to_their_sections_and_suggest_the_key():
    """By name, by letter, or to all."""
    plan = plan_form(
        FormWishes(form="verse 4 chorus 4", chords="verse: Dm | Gm | A7 | Dm; B: Bb | F | A7 | Dm"), seed=1
    )
    assert [theme.chords for theme in plan.themes] == ["Dm | Gm | A7 | Dm", "Bb | F | A7 | Dm"]
    assert plan.key == "D minor"
    assert {theme.chords for theme in plan_form(FormWishes(form="AB", chords="C | G"), seed=1).themes} == {"C | G"}


def test_a_contrasting_theme_of_a_chorale_has_a_related_key():
    """The relative."""
    plan = plan_form(FormWishes(genre="chorale", key=parse_key("C major"), form="AAB"), seed=1)
    assert plan.theme_called("B").key == "A minor"


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (FormWishes(seconds=2.0), "10 seconds"),
        (FormWishes(num_bars=2), "4 to 256"),
        (FormWishes(form="A 40"), "32 bars"),
        (FormWishes(form="A 32 " * 12), "256"),
    ],
)
def test_what_no_song_can_be_is_refused(wishes, words):
    """With a sentence."""
    with pytest.raises(InputError, match=words):
        check_form(plan_form(wishes, seed=1))
