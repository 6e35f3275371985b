"""Edits from the command line, with the shipped networks where they are asked."""

import pytest

from music.midi import write_midi
from music.piece import DRUM_PROGRAM
from tests.bot.test_cli import read, run, start
from tests.factories.pieces import make_band


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edits")
    (folder / "band.mid").write_bytes(write_midi(make_band()))
    return folder


def test_arranging_needs_no_network_and_says_what_it_did(folder):
    words = (
        "arrange",
        "band.mid",
        "--swap",
        "piano to strings, 3 to flute",
        "--transpose",
        "up a third",
        "--tempo",
        "half",
    )
    report = run(folder, *words, "--keep", "piano,3", "-o", "arranged.mid")
    assert (report["operation"], report["checkpoint"]) == ("arrange", None)
    assert {check["name"] for check in report["checks"]} == {"swap", "transpose", "tempo", "tracks"}
    piece = read(folder / "arranged.mid")
    assert [track.program for track in piece.tracks] == [48, 73]
    assert piece.tempos[0].bpm == pytest.approx(59, abs=0.01)


def test_a_gap_of_the_whole_band_is_filled_with_what_suits_it(folder):
    """Every track plays in it; all else is the file's."""
    report = run(folder, "infill", "band.mid", "--bars", "5-6", "--tracks", "all", "--seed", "1", "-o", "filled.mid")
    given, filled = read(folder / "band.mid"), read(folder / "filled.mid")
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["locked_bars"]["is_kept"]
    assert checks["filled"]["is_kept"]
    for old, new in zip(given.tracks, filled.tracks, strict=True):
        assert [note for note in old.notes if not 7680 <= note.onset_ticks < 11520] == [
            note for note in new.notes if not 7680 <= note.onset_ticks < 11520
        ]
        assert any(7680 <= note.onset_ticks < 11520 for note in new.notes)


def test_a_drum_layer_is_added(folder):
    (folder / "three.mid").write_bytes(write_midi(make_band().with_tracks(make_band().tracks[:3])))
    report = run(folder, "add", "three.mid", "--instrument", "drums", "--bars", "3-6", "--seed", "1", "-o", "drums.mid")
    assert all(check["is_kept"] for check in report["checks"])
    drums = read(folder / "drums.mid").tracks[-1]
    assert drums.instrument == DRUM_PROGRAM
    assert all(3840 <= note.onset_ticks < 11520 for note in drums.notes)


def test_what_cannot_be_arranged_ends_with_a_sentence(folder):
    done = start(["-m", "bot", "arrange", str(folder / "band.mid"), "--drop", "cello", "-o", str(folder / "x.mid")])
    assert done.returncode == 2
    assert done.stderr.strip() == "There is no track “cello”. The piece has 1 Piano, 2 Bass, 3 Guitar, 4 Drums."
