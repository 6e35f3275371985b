"""Blind votes: opened over takes, revisions and branches, cast by those who edit, closed once, and carried out."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.services.model import Author, FromRevision, Place
from bot.services.operations.founding import FoundOptions
from bot.services.operations.layering import LockOptions, MixOptions
from bot.services.operations.picking import PickOptions
from bot.services.options import GenerateOptions
from bot.services.together.members import SongMembers
from bot.services.together.votes.choices import shuffle_choices
from bot.services.together.votes.model import VoteChoice, VoteWish
from bot.services.together.votes.service import Votes
from core.errors import InputError, NotFoundError, PermissionDeniedError
from db.repositories.shared_songs import SharedSongRepository
from tests.factories.orders import ADA, BEN, PLACE, make_order
from tests.factories.studio import make_result

THREAD = Place(guild_id=9, channel_id=777)
EVE, DAN = Author(user_id=5, name="Eve"), Author(user_id=6, name="Dan")
TAKES = VoteWish(kind="takes")
NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def votes(database, clock):
    return Votes(database, now=clock)


@pytest.fixture
async def song(songs, database, open_studio):
    """A song of Ada's, which Ben and Eve edit, with three takes to choose from."""
    async with open_studio() as studio:
        plain = await make_result(studio)
        song = await songs.found(ADA, THREAD, FoundOptions(title="Ours"), from_revision_id=plain.revision_id)
        members = SongMembers(database)
        await members.join(BEN, THREAD)
        await members.join(EVE, THREAD)
        await make_takes(studio, song.branch.head_id)
    return song


async def make_takes(studio, head_id, num_takes=3):
    source = FromRevision(revision_id=head_id)
    await studio.jobs.submit(make_order(GenerateOptions(num_bars=2), place=THREAD, source=source, num_takes=num_takes))
    await studio.presenter.answered()
    return [take.revision.revision_id for take in studio.presenter.replies[-1][1].takes]


async def head(songs):
    return (await songs.here(THREAD, author=ADA)).branch.head_id


async def test_a_vote_over_takes_commits_the_winner(songs, song, votes):
    """Blind until the last ballot; then the winner is the branch's head, and everybody learns what was behind it."""
    vote = await votes.start(ADA, THREAD, TAKES, message_id=4242)
    assert (len(vote.paper.choices), vote.num_voters, vote.outcome) == (3, 3, None)
    first = await votes.cast(ADA, vote.vote_id, 1)
    assert (first.vote.num_ballots, first.vote.outcome) == (1, None)
    assert await head(songs) == song.branch.head_id
    await votes.cast(BEN, vote.vote_id, 0)
    last = (await votes.cast(EVE, vote.vote_id, 1)).vote
    assert (last.outcome.reason, last.outcome.counts, last.outcome.winner) == ("everybody", (1, 2, 0), 1)
    assert (last.outcome.taken, last.outcome.branch) == ("head", "main")
    assert await head(songs) == last.paper.choices[1].revision_id
    with pytest.raises(InputError, match="over"):
        await votes.cast(BEN, vote.vote_id, 0)


def test_the_order_is_shuffled_by_a_stored_seed():
    """The same seed gives the same order, and every order comes about."""
    choices = [VoteChoice(revision_id=number, name=f"take {number}") for number in (1, 2, 3)]
    orders = {shuffle_choices(choices, seed=seed) for seed in range(40)}
    assert len(orders) == 6
    assert shuffle_choices(choices, seed=7) == shuffle_choices(choices, seed=7)


async def test_the_last_ballot_counts_and_a_majority_need_not_wait(song, votes):
    vote = await votes.start(ADA, THREAD, TAKES)
    await votes.cast(BEN, vote.vote_id, 0)
    assert (await votes.cast(BEN, vote.vote_id, 2)).before == 0
    again = await votes.cast(BEN, vote.vote_id, 2)
    assert (again.before, again.vote.num_ballots) == (2, 1)
    done = (await votes.cast(EVE, vote.vote_id, 2)).vote
    assert (done.outcome.reason, done.outcome.counts) == ("decided", (0, 0, 2))


async def test_alone_nobody_votes(songs, song, votes, database):
    """With one editor the first press is the pick, and the outcome says so."""
    for person in (BEN, EVE):
        await SongMembers(database).leave(person, THREAD)
    vote = await votes.start(ADA, THREAD, TAKES)
    assert (vote.num_voters, vote.quorum) == (1, 1)
    done = (await votes.cast(ADA, vote.vote_id, 2)).vote
    assert (done.outcome.reason, done.outcome.taken) == ("alone", "head")
    assert await head(songs) == done.paper.choices[2].revision_id


async def test_a_head_that_moved_leaves_the_winner_a_candidate(songs, song, votes):
    """Nothing is overwritten: the winner waits, to be rebased."""
    vote = await votes.start(ADA, THREAD, TAKES)
    await songs.change(BEN, THREAD, MixOptions(layer="1", mute=True))
    moved = await head(songs)
    done = await votes.close(ADA, vote.vote_id, winner=1)
    assert (done.outcome.reason, done.outcome.taken) == ("host", "late")
    assert await head(songs) == moved
    line = await songs.line_of(done.paper.choices[1].revision_id)
    assert (line.branch, line.target) == (None, "main")


