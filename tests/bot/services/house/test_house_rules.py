"""What a server decided reaches its orders and its sound, and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.services.house.guild_settings import DEFAULTS
from bot.services.house.house_rules import FRESH_SECONDS, HouseRules
from bot.services.jobs.service import JobService
from bot.services.model import FromRevision, Place
from bot.services.options import GenerateOptions
from bot.services.replies.library import ReplyParts
from core.errors import InputError, LimitError
from core.settings import LimitSettings
from tests.factories.doors import ListPresenter, StandInMedia, StandInWriter
from tests.factories.orders import ADA, BEN, PLACE, make_order
from tests.factories.studio import Studio, make_result

FONT = Path("/usr/share/sounds/sf2/Test.sf2")
DIRECT = Place(guild_id=None, channel_id=5)


@pytest.fixture
def rules(database) -> HouseRules:
    return HouseRules(database, limits=LimitSettings(), soundfonts={"Test": FONT})


@pytest.fixture
async def studio(database, rules):
    """A studio whose jobs obey the rules."""
    parts = ReplyParts(sound_of=rules.sound_of)
    opened = Studio(database, writer=StandInWriter(), media=StandInMedia(), presenter=ListPresenter(), parts=parts)
    opened.jobs = JobService(
        database,
        writer=opened.writer,
        media=opened.media,
        presenter=opened.presenter,
        limits=rules.limits,
        parts=parts,
        rules=rules,
    )
    await opened.jobs.start()
    yield opened
    await opened.jobs.stop()


async def test_settings_are_kept_in_the_database(database, rules):
    """Another process, or the next, reads the same; direct messages have none."""
    await rules.change(PLACE.guild_id, genre="Rap", audio_format="mp3")
    again = HouseRules(database, limits=LimitSettings())

    assert (await again.of(PLACE.guild_id)).genre == "hip-hop"
    assert (await again.of(None)).genre is None
    assert (await again.of(404)).genre is None


async def test_what_another_bot_changed_holds_here_within_seconds(database):
    """Two bots on one database: limits and roles that one lowers hold at the other as soon as what it read is old."""
    now = 0.0
    ours = HouseRules(database, limits=LimitSettings(), clock=lambda: now)
    theirs = HouseRules(database, limits=LimitSettings())
    await ours.change(PLACE.guild_id, genre="jazz", max_jobs_per_user=2)

    await theirs.change(PLACE.guild_id, max_jobs_per_user=1, roles={"create": (7,)})

    assert (await ours.limits_of(PLACE)).max_jobs_per_user == 2
    now = FRESH_SECONDS
    assert (await ours.limits_of(PLACE)).max_jobs_per_user == 1
    assert (await ours.of(PLACE.guild_id)).roles == {"create": (7,)}
    assert (await ours.of(PLACE.guild_id)).genre == "jazz"


async def test_bots_do_not_overwrite_each_others_settings(database):
    """Each changes one thing, from what it read long ago: both changes stay."""
    ours, theirs = (HouseRules(database, limits=LimitSettings()) for _ in range(2))
    assert (await ours.of(PLACE.guild_id), await theirs.of(PLACE.guild_id)) == (DEFAULTS, DEFAULTS)

    await ours.change(PLACE.guild_id, genre="jazz")
    settings = await theirs.change(PLACE.guild_id, max_bars=8)

    assert (settings.genre, settings.max_bars) == ("jazz", 8)


async def test_new_pieces_get_the_genre_of_the_server(studio, rules):
    """Unless somebody names one; continuations keep what they have, other servers theirs."""
    await rules.change(PLACE.guild_id, genre="jazz")
    plain = GenerateOptions(num_bars=1, seed=1)
    first = await make_result(studio, make_order(plain))
    named = await make_result(studio, make_order(replace(plain, genre="rock")))
    elsewhere = await make_result(studio, make_order(plain, place=Place(guild_id=10, channel_id=1)))
    direct = await make_result(studio, make_order(plain, place=DIRECT))
    more = await make_result(studio, make_order(plain, source=FromRevision(revision_id=first.revision_id)))

    genres = [each.options.genre for each in (first, named, elsewhere, direct, more)]
    assert genres == ["jazz", "rock", None, None, None]


async def test_bars_are_limited_before_work_starts(studio, rules):
    """What is asked beyond is refused with a sentence, what is left out fits."""
    await rules.change(PLACE.guild_id, max_bars=4)
    with pytest.raises(InputError, match="1 to 4 bars"):
        await studio.jobs.submit(make_order(GenerateOptions(num_bars=5)))

    made = await make_result(studio, make_order(GenerateOptions(seed=1)))
    assert made.num_bars == 4


async def test_jobs_a_person_are_limited_by_the_server(database, rules):
    """The operator allows more, elsewhere."""
    await rules.change(PLACE.guild_id, max_jobs_per_user=1)
    doors = {"writer": StandInWriter(is_open=False), "media": StandInMedia(), "presenter": ListPresenter()}
    jobs = JobService(database, **doors, limits=rules.limits, rules=rules)
    await jobs.start()
    await jobs.submit(make_order())
    with pytest.raises(LimitError, match="already have 1"):
        await jobs.submit(make_order())
    await jobs.submit(make_order(author=BEN))
    await jobs.submit(make_order(author=ADA, place=DIRECT))
    await jobs.stop()


async def test_sound_comes_as_the_server_wants_it(studio, rules):
    """Format and SoundFont, for each rendering; a font that is gone is left out."""
    await rules.change(PLACE.guild_id, audio_format="flac", soundfont="Test")
    await make_result(studio)
    assert studio.presenter.replies[-1][1].audio.filename.endswith(".flac")
    assert studio.media.soundfonts[-1] == str(FONT)

    await make_result(studio, make_order(place=DIRECT))
    assert studio.presenter.replies[-1][1].audio.filename.endswith(".ogg")
    assert studio.media.soundfonts[-1] == ""
    rules.soundfonts = {}
    assert (await rules.sound_of(PLACE.guild_id)).soundfont == ""


async def test_what_cannot_be_set_changes_nothing(rules):
    """The old settings hold on."""
    await rules.change(PLACE.guild_id, genre="jazz")
    with pytest.raises(InputError):
        await rules.change(PLACE.guild_id, genre="rock", max_bars=100_000)

    assert (await rules.of(PLACE.guild_id)).genre == "jazz"
