"""Scores of the music21 package, in the public domain, as pieces."""

from functools import cache
from pathlib import Path

from music21 import corpus

from music.musicxml import read_musicxml


@cache
def load_score(name):
    """Return a score of the corpus by its name there."""
    return read_musicxml(Path(str(corpus.getWork(name))).read_bytes())
