"""/continue, /infill, /add and /arrange in the sandbox: what was asked happens, the rest stays, every change is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from music.constraints import BarRange
from music.midi import read_midi, write_midi
from music.piece import Piece, Tempo
from music.transform import slice_bars
from tests.end_to_end.sandbox_user import Answer, Attached, Page, Person, attachment, buttons
from tests.end_to_end.test_harmony_tasks import notes_of
from tests.factories.pieces import make_band

pytestmark = pytest.mark.asyncio(loop_scope="session")

NUM_BARS = 4
BAND = make_band(NUM_BARS)


def band_file() -> Attached:
    return Attached("band.mid", write_midi(BAND))


async def piece_of(page: Page, answer: Answer) -> Piece:
    assert not answer.is_private, answer.text
    return read_midi(await page.download(attachment(answer.message, ".mid")))


def in_bars(notes: set[tuple[int, int, int]], first: int, last: int) -> set[tuple[int, int, int]]:
    return {note for note in notes if (first - 1) * 1920 <= note[0] < last * 1920}


async def test_a_piece_is_gone_on_from_some_of_its_bars(page: Page, ada: Person, channel: str):
    """Bars 1-2 alone are the beginning; the reply speaks of the joint."""
    answer = await ada.command(channel, "continue", band_file(), beginning="1-2", bars=2, exclude="drums", seed=3)

    piece = await piece_of(page, answer)
    assert notes_of(slice_bars(BAND, BarRange(0, 2))) <= notes_of(piece)
    assert not in_bars(notes_of(BAND), 3, 4) <= notes_of(piece)
    for part in ("Continuation", "going on from bars 1-2", "without drums", "joints"):
        assert part in answer.text, part


@pytest.mark.parametrize(
    ("command", "options"), [("continue", {"bars": 1}), ("infill", {"bars": "2", "tracks": "piano, guitar"})]
)
async def test_several_versions_come_in_one_message(page: Page, ada: Person, channel: str, command, options):
    """Each a file of its own, and to be picked."""
    answer = await ada.command(channel, command, band_file(), takes=2, seed=3, preset="wild", **options)

    names = [each for each in answer.message["attachments"] if each["filename"].endswith(".mid")]
    assert len({await page.download(each) for each in names}) == 2
    assert {"Pick 1", "Pick 2"} <= set(buttons(answer.message))


async def test_bars_of_several_tracks_are_written_anew(page: Page, ada: Person, channel: str):
    """Everything outside them is the file's, note for note, and the reply says so."""
    answer = await ada.command(channel, "infill", band_file(), bars="2-3", tracks="bass and drums", seed=3)

    filled, given = notes_of(await piece_of(page, answer)), notes_of(BAND)
    outside = {note for note in given if note not in in_bars(given, 2, 3) or note[2] not in (33, 128)}
    assert outside == {note for note in filled if note not in in_bars(filled, 2, 3) or note[2] not in (33, 128)}
    assert "everything outside bars 2-3 note for note" in answer.text


async def test_loudness_pedals_and_tempo_map_outlive_every_edit(page: Page, ada: Person, channel: str):
    """What nobody touched keeps its timing to the tick, its loudness, pedal and bends; the tempos stay where they were."""
    rubato = replace(BAND, tempos=(Tempo(0, 120.0), Tempo(3840, 90.0)))
    given = read_midi(write_midi(rubato))
    file = Attached("rubato.mid", write_midi(rubato))
    for command, options in (
        ("infill", {"bars": "3", "tracks": "guitar"}),
        ("add", {"instrument": "drums", "bars": "2-3"}),
        ("continue", {"bars": 1}),
        ("arrange", {"transpose": "2", "tracks": "guitar"}),
    ):
        piece = await piece_of(page, await ada.command(channel, command, file, seed=2, **options))
        assert piece.tempos == given.tempos, command
        kept = {(track.name, track.control_changes, track.pitch_bends) for track in piece.tracks}
        assert {(track.name, track.control_changes, track.pitch_bends) for track in given.tracks} <= kept, command
        for old in given.tracks[:2]:
            assert any(set(old.notes) <= set(track.notes) for track in piece.tracks), command


