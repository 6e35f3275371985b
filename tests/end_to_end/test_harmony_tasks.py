"""Everything that /harmonize can add, asked for in the sandbox: given music stays, typed chords are followed and shown."""

from __future__ import annotations

import pytest

from music.midi import read_midi, write_midi
from music.piece import Piece
from tests.end_to_end.sandbox_user import Answer, Attached, Page, Person, attachment
from tests.factories.pieces import make_band, make_melody

pytestmark = pytest.mark.asyncio(loop_scope="session")

NUM_BARS = 4


def band_file() -> Attached:
    return Attached("band.mid", write_midi(make_band(NUM_BARS)))


def melody_file() -> Attached:
    return Attached("tune.mid", write_midi(make_melody()))


async def piece_of(page: Page, answer: Answer) -> Piece:
    assert not answer.is_private, answer.text
    assert "not kept" not in answer.text, answer.text
    return read_midi(await page.download(attachment(answer.message, ".mid")))


def notes_of(piece: Piece) -> set[tuple[int, int, int]]:
    """(onset in 480ths of a quarter note, pitch, instrument) of every note."""
    return {
        (note.onset_ticks * 480 // piece.ticks_per_quarter, note.pitch, track.instrument)
        for track in piece.tracks
        for note in track.notes
    }


@pytest.mark.parametrize(
    ("style", "instrument"), [("piano", None), ("band", "bass, drums"), ("track", "bass"), ("melody", "flute")]
)
async def test_new_tracks_are_added_and_the_given_stay(page: Page, ada: Person, channel: str, style, instrument):
    """Whatever is asked for comes as new tracks beside what was sent."""
    options = {} if instrument is None else {"instrument": instrument}
    answer = await ada.command(channel, "harmonize", melody_file(), style=style, seed=4, **options)

    piece = await piece_of(page, answer)
    given = read_midi(melody_file().data)
    assert notes_of(given) <= notes_of(piece)
    assert len(piece.tracks) > len(given.tracks)


async def test_a_part_follows_typed_chords(page: Page, ada: Person, channel: str):
    """The reply names them bar by bar and says that they were kept."""
    chords = "Dm7 | G7 | Cmaj7 A7 | %"
    answer = await ada.command(channel, "harmonize", melody_file(), style="track", instrument="bass", chords=chords)

    await piece_of(page, answer)
    plain = answer.text.replace("\\", "")
    assert "over Dm7 | G7 | Cmaj7 A7 | %" in plain
    assert "Dm7 | G7 | Cmaj7 A7 | Cmaj7 A7" in plain
    assert "chords: the chords you typed, kept" in plain


async def test_chords_of_a_chorale_are_typed_too(page: Page, ada: Person, channel: str):
    """Four voices over the chords that somebody wants."""
    answer = await ada.command(channel, "harmonize", melody_file(), style="chorale", chords="C | F | G | C", seed=2)

    await piece_of(page, answer)
    assert "chords: the chords you typed, kept" in answer.text


async def test_a_hole_is_filled_and_nothing_else_changes(page: Page, ada: Person, channel: str):
    """Bars 2-3 of the second track may be new; every other note is the one that was sent."""
    answer = await ada.command(channel, "harmonize", band_file(), style="fill", bars="2-3", track=2, seed=6)

    piece, given = await piece_of(page, answer), read_midi(band_file().data)
    start, stop = 1920, 3 * 1920
    hole = given.tracks[1].instrument

    def outside(notes: set[tuple[int, int, int]]) -> set[tuple[int, int, int]]:
        return {note for note in notes if note[2] != hole or not start <= note[0] < stop}

    assert outside(notes_of(piece)) == outside(notes_of(given))
    assert "bars 2-3" in answer.text
    assert "track 2" in answer.text


async def test_a_hole_outside_the_piece_is_named(ada: Person, channel: str):
    """Bars and tracks that there are not, each in one sentence."""
    bars = await ada.command(channel, "harmonize", band_file(), style="fill", bars="9-12", track=1)
    track = await ada.command(channel, "harmonize", band_file(), style="fill", bars="2", track=20)

    assert f"it has bars 1-{NUM_BARS}" in bars.text
    assert "no track 20" in track.text


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"style": "chords", "chords": "Dm7 | Zorp"}, "Zorp"),
        ({"style": "chords", "bars": "2-3"}, "style fill"),
        ({"style": "fill", "bars": "2-3"}, "its track"),
        ({"style": "track"}, "which instrument"),
    ],
)
async def test_what_does_not_go_together_is_refused_at_once(ada: Person, channel: str, options, part):
    """One sentence for the person who asked, before anything is queued."""
    answer = await ada.command(channel, "harmonize", band_file(), **options)

    assert answer.is_private
    assert part in answer.text
