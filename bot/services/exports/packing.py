"""A piece as files to take away: MIDI, sound, stems, score, credits. It knows no database and no Discord.

Whatever a place can take is kept to: a sound that is too large steps down in format and bit rate, then in length, all
stems alike; archives are split. What was stepped down is said. Everything is made from the piece, so it can be made again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, cast

from bot.services.exports.credits import Line, credit_line, write_credits
from bot.services.exports.zips import Packing, pack
from bot.services.model import File, FileBundle
from bot.services.operations.exporting import ExportOptions, FileOptions, ScoreOptions
from bot.services.ports import MediaMaker
from bot.services.replies.fitting import room_bytes
from bot.services.replies.library import Finished, file_stem, slug, write_recipe
from bot.services.together.credits.sheet import CreditSheet, credit_lines
from core.errors import RenderError
from media.protocol import MAX_SCORE_PAGES, AudioFormat, Rendering, ScoreForm
from music.notation.writing import name_parts
from music.piece import Piece

MAX_ARCHIVES = 5
_STEM_FORMATS: tuple[AudioFormat, ...] = ("flac", "mp3", "ogg")
_ALL_FORMS: tuple[ScoreForm, ...] = ("png", "pdf", "musicxml")
_MIN_STEM_BYTES = 64 * 1024

ProgressListener = Callable[[int, int], Awaitable[None]]
"""Told how many of how many files are made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to make files of, and how large one message may be."""

    finished: Finished
    line: Line
    size_limit_bytes: int
    soundfont: str = ""  # the path of another than the usual one
    sheet: CreditSheet | None = None  # who wrote the notes, of what people made together

    @property
    def room_bytes(self) -> int:
        """What one file may take."""
        return room_bytes(self.size_limit_bytes)


class ExportMaker:
    """Makes bundles of files."""

    def __init__(self, media: MediaMaker) -> None:
        self._media = media

    async def make(self, options: FileOptions, order: Order, *, listener: ProgressListener | None = None) -> FileBundle:
        """Return the files that somebody asked for, message by message.

        Raises:
            core.errors.InputError: for a part that the piece does not have.
            core.errors.RenderError: when a file cannot be made.
        """
        work = _Work(self._media, order, listener)
        if isinstance(options, ScoreOptions):
            return await work.score(options)
        assert isinstance(options, ExportOptions)
        return await work.export(options.contents)


class _Work:
    """One bundle in the making."""

    def __init__(self, media: MediaMaker, order: Order, listener: ProgressListener | None) -> None:
        self._media = media
        self._order = order
        self._listener = listener
        self._stem = file_stem(order.finished.revision)
        self._remarks: list[str] = []
        self._alt_texts: dict[str, str] = {}
        self._num_done = 0
        self._num_total = 1

    @property
    def _piece(self) -> Piece:
        return self._order.finished.piece

    @property
    def _heard(self) -> Piece:
        """The piece as the layers of its song stand; tracks that are not heard are empty in it."""
        return self._order.finished.heard or self._piece

    async def score(self, options: ScoreOptions) -> FileBundle:
        """Return sheet music in one form."""
        form = _ALL_FORMS[_ALL_FORMS.index(cast("ScoreForm", options.format))]
        name = self._stem + (f"-{slug(options.part)}" if options.part and slug(options.part) else "")
        files = await self._engrave((form,), stem=name, part=options.part)
        return self._bundle([tuple(files)])

    async def export(self, contents: str) -> FileBundle:
        """Return the files of one of ``EXPORT_CONTENTS``."""
        match contents:
            case "midi":
                return self._bundle([(await self._midi(),)])
            case "wav" | "flac" | "mp3" | "ogg":
                return self._bundle([(await self._audio(contents),)])
            case "score":
                return self._bundle(self._by_message(await self._engrave(_ALL_FORMS, stem=self._stem)))
            case "credits":
                return self._bundle([(self._credits(),)])
            case "stems":
                self._num_total = 2 * self._num_tracks
                return self._archives(await self._stems(), name="stems")
            case _:
                self._num_total = 4 + 2 * self._num_tracks
                sounds = {sound.filename: sound for sound in (await self._audio("mp3"), await self._audio("flac"))}
                files = [await self._midi(), *sounds.values()]  # one sound, where there is no room for FLAC
                files += await self._engrave(_ALL_FORMS, stem=self._stem)
                return self._archives([*files, *await self._stems()], name="")

    # --- single files

    async def _midi(self) -> File:
        sheet = self._order.sheet
        data = await self._media.write_midi(
            self._piece,
            recipe=write_recipe(self._order.finished),
            credit_lines=() if sheet is None else credit_lines(sheet),
        )
        await self._count()
        return File(filename=f"{self._stem}.mid", data=data)

    async def _audio(self, wanted: AudioFormat) -> File:
        rendering = await self._media.render(
            self._heard,
            size_limit_bytes=self._order.room_bytes,
            audio_format=wanted,
            soundfont=self._order.soundfont,
        )
        self._note_step_down("The sound", wanted, rendering)
        self._note_silence()
        await self._count()
        return File(filename=f"{self._stem}{rendering.filename_suffix}", data=rendering.audio)

    async def _engrave(self, forms: tuple[ScoreForm, ...], *, stem: str, part: str | None = None) -> list[File]:
        engraved = await self._media.engrave_score(
            self._piece,
            forms=forms,
            part=part,
            title=self._order.finished.revision.title,
            credit_line=credit_line(self._order.line),
        )
        await self._count()
        files = [
            File(filename=f"{stem}.{form}", data=data)
            for form in forms
            if (data := {"png": engraved.png, "pdf": engraved.pdf, "musicxml": engraved.musicxml}[form])
        ]
        if "pdf" in forms and engraved.num_pages > MAX_SCORE_PAGES:
            self._remarks.append(f"The PDF holds {MAX_SCORE_PAGES} of {engraved.num_pages} pages; MusicXML holds all.")
        for file in files:
            if file.filename.endswith(".png"):
                self._alt_texts[file.filename] = engraved.alt_text
                if engraved.num_pages > 1 and len(forms) == 1:
                    self._remarks.append(f"This is page 1 of {engraved.num_pages}; ask for PDF to have them all.")
        return files

    def _credits(self) -> File:
        order = self._order
        text = write_credits(order.line, soundfont=PurePath(order.soundfont).stem, sheet=order.sheet)
        return File(filename="CREDITS.txt", data=text.encode())

    # --- stems

    @property
    def _num_tracks(self) -> int:
        return sum(bool(track.notes) for track in self._heard.tracks)

    async def _stems(self) -> list[File]:
        """Return every track that is heard alone: MIDI with the song's tempo map and length, and sound that sums to the song."""
        names = name_parts([track for track in self._heard.tracks if track.notes])
        places = [index for index, track in enumerate(self._heard.tracks) if track.notes]
        self._note_silence()
        stems = [f"stems/{number + 1:02d}-{slug(name) or 'track'}" for number, name in enumerate(names)]
        files: list[File] = []
        for place, stem in zip(places, stems, strict=True):
            alone = replace(self._piece, tracks=(self._piece.tracks[place],), length_ticks=self._piece.length_ticks)
            files.append(File(filename=f"{stem}.mid", data=await self._media.write_midi(alone)))
            await self._count()
        renderings = await self._render_stems(places)
        return files + [
            File(filename=f"{stem}{rendering.filename_suffix}", data=rendering.audio)
            for stem, rendering in zip(stems, renderings, strict=True)
        ]

    async def _render_stems(self, places: list[int]) -> list[Rendering]:
        """Return the sound of each track, all in one format and of one length: the best that fits in the archives."""
        room_bytes = self._order.room_bytes
        for wanted in _STEM_FORMATS:
            found = await self._render_all(places, wanted, max_seconds=None, room_bytes=room_bytes)
            is_whole = all(each.filename_suffix == f".{wanted}" and not each.is_shortened for each in found)
            if not is_whole or sum(len(each.audio) for each in found) > MAX_ARCHIVES * room_bytes:
                continue
            if wanted != _STEM_FORMATS[0]:
                self._remarks.append(f"The stems are {wanted.upper()} files: as FLAC they would be too large here.")
            return found
        return await self._render_shorter(places)

    async def _render_all(
        self, places: list[int], wanted: AudioFormat, *, max_seconds: float | None, room_bytes: int
    ) -> list[Rendering]:
        """Return all stems in a format, or the first that does not fit, alone."""
        found: list[Rendering] = []
        for place in places:
            rendering = await self._media.render_stem(
                self._heard,
                place,
                size_limit_bytes=room_bytes,
                audio_format=wanted,
                max_seconds=max_seconds,
                soundfont=self._order.soundfont,
            )
            if rendering.filename_suffix != f".{wanted}":
                return [rendering]
            found.append(rendering)
            await self._count()
        return found

    async def _render_shorter(self, places: list[int]) -> list[Rendering]:
        """Return as much of all stems as fits, all equally long, in the smallest format."""
        wanted = _STEM_FORMATS[-1]
        room_bytes = min(self._order.room_bytes, MAX_ARCHIVES * self._order.room_bytes // max(len(places), 1))
        if room_bytes < _MIN_STEM_BYTES:
            raise RenderError("The stems are too large for this place")
        found = await self._render_all(places, wanted, max_seconds=None, room_bytes=room_bytes)
        seconds = min(each.duration_seconds for each in found)
        if any(each.duration_seconds > seconds for each in found):
            found = await self._render_all(places, wanted, max_seconds=seconds, room_bytes=room_bytes)
        self._remarks.append(f"The stems stop after {seconds:.0f} seconds to fit; the MIDI files hold everything.")
        return found

    # --- shared

    def _by_message(self, files: list[File]) -> list[tuple[File, ...]]:
        """Return the files in as few messages as their sizes allow."""
        messages: list[tuple[File, ...]] = []
        for file in files:
            used_bytes = sum(len(each.data) for each in messages[-1]) if messages else 0
            if messages and used_bytes + len(file.data) <= self._order.room_bytes:
                messages[-1] = (*messages[-1], file)
            else:
                messages.append((file,))
        return messages

    def _archives(self, files: list[File], *, name: str) -> FileBundle:
        finished, revision = self._order.finished, self._order.finished.revision
        about: dict[str, Any] = {
            "title": revision.title,
            "revision": revision.revision_id,
            "operation": revision.operation,
            "seed": revision.seed,
            "checkpoint": revision.checkpoint_id,
            "piece": revision.piece_hash,
            "parents": [parent.piece_hash for parent in finished.parents],
            "remarks": self._remarks,
        }
        packing = Packing(
            stem=f"{self._stem}-{name}" if name else self._stem,
            moment=revision.created_at,
            about=about,
            in_each=(self._credits(),),
        )
        archives = pack(files, packing, size_limit_bytes=self._order.room_bytes)
        if len(archives) > 1:
            self._remarks.append(f"Split into {len(archives)} archives, each whole by itself, to fit in this place.")
        return self._bundle([(archive,) for archive in archives])

    def _bundle(self, messages: list[tuple[File, ...]]) -> FileBundle:
        return FileBundle(
            revision=self._order.finished.revision,
            messages=tuple(messages),
            alt_texts=self._alt_texts,
            remarks=tuple(self._remarks),
        )

    def _note_step_down(self, what: str, wanted: AudioFormat, rendering: Rendering) -> None:
        found = rendering.filename_suffix.removeprefix(".")
        if found != wanted:
            self._remarks.append(f"{what} is {found.upper()}: as {wanted.upper()} it would be too large here.")
        if rendering.is_shortened:
            self._remarks.append(
                f"{what} stops after {rendering.duration_seconds:.0f} seconds to fit; the MIDI file holds everything."
            )

    def _note_silence(self) -> None:
        silent = ", ".join(self._order.finished.silent_layers)
        remark = f"Not heard, as the song's layers stand: {silent}. The MIDI file of the song holds them."
        if silent and remark not in self._remarks:
            self._remarks.append(remark)

    async def _count(self) -> None:
        self._num_done = min(self._num_done + 1, self._num_total)
        if self._listener is not None:
            await self._listener(self._num_done, self._num_total)
