"""What votes say and offer: blind while open, everything told when over, and what is left to do as buttons."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.services.model import Author, Place, RevisionView
from bot.services.options import GenerateOptions
from bot.services.together.votes.model import CastBallot, VoteChoice, VoteOutcome, VotePaper, VoteView
from bot.services.together.votes.rankers import Learned
from bot.ui.together.vote_buttons import vote_view
from bot.ui.together.vote_embeds import ballot_words, learned_embed, vote_embed, votes_embed
from music.ranking import Check

HOME = Place(guild_id=9, channel_id=777)
EVIL = Author(user_id=5, name="**E**ve @everyone")


def revision(number):
    return RevisionView(
        revision_id=number,
        song_id=1,
        parent_ids=(),
        operation="generate",
        options=GenerateOptions(),
        seed=100 + number,
        checkpoint_id="generator-0123",
        author=EVIL,
        created_at=datetime(2026, 11, 23, tzinfo=UTC),
        num_notes=8,
        num_bars=2,
        duration_seconds=4.0,
        place=HOME,
        message_id=4000 + number,
    )


VOTE = VoteView(
    vote_id=3,
    shared_song_id=1,
    place=HOME,
    song_title="Our *tune*",
    kind="takes",
    opened_by=EVIL,
    paper=VotePaper(
        choices=(VoteChoice(revision_id=2, name="take 2"), VoteChoice(revision_id=1, name="take 1")), seed=5
    ),
    revisions=(revision(2), revision(1)),
    threshold=0.5,
    quorum=2,
    num_ballots=1,
    num_voters=3,
    message_id=99,
    closes_at=None,
    outcome=None,
)
OUTCOME = VoteOutcome(
    reason="everybody", verdict="won", counts=(2, 1), winner=0, taken="head", branch="main", revision_id=2
)


def words(embed):
    fields = [f"{field.name} {field.value}" for field in embed.fields]
    return "\n".join([embed.title or "", embed.description or "", *fields])


def labels(vote):
    return [item.item.label for item in vote_view(vote).children]


def test_an_open_vote_tells_no_name_seed_or_count():
    text = words(vote_embed(VOTE))
    assert "1 of 3" in text
    assert "more than 50%" in text
    for hidden in ("take 1", "take 2", "102", "#2", "generator"):
        assert hidden not in text
    assert labels(VOTE) == ["A", "B"]


def test_a_vote_that_is_over_tells_all():
    text = words(vote_embed(replace(VOTE, outcome=OUTCOME)))
    for told in ("A has won", "2 ballots · won", "1 ballot", "take 2", "seed 102", "4002", "**main**"):
        assert told in text
    assert "@everyone" not in text
    assert labels(replace(VOTE, outcome=OUTCOME)) == []


def test_a_deleted_option_is_said_and_cannot_be_pressed():
    vote = replace(VOTE, revisions=(revision(2), None))
    assert "B cannot be chosen" in words(vote_embed(vote))
    assert [item.item.disabled for item in vote_view(vote).children] == [False, True]
    assert "deleted" in words(vote_embed(replace(vote, outcome=OUTCOME)))


@pytest.mark.parametrize(
    ("taken", "told", "offered"),
    [
        ("already", "nothing changes", []),
        ("late", "went on meanwhile", ["Rebase", "New branch"]),
        ("back", "as #2", []),
        ("locked", "locked", []),
        ("gone", "deleted", []),
        ("merge", "Merge the winner", ["Merge the winner"]),
        ("closed", "closed", []),
    ],
)
def test_what_became_of_the_winner_is_said(taken, told, offered):
    vote = replace(VOTE, outcome=replace(OUTCOME, taken=taken))
    assert told in words(vote_embed(vote))
    assert labels(vote) == offered


@pytest.mark.parametrize(
    ("verdict", "counts", "told"),
    [
        ("tie", (1, 1), "A and B have as many"),
        ("no majority", (2, 1), "not enough of all ballots"),
        ("no quorum", (1, 0), "too few have voted"),
    ],
)
def test_a_vote_that_nobody_won_says_who_can_decide(verdict, counts, told):
    outcome = VoteOutcome(reason="time", verdict=verdict, counts=counts, winner=None)
    text = words(vote_embed(replace(VOTE, outcome=outcome)))
    assert told in text
    assert "/vote close vote:3" in text


def test_alone_is_no_vote():
    assert "no vote" in words(vote_embed(replace(VOTE, num_voters=1)))
    assert "no vote" in words(vote_embed(replace(VOTE, outcome=replace(OUTCOME, reason="alone"))))


@pytest.mark.parametrize(
    ("before", "outcome", "told"),
    [
        (None, None, "until the vote is over"),
        (0, None, "in place of A"),
        (1, None, "already"),
        (None, OUTCOME, "is over"),
    ],
)
def test_a_ballot_is_confirmed(before, outcome, told):
    assert told in ballot_words(CastBallot(vote=replace(VOTE, outcome=outcome), choice=1, before=before))


def test_votes_are_listed_with_links():
    text = words(votes_embed([replace(VOTE, outcome=OUTCOME), VOTE]))
    assert "A has won" in text
    assert "777/99" in text
    assert "/vote start" in words(votes_embed([]))


@pytest.mark.parametrize(
    ("learned", "told"),
    [
        (Learned(is_on=False, num_votes=0, check=Check(), leanings=()), "/settings learning"),
        (Learned(is_on=True, num_votes=0, check=Check(), leanings=()), "no vote"),
        (
            Learned(
                is_on=True, num_votes=9, check=Check(num_votes=9, num_hits=8, chance=0.01), leanings=(("height", -1),)
            ),
            "less: height",
        ),
        (
            Learned(is_on=True, num_votes=9, check=Check(num_votes=9, num_hits=3, chance=0.6), leanings=()),
            "suggest nothing",
        ),
    ],
)
def test_what_was_learned_is_told(learned, told):
    assert told in words(learned_embed(learned))
