"""The controls of /generate, /remix and /harmonize in the sandbox: what was asked for holds, the reply says so, nonsense is refused."""

from __future__ import annotations

import pytest

from music.limit_checks import most_at_once
from music.midi import read_midi, write_midi
from music.names import parse_key, scale_of_key
from music.piece import Piece
from tests.end_to_end.sandbox_user import Answer, Attached, Page, Person, attachment
from tests.factories.pieces import make_band, make_melody

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def piece_of(page: Page, answer: Answer) -> Piece:
    assert not answer.is_private, answer.text
    assert "not kept" not in answer.text, answer.text
    return read_midi(await page.download(attachment(answer.message, ".mid")))


async def test_generate_keeps_every_limit(page: Page, ada: Person, channel: str):
    """Ranges, notes at once, a grid, a scale and sections hold in the file that comes back."""
    answer = await ada.command(
        channel, "generate", bars=4, metre="4/4", instruments="piano, bass", exclude="drums", key="D minor", range="C2-C6, bass C2-C3",
        polyphony="3, bass 1", grid="8ths", syncopation="strong", sections="3-4 busy C4-C6", advanced="top_k 40, min_p 0.01", seed=4,
    )  # fmt: skip

    piece = await piece_of(page, answer)
    notes = {track.program: track.notes for track in piece.tracks if track.notes}
    assert set(notes) == {0, 33}
    assert all(36 <= note.pitch <= 48 for note in notes[33])
    assert most_at_once(notes[33]) == 1
    assert most_at_once([*notes[0], *notes[33]]) <= 3
    assert all(note.onset_ticks % 240 == 0 for track in piece.tracks for note in track.notes)
    classes = {note.pitch % 12 for track in piece.tracks for note in track.notes}
    assert classes <= set(scale_of_key(parse_key("D minor")).pitch_classes)
    assert all(60 <= note.pitch <= 84 for note in notes[0] if note.onset_ticks >= 2 * 1920)
    for part in (
        "without drums",
        "notes on 8ths",
        "strong syncopation",
        "at most 3, bass 1 at once",
        "top-k 40",
        "polyphony",
        "grid",
    ):
        assert part in answer.text, part


async def test_remix_changes_the_chosen_fields_of_the_chosen_notes(page: Page, ada: Person, channel: str):
    """Loudness of the top of the piano alone: everything else is the file's."""
    band = make_band(4)
    file = Attached("band.mid", write_midi(band))
    answer = await ada.command(
        channel, "remix", file, change="velocity", tracks="piano", voices="top", share=100, advanced="top_p 0.9", seed=4
    )

    piece = await piece_of(page, answer)
    given = read_midi(file.data)
    assert [track.notes for track in piece.tracks[1:]] == [track.notes for track in given.tracks[1:]]
    changed = set(given.tracks[0].notes) - set(piece.tracks[0].notes)
    assert len(changed) == 4
    assert {note[:3] for note in piece.tracks[0].notes} == {note[:3] for note in given.tracks[0].notes}
    for part in ("other loudness", "in piano", "top voice", "top-p 0.9"):
        assert part in answer.text, part


async def test_harmonize_keeps_rhythm_kinds_and_ending(page: Page, ada: Person, channel: str):
    """A chord a bar, no sevenths, an authentic cadence."""
    file = Attached("tune.mid", write_midi(make_melody()))
    answer = await ada.command(
        channel, "harmonize", file, style="chords", chords_per_bar=1, sevenths="none", cadence="authentic", key="C major",
        range="C3-C5", dynamics="follow", temperature=1.1, seed=4,
    )  # fmt: skip

    piece = await piece_of(page, answer)
    chords = piece.tracks[-1].notes
    assert {note.onset_ticks % 1920 for note in chords} == {0}
    assert {note.pitch % 12 for note in chords if note.onset_ticks == 3 * 1920} == {0, 4, 7}
    for part in ("one chord a bar", "no sevenths", "authentic cadence", "harmonic", "loudness of the melody"):
        assert part in answer.text, part


@pytest.mark.parametrize(
    ("command", "options", "part"),
    [
        ("generate", {"range": "C5-C3"}, "upside down"),
        ("generate", {"polyphony": "0"}, "From 1 to 32"),
        ("generate", {"polyphony": "2", "instruments": "piano, bass, flute"}, "too few for 3 parts"),
        ("generate", {"sections": "1-4 loud"}, "means nothing in a section"),
        ("generate", {"instruments": "drums", "exclude": "drums"}, "both asked for and excluded"),
        ("generate", {"advanced": "volume 11"}, "is no setting"),
        ("generate", {"advanced": "top_p 7"}, "between 0.01 and 1"),
        ("remix", {"change": "pitch", "tracks": "tuba"}, "There is no track"),
        ("remix", {"change": "rhythm", "key": "C major"}, "Change the notes too"),
        ("harmonize", {"style": "piano", "chords_per_bar": 4}, "at most twice a bar"),
        ("harmonize", {"style": "chorale", "range": "soprano C4-C5"}, "stays as it is"),
    ],
)
async def test_controls_out_of_range_get_one_sentence(
    ada: Person, channel: str, command: str, options: dict, part: str
):
    """No music, no buttons, and the sentence says what to do."""
    file = None if command == "generate" else Attached("tune.mid", write_midi(make_melody()))
    answer = await ada.command(channel, command, file, **options)
    assert part in answer.text