@pytest.mark.parametrize(("there", "wanted", "program"), [(1, "piano", 0), (0, "bass", 33), (2, "drums", 128)])
async def test_any_track_from_any_track(page: Page, ada: Person, channel: str, there, wanted, program):
    """Piano from a bass, bass from a piano, drums from a guitar: what was sent stays."""
    alone = BAND.with_tracks((BAND.tracks[there],))
    answer = await ada.command(channel, "add", Attached("one.mid", write_midi(alone)), instrument=wanted, seed=5)

    piece = await piece_of(page, answer)
    assert notes_of(alone) <= notes_of(piece)
    assert any(track.instrument == program for track in piece.tracks)


async def test_a_layer_is_added_and_changed_by_its_buttons(page: Page, ada: Person, channel: str):
    """A form under the result asks what to add; another one what to arrange; each result descends from the one before."""
    added = await ada.command(channel, "add", band_file(), instrument="strings", bars="2-3", seed=3)
    piece = await piece_of(page, added)
    assert notes_of(BAND) <= notes_of(piece)
    assert in_bars(notes_of(piece) - notes_of(BAND), 2, 3) == notes_of(piece) - notes_of(BAND)

    pressed = await ada.start_press(added.message, "Arrange…")
    await ada.until(lambda: ada.forms.get(pressed), what="the form")
    fields = {"swap": "piano to organ", "transpose": "up a third", "tempo": "half", "feel": "darker", "bars": ""}
    sent = await ada.interact(channel, {"kind": "modal", "modal_id": pressed, "fields": fields})
    arranged = await ada.answer_to(sent)

    for part in ("Arrangement", "piano to organ", "up a major third", "darker", "Piano to Drawbar Organ"):
        assert part in arranged.text, part
    assert {track.program for track in (await piece_of(page, arranged)).tracks if not track.is_drum} >= {16, 33}
    assert added.message["id"] in arranged.text


async def test_every_change_by_rule_is_said(page: Page, ada: Person, channel: str):
    """No network is asked; what was typed comes back in words."""
    answer = await ada.command(
        channel,
        "arrange",
        band_file(),
        swap="guitar to flute",
        transpose="to D minor",
        tempo="80%",
        drop="drums",
        humanize=20,
        seed=1,
    )

    piece = await piece_of(page, answer)
    assert sorted(track.program for track in piece.tracks) == [0, 33, 73]
    assert piece.tempos[0].bpm == pytest.approx(118 * 0.8, abs=0.1)
    for part in ("D minor", "Guitar to Flute", "without Drums", "20 % humanized", "94.4 bpm"):
        assert part in answer.text, part


@pytest.mark.parametrize(
    ("command", "options", "part"),
    [
        ("arrange", {}, "Say what to change"),
        ("arrange", {"swap": "piano"}, "piano to strings"),
        ("arrange", {"swap": "cello to flute"}, "1 Piano, 2 Bass, 3 Guitar, 4 Drums"),
        ("arrange", {"transpose": "2", "tracks": "drums"}, "drums have none"),
        ("infill", {"bars": "3-9"}, f"bars 1-{NUM_BARS}"),
        ("infill", {"bars": "1-4", "tracks": "all"}, "nothing would be left"),
        ("infill", {}, "nothing to fill"),
        ("add", {"instrument": "zorp"}, "zorp"),
        ("add", {"instrument": "piano, bass, drums, strings, flute, oboe"}, "at most 5"),
        ("continue", {"beginning": "3-9"}, f"bars 1-{NUM_BARS}"),
        ("continue", {"beginning": "1-2", "from_bar": 3}, "not both"),
    ],
)
async def test_bad_input_gets_one_clear_sentence(ada: Person, channel: str, command, options, part):
    """For whoever asked, with what to do instead."""
    answer = await ada.command(channel, command, band_file(), **options)

    assert part in answer.text
    assert not answer.message["attachments"]
