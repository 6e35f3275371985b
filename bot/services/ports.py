"""What the services need from the two doors to other processes, as protocols. It knows no implementation.

``inference.client.InferenceClient`` and ``media.client.MediaClient`` satisfy them by their shape.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from inference.protocol import FinishedBars, Progress, Request, Result
from media.protocol import AudioFormat, DrawConflict, EngravedScore, HistoryNode, Picture, Rendering, ScoreForm
from media.song_facts import GraphRevision, SongFacts
from music.forms.plan import FormPlan
from music.piece import Piece


class Writer(Protocol):
    """Writes music: the networks' only door."""

    def submit(
        self, request: Request, *, user_id: int, guild_id: int | None
    ) -> AsyncIterator[Progress | FinishedBars | Result]:
        """Yield progress, finished bars where asked for and, last, the result; closing the iterator cancels the job."""
        ...

    def queue_place(self, job_id: str) -> int | None:
        """Return how many jobs are ahead, this one included (1 is next); None when it does not wait."""
        ...

    def estimate_wait_seconds(self, job_id: str) -> float | None:
        """Return about how long until a waiting job begins, from the jobs ahead of it; None when unknown."""
        ...

    def estimate_end_seconds(self, job_id: str) -> float | None:
        """Return about how long until a job is done, its wait included; None when unknown."""
        ...

    def estimate_work_seconds(self, kind: str, *, num_bars: int) -> float | None:
        """Return about how long a job of a kind takes once it runs; None when nothing like it was measured."""
        ...

    def recall_job(self, kind: str, *, seconds: float, num_bars: int) -> None:
        """Learn how long jobs take from one of an earlier run of the bot."""
        ...


class MediaMaker(Protocol):
    """Reads untrusted files and makes what is heard and seen."""

    async def read_upload(self, filename: str, data: bytes, *, is_sound: bool = False) -> Piece:
        """Return the piece in an untrusted file; with ``is_sound``, the melody in a clip of one voice."""
        ...

    async def render(
        self,
        piece: Piece,
        *,
        size_limit_bytes: int,
        audio_format: AudioFormat = "ogg",
        stop_ticks: int | None = None,
        soundfont: str = "",
    ) -> Rendering:
        """Return the sound of a piece, no larger than the limit; with ``stop_ticks``, of the beginning of one.

        ``soundfont``: the path of another than the usual one.
        """
        ...

    async def render_stem(
        self,
        piece: Piece,
        track_index: int,
        *,
        size_limit_bytes: int,
        audio_format: AudioFormat = "flac",
        max_seconds: float | None = None,
        soundfont: str = "",
    ) -> Rendering:
        """Return the sound of one track, as loud and as long as it is in the whole piece."""
        ...

    async def engrave_score(
        self,
        piece: Piece,
        *,
        forms: tuple[ScoreForm, ...],
        part: str | None = None,
        title: str = "",
        credit_line: str = "",
        rights: str = "",
    ) -> EngravedScore:
        """Return a piece, or one part of it by number (from 1) or name, as sheet music."""
        ...

    async def draw_piano_roll(self, piece: Piece, *, before: Piece | None = None, first_bar: int = 0) -> Picture:
        """Return the piano roll of a piece, its bars counted from ``first_bar``, and what changed since ``before``."""
        ...

    async def draw_plan(self, plan: FormPlan) -> Picture:
        """Return the plan of a song as a picture."""
        ...

    async def draw_history(self, nodes: Sequence[HistoryNode]) -> Picture:
        """Return the graph of a song's revisions."""
        ...

    async def draw_song(self, piece: Piece, facts: SongFacts, *, chunk: str = "") -> Picture:
        """Return the arrangement of a song made together; the picture carries ``chunk``."""
        ...

    async def draw_conflict(self, wish: DrawConflict) -> Picture:
        """Return both sides of a conflict."""
        ...

    async def draw_graph(self, revisions: Sequence[GraphRevision], *, title: str) -> Picture:
        """Return the graph of a song made together, newest revision first."""
        ...

    async def draw_takes(self, takes: tuple[Piece, ...], *, names: tuple[str, ...] = ()) -> Picture:
        """Return the piano rolls of several takes of one wish, one under the other, under their names or numbers."""
        ...

    async def write_midi(self, piece: Piece, *, recipe: str = "", credit_lines: tuple[str, ...] = ()) -> bytes:
        """Return a piece as a Standard MIDI File that carries its recipe, and who wrote it."""
        ...
