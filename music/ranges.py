"""Which pitches each General MIDI instrument plays: sounding ranges, in MIDI numbers. It knows nothing of who writes them.

Numbers are facts about instruments, not about sound fonts. Orchestral instruments after the range charts of Adler, "The
Study of Orchestration" (4th ed. 2016, appendix), and Blatter, "Instrumentation and Orchestration" (2nd ed. 1997), with
the customary extensions of professional players (low C of the double bass, low B of the five-string bass guitar, drop D
of the guitar, F attachment of the trombone). Transposing instruments are given as they sound; a family where one
program stands for several sizes (recorder, harmonica, steel drums, accordion's two hands) spans them. Keyboards have
the compass of their usual build (88 keys; F1 to F6 for the harpsichord). Synthesizers and sound effects have none of
their own and take what loudspeakers still play as a tone.
"""

from __future__ import annotations

from music.piece import DRUM_PROGRAM

Range = tuple[int, int]
"""Lowest and highest MIDI pitch, both included."""

DRUM_RANGE: Range = (27, 87)
"""General MIDI Level 2's drum map (MIDI Manufacturers Association 1999)."""

_PIANO: Range = (21, 108)  # A0 to C8
_GUITAR: Range = (38, 88)  # D2 to E6
_BASS_GUITAR: Range = (23, 67)  # B0 to G4
_VIOLIN: Range = (55, 103)  # G3 to G7
_STRINGS: Range = (24, 103)  # double bass with low C to violin
_CHOIR: Range = (40, 84)  # E2 to C6
_TRUMPET: Range = (52, 86)  # E3 to D6
_ANY: Range = (24, 108)  # C1 to C8: synthesizers
_EFFECT: Range = (12, 119)

RANGES: tuple[Range, ...] = (
    # pianos: the three grands, honky-tonk, two electric pianos, harpsichord, clavinet
    _PIANO, _PIANO, _PIANO, _PIANO, _PIANO, _PIANO, (29, 89), (29, 88),
    # celesta, glockenspiel, music box, vibraphone, marimba, xylophone, tubular bells, dulcimer (concert cimbalom)
    (60, 108), (79, 108), (60, 108), (53, 89), (36, 96), (65, 108), (60, 79), (36, 93),
    # drawbar, percussive, rock, church and reed organ, accordion, harmonica, bandoneon
    (36, 96), (36, 96), (36, 96), (24, 108), (29, 96), (40, 93), (48, 98), (36, 95),
    # guitars: nylon, steel, jazz, clean, muted, overdriven, distorted, harmonics
    (38, 83), (38, 86), _GUITAR, _GUITAR, _GUITAR, _GUITAR, _GUITAR, (50, 100),
    # basses: acoustic, fingered, picked, fretless, two slapped, two synthesized
    (24, 67), _BASS_GUITAR, _BASS_GUITAR, _BASS_GUITAR, _BASS_GUITAR, _BASS_GUITAR, (21, 72), (21, 72),
    # violin, viola, cello, double bass, tremolo, pizzicato, harp, timpani
    _VIOLIN, (48, 91), (36, 84), (24, 67), _STRINGS, _STRINGS, (23, 104), (36, 60),
    # two string ensembles, two synthesized ones, choir, voice, synthesized voice, orchestra hit
    _STRINGS, _STRINGS, _ANY, _ANY, _CHOIR, _CHOIR, _ANY, _ANY,
    # trumpet, trombone, tuba, muted trumpet, French horn, brass section, two synthesized ones
    _TRUMPET, (36, 77), (26, 65), _TRUMPET, (35, 77), (26, 86), _ANY, _ANY,
    # soprano, alto, tenor and baritone saxophone, oboe, English horn, bassoon, clarinet
    (56, 88), (49, 81), (44, 76), (36, 69), (58, 93), (52, 84), (34, 76), (50, 94),
    # piccolo, flute, recorder, pan flute, blown bottle, shakuhachi, whistle, ocarina
    (74, 108), (59, 98), (53, 98), (55, 96), (48, 96), (57, 98), (60, 108), (60, 89),
    # synthesizer leads, pads and effects
    _ANY, _ANY, _ANY, _ANY, _ANY, _ANY, _ANY, _ANY,
    _ANY, _ANY, _ANY, _ANY, _ANY, _ANY, _ANY, _ANY,
    _ANY, _ANY, _ANY, _ANY, _ANY, _ANY, _ANY, _ANY,
    # sitar, banjo, shamisen, koto, kalimba, bagpipe with its drones, fiddle, shanai
    (36, 84), (48, 86), (48, 84), (43, 84), (53, 88), (45, 81), _VIOLIN, (57, 84),
    # tinkle bell, agogo, steel drums, woodblock, taiko, melodic tom, synth drum, reverse cymbal
    (60, 108), _EFFECT, (45, 89), _EFFECT, _EFFECT, _EFFECT, _EFFECT, _EFFECT,
    # sound effects
    _EFFECT, _EFFECT, _EFFECT, _EFFECT, _EFFECT, _EFFECT, _EFFECT, _EFFECT,
)  # fmt: skip
"""One range a program, 0..127."""


def playable_range(instrument: int) -> Range:
    """Return the sounding range of a program 0..127, or the drum sounds for ``DRUM_PROGRAM``."""
    return DRUM_RANGE if instrument == DRUM_PROGRAM else RANGES[instrument]


def fold_into(pitch: int, low_high: Range) -> int:
    """Return the pitch moved by whole octaves into a range (at least an octave wide), as little as possible."""
    low, high = low_high
    if pitch < low:
        return pitch + 12 * (-((pitch - low) // 12))
    if pitch > high:
        return pitch - 12 * (-((high - pitch) // 12))
    return pitch
