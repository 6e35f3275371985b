"""The messages of votes: shown as they stand, once over for ever over, found again after a restart, tried again after trouble."""

import asyncio

import pytest

from bot.services.together.votes.files import VoteFileMaker
from bot.services.together.votes.keeper import VoteKeeper
from core.errors import NotFoundError, RenderError, TuttiError
from tests.bot.services.together.votes.test_service import ADA, BEN, TAKES, THREAD, clock, song, votes  # noqa: F401 - fixtures
from tests.factories.doors import StandInMedia


class ListVotes:
    """Shows votes in a list; ``failures`` are raised first."""

    def __init__(self):
        self.shown = []
        self.failures = []

    async def show_vote(self, vote, files):
        if self.failures:
            raise self.failures.pop(0)
        await asyncio.sleep(0)
        self.shown.append((vote, files))
        return 4242


@pytest.fixture
def presenter():
    return ListVotes()


@pytest.fixture
def open_keeper(database, votes, presenter):  # noqa: F811
    def opened(**parts):
        files = VoteFileMaker(database, media=StandInMedia(**parts))
        return VoteKeeper(votes, files=files, presenter=presenter, clock=lambda: 0.0)

    return opened


async def test_a_vote_has_a_sound_for_each_letter_and_one_picture(song, votes, presenter, open_keeper):  # noqa: F811
    vote = await votes.start(ADA, THREAD, TAKES)
    await open_keeper().show(vote.vote_id, is_new=True)
    ((_, files),) = presenter.shown
    assert [file.filename for file in files.sounds] == [f"vote-1-{letter}.ogg" for letter in "ABC"]
    assert files.picture.filename == "vote-1.png"


async def test_what_cannot_be_made_is_left_out_with_a_remark(song, votes, presenter, open_keeper):  # noqa: F811
    keeper = open_keeper(render_error=RenderError("x"), picture_error=RenderError("x"))
    vote = await votes.start(ADA, THREAD, TAKES)
    await keeper.show(vote.vote_id, is_new=True)
    ((_, files),) = presenter.shown
    assert (files.files, len(files.remarks)) == ((), 2)


async def test_ballots_keep_the_files_and_the_end_is_shown_last(song, votes, presenter, open_keeper):  # noqa: F811
    """However many show at once: after the outcome nothing shows the vote open again."""
    keeper = open_keeper()
    vote = await votes.start(ADA, THREAD, TAKES)
    await keeper.show(vote.vote_id, is_new=True)

    async def cast_and_show(person):
        await votes.cast(person, vote.vote_id, 0)
        await keeper.show(vote.vote_id)

    await asyncio.gather(*(cast_and_show(person) for person in (ADA, BEN)))
    await asyncio.gather(*(keeper.show(vote.vote_id) for _ in range(3)))
    later = presenter.shown[1:]
    assert all(files is None for _, files in later)
    assert [shown.outcome is not None for shown, _ in later][-1]
    assert sum(shown.outcome is not None for shown, _ in later) == 1
    assert await votes.unshown() == ()


async def test_a_restart_shows_what_was_owed(song, votes, presenter, open_keeper, clock):  # noqa: F811
    """Opened but never posted, and closed but never told: another run of the bot does both."""
    vote = await votes.start(ADA, THREAD, TAKES)
    clock.now = clock.now.replace(minute=1)
    await open_keeper().look()
    assert [shown.outcome for shown, _ in presenter.shown] == [None]
    await votes.close(ADA, vote.vote_id, winner=0)
    await open_keeper().look()
    assert presenter.shown[-1][0].outcome.winner == 0
    await open_keeper().look()
    assert len(presenter.shown) == 2


async def test_trouble_is_tried_again_later_and_a_lost_channel_never(song, votes, presenter, open_keeper):  # noqa: F811
    keeper = open_keeper()
    vote = await votes.start(ADA, THREAD, TAKES)
    presenter.failures = [TuttiError("trouble")]
    with pytest.raises(TuttiError):
        await keeper.show(vote.vote_id, is_new=True)
    await votes.close(ADA, vote.vote_id)
    presenter.failures = [TuttiError("trouble")]
    await keeper.look()
    await keeper.look()  # not yet: it waits
    assert presenter.shown == []
    assert await votes.unshown() == (vote.vote_id,)
    presenter.failures = [NotFoundError(what="channel")]
    await open_keeper().look()
    assert await votes.unshown() == ()


async def test_the_task_looks_until_it_is_stopped(song, votes, presenter, open_keeper):  # noqa: F811
    keeper = open_keeper()
    vote = await votes.start(ADA, THREAD, TAKES)
    await votes.close(ADA, vote.vote_id)
    keeper.start()
    async with asyncio.timeout(10):
        while not presenter.shown:  # noqa: ASYNC110 - the task has no event for tests
            await asyncio.sleep(0.01)
    await keeper.stop()
