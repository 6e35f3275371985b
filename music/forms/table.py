"""What songs of each genre are usually built like: sections, bars, tempo, metre, band. Data, and where it is from.

Forms after: J. Covach, "Form in Rock Music" (2005), and T. de Clercq, "Sections and Successions in Successful Songs" (2012),
for verse and chorus; A. Forte, "The American Popular Ballad of the Golden Era" (1995), for 32 bars AABA in jazz; M. Butler,
"Unlocking the Groove" (2006), for electronic dance music in units of 4, 8 and 16 bars with build and drop; W. Caplin, "Classical
Form" (1998), for eight-bar themes and the small ternary; the bar form (two Stollen and an Abgesang) of the chorale, and
strophes and eight-bar strains of folk tunes, are common knowledge, as are twelve bars of blues. Tempos and bands are ours:
what these genres mostly have in our training music. It knows nothing of choosing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from music.forms.plan import SectionRole
from music.piece import DRUM_PROGRAM


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionKind:
    """What a name of a section means. ``layers``: 0 few, 1 the core of the band, 2 everybody. ``bars``: the usual one first."""

    loudness: float = 1.0
    layers: int = 1
    bars: tuple[int, ...] = (8, 16, 4)
    role: SectionRole = "section"
    density_step: int = 0


SECTION_KINDS: Mapping[str, SectionKind] = {
    "intro": SectionKind(loudness=1.0, layers=0, bars=(4, 8, 2), role="intro"),
    "outro": SectionKind(loudness=0.97, layers=1, bars=(4, 8, 2, 6, 3), role="outro"),
    "verse": SectionKind(loudness=0.97, layers=1, bars=(8, 16)),
    "pre-chorus": SectionKind(loudness=0.99, layers=1, bars=(4, 8)),
    "chorus": SectionKind(loudness=1.04, layers=2, bars=(8, 16), density_step=1),
    "hook": SectionKind(loudness=1.04, layers=2, bars=(8, 4), density_step=1),
    "bridge": SectionKind(loudness=0.98, layers=1, bars=(8, 4)),
    "middle": SectionKind(loudness=0.96, layers=1, bars=(8, 16)),
    "break": SectionKind(loudness=1.0, layers=0, bars=(8, 4)),
    "build": SectionKind(loudness=1.0, layers=1, bars=(8, 4)),
    "drop": SectionKind(loudness=1.05, layers=2, bars=(16, 8), density_step=1),
    "solo": SectionKind(loudness=1.0, layers=1, bars=(8, 16)),
    "head": SectionKind(loudness=1.0, layers=2, bars=(8, 16)),
    "strophe": SectionKind(loudness=0.98, layers=1, bars=(8, 16)),
    "refrain": SectionKind(loudness=1.03, layers=2, bars=(8, 16)),
    "blues": SectionKind(loudness=1.0, layers=2, bars=(12,)),
    "theme": SectionKind(loudness=1.0, layers=2, bars=(8, 16)),
    "interlude": SectionKind(loudness=1.0, layers=0, bars=(4, 8)),
    "coda": SectionKind(loudness=0.98, layers=2, bars=(4, 8, 2, 6, 3), role="outro"),
}

OTHER_NAMES: Mapping[str, str] = {
    "introduction": "intro", "opening": "intro", "ending": "outro", "end": "outro", "outtro": "outro", "prechorus": "pre-chorus",
    "pre": "pre-chorus", "middle8": "bridge", "stanza": "strophe", "breakdown": "break", "buildup": "build", "build-up": "build",
    "instrumental": "solo", "ref": "refrain", "trio": "middle", "vers": "verse",
}  # fmt: skip

LETTER_KINDS: Mapping[str, SectionKind] = {
    "A": SectionKind(loudness=0.98, layers=1),
    "B": SectionKind(loudness=1.02, layers=2),
    "C": SectionKind(loudness=0.98, layers=1),
    "D": SectionKind(loudness=1.01, layers=2),
}
"""Sections that are only called by a letter; later ones are like D."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenreForm:
    """How songs of a genre go. ``forms``: the usual one first, longer and shorter ones after it. ``band``: the lead first."""

    forms: tuple[str, ...]
    tempos_bpm: tuple[int, int]
    band: tuple[int, ...]
    metre: tuple[int, int] = (4, 4)
    minor_share: float = 0.35
    contrast: str = "same"  # key of the second theme: same, dominant, or relative


