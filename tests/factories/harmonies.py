"""Tiny harmonizer networks, random windows, and Bach's chorales from the music21 package."""

import warnings
from functools import cache

import numpy as np
import torch

from inference.models.seq2seq import Seq2Seq, Seq2SeqConfig
from inference.models.seq2seq_fields import FieldSpec
from music.piece import Note, Piece, Track
from music.tokenizers.harmony import DECODER_FEATURES, ENCODER_FEATURES, FIELDS
from music.tokenizers.harmony_reading import FrameBar, FrameNote
from training.harmonizer_batches import chorale_example, chords_example
from training.harmonizer_sets import Chorale, make_lead_sheet


def tiny_config(**sizes):
    """A real network's configuration in small."""
    plain = {"width": 32, "num_heads": 2, "num_encoder_layers": 1, "num_decoder_layers": 2, "feed_forward": 48}
    return Seq2SeqConfig(
        encoder_feature_sizes=tuple(size for _, size in ENCODER_FEATURES),
        decoder_feature_sizes=tuple(size for _, size in DECODER_FEATURES),
        fields=tuple(FieldSpec(**field) for field in FIELDS),
        **(plain | {"field_width": 24, "dropout": 0.0} | sizes),
    )


def tiny_network(seed=0, **sizes):
    """A network in small with random weights, in evaluation mode."""
    torch.manual_seed(seed)
    return Seq2Seq(tiny_config(**sizes)).eval()


@cache
def bach_scores():
    """A few of Bach's chorales as Chorale values, read from the music21 package."""
    from music21 import corpus  # slow to import

    names = ("bach/bwv66.6", "bach/bwv269", "bach/bwv347", "bach/bwv267", "bach/bwv153.1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(_read_score(name, corpus.parse(name)) for name in names)


def _read_score(name, score):
    parts = [part.flatten().notes for part in score.parts][:4]
    num_frames = max(round(4 * float(note.offset + note.quarterLength)) for notes in parts for note in notes)
    pitches = np.full((num_frames, 4), -1, dtype=np.int64)
    for voice, notes in enumerate(parts):
        for note in notes:
            start = round(4 * float(note.offset))
            pitches[start : start + round(4 * float(note.quarterLength)), voice] = note.pitch.midi
    return Chorale(name, pitches)


def soprano_piece(chorale):
    """The soprano of a chorale as a piece with one track, a note per pitch."""
    line = chorale.pitches[:, 0]
    starts = np.flatnonzero(np.append(True, line[1:] != line[:-1]))
    stops = np.append(starts[1:], len(line))
    notes = tuple(
        Note(int(start) * 120, int(line[start]), int(stop - start) * 120, 80)
        for start, stop in zip(starts, stops, strict=True)
        if line[start] >= 0
    )
    return Piece(tracks=(Track(notes=notes, program=52, name="Soprano"),))


def chorale_window(num_frames=64):
    """A window of real Bach."""
    from music.tokenizers.harmony_reading import read_chorale_line

    pitches = bach_scores()[0].pitches[:num_frames]
    return chorale_example(pitches, read_chorale_line(pitches[:, 0]))


def song(num_bars=20, metre=(4, 4)):
    """A small lead sheet whose chords follow its melody."""
    beats = 4 if metre == (4, 4) else 3
    bars = [FrameBar(4 * beats * bar, 4 * beats, metre) for bar in range(num_bars)]
    line = [FrameNote(4.0 * beat, 60 + (5 * beat) % 13, 4.0 * beat + 3) for beat in range(beats * num_bars)]
    chords = [(4.0 * beats * bar, ((5 * bar) % 12, bar % 3, 0)) for bar in range(num_bars)]
    return make_lead_sheet("song", line, bars, chords)


def chords_window():
    """A window of a small lead sheet."""
    sheet = song(8)
    return chords_example(sheet.melody, sheet.step_frames, sheet.chords)
