"""Composing: the same wish gives the same song, stage by stage as at once, and every section has what the plan says."""

from dataclasses import replace

import pytest

from bot.services.operations.base import Wish
from bot.services.operations.composition import COMPOSE
from bot.services.operations.composition_options import ComposeOptions, make_plan, parse_length
from bot.services.operations.composition_themes import NUM_CANDIDATES
from bot.services.records import options_from_json, options_to_json
from core.errors import InferenceError, InputError, UnknownNameError
from core.settings import LimitSettings
from inference.protocol import GenerateRequest, HarmonizeRequest, RemixRequest
from music.forms.melody import extract_melody
from music.piece import DRUM_PROGRAM
from music.time_grid import TimeGrid
from tests.factories.pieces import make_chorale, make_melody
from tests.factories.rule_networks import RuleNetworks

SMALL = ComposeOptions(
    genre="pop",
    form="intro 2, A 4, B 4, A 4, outro 2",
    instruments=("flute", "piano", "bass", "drums", "strings"),
    seed=5,
)


def wish(options, *, source=None, seed=5):
    return Wish(job_id="7", options=options, seed=seed, source=source, limits=LimitSettings())


async def compose(options, *, source=None, seed=5):
    return await COMPOSE.make(wish(options, source=source, seed=seed), RuleNetworks())


def check_of(made, name):
    return next(check for check in made.checks if check.name == name)


async def test_a_song_has_the_planned_bars_and_keeps_its_promises():
    """16 bars, form ABA, smooth joins, an ending on the tonic, the whole band."""
    made = await compose(SMALL)
    assert TimeGrid(made.piece).num_bars == 16
    assert [check.name for check in made.checks if not check.is_kept] == []
    assert check_of(made, "form").asked == "ABA"
    assert made.checkpoint_id == "generate-0123456789ab+harmonize-0123456789ab+remix-0123456789ab"


async def test_the_same_wish_gives_the_same_song():
    """A killed job is made again."""
    assert (await compose(SMALL)).piece == (await compose(SMALL)).piece
    assert (await compose(SMALL)).piece != (await compose(SMALL, seed=6)).piece


async def test_stages_one_after_another_give_what_the_whole_gives():
    """Listening in between changes nothing."""
    whole = await compose(SMALL)
    options = replace(SMALL, plan=make_plan(SMALL, seed=5, melody=None))
    themes = await compose(replace(options, stage="themes"))
    arrangement = await compose(replace(options, stage="arrangement"), source=themes.piece)
    song = await compose(replace(options, stage="song"), source=arrangement.piece)
    assert TimeGrid(themes.piece).num_bars == 8
    assert {track.instrument for track in themes.piece.tracks} == {73, 0, 33, DRUM_PROGRAM}
    assert {track.instrument for track in arrangement.piece.tracks} == {73, 0, 33, DRUM_PROGRAM, 48}
    assert song.piece.tracks == whole.piece.tracks


async def test_each_request_has_an_id_of_its_own_and_a_step():
    """Several wait at the same time."""
    networks = RuleNetworks()
    await COMPOSE.make(wish(SMALL), networks)
    ids = [request.job_id for request in networks.requests]
    assert len(set(ids)) == len(ids)
    assert {step.name for step in networks.steps} == {"the themes", "harmony and arrangement", "variations and form"}


async def test_a_given_melody_is_kept_note_for_note():
    """Its song is at least as long, and the melody leads each section."""
    made = await compose(ComposeOptions(instruments=("piano", "bass")), source=make_melody())
    assert check_of(made, "kept_melody").is_kept
    assert TimeGrid(made.piece).num_bars > TimeGrid(make_melody()).num_bars


async def test_a_melody_with_a_pickup_is_kept_note_for_note():
    """Bach's soprano, in an asked length."""
    made = await compose(ComposeOptions(genre="chorale", seconds=60.0), source=make_chorale())
    assert check_of(made, "kept_melody").is_kept
    assert abs(TimeGrid(made.piece).duration_seconds - 60) < 6


