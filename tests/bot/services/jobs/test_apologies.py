"""``bot/services/jobs/apologies.py``: whom a dead process left waiting gets one apology, and nobody else gets any."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.services.clock import utc_now
from bot.services.jobs.acknowledgements import Acknowledgements, Waiting
from bot.services.jobs.apologies import CHANGE_MADE, NOTHING_CHANGED, UNSURE, Apologies, Sight
from bot.services.jobs.leases import JobLeases
from core.errors import NotFoundError, TuttiError
from db.repositories.acknowledgements import AcknowledgementRepository
from db.repositories.jobs import Lease
from db.tables import Acknowledgement, Message
from tests.factories.rows import CHANNEL_ID, NOW, make_job, make_revision, make_user

DEAD = "elsewhere/1/dead"
PAST, FUTURE = NOW - timedelta(minutes=1), NOW + timedelta(minutes=1)


@dataclass
class Eyes:
    """What people see in Discord; apologies take its place."""

    seen: dict[int, Sight | None] = field(default_factory=dict)
    said: list[tuple[int, str]] = field(default_factory=list)
    is_broken: bool = False
    is_deleted_meanwhile: bool = False

    async def look(self, waiting: Waiting) -> Sight | None:
        if self.is_broken:
            raise TuttiError("no connection")
        return self.seen.get(waiting.number, Sight(message_id=100 + waiting.number, is_waiting=True, user_id=1))

    async def apologise(self, waiting: Waiting, sight: Sight, text: str) -> None:
        if self.is_deleted_meanwhile:
            raise NotFoundError(what="message")
        self.said.append((waiting.number, text))
        self.seen[waiting.number] = Sight(message_id=sight.message_id, is_waiting=False)

    def message_of(self, reply_token: str) -> int | None:
        return int(reply_token) if reply_token.isdigit() else None


@pytest.fixture
def eyes():
    return Eyes()


@pytest.fixture
def open_apologies(database, eyes):
    def opened(now=NOW):
        leases = JobLeases(database)
        noted = Acknowledgements(database, leases=leases)
        return Apologies(database, leases=leases, acknowledgements=noted, apologist=eyes, clock=lambda: now)

    return opened


async def leave(database, number=11, *, effect="none", owner=DEAD, until=PAST, created_at=NOW):
    async with database.writing() as session:
        row = Acknowledgement(
            id=number,
            channel_id=CHANNEL_ID,
            message_id=None,
            application_id=7,
            token="secret",
            effect=effect,
            created_at=created_at,
            lease_owner=owner,
            lease_until=until,
        )
        await AcknowledgementRepository(session).add(row)


async def rows(database):
    async with database.reading() as session:
        return [tuple(row) for row in await session.execute(text("SELECT id, token FROM acknowledgements ORDER BY id"))]


async def test_an_orphan_gets_one_apology_and_is_forgotten(database, eyes, open_apologies):
    await leave(database)
    assert await open_apologies().look() == 1
    assert await open_apologies().look() == 0
    assert eyes.said == [(11, NOTHING_CHANGED)]
    assert await rows(database) == []


async def test_a_kill_while_apologising_does_not_double_it(database, eyes, open_apologies, monkeypatch):
    """The sentence was said, the row is still there: the next process sees that nobody waits any more."""

    async def killed(_waiting):
        raise KeyboardInterrupt

    await leave(database)
    first = open_apologies()
    monkeypatch.setattr(first, "_forget", killed)
    with pytest.raises(KeyboardInterrupt):
        await first.look()
    assert await open_apologies(NOW + timedelta(minutes=5)).look() == 0
    assert len(eyes.said) == 1
    assert await rows(database) == []


async def test_a_living_process_is_left_alone(database, eyes, open_apologies):
    await leave(database, until=FUTURE)
    assert await open_apologies().look() == 0
    assert eyes.said == []
    assert len(await rows(database)) == 1


async def test_a_process_of_this_machine_that_is_gone_is_not_waited_for(database, eyes, open_apologies):
    predecessor = JobLeases(database).owner  # our own number, as in a container
    await leave(database, owner=predecessor, until=FUTURE)
    assert await open_apologies().look() == 1


async def test_of_two_processes_one_takes_an_orphan(database, open_apologies):
    await leave(database)
    async with database.writing() as session:
        found = AcknowledgementRepository(session)
        lease = Lease(owner="one", until=FUTURE)
        first = await found.take({11}, lease, now=NOW, gone={DEAD})
        second = await found.take({11}, Lease(owner="two", until=FUTURE), now=NOW, gone={DEAD})
        assert ([row.id for row in first], second) == ([11], [])


async def test_what_was_answered_is_left_as_it_is(database, eyes, open_apologies):
    await leave(database)
    eyes.seen[11] = Sight(message_id=111, is_waiting=False)
    assert await open_apologies().look() == 0
    assert (eyes.said, await rows(database)) == ([], [])


async def test_what_is_gone_is_forgotten(database, eyes, open_apologies):
    await leave(database)
    eyes.seen[11] = None
    assert await open_apologies().look() == 0
    assert (eyes.said, await rows(database)) == ([], [])


async def test_what_goes_between_the_look_and_the_word_is_forgotten(database, eyes, open_apologies):
    """It is not tried again every half minute for a day."""
    await leave(database)
    eyes.is_deleted_meanwhile = True
    assert await open_apologies().look() == 0
    assert await rows(database) == []


async def test_an_answer_that_discord_did_not_take_is_made_good_without_a_restart(database, eyes, open_apologies):
    """The process lives and knows that the person still waits."""
    apologies = open_apologies(NOW + timedelta(days=365))
    noted = apologies._acknowledgements
    noted.start()
    somebody = Waiting(number=11, channel_id=5, effect="none", application_id=7, token="secret")
    await noted.note(somebody, patience_seconds=30.0)
    noted.abandon(11)
    await noted.stop()
    assert await apologies.look() == 1
    assert eyes.said == [(11, NOTHING_CHANGED)]


async def test_a_stored_job_answers_by_itself(database, eyes, open_apologies):
    """Also one whose first progress nobody has seen yet."""
    await leave(database)
    async with database.writing() as session:
        await make_job(session, reply_token="111")
        await make_job(session, reply_token="from elsewhere")
    assert await open_apologies().look() == 0
    assert (eyes.said, await rows(database)) == ([], [])


async def test_an_answered_job_of_somebody_else_does_not_silence_us(database, eyes, open_apologies):
    await leave(database)
    async with database.writing() as session:
        await make_job(session, reply_token="112")
    assert await open_apologies().look() == 1


@pytest.mark.parametrize(
    ("effect", "is_made", "is_shown", "said"),
    [
        ("change", True, False, CHANGE_MADE),
        ("change", True, True, NOTHING_CHANGED),
        ("change", False, False, NOTHING_CHANGED),
        ("unsure", True, False, UNSURE),
        ("none", True, False, NOTHING_CHANGED),
    ],
)
async def test_it_says_what_became_of_a_change(database, eyes, open_apologies, effect, is_made, is_shown, said):
    """A revision that no message shows is what was made and not told; one that is shown is an earlier one."""
    revision_id = 0
    async with database.writing() as session:
        user = await make_user(session)
        if is_made:
            revision = await make_revision(session, author=user, operation="mix")
            revision_id = revision.id
            if is_shown:
                session.add(Message(message_id=99, revision_id=revision_id, created_at=NOW))
    await leave(database, effect=effect)
    await open_apologies().look()
    assert eyes.said == [(11, said.format(revision_id=revision_id))]


async def test_the_change_of_somebody_else_is_not_ours(database, eyes, open_apologies):
    async with database.writing() as session:
        await make_revision(session, author=await make_user(session, discord_id=2), operation="mix")
    await leave(database, effect="change")
    await open_apologies().look()
    assert eyes.said == [(11, NOTHING_CHANGED)]


async def test_trouble_with_discord_is_tried_again_and_given_up_after_a_day(database, eyes, open_apologies):
    await leave(database)
    eyes.is_broken = True
    assert await open_apologies().look() == 0
    assert await rows(database) == [(11, "secret")]
    eyes.is_broken = False
    assert await open_apologies(NOW + timedelta(seconds=10)).look() == 0  # not at once
    eyes.is_broken = True
    assert await open_apologies(NOW + timedelta(minutes=1)).look() == 0
    assert await open_apologies(NOW + timedelta(days=2)).look() == 0
    assert await rows(database) == []


async def test_one_that_breaks_us_does_not_leave_others_waiting(database, eyes, open_apologies, monkeypatch):
    await leave(database, 11)
    await leave(database, 12)
    look = eyes.look

    async def stumble(waiting):
        if waiting.number == 11:
            raise ValueError("strange")
        return await look(waiting)

    monkeypatch.setattr(eyes, "look", stumble)
    assert await open_apologies().look() == 1
    assert [number for number, _ in await rows(database)] == [11]


async def test_tokens_are_forgotten_when_discord_has_forgotten_them(database, open_apologies):
    """Also those of a process that still lives and takes its time."""
    await leave(database, until=NOW + timedelta(hours=1))
    await open_apologies(NOW + timedelta(minutes=14)).look()
    assert await rows(database) == [(11, "secret")]
    await open_apologies(NOW + timedelta(minutes=16)).look()
    assert await rows(database) == [(11, "")]


async def test_who_waits_now_is_no_orphan(database, eyes):
    """In one process: noted, not settled, looked at."""
    leases = JobLeases(database)
    noted = Acknowledgements(database, leases=leases)
    noted.start()
    somebody = Waiting(number=11, channel_id=5, effect="none", application_id=7, token="secret")
    await noted.note(somebody, patience_seconds=30.0)
    await noted.stop()
    apologies = Apologies(database, leases=leases, acknowledgements=noted, apologist=eyes, clock=utc_now)
    assert await apologies.look() == 0
    assert len(await rows(database)) == 1