_VERSE_CHORUS = (
    "intro verse chorus verse chorus bridge chorus outro",
    "intro verse chorus verse chorus outro",
    "intro verse verse chorus verse chorus bridge chorus chorus outro",
    "verse chorus verse chorus outro",
    "intro verse pre-chorus chorus verse pre-chorus chorus bridge chorus chorus outro",
)
_DRUMS = DRUM_PROGRAM

GENRE_FORMS: Mapping[str, GenreForm] = {
    "pop": GenreForm(forms=_VERSE_CHORUS, tempos_bpm=(92, 124), band=(81, 0, 33, _DRUMS, 25, 48), minor_share=0.3),
    "rock": GenreForm(
        forms=(
            "intro verse chorus verse chorus solo chorus outro",
            *_VERSE_CHORUS,
        ),
        tempos_bpm=(104, 140),
        band=(27, 29, 33, _DRUMS, 18),
        minor_share=0.4,
    ),
    "country": GenreForm(forms=_VERSE_CHORUS, tempos_bpm=(92, 128), band=(22, 25, 32, _DRUMS, 110), minor_share=0.1),
    "soul": GenreForm(forms=_VERSE_CHORUS, tempos_bpm=(76, 112), band=(65, 4, 33, _DRUMS, 61), minor_share=0.45),
    "hip-hop": GenreForm(
        forms=(
            "intro verse hook verse hook outro",
            "intro verse hook verse hook bridge hook outro",
            "intro verse hook outro",
        ),
        tempos_bpm=(80, 100),
        band=(81, 4, 38, _DRUMS, 48),
        minor_share=0.75,
    ),
    "funk": GenreForm(
        forms=("intro verse chorus verse chorus break chorus outro", *_VERSE_CHORUS[1:3]),
        tempos_bpm=(96, 116),
        band=(61, 28, 36, _DRUMS, 16),
        minor_share=0.55,
    ),
    "jazz": GenreForm(
        forms=(
            "intro A A B A outro",
            "A A B A outro",
            "intro A A B A A B A outro",
            "intro A A B A A A B A outro",
            "A A B A A A B A A A B A outro",
        ),
        tempos_bpm=(112, 168),
        band=(66, 0, 32, _DRUMS, 26),
        minor_share=0.3,
    ),
    "electronic": GenreForm(
        forms=(
            "intro build drop break build drop outro",
            "intro build drop break build drop drop outro",
            "intro build drop outro",
            "intro verse build drop break verse build drop drop outro",
        ),
        tempos_bpm=(120, 132),
        band=(81, 90, 38, _DRUMS, 89),
        minor_share=0.7,
    ),
    "classical": GenreForm(
        forms=(
            "A A B A",
            "intro A A B A coda",
            "A B A coda",
            "A A B A C A coda",
            "A A B B A coda",
            "A A B A C A B A coda",
        ),
        tempos_bpm=(84, 120),
        band=(40, 48, 42, 73),
        minor_share=0.35,
        contrast="dominant",
    ),
    "folk": GenreForm(
        forms=(
            "intro strophe refrain strophe refrain outro",
            "intro A A B B A A B B outro",
            "strophe strophe strophe outro",
            "intro strophe refrain strophe refrain strophe refrain outro",
            "intro A A B B A A B B A A B B outro",
        ),
        tempos_bpm=(88, 120),
        band=(73, 25, 32, 110),
        minor_share=0.3,
    ),
    "game": GenreForm(
        forms=("intro A B A B outro", "intro A A B A C A outro", "intro A B C A B outro", "intro A B A B C A B outro"),
        tempos_bpm=(108, 144),
        band=(80, 81, 38, _DRUMS, 48),
        minor_share=0.45,
    ),
    "chorale": GenreForm(
        forms=("A A B", "A A B A A B", "A A B B", "A A B A A B A A B", "A A B C A A B C"),
        tempos_bpm=(66, 84),
        band=(52,),
        minor_share=0.4,
        contrast="relative",
    ),
}

BLUES_FORMS = ("intro blues blues blues outro", "blues blues outro", "intro blues blues blues blues blues outro")
