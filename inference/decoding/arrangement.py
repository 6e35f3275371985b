"""Who plays what when: instruments as people ask for them -> slots of the event encoding. It knows no network.

The encoding has one slot for each role. More instruments of a kind than slots take turns in one slot, each for an equal
run of bars; a piano or guitar alone plays melody and accompaniment, which end up in one track.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from core.errors import InputError
from music.piece import DRUM_PROGRAM
from music.roles import PART_ROLES, is_bass, is_chordal, rate_roles

_DRUMS, _BASS = PART_ROLES.index("drums"), PART_ROLES.index("bass")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An instrument plays a slot from ``start_bar`` up to ``stop_bar`` of the new bars."""

    slot: int
    program: int  # or DRUM_PROGRAM
    start_bar: int
    stop_bar: int


def arrange(instruments: tuple[int, ...], *, num_bars: int, taken: dict[int, int] | None = None) -> tuple[Turn, ...]:
    """Return the turns in which every asked instrument plays.

    Args:
        instruments: programs and ``DRUM_PROGRAM``; one that is named twice plays two parts.
        num_bars: bars to be written.
        taken: slots that a given piece already fills with some of these instruments.

    Raises:
        InputError: for more instruments in one role than there are bars.
    """
    members: dict[int, list[int]] = {slot: [program] for slot, program in (taken or {}).items()}
    playing = Counter(taken.values() if taken else ())
    missing = list((Counter(instruments) - playing).elements())
    others: list[int] = []
    for program in missing:
        one_part = _DRUMS if program == DRUM_PROGRAM else _BASS if is_bass(program) else None
        if one_part is not None:
            if program not in members.setdefault(
                one_part, []
            ):  # there is one drummer and one bass, however often named
                members[one_part].append(program)
        else:
            others.append(program)
    _place_others(others, members)
    if not taken and len(others) == 1 and is_chordal(others[0]):
        members[PART_ROLES.index("chords")] = others
        members[PART_ROLES.index("lead")] = others
    return tuple(turn for slot in sorted(members) for turn in _take_turns(slot, members[slot], num_bars))


def _place_others(programs: list[int], members: dict[int, list[int]]) -> None:
    """Put each program into the free slot that suits it best; when none is free, into the shortest queue."""
    rated = sorted(
        (
            (-score, index, role)
            for index, program in enumerate(programs)
            for role, score in rate_roles(program).items()
        ),
    )
    placed: set[int] = set()
    for _, index, role in rated:
        slot = PART_ROLES.index(role)
        if index not in placed and slot not in members:
            members[slot] = [programs[index]]
            placed.add(index)
    for index, program in enumerate(programs):
        if index not in placed:
            rates = rate_roles(program)
            best = min(rates, key=lambda role: (len(members[PART_ROLES.index(role)]), -rates[role]))
            members[PART_ROLES.index(best)].append(program)


def _take_turns(slot: int, programs: list[int], num_bars: int) -> list[Turn]:
    if len(programs) > num_bars:
        raise InputError(
            f"{len(programs)} instruments that play the same part need at least {len(programs)} bars, and you asked for "
            f"{num_bars}. Ask for more bars or for fewer instruments."
        )
    edges = [index * num_bars // len(programs) for index in range(len(programs) + 1)]
    return [
        Turn(slot=slot, program=program, start_bar=edges[index], stop_bar=edges[index + 1])
        for index, program in enumerate(programs)
    ]
