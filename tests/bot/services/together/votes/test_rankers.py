"""Learning from a server's votes: only if it wants that, nothing about people, gone when it does not want it any more."""

import json
from dataclasses import replace

import pytest

from bot.services.house.house_rules import HouseRules
from bot.services.together.votes.rankers import Rankers
from core.errors import InputError
from core.settings import LimitSettings
from db.repositories.rankers import RankerRepository
from db.shared_tables import Ranker
from music.ranking import Check, Taste, taste_to_json
from music.ranking_features import NAMES, VERSION
from tests.bot.services.together.votes.test_service import ADA, BEN, EVE, NOW, TAKES, THREAD, clock, song, votes  # noqa: F401 - fixtures
from tests.factories.pieces import make_melody
from tests.factories.studio import rows

SERVER = THREAD.guild_id


@pytest.fixture
def rules(database):
    return HouseRules(database, limits=LimitSettings())


@pytest.fixture
def rankers(database, rules):
    return Rankers(database, settings=rules)


@pytest.fixture
async def ended(song, votes):  # noqa: F811
    """A vote that Ben and Eve decided."""
    vote = await votes.start(ADA, THREAD, TAKES)
    await votes.cast(BEN, vote.vote_id, 1)
    return (await votes.cast(EVE, vote.vote_id, 1)).vote


async def test_nothing_is_learned_unless_the_server_wants_it(ended, rankers, database):
    await rankers.learn(ended)
    assert await rows(database, Ranker) == []
    assert not (await rankers.learned(SERVER)).is_on


async def test_a_vote_is_learned_once_and_names_nobody(ended, rankers, rules, database):
    await rules.change(SERVER, learns=True)
    await rankers.learn(ended)
    await rankers.learn(ended)
    learned = await rankers.learned(SERVER)
    assert (learned.is_on, learned.num_votes, learned.check.is_passed) == (True, 1, False)
    (row,) = await rows(database, Ranker)
    kept = json.dumps(row.data)
    assert set(row.data["observations"][0]) == {"vote_id", "features", "counts"}
    assert not any(person.name in kept for person in (ADA, BEN, EVE))


async def test_switching_off_forgets(ended, rankers, rules, database):
    await rules.change(SERVER, learns=True)
    await rankers.learn(ended)
    await rules.change(SERVER, learns=False)
    assert await rows(database, Ranker) == []
    await rankers.learn(ended)
    assert await rows(database, Ranker) == []


async def test_forgetting_begins_anew(ended, rankers, rules):
    await rules.change(SERVER, learns=True)
    await rankers.learn(ended)
    assert await rankers.forget(SERVER)
    assert not await rankers.forget(SERVER)
    assert (await rankers.learned(SERVER)).num_votes == 0
    with pytest.raises(InputError):
        await rankers.forget(None)


async def test_a_take_is_suggested_only_by_a_taste_that_is_believed(rankers, rules, database):
    """And only where the server still wants it."""
    low, high = make_melody(), make_melody()
    track = high.tracks[0]
    high = high.with_tracks(
        (replace(track, notes=tuple(note._replace(pitch=note.pitch + 12) for note in track.notes)),)
    )
    weights = tuple(1.0 if name == "height" else 0.0 for name in NAMES)
    await rules.change(SERVER, learns=True)
    for check, suggested in (
        (Check(num_votes=9, num_hits=9, chance=0.01), 1),
        (Check(num_votes=9, num_hits=3, chance=0.6), None),
    ):
        taste = Taste(version=VERSION, weights=weights, check=check)
        async with database.writing() as session:
            await RankerRepository(session).put(SERVER, taste_to_json(taste), now=NOW)
        assert await rankers.suggest(SERVER, [low, high]) == suggested
        assert await rankers.suggest(8, [low, high]) is None
        assert await rankers.suggest(None, [low, high]) is None
