"""Stand-ins at the two borders of the services: the networks and the media workers. Both are true implementations.

The writer makes real pieces whose notes depend on the seed alone; the media maker reads and writes real MIDI files.
"""

import asyncio
import random
import time

from core.errors import NotFoundError
from inference.protocol import FinishedBars, GenerateRequest, Progress, Result
from inference.rates import Rates
from inference.work import Work, work_of
from media.protocol import EngravedScore, Picture, Rendering
from music.constraints import Check
from music.midi import read_midi, write_midi
from music.piece import Note, Piece, Track

CHECKPOINT_ID = "generator-0123456789ab"


def melody(seed=0, *, num_bars=4, title=""):
    """A piece of quarter notes in 4/4 whose pitches depend on the seed."""
    dice = random.Random(seed)
    notes = tuple(Note(beat * 480, dice.randint(60, 72), 480, 80) for beat in range(4 * num_bars))
    return Piece(tracks=(Track(notes=notes, program=0, name="Melody"),), title=title)


def melody_file(seed=0, *, num_bars=4):
    """The bytes of a MIDI file."""
    return write_midi(melody(seed, num_bars=num_bars))


class StandInWriter:
    """Writes one bar after another. ``gate`` holds every job back before its last bar until it is set."""

    def __init__(self, *, is_open=True, error=None, places=None):
        self.gate = asyncio.Event()
        if is_open:
            self.gate.set()
        self.error = error
        self.places = places or {}
        self.requests = []
        self.stopped = []
        self.started = asyncio.Event()
        self.running = {}
        self.rates = Rates()

    async def submit(self, request, *, user_id, guild_id):
        self.requests.append(request)
        self.running[request.job_id] = request
        started = time.monotonic()
        is_done = False
        try:
            if isinstance(request, GenerateRequest):
                num_bars = request.constraints.num_bars
                piece = melody(request.seed, num_bars=num_bars)
            else:
                num_bars = 4
                piece = melody(request.seed)
            for bar in range(num_bars):
                yield Progress(job_id=request.job_id, stage="writing", num_done=bar, num_total=num_bars)
                self.started.set()
                if getattr(request, "wants_early_bars", False) and bar in {2, 4, 8, 16}:
                    yield FinishedBars(
                        job_id=request.job_id,
                        piece=melody(request.seed, num_bars=bar),
                        num_bars=bar,
                        num_total=num_bars,
                        stop_ticks=bar * 4 * 480,
                    )
            await self.gate.wait()
            if self.error is not None:
                raise self.error
            checks = (Check(name="bars", asked=str(num_bars), found=str(num_bars), is_kept=True),)
            self.rates.learn(work_of(request), seconds=time.monotonic() - started)
            yield Result(job_id=request.job_id, piece=piece, checkpoint_id=CHECKPOINT_ID, checks=checks)
            is_done = True
        finally:
            self.running.pop(request.job_id, None)
            if not is_done:
                self.stopped.append(request.job_id)

    def queue_place(self, job_id):
        return self.places.get(job_id)

    def estimate_wait_seconds(self, job_id):
        return 3.0 if job_id in self.places else None

    def estimate_end_seconds(self, job_id):
        request = self.running.get(job_id)
        if request is None or not self.rates.is_measured(work_of(request)):
            return None
        return (self.estimate_wait_seconds(job_id) or 0.0) + self.rates.job_seconds(work_of(request))

    def estimate_work_seconds(self, kind, *, num_bars):
        work = Work(kind=kind, num_bars=num_bars)
        return self.rates.job_seconds(work) if self.rates.is_measured(work) else None

    def recall_job(self, kind, *, seconds, num_bars):
        self.rates.learn(Work(kind=kind, num_bars=num_bars), seconds=seconds)