async def test_time_ends_a_vote_once(songs, song, database, votes, clock):
    """Two bots look at the same moment: one closes it; a quorum that is missed changes nothing."""
    vote = await votes.start(ADA, THREAD, replace(TAKES, minutes=10))
    await votes.cast(BEN, vote.vote_id, 1)
    assert await votes.sweep() == ()
    clock.now += timedelta(minutes=10)
    other = Votes(database, now=clock)
    closed = await asyncio.gather(votes.sweep(), other.sweep())
    assert sorted(closed) == [(), (vote.vote_id,)]
    done = await votes.view(vote.vote_id)
    assert (done.outcome.reason, done.outcome.verdict, done.outcome.winner) == ("time", "no quorum", None)
    assert await head(songs) == song.branch.head_id


async def test_the_host_decides_what_nobody_won(songs, song, votes, clock):
    vote = await votes.start(BEN, THREAD, replace(TAKES, minutes=10))
    await votes.cast(BEN, vote.vote_id, 0)
    await votes.cast(EVE, vote.vote_id, 1)
    with pytest.raises(PermissionDeniedError, match="Ada"):
        await votes.close(EVE, vote.vote_id)
    with pytest.raises(PermissionDeniedError, match="Ada"):
        await votes.close(BEN, vote.vote_id, winner=0)
    tied = await votes.close(BEN, vote.vote_id)
    assert (tied.outcome.verdict, tied.outcome.winner) == ("tie", None)
    decided = await votes.close(ADA, vote.vote_id, winner=1)
    assert (decided.outcome.winner, decided.outcome.counts, decided.outcome.taken) == (1, (1, 1, 0), "head")
    with pytest.raises(InputError, match="over"):
        await votes.close(ADA, vote.vote_id, winner=0)


async def test_who_left_does_not_count_and_is_not_waited_for(song, votes, database):
    vote = await votes.start(ADA, THREAD, TAKES)
    await votes.cast(EVE, vote.vote_id, 0)
    await votes.cast(ADA, vote.vote_id, 1)
    await SongMembers(database).leave(EVE, THREAD)
    assert (await votes.view(vote.vote_id)).num_ballots == 1
    await SongMembers(database).leave(BEN, THREAD)
    assert await votes.sweep() == (vote.vote_id,)
    assert (await votes.view(vote.vote_id)).outcome.counts == (0, 1, 0)


async def test_listeners_do_not_vote_unless_the_host_lets_them(song, votes, database):
    members = SongMembers(database)
    await members.set_role(ADA, THREAD, of=DAN, role="listener")
    vote = await votes.start(ADA, THREAD, TAKES)
    with pytest.raises(PermissionDeniedError, match="Ada"):
        await votes.cast(DAN, vote.vote_id, 0)
    with pytest.raises(PermissionDeniedError, match="Ada"):
        await votes.start(DAN, THREAD, TAKES)
    await members.decide(ADA, THREAD, rules={"listeners_vote": True})
    assert (await votes.cast(DAN, vote.vote_id, 0)).vote.num_ballots == 1


async def test_a_state_of_before_comes_back_as_a_new_revision(songs, song, votes):
    """Over named revisions: the winner is made the newest state, and what was there before stays in the line."""
    old = await head(songs)
    new = (await songs.change(BEN, THREAD, MixOptions(layer="1", mute=True))).revision.revision_id
    vote = await votes.start(ADA, THREAD, VoteWish(kind="revisions", names=(f"#{old}", str(new))))
    place = next(place for place, choice in enumerate(vote.paper.choices) if choice.revision_id == old)
    await votes.cast(ADA, vote.vote_id, place)
    done = (await votes.cast(EVE, vote.vote_id, place)).vote
    assert done.outcome.taken == "back"
    assert await head(songs) == done.outcome.revision_id > new
    assert await songs.state_of(done.outcome.revision_id) == await songs.state_of(old)


async def test_the_head_that_wins_stays(songs, song, votes):
    old = await head(songs)
    new = (await songs.change(BEN, THREAD, MixOptions(layer="1", mute=True))).revision.revision_id
    vote = await votes.start(ADA, THREAD, VoteWish(kind="revisions", names=(str(old), str(new))))
    place = next(place for place, choice in enumerate(vote.paper.choices) if choice.revision_id == new)
    done = await votes.close(ADA, vote.vote_id, winner=place)
    assert (done.outcome.taken, await head(songs)) == ("already", new)


async def test_a_vote_does_not_pick_a_lock(songs, song, votes):
    """A state in which somebody's locked layer is another cannot come back by the ballots of others."""
    old = await head(songs)
    await songs.change(BEN, THREAD, MixOptions(layer="1", mute=True))
    new = (await songs.change(ADA, THREAD, LockOptions(layer="1"))).revision.revision_id
    vote = await votes.start(BEN, THREAD, VoteWish(kind="revisions", names=(str(old), str(new))))
    place = next(place for place, choice in enumerate(vote.paper.choices) if choice.revision_id == old)
    await votes.cast(BEN, vote.vote_id, place)
    done = (await votes.cast(EVE, vote.vote_id, place)).vote
    assert (done.outcome.taken, await head(songs)) == ("locked", new)


