"""Which part each track of a piece plays. It knows nothing of encodings: numbers about tracks in, roles out.

The rules (ours, tuned by eye on a few hundred files):

- a track whose name ends in a role ("Flute (lead)": our own pieces do) has that role;
- every drum track is ``drums``; all of them are one part;
- ``bass`` is the track with a bass program, or the low and mostly single-voiced one, that sounds in the most bars;
- among the others each (track, role) pair gets a score, and the best pairs are taken until roles or tracks run out:
  ``lead`` likes single notes, a name such as "melody" or "vocal", the middle and high range, solo programs;
  ``chords`` likes several notes at once, keyboards and guitars; ``pad`` several notes at once, long ones, strings,
  choirs and synthesizer pads; ``second`` takes what is left, single notes first;
- a track with less than ``_MIN_COVERAGE`` of the bars of the busiest one loses against any that has more.
"""

from __future__ import annotations

from dataclasses import dataclass

from music.piece import DRUM_PROGRAM

PART_ROLES = ("drums", "bass", "chords", "pad", "second", "lead")
"""The roles of the first world; a role's index is the slot of its track, and the order inside a bar."""

_BASS_PROGRAMS = frozenset((*range(32, 40), 43, 58, 87))
_LEAD_PROGRAMS = frozenset((22, 40, 41, 42, 52, 53, 54, *range(56, 88)))
_PAD_PROGRAMS = frozenset((*range(48, 55), *range(88, 96)))
_CHORD_PROGRAMS = frozenset((*range(8), *range(16, 32), 45, 46))
_LEAD_NAMES = ("melod", "vocal", "lead", "voice", "sing", "solo", "vox", "song")
_MIN_COVERAGE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackProfile:
    """Numbers about one track: ``polyphony`` is the share of onsets with two or more notes, ``coverage`` of bars."""

    instrument: int  # program 0..127 or DRUM_PROGRAM
    name: str
    num_notes: int
    mean_pitch: float
    polyphony: float
    median_quarters: float
    coverage: float


def find_roles(profiles: list[TrackProfile]) -> dict[int, str]:
    """Return a role of ``PART_ROLES`` for as many tracks (by index) as have one; only ``drums`` may repeat."""
    roles = {index: "drums" for index, each in enumerate(profiles) if each.instrument == DRUM_PROGRAM}
    taken: set[str] = set()
    for index, each in enumerate(profiles):
        named = _role_in_name(each.name)
        if named is not None and named not in taken and index not in roles:
            roles[index] = named
            taken.add(named)
    pitched = [index for index, each in enumerate(profiles) if index not in roles and each.num_notes > 0]
    basses = [index for index in pitched if _bass_score(profiles[index]) > 0]
    if basses and len(pitched) > 1 and "bass" not in taken:
        best = max(basses, key=lambda index: _bass_score(profiles[index]))
        roles[best] = "bass"
        pitched.remove(best)

    pairs = sorted(
        ((score, index, role) for index in pitched for role, score in _scores(profiles[index]).items()),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    for _, index, role in pairs:
        if index not in roles and role not in taken:
            roles[index] = role
            taken.add(role)
    return roles


def _bass_score(profile: TrackProfile) -> float:
    if profile.instrument in _BASS_PROGRAMS:
        return 1.0 + profile.coverage
    is_low = profile.mean_pitch < 50 and profile.polyphony < 0.3
    return profile.coverage * 0.9 if is_low else 0.0


def _scores(profile: TrackProfile) -> dict[str, float]:
    single = 1 - profile.polyphony
    is_named = any(word in profile.name.lower() for word in _LEAD_NAMES)
    is_high = 57 <= profile.mean_pitch <= 88
    is_long = profile.median_quarters >= 1.5
    presence = 0.8 * profile.coverage - (2.0 if profile.coverage < _MIN_COVERAGE else 0.0)
    return {
        "lead": presence + single + 0.4 * is_high + 1.2 * is_named + 0.4 * (profile.instrument in _LEAD_PROGRAMS),
        "chords": presence + 1.2 * profile.polyphony + 0.6 * (profile.instrument in _CHORD_PROGRAMS) - 0.3 * is_long,
        "pad": presence + profile.polyphony + 0.6 * is_long + 0.5 * (profile.instrument in _PAD_PROGRAMS),
        "second": presence + 0.7 * single + 0.2,
    }


def rate_roles(program: int) -> dict[str, float]:
    """Return how well an instrument suits each pitched role but the bass; higher is better."""
    is_solo, is_chordal, is_pad = program in _LEAD_PROGRAMS, program in _CHORD_PROGRAMS, program in _PAD_PROGRAMS
    return {
        "lead": 0.5 + 0.5 * is_solo,
        "chords": 0.3 + 0.8 * is_chordal,
        "pad": 0.2 + 0.7 * is_pad,
        "second": 0.4 + 0.2 * is_solo,
    }


def is_bass(program: int) -> bool:
    """Return whether a General MIDI program is a bass instrument."""
    return program in _BASS_PROGRAMS


def is_chordal(program: int) -> bool:
    """Return whether a General MIDI program plays several notes at once by nature, and so melody and chords alone."""
    return program in _CHORD_PROGRAMS


def name_part(instrument_name: str, role: str) -> str:
    """Return a track's name from which ``find_roles`` reads the role again."""
    return f"{instrument_name} ({role})"


def _role_in_name(name: str) -> str | None:
    found = name[:-1].rpartition("(")[2] if name.endswith(")") else name
    return found if found in PART_ROLES[1:] else None
