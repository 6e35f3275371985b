"""The card of a song made together as JSON, for whoever can do more with it than look (``tutti-song``, version 1).

It travels in the card's picture. Bars count from 1; names are plain text, so whoever shows them must escape them. It knows no database.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime
from itertools import pairwise
from typing import Any

import msgspec

from bot.services.together.card.model import Card
from bot.services.together.model import LICENCES
from music.names import instrument_name
from music.piece import Piece, Track
from music.time_grid import TimeGrid
from music.versions.layered import LayeredPiece

VERSION = 1


def card_to_json(card: Card) -> str:
    """Return the JSON text of a card."""
    song = card.song or LayeredPiece(piece=Piece())
    starts_ticks = bar_starts_ticks(song.piece)
    grid = TimeGrid(song.piece)
    workplaces = dict(card.workplaces)
    content: dict[str, Any] = {
        "tutti_song": VERSION,
        "title": card.title,
        "licence": LICENCES.get(card.licence, card.licence),
        "host": card.host,
        "is_closed": card.is_closed,
        "branch": card.branch,
        "head": card.head_id,
        "bpm": round(song.piece.tempos[0].bpm, 2) if song.piece.tempos else 120.0,
        "bars": [
            {"start_seconds": round(grid.seconds_of_tick(start), 3), "metre": grid.metre_at(start).name}
            for start in starts_ticks[:-1]
        ],
        "layers": _layers(card, song, starts_ticks),
        "claims": [
            {"who": claim.who, "layer": claim.layer_id, "bars": claim.bars, "until": _moment(claim.until)}
            for claim in card.claims
        ],
        "members": [
            {"name": name, "role": role, "branch": workplaces.get(name, card.branch)} for name, role in card.members
        ],
        "turn": None if card.turn is None else {"who": card.turn.who, "until": _moment(card.turn.until)},
        "queue": card.queue,
        "votes": [
            {"id": vote.vote_id, "title": vote.title, "link": card.link_to(vote.message_id)} for vote in card.votes
        ],
        "comments": [
            {
                "id": comment.comment_id,
                "number": comment.number,
                "bar": comment.bar,
                "layer": comment.layer_id,
                "who": comment.who,
                "text": comment.text,
                "link": card.link_to(comment.message_id),
            }
            for comment in card.comments
        ],
        "branches": [{"name": branch.name, "head": branch.head_id} for branch in card.branches],
        "tags": [{"name": name, "revision": revision_id} for name, revision_id in card.tags],
        "revisions": [
            {
                "id": revision.revision_id,
                "parents": revision.parent_ids,
                "operation": revision.operation,
                "who": revision.who,
                "branch": revision.branch,
                "link": revision.link,
            }
            for revision in card.revisions
        ],
        "changes": {
            "revision": card.changes.revision_id,
            "lines": card.changes.lines,
            "cells": dict(card.changes.cells),
        },
    }
    return msgspec.json.encode(content).decode()


def bar_starts_ticks(piece: Piece) -> tuple[int, ...]:
    """Return where each bar begins and where the last one ends; an empty piece has one bar."""
    grid = TimeGrid(piece)
    return tuple(grid.bar_start_ticks(bar) for bar in range(max(grid.num_bars, 1) + 1))


def count_notes_by_bar(track: Track, starts_ticks: tuple[int, ...]) -> list[int]:
    """Return how many notes of a track begin in each bar."""
    onsets_ticks = [note.onset_ticks for note in track.notes]
    firsts = [bisect_left(onsets_ticks, start_ticks) for start_ticks in starts_ticks]
    return [stop - start for start, stop in pairwise(firsts)]


def name_instrument(track: Track) -> str:
    """Return what a track is played on, for people."""
    return "Drums" if track.is_drum else instrument_name(track.program)


def _layers(card: Card, song: LayeredPiece, starts_ticks: tuple[int, ...]) -> list[dict[str, Any]]:
    return [
        {
            "id": layer.layer_id,
            "number": number,
            "name": layer.name,
            "instrument": name_instrument(track),
            "owner": card.owners.get(layer.owner_id, ""),
            "is_locked": layer.is_locked,
            "is_muted": layer.is_muted,
            "is_solo": layer.is_solo,
            "level_db": layer.level_db,
            "pan": layer.pan,
            "cells": count_notes_by_bar(track, starts_ticks),
        }
        for number, (layer, track, _) in enumerate(song.parts(), start=1)
    ]


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
