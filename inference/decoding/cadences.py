"""How a harmony ends: the last two chords, as chords that are asked for. It knows no network.

Formulas of common practice (Aldwell, Schachter & Cadwallader 2018, "Harmony and Voice Leading", units 7 and 11): authentic V I,
plagal IV I, half (something) V, deceptive V VI; in minor the dominant has its leading tone. Chords stand in root position.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import InputError
from inference.decoding.harmonic_rhythm import places_in_bar
from inference.protocol import HarmonizeRequest
from music.analysis import find_key
from music.constraints import AskedChord, Check
from music.names import key_name
from music.piece import KeySignature, Piece
from music.time_grid import TimeGrid

_USUAL_CHORDS_PER_BAR = 2
_MAJOR: dict[str, tuple[tuple[int, str], ...]] = {
    "authentic": ((7, "maj"), (0, "maj")), "plagal": ((5, "maj"), (0, "maj")), "half": ((7, "maj"),),
    "deceptive": ((7, "maj"), (9, "min")),
}  # fmt: skip
_MINOR: dict[str, tuple[tuple[int, str], ...]] = {
    "authentic": ((7, "maj"), (0, "min")), "plagal": ((5, "min"), (0, "min")), "half": ((7, "maj"),),
    "deceptive": ((7, "maj"), (8, "maj")),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """The chords of a cadence, last of all, and its name for people."""

    chords: tuple[AskedChord, ...]
    name: str

    def check(self, *, is_kept: bool) -> Check:
        """Return the promise and whether it holds."""
        return Check(
            name="cadence", asked=self.name, found="as asked" if is_kept else "another ending", is_kept=is_kept
        )


def find_cadence(request: HarmonizeRequest, *, track_index: int | None) -> Cadence | None:
    """Return the asked cadence under the end of a track (None: of all pitched ones); nothing where none is asked.

    Raises:
        InputError: for a piece whose key nobody can tell, or that ends before there is room for it.
    """
    if request.harmony.cadence is None:
        return None
    key = _key_of(request)
    formula = (_MINOR if key.is_minor else _MAJOR)[request.harmony.cadence]
    edges = _last_edges(request, track_index)
    if len(edges) <= len(formula):
        raise InputError("The piece is too short for a cadence. Leave it out, or take a longer piece.")
    spans = zip(edges[-1 - len(formula) : -1], edges[-len(formula) :], formula, strict=True)
    return Cadence(
        chords=tuple(
            AskedChord(
                start_ticks=start, stop_ticks=stop, root=(key.tonic + step) % 12, quality=_seventh(request, quality, step),
                bass=(key.tonic + step) % 12,
            )
            for start, stop, (step, quality) in spans
        ),
        name=f"{request.harmony.cadence} cadence in {key_name(key)}",
    )  # fmt: skip


def _seventh(request: HarmonizeRequest, quality: str, step: int) -> str:
    """Where many sevenths are wished, the dominant of an ending has one; a last chord never."""
    wants = request.harmony.sevenths == "many" and request.harmony.complexity != "simple"
    is_before_last = step == 7 and request.harmony.cadence != "half"
    return "7" if wants and is_before_last else quality


def _key_of(request: HarmonizeRequest) -> KeySignature:
    scale, piece = request.constraints.scale, request.piece
    if scale is not None:
        return KeySignature(0, scale.tonic, scale.is_minor)
    if piece.key_signatures:
        return piece.key_signatures[-1]
    found = find_key(piece)
    if found is None:
        raise InputError(
            "I cannot tell the key of this piece, so I cannot end it. Say the key, or leave the cadence out."
        )
    return found.key


def _last_edges(request: HarmonizeRequest, track_index: int | None) -> list[int]:
    """Return chord places up to that of the last note, and last where the last bar ends, in ticks."""
    piece = request.piece
    tracks = piece.tracks if track_index is None else (piece.tracks[track_index],)
    onsets = [note.onset_ticks for track in tracks if not track.is_drum for note in track.notes]
    last_ticks = max(onsets, default=max(piece.length_ticks - 1, 0))
    grid = TimeGrid(piece)
    last_bar = grid.bar_of_tick(last_ticks)
    per_bar = request.harmony.chords_per_bar or _USUAL_CHORDS_PER_BAR
    places = [ticks for bar in range(max(last_bar - 1, 0), last_bar + 1) for ticks in places_in_bar(grid, bar, per_bar)]
    return [*(place for place in places if place <= last_ticks), _end_ticks(grid, last_bar, piece)]


def _end_ticks(grid: TimeGrid, last_bar: int, piece: Piece) -> int:
    return max(grid.bar(last_bar).stop_ticks, piece.length_ticks)