async def test_a_branch_that_wins_is_to_be_merged(songs, song, votes, database):
    change = await songs.change(BEN, THREAD, MixOptions(layer="1", mute=True))
    async with database.writing() as session:
        shared = SharedSongRepository(session)
        await shared.add_branch(
            song.shared_song_id, name="slow", head_id=song.branch.head_id, author_id=1, now=datetime.now(UTC)
        )
    vote = await votes.start(ADA, THREAD, VoteWish(kind="branches"))
    names = [choice.name for choice in vote.paper.choices]
    assert sorted(names) == ["branch main", "branch slow"]
    done = await votes.close(ADA, vote.vote_id, winner=names.index("branch slow"))
    assert (done.outcome.taken, done.outcome.branch) == ("merge", "slow")
    assert await head(songs) == change.revision.revision_id


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (VoteWish(kind="revisions", names=("nothing", "of it")), "no state"),
        (VoteWish(kind="revisions", names=("99999999999999999",)), "no state"),
        (VoteWish(kind="branches", names=("main",)), "2 to 4"),
        (VoteWish(kind="branches", names=("main", "x")), "no open branch"),
        (VoteWish(kind="takes", message_id=3), "no takes"),
        (VoteWish(kind="takes", minutes=0), "1 minute"),
    ],
)
async def test_what_cannot_be_voted_on_is_said(song, votes, wish, words):
    with pytest.raises(InputError, match=words):
        await votes.start(ADA, THREAD, wish)


async def test_the_same_choice_is_open_once(song, votes):
    await votes.start(ADA, THREAD, TAKES)
    with pytest.raises(InputError, match="already"):
        await votes.start(BEN, THREAD, TAKES)


async def test_a_picked_take_is_voted_on_no_more(songs, song, votes, open_studio):
    vote = await votes.start(ADA, THREAD, TAKES)
    taken = vote.paper.choices[0].revision_id
    async with open_studio() as studio:
        await make_result(studio, make_order(PickOptions(), place=THREAD, source=FromRevision(revision_id=taken)))
    done = await votes.close(ADA, vote.vote_id, winner=1)
    assert (done.outcome.taken, await head(songs)) == ("late", taken)
    with pytest.raises(InputError, match="picked"):
        await votes.start(ADA, THREAD, TAKES)


async def test_open_votes_are_told_in_short(song, votes):
    """For the card: title, message and the number of ballots."""
    vote = await votes.start(ADA, THREAD, TAKES, message_id=4242)
    await votes.cast(BEN, vote.vote_id, 0)
    (short,) = await votes.open_votes(song.shared_song_id)
    assert (short.title, short.message_id, short.num_ballots) == (f"Vote {vote.vote_id}: 3 takes", 4242, 1)
    assert [each.vote_id for each in await votes.listed(BEN, THREAD)] == [vote.vote_id]
    await votes.close(ADA, vote.vote_id)
    assert await votes.open_votes(song.shared_song_id) == ()


async def test_what_was_not_shown_is_known_until_it_was(song, votes, clock):
    """A bot that died between storing and showing finds what it owes when it is back."""
    vote = await votes.start(ADA, THREAD, TAKES, message_id=1, reply_token="secret")
    assert await votes.unshown() == ()  # whoever opened it shows it just now
    clock.now += timedelta(minutes=1)
    assert await votes.unshown() == (vote.vote_id,)
    await votes.mark_shown(vote, message_id=2)
    assert await votes.unshown() == ()
    assert (await votes.view(vote.vote_id)).paper.reply_token == ""
    done = await votes.close(ADA, vote.vote_id)
    assert done.message_id == 2
    assert await votes.unshown() == (vote.vote_id,)
    await votes.mark_shown(vote, message_id=2)  # the open state, shown late
    assert await votes.unshown() == (vote.vote_id,)
    await votes.mark_shown(done, message_id=2)
    assert await votes.unshown() == ()


async def test_elsewhere_there_is_nothing_to_vote_on(song, votes):
    with pytest.raises(InputError, match="No song lives"):
        await votes.start(ADA, PLACE, TAKES)
    with pytest.raises(NotFoundError):
        await votes.cast(ADA, 99, 0)


async def test_twelve_people_vote_at_once(song, votes):
    """Each ballot counts once; whoever comes after the end is told that it is over."""
    people = [Author(user_id=100 + number, name=f"P{number}") for number in range(12)]
    vote = await votes.start(ADA, THREAD, TAKES)
    casts = await asyncio.gather(
        *(votes.cast(person, vote.vote_id, index % 2) for index, person in enumerate(people)), return_exceptions=True
    )
    late = [each for each in casts if isinstance(each, InputError)]
    assert len(casts) - len(late) == (await votes.view(vote.vote_id)).num_ballots
    assert not [each for each in casts if isinstance(each, Exception) and each not in late]