class StandInMedia:
    """Real MIDI in and out; sound and picture are short texts, which is all that the services look at."""

    def __init__(self, *, render_error=None, picture_error=None, is_shortened=False):
        self.render_error = render_error
        self.picture_error = picture_error
        self.is_shortened = is_shortened
        self.size_limits = []
        self.early_stops_ticks = []
        self.early_size_limits = []
        self.earlier_pieces = []
        self.drawn_histories = []
        self.soundfonts = []

    async def read_upload(self, filename, data, *, is_sound=False):
        return read_midi(data)

    async def render(self, piece, *, size_limit_bytes, audio_format="ogg", stop_ticks=None, soundfont=""):
        self.soundfonts.append(soundfont)
        if stop_ticks is None:
            self.size_limits.append(size_limit_bytes)
        else:
            self.early_stops_ticks.append(stop_ticks)
            self.early_size_limits.append(size_limit_bytes)
        if self.render_error is not None:
            raise self.render_error
        return Rendering(
            audio=b"OggS",
            filename_suffix=f".{audio_format}",
            duration_seconds=8.0,
            loudness_lufs=-16.0,
            is_shortened=self.is_shortened,
        )

    async def draw_piano_roll(self, piece, *, before=None, first_bar=0):
        self.earlier_pieces.append(before)
        if self.picture_error is not None:
            raise self.picture_error
        return Picture(png=b"\x89PNG", alt_text=f"{piece.num_notes} notes")

    async def draw_plan(self, plan):
        if self.picture_error is not None:
            raise self.picture_error
        return Picture(png=b"\x89PNG", alt_text=f"{plan.num_bars} bars")

    async def draw_history(self, nodes):
        self.drawn_histories.append(tuple(nodes))
        if self.picture_error is not None:
            raise self.picture_error
        return Picture(png=b"\x89PNG", alt_text=f"The tree of {len(nodes)} results")

    async def draw_conflict(self, wish):
        if self.picture_error is not None:
            raise self.picture_error
        return Picture(png=b"\x89PNG", alt_text=f"{wish.layer_name}, bars {wish.start_bar + 1} to {wish.stop_bar}")

    async def draw_takes(self, takes, *, names=()):
        if self.picture_error is not None:
            raise self.picture_error
        return Picture(png=b"\x89PNG", alt_text=f"{len(takes)} takes")

    async def write_midi(self, piece, *, recipe="", credit_lines=()):
        return write_midi(piece, recipe=recipe, credit_lines=credit_lines)

    async def render_stem(self, piece, track_index, *, size_limit_bytes, audio_format="flac", max_seconds=None, **_):
        return await self.render(
            piece.with_tracks((piece.tracks[track_index],)),
            size_limit_bytes=size_limit_bytes,
            audio_format=audio_format,
        )

    async def engrave_score(self, piece, *, forms, part=None, title="", credit_line="", rights=""):
        made = {form: f"{form} of {title} by {credit_line}".encode() for form in forms}
        return EngravedScore(**made, num_pages=1, alt_text=f"{piece.num_notes} notes")


class ListPresenter:
    """Shows jobs in lists, as a person in a channel would see them. ``failures`` are raised by the next replies."""

    def __init__(self, *, failures=()):
        self.progress = []
        self.replies = []
        self.errors = []
        self.failures = list(failures)
        self.is_answered = asyncio.Event()
        self.first_progress = asyncio.Event()

    async def show_progress(self, job, progress):
        self.progress.append((job, progress))
        self.first_progress.set()

    async def show_reply(self, job, reply):
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, NotFoundError):
                self.is_answered.set()
            raise failure
        self.replies.append((job, reply))
        self.is_answered.set()
        return 1000 + job.job_id

    async def show_takes(self, job, reply):
        return await self.show_reply(job, reply)

    async def show_files(self, job, bundle):
        if self.failures:
            raise self.failures.pop(0)
        self.replies.append((job, bundle))
        self.is_answered.set()

    async def show_error(self, job, error):
        self.errors.append((job, error))
        self.is_answered.set()

    async def answered(self):
        async with asyncio.timeout(20):
            await self.is_answered.wait()
        self.is_answered.clear()


class FolderPresenter:
    """Messages as files named by their id, so that several processes share one channel. An edit replaces a file."""

    def __init__(self, folder):
        self.folder = folder
        self.num_edits = 0
        self.is_answered = asyncio.Event()

    async def show_progress(self, job, progress):
        pass

    async def show_reply(self, job, reply):
        message_id = job.message_id or 1000 + job.job_id
        (self.folder / f"{message_id}.mid").write_bytes(reply.midi.data)
        self.num_edits += 1
        self.is_answered.set()
        return message_id

    async def show_takes(self, job, reply):
        message_id = job.message_id or 1000 + job.job_id
        for number, take in enumerate(reply.takes, start=1):
            (self.folder / f"{message_id}-{number}.mid").write_bytes(take.midi.data)
        self.num_edits += 1
        self.is_answered.set()
        return message_id

    async def show_error(self, job, error):
        (self.folder / f"{job.message_id}.txt").write_text(str(error))
        self.is_answered.set()
