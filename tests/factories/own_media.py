"""The media workers' own work, done in this process: real sound, real scores, no child to start."""

import asyncio

from core.errors import InputError, RenderError
from media.protocol import DrawPianoRoll, EngraveScore, MediaFailure, Render, RenderStem, WriteMIDI
from media.worker import answer


class OwnMedia:
    """Satisfies ``MediaMaker`` for tests of what is made, not of the processes that make it."""

    async def _ask(self, request):
        found = await asyncio.to_thread(answer, request)
        if isinstance(found, MediaFailure):
            raise InputError(found.message) if found.is_input else RenderError(found.message + found.details)
        return found

    async def render(self, piece, *, size_limit_bytes, audio_format="ogg", stop_ticks=None, **_):
        return await self._ask(
            Render(
                piece=piece,
                audio_format=audio_format,
                size_limit_bytes=size_limit_bytes,
                max_seconds=300.0,
                soundfont="",
                stop_ticks=stop_ticks,
            )
        )

    async def render_stem(self, piece, track_index, *, size_limit_bytes, audio_format="flac", max_seconds=None, **_):
        return await self._ask(
            RenderStem(
                piece=piece,
                track_index=track_index,
                audio_format=audio_format,
                size_limit_bytes=size_limit_bytes,
                max_seconds=max_seconds or 300.0,
                soundfont="",
            )
        )

    async def engrave_score(self, piece, *, forms, part=None, title="", credit_line="", rights=""):
        return await self._ask(
            EngraveScore(piece=piece, forms=forms, part=part, title=title, credit_line=credit_line, rights=rights)
        )

    async def draw_piano_roll(self, piece, *, before=None):
        return await self._ask(DrawPianoRoll(piece=piece, before=before))

    async def write_midi(self, piece, *, recipe="", credit_lines=()):
        return (await self._ask(WriteMIDI(piece=piece, recipe=recipe, credit_lines=credit_lines))).data
