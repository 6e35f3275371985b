"""The files of a reply, made from its piece: MIDI with its recipe, sound, picture, facts. It knows no database.

Everything here can be made again at any time, so nothing of it is stored. The MIDI file carries its recipe (operation,
settings, seed, checkpoint, hashes of the piece and its parents): whoever finds the file can make it again.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import unicodedata
from dataclasses import dataclass, field, replace

import msgspec
import structlog

from bot.services.genres import GenreCounts
from bot.services.model import Fact, File, Reply, RevisionView, SongLine
from bot.services.options import GenerateOptions
from bot.services.ports import MediaMaker
from bot.services.records import options_to_json
from bot.services.replies.chord_sheets import chord_sheet_of
from bot.services.replies.comparison import Comparison, compare_edit, describe_difference
from bot.services.replies.fitting import room_for_sounds
from bot.services.replies.reply_sounds import ReplySounds, clock
from bot.services.replies.sound import SoundOf, usual_sound
from bot.services.replies.takes import Suggest, suggest_nothing
from core.errors import RenderError
from media.protocol import AudioFormat
from music.constraints import Check
from music.midi import drop_credit_lines
from music.names import instrument_name, key_name
from music.originality import WINDOW, Fingerprints, measure_shared_run
from music.piece import Piece
from music.time_grid import TimeGrid

_log = structlog.stdlib.get_logger(__name__)
_MAX_SLUG_LENGTH = 40
_OWN_WORDS = (
    "prompt",
    "ours_name",
    "theirs_name",
)  # what was understood of a prompt is in other fields; branches have people's names


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A result as it lies in the database, ready to be dressed for people.

    In a shared song ``heard`` and ``heard_before`` are the same as their layers stand (muted ones silent, levels, places).
    """

    revision: RevisionView
    parents: tuple[RevisionView, ...]
    piece: Piece
    before: Piece | None  # what it was made from
    checks: tuple[Check, ...]
    chord_names: tuple[str, ...]
    line: SongLine | None = None
    account: tuple[str, ...] = ()  # of a merge: what came from where
    heard: Piece | None = None
    heard_before: Piece | None = None
    silent_layers: tuple[str, ...] = ()
    beside_song: str = ""  # the song that lives where this was made, of which it is no part


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyParts:
    """What a reply holds beside its MIDI file. ``audio_format`` None: no sound.

    ``early_worth_seconds``: the first bars are heard early if the rest takes at least so long to write; None: never.
    With the ``fingerprints`` of the training music it says how long a passage its new notes share with that, and with
    ``genres`` which styles the network hardly knows. ``sound_of``: what a server has set about its sound. ``is_heard_whole``: edits,
    too, have one sound, all of what came out, as whoever asks for files expects. ``suggest``: which of several takes a server may like.
    """

    audio_format: AudioFormat | None = "ogg"
    early_worth_seconds: float | None = None
    has_picture: bool = True
    fingerprints: Fingerprints | None = None
    genres: GenreCounts = field(default_factory=GenreCounts)
    sound_of: SoundOf = usual_sound
    is_heard_whole: bool = False
    suggest: Suggest = suggest_nothing


class ReplyMaker:
    """Makes replies out of finished results."""

    def __init__(self, media: MediaMaker, *, parts: ReplyParts | None = None) -> None:
        self._media = media
        self._parts = parts or ReplyParts()
        self._sounds = ReplySounds(media, audio_format=self._parts.audio_format, sound_of=self._parts.sound_of)

    async def make(
        self, finished: Finished, *, size_limit_bytes: int, take_number: int | None = None, is_whole: bool = False
    ) -> Reply:
        """Return the whole reply; sound or picture that cannot be made are left out with a remark.

        ``take_number`` (from 1): it is one of several takes, its files say so, and what was before it is not heard.
        ``is_whole``: all of an edit is heard, and only that.

        Raises:
            RenderError: when not even the MIDI file could be written.
        """
        revision, piece = finished.revision, finished.piece
        name = file_stem(revision) + (f"-take-{take_number}" if take_number else "")
        comparison = await asyncio.to_thread(compare_edit, revision.operation, finished.before, piece)
        is_whole = is_whole or self._parts.is_heard_whole
        drawn = replace(comparison, window=None) if comparison is not None and is_whole else comparison
        midi_data, (picture, alt_text, picture_remarks), shared_run_notes = await asyncio.gather(
            self._media.write_midi(piece, recipe=write_recipe(finished)),
            self._draw(name, finished, drawn),
            self._measure_shared_run(finished),
        )
        midi = File(filename=f"{name}.mid", data=midi_data)
        played = None if take_number or is_whole else _as_heard(finished, comparison)
        room_bytes = room_for_sounds(
            (midi, picture), size_limit_bytes=size_limit_bytes, num_sounds=1 if played is None else 2
        )
        sounds = await self._sounds.make(
            name,
            finished.heard or piece,
            comparison=played,
            guild_id=revision.place.guild_id,
            size_limit_bytes=room_bytes,
        )
        return Reply(
            revision=revision,
            parents=finished.parents,
            checks=finished.checks,
            chord_names=finished.chord_names,
            midi=midi,
            audio=sounds.after,
            audio_before=sounds.before,
            line=finished.line,
            account=finished.account,
            changes=() if comparison is None else describe_difference(comparison.difference, piece),
            picture=picture,
            alt_text=alt_text,
            facts=(*facts_of(piece), *shared_run_facts(shared_run_notes)),
            shared_run_notes=shared_run_notes,
            chord_sheet=chord_sheet_of(piece),
            remarks=(
                *self._parts.genres.remarks(revision.options),
                *sounds.remarks,
                *picture_remarks,
                *_song_remarks(finished),
            ),
        )

    async def _measure_shared_run(self, finished: Finished) -> int | None:
        """Return the notes of the longest passage that what we wrote shares with the training music."""
        fingerprints, operation = self._parts.fingerprints, finished.revision.operation
        if fingerprints is None or operation == "upload":
            return None
        given = None if operation == "generate" else finished.before
        return await asyncio.to_thread(measure_shared_run, fingerprints, finished.piece, given=given)

    async def _draw(
        self, name: str, finished: Finished, comparison: Comparison | None
    ) -> tuple[File | None, str, tuple[str, ...]]:
        if not self._parts.has_picture:
            return None, "", ()
        try:
            if comparison is None:
                picture = await self._media.draw_piano_roll(finished.piece)
            else:
                picture = await self._media.draw_piano_roll(
                    comparison.heard_after,
                    before=comparison.heard_before,
                    first_bar=0 if comparison.window is None else comparison.window.start_bar,
                )
        except RenderError as error:
            _log.warning("picture_left_out", revision_id=finished.revision.revision_id, error=str(error))
            return None, "", ("The picture could not be drawn.",)
        return File(filename=f"{name}.png", data=picture.png), picture.alt_text, ()


