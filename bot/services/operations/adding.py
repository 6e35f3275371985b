"""Adding a layer: from what people type to requests for new tracks beside those that are there. It knows no network.

One instrument after the other, because the network learned to write one part for the others; later ones hear the earlier. A
layer for some bars is written over these bars and up to four before them, so that it enters as if it had been listening.
Where a density is asked for there are three drafts, of which the nearest stays; one that is still too full is thinned out.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, replace

from bot.services.operations.bars import check_bar_numbers, find_bars
from bot.services.operations.base import Made, Networks, Step, Wish
from bot.services.operations.sparing import spare
from bot.services.options import DENSITIES, Options
from bot.services.sampling import MAX_SEED, sampling_of
from core.errors import InputError, NoMusicError, UnknownNameError
from core.settings import LimitSettings
from inference.harmony_sampling import harmony_sampling
from inference.protocol import HarmonizeRequest, Result, Sampling
from music.arranging.scope import count_words
from music.constraints import BarRange, Check, Constraints
from music.layers import DENSITY_FACTORS, Window, notes_per_whole, place_layer, thin_layer, usual_notes, usual_register
from music.listening import count_out_of_range
from music.names import instrument_name, parse_instruments
from music.piece import DRUM_PROGRAM, ChordSymbol, Piece, Track
from music.time_grid import TimeGrid
from music.transform import slice_bars

MAX_INSTRUMENTS = 5
MAX_TRACKS = 64
_BARS_BEFORE = 4
_NUM_DRAFTS = 3
_SEED_STEP, _DRAFT_STEP = 7919, 104_729  # each layer and each draft throws dice of its own
_SAMPLINGS = {
    "safe": Sampling(temperature_notes=0.6, temperature_rhythm=0.6, temperature_instruments=0.7, top_p=0.9),
    "balanced": harmony_sampling("track", "safe"),
    "wild": harmony_sampling("track", "balanced"),
}
"""A layer repeats itself as parts in real pieces do at 0.8 and wanders at 0.95 (measured; decision 0019)."""
_NEAR_FACTOR = 1.5  # a density is kept when notes a bar are at most so many times too many or too few


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOptions(Options):
    """Add a track for each of ``instruments`` to the source, in all bars or in ``bars`` (first, last; from 1, both included).

    What is there stays note for note. ``density`` is a name of ``DENSITIES``; None: as the network likes.
    """

    instruments: tuple[str, ...] = ()
    bars: tuple[int, int] | None = None
    density: str | None = None
    preset: str = "balanced"


def check_add_options(options: AddOptions) -> tuple[int, ...]:
    """Return the programs to be added, after checking what can be checked before there is a piece.

    Raises:
        InputError: for unknown names, no instruments or too many, or bars that no piece has.
    """
    programs = parse_instruments(",".join(options.instruments))
    if not programs:
        raise InputError("Say which instrument to add, for instance drums, bass, piano or strings.")
    if len(programs) > MAX_INSTRUMENTS:
        raise InputError(f"I can add at most {MAX_INSTRUMENTS} instruments at once. Leave some out.")
    sampling_of(options.preset)
    check_bar_numbers(options.bars)
    _density_of(options.density)
    return programs


@dataclass(frozen=True, slots=True, kw_only=True)
class _AddOperation:
    """Implements ``Operation``: one request a layer, several where a density is asked for."""

    kind: str = "add"
    options_type: type[Options] = AddOptions
    needs_source: bool = True

    def check(self, options: AddOptions, *, limits: LimitSettings) -> None:  # noqa: ARG002 - the protocol's
        """Refuse at once what no piece could make right."""
        check_add_options(options)

    async def make(self, wish: Wish[AddOptions], networks: Networks) -> Made:
        """Write one layer after the other."""
        programs = check_add_options(wish.options)
        piece, window = wish.piece, find_window(wish.piece, wish.options, num_layers=len(programs))
        checks: list[Check] = []
        result: Result | None = None
        for number, program in enumerate(programs):
            drafts = [
                await networks.write(_request(wish, piece, window, program, number, draft), step=step)
                for draft, step in enumerate(_steps(wish.options, programs, number))
            ]
            layer, result = _nearest(drafts, piece, window, density=_density_of(wish.options.density))
            checks += _check_layer(piece, layer, window, density=_density_of(wish.options.density))
            chords = result.piece.chords if wish.options.bars is None and not piece.chords else piece.chords
            piece = _with_layer(piece, layer, chords=chords)
        assert result is not None
        return Made(
            piece=piece,
            checkpoint_id=result.checkpoint_id,
            checks=(_check_kept(wish.piece, piece), *checks),
            chord_names=result.chord_names if wish.options.bars is None else (),
        )


ADD = _AddOperation()


def find_window(piece: Piece, options: AddOptions, *, num_layers: int = 1) -> Window:
    """Return the bars in which a layer is wanted, and those in which it is to be written.

    Raises:
        BarRangeError: for bars that are not there.
        NoMusicError: when there is nothing to play along with.
        InputError: when the piece has too many tracks already.
    """
    if piece.num_notes == 0:
        raise NoMusicError("There is no music to add to. Choose a piece with notes.")
    if len(piece.tracks) + num_layers > MAX_TRACKS:
        raise InputError(f"The piece would have over {MAX_TRACKS} tracks. Leave some out first, with /arrange.")
    everything = BarRange(0, TimeGrid(piece).num_bars)
    wanted = find_bars(piece, options.bars)
    if wanted is None:
        return Window(written=everything, wanted=everything)
    window = Window(written=BarRange(max(wanted.start_bar - _BARS_BEFORE, 0), wanted.stop_bar), wanted=wanted)
    if slice_bars(piece, window.written).num_notes == 0:
        raise NoMusicError("Nothing plays in those bars, so there is nothing to play along with. Choose other bars.")
    return window


def _request(
    wish: Wish[AddOptions], piece: Piece, window: Window, program: int, number: int, draft: int
) -> HarmonizeRequest:
    constraints = Constraints(pitch_range=None if program == DRUM_PROGRAM else usual_register(program))
    return HarmonizeRequest(
        job_id=wish.job_id,
        seed=(wish.seed + _SEED_STEP * number + _DRAFT_STEP * draft) % MAX_SEED,
        piece=piece if wish.options.bars is None else slice_bars(piece, window.written),
        style="track",
        target_instruments=(program,),
        constraints=constraints if wish.options.bars is not None else spare(constraints, wish),
        sampling=_SAMPLINGS[wish.options.preset.strip().casefold()],
    )


def _steps(options: AddOptions, programs: tuple[int, ...], number: int) -> list[Step | None]:
    """Return a step for each draft of a layer; none where there is only one request."""
    num_drafts = 1 if options.density is None else _NUM_DRAFTS
    num_steps = num_drafts * len(programs)
    if num_steps == 1:
        return [None]
    name = instrument_name(programs[number])
    return [Step(name=name, number=number * num_drafts + draft + 1, num_steps=num_steps) for draft in range(num_drafts)]


def _nearest(drafts: list[Result], piece: Piece, window: Window, *, density: str | None) -> tuple[Track, Result]:
    """Return the layer that plays most nearly as much as was asked for, and the result that it is from."""
    layers = [place_layer(piece, draft.piece, window) for draft in drafts]
    if density is None:
        return layers[0], drafts[0]
    wanted = _wanted_notes(layers[0], density)
    played = [notes_per_whole(piece, layer, window.wanted) for layer in layers]
    best = min(range(len(layers)), key=lambda index: abs(math.log(max(played[index], 0.01) / wanted)))
    if played[best] <= wanted * _NEAR_FACTOR:
        return layers[best], drafts[best]
    most = round(len(layers[best].notes) * wanted / played[best])
    return thin_layer(piece, layers[best], most=max(most, 1)), drafts[best]


def _wanted_notes(layer: Track, density: str) -> float:
    return usual_notes(layer.program, is_drum=layer.is_drum) * DENSITY_FACTORS[density]


def _with_layer(piece: Piece, layer: Track, *, chords: tuple[ChordSymbol, ...]) -> Piece:
    return replace(piece, tracks=(*piece.tracks, layer), chords=chords)


def _check_layer(piece: Piece, layer: Track, window: Window, *, density: str | None) -> list[Check]:
    name = instrument_name(layer.instrument)
    outside = count_out_of_range(piece.with_tracks((layer,)))
    found = count_words(len(layer.notes), "note") + (f", {outside} outside its range" if outside else ", all playable")
    first, last = window.wanted.start_bar + 1, window.wanted.stop_bar
    asked = f"{name} in bars {first}-{last}"
    checks = [Check(name="added", asked=asked, found=found, is_kept=bool(layer.notes) and not outside)]
    if density is not None:
        wanted, played = _wanted_notes(layer, density), notes_per_whole(piece, layer, window.wanted)
        is_near = wanted / _NEAR_FACTOR <= played <= wanted * _NEAR_FACTOR
        asked = f"{density}, about {wanted:.0f} notes in four beats"
        checks.append(Check(name="density", asked=asked, found=f"{played:.1f} ({name})", is_kept=is_near))
    return checks


def _check_kept(source: Piece, piece: Piece) -> Check:
    num_changed = sum(old != new for old, new in zip(source.tracks, piece.tracks, strict=False))
    found = "untouched" if num_changed == 0 else f"{num_changed} changed"
    return Check(name="kept_melody", asked="given tracks untouched", found=found, is_kept=num_changed == 0)


def _density_of(name: str | None) -> str | None:
    """Return the name of a density.

    Raises:
        UnknownNameError: for another word.
    """
    if not name or not name.strip():
        return None
    cleaned = name.strip().casefold()
    if cleaned not in DENSITIES:
        close = difflib.get_close_matches(cleaned, DENSITIES, n=1)
        raise UnknownNameError(kind="density", name=name, suggestions=tuple(close) or tuple(DENSITIES))
    return cleaned
