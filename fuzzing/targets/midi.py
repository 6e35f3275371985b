"""MIDI files as uploads: read within limits, written back, read again. symusic, which cuts the events, is C++ and gives no coverage."""

from __future__ import annotations

from collections.abc import Iterator

from core.errors import MIDIFileError
from fuzzing.midi_files import WORDS, hard_files, mutate_midi
from fuzzing.target import Target
from fuzzing.targets.uploads import check_midi_round_trip, judge_upload
from fuzzing.verdicts import refusal_of
from music.midi import read_credit_lines, read_recipe, write_midi
from tests.factories.pieces import make_band, make_melody, read_corpus

_MAX_BYTES = 6000


def run(data: bytes) -> str:
    """Read any bytes as an uploaded MIDI file."""
    outcome = judge_upload("music.mid", data, also=check_midi_round_trip)
    for read in (read_recipe, read_credit_lines):
        refusal_of(lambda read=read: read(data), allowed=MIDIFileError)
    return outcome


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield good files, and ones of the kinds that break readers."""
    yield from hard_files()
    yield "melody", write_midi(make_melody(), recipe="seed 7", credit_lines=("Somebody wrote the flute",))
    yield "band", write_midi(make_band(1))
    yield "chorale", write_midi(read_corpus("bach/bwv66.6.mxl"))


TARGET = Target(name="midi", run=run, seeds=seeds, max_bytes=_MAX_BYTES, words=WORDS, mutate=mutate_midi)