def _as_heard(finished: Finished, comparison: Comparison | None) -> Comparison | None:
    """Return a comparison whose two sides sound as the song's layers stand."""
    if comparison is None:
        return None
    return replace(
        comparison,
        before=finished.heard_before or comparison.before,
        after=finished.heard or comparison.after,
    )


def _song_remarks(finished: Finished) -> tuple[str, ...]:
    if finished.beside_song:
        return (
            f"Beside the song “{finished.beside_song}”, not part of it yet: “Add to song” in the menu takes it in.",
        )
    if not finished.silent_layers:
        return ()
    return (f"Not heard, as the song's layers stand: {', '.join(finished.silent_layers)}. The MIDI file holds them.",)


def hash_file(data: bytes) -> str:
    """Return the SHA-256 of a file, in hexadecimal: how we recognise a file of ours that somebody brings back.

    Credits, which exports of a shared song carry beside the same music, make no other file of it.
    """
    return hashlib.sha256(drop_credit_lines(data)).hexdigest()


def write_recipe(finished: Finished) -> str:
    """Return the recipe that the MIDI file carries, as one line of JSON. It names no person and quotes nobody."""
    revision = finished.revision
    settings = None if revision.options is None else options_to_json(revision.options)
    if settings is not None:
        for name in _OWN_WORDS:
            settings.pop(name, None)
    recipe = {
        "tutti": 1,
        "operation": revision.operation,
        "settings": settings,
        "seed": revision.seed,
        "checkpoint": revision.checkpoint_id,
        "piece": revision.piece_hash,
        "parents": [parent.piece_hash for parent in finished.parents],
    }
    return msgspec.json.encode(recipe, order="sorted").decode()


def file_stem(revision: RevisionView) -> str:
    """Return a file name without suffix that every system takes: letters, digits and hyphens only."""
    genre = revision.options.genre if isinstance(revision.options, GenerateOptions) else None
    parts = ("tutti", str(revision.revision_id), revision.operation, slug(genre or revision.title))
    return "-".join(part for part in parts if part)


def slug(text: str) -> str:
    """Return text as lower-case ASCII letters, digits and hyphens; empty when nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_MAX_SLUG_LENGTH].strip("-")


def facts_of(piece: Piece) -> tuple[Fact, ...]:
    """Return what a listener may want to know, read off the piece without analysis."""
    grid = TimeGrid(piece)
    programs = dict.fromkeys(track.instrument for track in piece.tracks if track.notes)
    facts = [
        Fact(name="Length", value=f"{grid.num_bars} bars, {clock(grid.duration_seconds)}"),
        Fact(name="Notes", value=f"{piece.num_notes:,}"),
        Fact(name="Tempo", value=_tempo(piece)),
        Fact(name="Metre", value=", ".join(dict.fromkeys(metre.name for metre in piece.time_signatures)) or "4/4"),
        Fact(name="Instruments", value=", ".join(instrument_name(program) for program in programs)),
    ]
    if piece.key_signatures:
        facts.append(Fact(name="Key", value=key_name(piece.key_signatures[0])))
    return tuple(facts)


def shared_run_facts(shared_run_notes: int | None) -> tuple[Fact, ...]:
    """Return what ``Reply.shared_run_notes`` says, in words."""
    if shared_run_notes is None:
        return ()
    length = f"at most {shared_run_notes}" if shared_run_notes else f"fewer than {WINDOW + 1}"
    return (Fact(name="Longest passage shared with the training music", value=f"{length} notes"),)


def _tempo(piece: Piece) -> str:
    tempos = [tempo.bpm for tempo in piece.tempos] or [120.0]
    low, high = min(tempos), max(tempos)
    return f"{low:.0f} bpm" if round(low) == round(high) else f"{low:.0f}-{high:.0f} bpm"