async def test_a_key_that_is_asked_moves_a_given_melody():
    """Every tone by the same interval."""
    made = await compose(ComposeOptions(key="D major", instruments=("piano",)), source=make_melody())
    given = extract_melody(make_melody()).tracks[0].notes[0].pitch
    first = next(note for note in made.piece.tracks[0].notes)
    assert first.pitch - given == 2


async def test_typed_chords_are_asked_of_the_harmonizer():
    """The theme is a melody over them, and the band follows them, too."""
    networks = RuleNetworks()
    options = replace(SMALL, chords="A: C | F | G | C")
    await COMPOSE.make(wish(options), networks)
    charted = [each for each in networks.requests if isinstance(each, HarmonizeRequest) and each.chords]
    assert {each.style for each in charted} == {"melody", "band", "track"}
    assert [chord.root for chord in charted[0].chords] == [0, 5, 7, 0]


async def test_repeats_are_varied_without_the_lead_and_the_drums():
    """The melody of a repeat stays."""
    networks = RuleNetworks()
    await COMPOSE.make(wish(SMALL), networks)
    (request,) = [each for each in networks.requests if isinstance(each, RemixRequest)]
    assert {request.piece.tracks[index].instrument for index in request.tracks}.isdisjoint({73, DRUM_PROGRAM})


async def test_every_theme_is_written_several_times_and_goes_on_from_the_one_before():
    """The best draft is taken."""
    networks = RuleNetworks()
    await COMPOSE.make(wish(SMALL), networks)
    drafts = [each for each in networks.requests if isinstance(each, GenerateRequest)]
    assert [each.prompt is None for each in drafts] == [True] * NUM_CANDIDATES + [False] * NUM_CANDIDATES
    assert len({each.prompt for each in drafts}) == 2


async def test_trouble_of_the_networks_ends_the_song():
    """And nothing is left waiting."""
    with pytest.raises(InferenceError):
        await COMPOSE.make(wish(SMALL), RuleNetworks(error=InferenceError("gone")))


async def test_music_that_does_not_fit_the_plan_is_refused():
    """Somebody cut the themes."""
    options = replace(SMALL, plan=make_plan(SMALL, seed=5, melody=None), stage="arrangement")
    with pytest.raises(InputError, match="does not fit"):
        await compose(options, source=make_melody())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (ComposeOptions(genre="pip"), "pip"),
        (ComposeOptions(seconds=3.0), "10 seconds"),
        (ComposeOptions(num_bars=1000), "256"),
        (ComposeOptions(form="verse chorsu"), "chorsu"),
        (ComposeOptions(chords="A: H7b | zz"), "zz|H7b"),
        (ComposeOptions(stage="song"), "Begin with /compose"),
        (ComposeOptions(stage="mix"), "mix"),
        (ComposeOptions(tempo_bpm=3.0), "tempo"),
        (ComposeOptions(preset="mild"), "mild"),
    ],
)
def test_what_no_song_can_be_is_refused_at_once(options, words):
    """With a sentence that says what to do."""
    with pytest.raises((InputError, UnknownNameError), match=words):
        COMPOSE.check(options, limits=LimitSettings())


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("2", (120.0, None)),
        ("2 minutes", (120.0, None)),
        ("1.5 min", (90.0, None)),
        ("90 s", (90.0, None)),
        ("1:45", (105.0, None)),
        ("48 bars", (None, 48)),
    ],
)
def test_lengths_are_read_as_people_write_them(text, length):
    """Minutes, seconds, a clock, or bars."""
    assert parse_length(text) == length


def test_a_length_that_is_none_is_refused():
    """Words."""
    with pytest.raises(InputError, match="no length"):
        parse_length("long")


def test_options_with_a_plan_survive_storage():
    """As the database and the recipe keep them."""
    options = replace(SMALL, plan=make_plan(SMALL, seed=5, melody=None), stage="themes")
    assert options_from_json("compose", options_to_json(options)) == options
