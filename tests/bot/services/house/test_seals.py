"""Seals: what opens, what does not, keys shared by several bots, renewed and retired."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from prometheus_client import generate_latest

from bot.services.clock import utc_now
from bot.services.house.seals import GRACE, SEAL_LENGTH, Seals, plain_text, renew_key
from core.errors import ForgedPressError, InputError
from core.metrics import PrometheusMetrics
from db.repositories.signing_keys import SigningKeyRepository
from tests.factories.rows import make_user

AGAIN = "tutti:again:123"
OWN = "an operator's own key of 32 characters or more"


@pytest.fixture
async def seals(database):
    opened = Seals(database)
    await opened.open()
    return opened


async def refused(seals: Seals, text: str, *, shown_at=None) -> bool:
    try:
        await seals.check(text, shown_at=shown_at or utc_now())
    except ForgedPressError:
        return True
    return False


async def stored(database):
    async with database.reading() as session:
        return await SigningKeyRepository(session).all()


async def test_what_was_sealed_passes_and_is_read_without_the_seal(seals):
    """Ten characters and a mark are added, and taken away again."""
    sealed = seals.seal(AGAIN)

    assert len(sealed) == len(AGAIN) + SEAL_LENGTH
    assert plain_text(sealed) == AGAIN
    assert not await refused(seals, sealed)


@pytest.mark.parametrize("change", ["number", "action", "seal", "cut", "none", "twice", "moved"])
async def test_what_was_changed_is_refused(seals, change):
    """Every way of getting at another result."""
    sealed = seals.seal(AGAIN)
    seal = sealed[-SEAL_LENGTH:]
    forged = {
        "number": f"tutti:again:124{seal}",
        "action": f"tutti:delete:123{seal}",
        "seal": sealed[:-1] + ("A" if sealed[-1] != "A" else "B"),
        "cut": sealed[:-1],
        "none": AGAIN,
        "twice": f"{AGAIN}{seal}{seal}",
        "moved": f"{seal}{AGAIN}",
    }[change]

    assert await refused(seals, forged)


@pytest.mark.parametrize("text", ["", "~", "\ud800", "~" * 100, "x" * 100 + "~AAAAAAAAAA", "tutti:again:1~ÄÄÄÄÄÄÄÄÄÄ"])
async def test_nonsense_is_refused_and_breaks_nothing(seals, text):
    """Strangers choose every character."""
    assert await refused(seals, text)


async def test_a_refused_press_is_counted_by_its_reason(database):
    """An operator sees that somebody tries, without what they sent."""
    metrics = PrometheusMetrics()
    seals = Seals(database, metrics=metrics)
    await seals.open()

    assert await refused(seals, AGAIN)
    assert await refused(seals, AGAIN + "~AAAAAAAAAA")

    told = generate_latest(metrics.registry).decode()
    assert 'tutti_presses_refused_total{why="unsealed"} 1.0' in told
    assert 'tutti_presses_refused_total{why="wrong_seal"} 1.0' in told


async def test_several_bots_at_once_make_one_key(database):
    """Whoever is first makes it; all others use it."""
    bots = [Seals(database) for _ in range(8)]
    await asyncio.gather(*(bot.open() for bot in bots))

    assert len(await stored(database)) == 1
    assert len({bot.seal(AGAIN) for bot in bots}) == 1


async def test_a_restarted_bot_has_the_same_key(database, seals):
    """Buttons live for ever."""
    restarted = Seals(database)
    await restarted.open()

    assert not await refused(restarted, seals.seal(AGAIN))


async def test_a_renewed_key_seals_and_the_old_one_still_opens(database, seals):
    """Also in a bot that has not heard of the new key yet."""
    assert await renew_key(database, forgets_old=False) == 2
    restarted = Seals(database)
    await restarted.open()

    assert restarted.seal(AGAIN) != seals.seal(AGAIN)
    assert not await refused(restarted, seals.seal(AGAIN))
    assert not await refused(seals, restarted.seal(AGAIN))


async def test_what_a_forgotten_key_sealed_is_nobodys(database, seals):
    """After a key got out, and the secret is not kept either."""
    old = seals.seal(AGAIN)
    assert await renew_key(database, forgets_old=True) == 1
    restarted = Seals(database)
    await restarted.open()

    assert await refused(restarted, old)
    assert await refused(restarted, AGAIN, shown_at=utc_now() - timedelta(seconds=1))
    assert [row.secret for row in await stored(database)][1] is None


async def test_a_key_cannot_be_renewed_before_there_is_one(database):
    """The bot makes the first."""
    with pytest.raises(InputError, match="when it starts"):
        await renew_key(database, forgets_old=False)


async def test_forgeries_do_not_make_the_database_read_keys_again_and_again(database):
    """Once in some seconds is enough to learn of a new one."""
    seconds = 0.0
    seals = Seals(database, clock=lambda: seconds)
    await seals.open()
    assert await refused(seals, AGAIN)
    await renew_key(database, forgets_old=False)
    newer = Seals(database)
    await newer.open()

    assert await refused(seals, newer.seal(AGAIN))
    seconds = 6.0
    assert not await refused(seals, newer.seal(AGAIN))


async def test_an_operators_key_comes_first_and_none_is_kept_in_the_database(database):
    """Only since when there are seals."""
    seals = Seals(database, configured=[OWN])
    await seals.open()
    other = Seals(database, configured=["another key that is long enough, too", OWN])
    await other.open()

    assert [row.secret for row in await stored(database)] == [None]
    assert not await refused(other, seals.seal(AGAIN))
    assert await refused(seals, other.seal(AGAIN))


async def test_buttons_sealed_from_the_database_work_beside_an_operators_key(database, seals):
    """It may be set at any time, and taken away again."""
    own = Seals(database, configured=[OWN])
    await own.open()
    without = Seals(database)
    await without.open()

    assert not await refused(own, seals.seal(AGAIN))
    assert not await refused(without, seals.seal(AGAIN))
    assert await refused(without, own.seal(AGAIN))


async def test_without_the_operators_key_a_new_one_is_made(database):
    """A bot whose setting was lost still shows buttons that work."""
    own = Seals(database, configured=[OWN])
    await own.open()
    without = Seals(database)
    await without.open()

    assert not await refused(without, without.seal(AGAIN))


async def test_in_a_new_database_nothing_unsealed_passes(seals):
    """Nothing was ever shown from it: older messages bear numbers of another one."""
    assert await refused(seals, AGAIN, shown_at=utc_now())
    assert await refused(seals, AGAIN, shown_at=utc_now() - timedelta(days=400))


async def test_buttons_of_before_there_were_seals_work_for_ever(database):
    """And those of a bot of the version before that is still at work for a moment, but no later ones."""
    async with database.writing() as session:
        await make_user(session)
    seals = Seals(database)
    await seals.open()
    (key,) = await stored(database)

    assert not await refused(seals, AGAIN, shown_at=key.created_at - timedelta(days=400))
    assert not await refused(seals, AGAIN, shown_at=key.created_at + GRACE / 2)
    assert await refused(seals, AGAIN, shown_at=key.created_at + GRACE)
    assert await refused(seals, AGAIN + "~AAAAAAAAAA", shown_at=utc_now() + GRACE)
