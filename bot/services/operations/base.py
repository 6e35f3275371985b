"""What an operation is: one way to make music out of a wish. It knows no queue, no process, no database and no Discord.

An operation is made again from its stored options, source and seed when the bot or a worker dies in the middle of it.
So ``make`` depends on nothing else, and the same wish gives the same music.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from bot.services.options import Options
from core.errors import NoMusicError
from core.settings import LimitSettings
from inference.protocol import Request, Result
from music.constraints import Check
from music.piece import Piece
from music.versions.layered import LayeredPiece
from music.versions.locks import locked_for

NOTHING_TO_WORK_ON = "There is nothing to work on. Attach a MIDI file or choose an earlier result."
NOT_SHARED = (
    "This is not part of a song that people make together. Start one with /song new, or press “Make this a song”."
)

OptionsT = TypeVar("OptionsT", bound=Options)
OptionsT_contra = TypeVar("OptionsT_contra", bound=Options, contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where an operation of several steps stands, for people: ``name`` such as "the theme", ``number`` counts from 1."""

    name: str
    number: int
    num_steps: int


class Networks(Protocol):
    """The networks, as an operation meets them: their progress and their place in the queue reach the person by themselves."""

    async def write(self, request: Request, *, step: Step | None = None) -> Result:
        """Return what the networks make of a request. One request of a job at a time may bear the wish's ``job_id``.

        Raises:
            InferenceError: when the networks gave up.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish(Generic[OptionsT]):
    """What is to be made. ``job_id`` goes into the requests; ``source`` is what the options are about, if anything.

    In a shared song, ``song`` is the source with its layers and ``others`` what ``options.other_revision_ids`` names, all
    settled; ``author_id`` is our number of whoever asks, and ``key`` the same whenever this is made again, for new layers' ids.
    """

    job_id: str
    options: OptionsT
    seed: int
    source: Piece | None
    limits: LimitSettings
    song: LayeredPiece | None = None
    others: tuple[LayeredPiece, ...] = ()
    author_id: int = 0
    key: str = ""

    @property
    def piece(self) -> Piece:
        """The source, for operations that need one.

        Raises:
            NoMusicError: when there is none.
        """
        if self.source is None:
            raise NoMusicError(NOTHING_TO_WORK_ON)
        return self.source

    @property
    def shared(self) -> LayeredPiece:
        """The source with its layers, for operations that need a shared song.

        Raises:
            NoMusicError: when it is in none.
        """
        if self.song is None:
            raise NoMusicError(NOT_SHARED)
        return self.song

    @property
    def locked_tracks(self) -> tuple[int, ...]:
        """The tracks of the source that its owner has locked for this author."""
        return () if self.song is None else locked_for(self.song, self.author_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What came out. ``checkpoint_id`` is None where no network had a part in it.

    ``is_new`` False: the piece is the source as it was, only its files are wanted; no revision is added for it.
    ``has_chosen_chords``: its chord symbols were asked for or are the very result, so they stand whatever the notes say.
    ``song``: the piece with its layers, from operations that know of them; for all others they are carried over.
    """

    piece: Piece
    checkpoint_id: str | None = None
    checks: tuple[Check, ...] = ()
    chord_names: tuple[str, ...] = ()
    is_new: bool = True
    has_chosen_chords: bool = False
    song: LayeredPiece | None = None


class Operation(Protocol[OptionsT_contra]):
    """One way to make music. ``kind`` is stored with jobs and revisions and never changes its meaning."""

    @property
    def kind(self) -> str:
        """A short word, at most 16 characters."""
        ...

    @property
    def options_type(self) -> type[Options]:
        """The dataclass of what can be asked of it."""
        ...

    @property
    def needs_source(self) -> bool:
        """Whether there must be music to work on."""
        ...

    def check(self, options: OptionsT_contra, *, limits: LimitSettings) -> None:
        """Refuse at once what no piece could make right.

        Raises:
            InputError: with one sentence that says what to do instead.
        """
        ...

    async def make(self, wish: Wish[Any], networks: Networks) -> Made:
        """Return the music.

        Raises:
            InputError: when options and source do not fit together.
            InferenceError: when the networks gave up.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOperation(Generic[OptionsT]):
    """An operation that is one request to the networks."""

    kind: str
    options_type: type[OptionsT]
    needs_source: bool
    check_options: Callable[[OptionsT, LimitSettings], None]
    chooses_chords: bool = False
    build_request: Callable[[Wish[OptionsT]], Request]

    def check(self, options: OptionsT, *, limits: LimitSettings) -> None:
        """Refuse at once what no piece could make right."""
        self.check_options(options, limits)

    async def make(self, wish: Wish[OptionsT], networks: Networks) -> Made:
        """Ask the networks and return what they made."""
        made = made_by(await networks.write(self.build_request(wish)))
        return replace(made, has_chosen_chords=self.chooses_chords)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOperation(Generic[OptionsT]):
    """An operation that needs a piece and no network: it is computed in a thread."""

    kind: str
    options_type: type[OptionsT]
    check_options: Callable[[OptionsT, LimitSettings], None]
    apply: Callable[[Wish[OptionsT]], Made]
    needs_source: bool = True

    def check(self, options: OptionsT, *, limits: LimitSettings) -> None:
        """Refuse at once what no piece could make right."""
        self.check_options(options, limits)

    async def make(self, wish: Wish[OptionsT], networks: Networks) -> Made:  # noqa: ARG002 - the protocol's
        """Compute the music."""
        return await asyncio.to_thread(self.apply, wish)


def made_by(result: Result) -> Made:
    """Return the networks' result as an operation's."""
    return Made(
        piece=result.piece,
        checkpoint_id=result.checkpoint_id,
        checks=result.checks,
        chord_names=result.chord_names,
    )
