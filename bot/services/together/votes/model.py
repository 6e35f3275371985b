"""The values of votes: what is chosen from, how a vote stands, how it ended. They know no database and no Discord.

``VotePaper`` and ``VoteOutcome`` are stored as JSON: a new field needs a default. Neither names a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from bot.services.model import Author, Place, RevisionView
from bot.services.together.votes.counting import Verdict

VoteKind = Literal["takes", "revisions", "branches"]
Reason = Literal["everybody", "decided", "host", "time", "alone"]
Taken = Literal["head", "already", "late", "back", "locked", "gone", "merge", "closed"]
"""What became of the winner: it is its branch's head (or was before); it waits as a candidate because the head moved on; it was
brought back as a new revision, or not, because of somebody's locked layer; it was deleted; its branch is to be merged; the song is closed."""

LETTERS = "ABCD"
MIN_CHOICES, MAX_CHOICES = 2, 4
MAX_MINUTES = 7 * 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteChoice:
    """One thing to choose. ``name`` is what people are told when the vote is over: “take 2”, a tag, a branch."""

    revision_id: int
    name: str
    branch_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VotePaper:
    """What is chosen from, in the order shown, which ``seed`` shuffled. ``is_posted``: people have seen and heard it.

    ``reply_token``: the presenter's own text, with which it finds the message; forgotten when the vote is posted.
    """

    choices: tuple[VoteChoice, ...]
    seed: int
    is_posted: bool = False
    reply_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteOutcome:
    """How a vote ended. ``counts``: ballots by option, as shown. ``revision_id``: the state that came of it, on ``branch``.

    ``is_shown``: its message tells.
    """

    reason: Reason
    verdict: Verdict
    counts: tuple[int, ...]
    winner: int | None
    taken: Taken | None = None
    branch: str = ""
    revision_id: int | None = None
    is_shown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteWish:
    """What somebody wants to be voted on. ``names``: tags, numbers or links of revisions, or names of branches.

    ``message_id``: the message that shows the takes; None: the newest with several. ``minutes``: None: no time limit.
    """

    kind: VoteKind
    names: tuple[str, ...] = ()
    message_id: int | None = None
    minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteView:
    """A vote as it stands. ``revisions`` are behind the choices, None where one was deleted meanwhile.

    ``num_voters``: who edits now; with one, the first press decides. Counts are in the outcome only: it is blind until then.
    """

    vote_id: int
    shared_song_id: int
    place: Place
    song_title: str
    kind: VoteKind
    opened_by: Author
    paper: VotePaper
    revisions: tuple[RevisionView | None, ...]
    threshold: float
    quorum: int
    num_ballots: int
    num_voters: int
    message_id: int | None
    closes_at: datetime | None
    outcome: VoteOutcome | None

    @property
    def title(self) -> str:
        """What the vote is called in lists."""
        return title_of_vote(self.vote_id, self.kind, len(self.paper.choices))

    @property
    def needs_showing(self) -> bool:
        """Whether its message is behind: it was never posted, or does not tell the outcome yet."""
        return not self.paper.is_posted if self.outcome is None else not self.outcome.is_shown


@dataclass(frozen=True, slots=True, kw_only=True)
class CastBallot:
    """A ballot that was taken. ``before``: the choice that it replaces."""

    vote: VoteView
    choice: int
    before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenVote:
    """An open vote in short, for lists and the card."""

    vote_id: int
    title: str
    message_id: int | None
    num_ballots: int
    closes_at: datetime | None


def title_of_vote(vote_id: int, kind: str, num_choices: int) -> str:
    """Return what a vote is called in lists."""
    return f"Vote {vote_id}: {num_choices} {kind}"


def paper_of(data: dict[str, Any]) -> VotePaper:
    """Return what is chosen from, as it was stored."""
    return msgspec.convert(data, VotePaper)


def outcome_of(data: dict[str, Any] | None) -> VoteOutcome | None:
    """Return how a vote ended, as it was stored."""
    return None if data is None else msgspec.convert(data, VoteOutcome)


def to_json(value: VotePaper | VoteOutcome) -> dict[str, Any]:
    """Return the stored form."""
    return msgspec.to_builtins(value)
