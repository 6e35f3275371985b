"""A heard line on its grid: tempo, metre, player and key, said in checks."""

import pytest

from bot.services.operations.base import Wish
from bot.services.operations.hearing import HUM, HumOptions
from core.errors import InputError
from core.settings import LimitSettings
from music.piece import Note, Piece, Tempo, Track

LINE = Piece(
    tracks=(
        Track(
            notes=tuple(
                Note(13 + 487 * index, pitch, 430, 80)
                for index, pitch in enumerate((60, 62, 64, 65, 67, 65, 64, 62, 60))
            )
        ),
    ),
    tempos=(Tempo(0, 120.0),),
)


def hear(**options):
    wish = Wish(job_id="1", options=HumOptions(**options), seed=0, source=LINE, limits=LimitSettings())
    return HUM.apply(wish)


def test_the_line_is_snapped_named_and_given_a_key():
    made = hear()
    piece = made.piece
    assert [note.onset_ticks for note in piece.tracks[0].notes] == [480 * index for index in range(9)]
    assert piece.tracks[0].program == 73
    assert piece.key_signatures[0].tonic == 0
    assert {check.name: check.is_kept for check in made.checks} == {"notes heard": True, "tempo": True}


def test_a_given_tempo_and_metre_are_used():
    piece = hear(tempo_bpm=60.0, metre="3/4", instrument="violin").piece
    assert piece.tempos[0].bpm == 60
    assert piece.time_signatures[0].name == "3/4"
    assert piece.tracks[0].program == 40
    assert [note.onset_ticks for note in piece.tracks[0].notes[:3]] == [0, 240, 480]


@pytest.mark.parametrize(
    "options", [{"tempo_bpm": 5.0}, {"instrument": "drums"}, {"instrument": "piano, bass"}, {"metre": "7/13"}]
)
def test_what_makes_no_sense_is_refused(options):
    with pytest.raises(InputError):
        HUM.check(HumOptions(**options), limits=LimitSettings())
