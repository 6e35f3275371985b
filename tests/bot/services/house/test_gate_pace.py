"""The pace at the gate: whose limit refuses, what costs half, what is counted, and when nobody is told any more."""

from __future__ import annotations

import pytest

from bot.services.house.guild_settings import GuildSettings, check_settings, pace_limits
from bot.services.house.pace import Pace, PaceLimits
from bot.services.house.permissions import GROUP_OF, QUICK, Gate
from core.errors import InputError, LimitError, PermissionDeniedError
from core.metrics import PrometheusMetrics
from core.settings import LimitSettings
from tests.bot.services.house.test_pace import SECOND, Clock
from tests.bot.services.house.test_permissions import Decided, visitor


def limits(person: int = 0, channel: int = 0, server: int = 0) -> LimitSettings:
    return LimitSettings(
        TUTTI_MAX_COMMANDS_PER_MINUTE=person,
        TUTTI_MAX_CHANNEL_COMMANDS_PER_MINUTE=channel,
        TUTTI_MAX_SERVER_COMMANDS_PER_MINUTE=server,
    )


def gate(operators: LimitSettings, *, clock: Clock | None = None, metrics=None, **settings) -> Gate:
    pace = Pace(clock_nanoseconds=clock or Clock())
    return Gate(Decided(**settings), limits=operators, pace=pace, metrics=metrics)


async def refusal(at: Gate, who, doing: str = "generate") -> LimitError:
    with pytest.raises(LimitError) as caught:
        await at.admit(who, doing)
    return caught.value


async def test_a_refusal_says_how_long_to_wait_and_that_is_enough():
    """For a command, a press and a mention alike: they are all named to the gate."""
    clock = Clock()
    at = gate(limits(person=2), clock=clock)
    await at.admit(visitor(), "generate")
    clock.now += 20 * SECOND
    await at.admit(visitor(), "again")
    error = await refusal(at, visitor(), "remix")

    assert error.retry_after_seconds == 40
    assert "Wait 40 seconds" in error.reason
    clock.now += 40 * SECOND
    await at.admit(visitor(), "remix")


async def test_a_crowd_meets_the_limit_of_its_channel_and_others_go_on():
    """Threads are channels of their own; those who manage the server wait like all others."""
    at = gate(limits(person=30, channel=10, server=15))
    for user_id in range(10):
        await at.admit(visitor(user_id=user_id, channels=(55,)), "generate")

    assert "this channel" in (await refusal(at, visitor(user_id=99, manages=True))).reason
    for user_id in range(5):
        await at.admit(visitor(user_id=user_id, channels=(71, 55)), "generate")
    assert "this server" in (await refusal(at, visitor(user_id=99, channels=(72,)))).reason
    await at.admit(visitor(user_id=99, guild_id=None, channels=(4,)), "generate")


async def test_a_server_may_want_fewer_and_never_more():
    """Of each person only there; elsewhere they have the operator's limit."""
    at = gate(limits(person=5), max_commands_per_person=2)
    for _ in range(2):
        await at.admit(visitor(), "generate")

    assert "lets each person send me 2" in (await refusal(at, visitor())).reason
    for _ in range(3):
        await at.admit(visitor(guild_id=None, channels=(4,)), "generate")
    assert "more than 5" in (await refusal(at, visitor(guild_id=None, channels=(4,)))).reason


@pytest.mark.parametrize("setting", ["person", "channel", "server"])
async def test_a_pace_set_too_low_can_be_set_right_at_once(setting):
    """By those who may change settings, however much they have asked; the operator's limit holds for them, too."""
    at = gate(limits(person=3), **{f"max_commands_per_{setting}": 1})
    await at.admit(visitor(manages=True), "generate")
    await refusal(at, visitor(manages=True))
    for _ in range(4):  # each counts as half an order
        await at.admit(visitor(manages=True), "settings")
    assert "more than 3" in (await refusal(at, visitor(manages=True), "settings")).reason


async def test_looking_at_settings_is_no_way_around_the_pace():
    """Who may not change them is refused like anybody."""
    at = gate(limits(), max_commands_per_person=1)
    await at.admit(visitor(), "generate")
    await refusal(at, visitor(), "settings")


def test_the_lower_of_two_limits_holds():
    """Nought is none."""
    settings = GuildSettings(max_commands_per_channel=20, max_commands_per_server=50)

    assert pace_limits(limits(3, 10, 100), settings) == PaceLimits(person=3, channel=10, server=50)
    assert pace_limits(limits(), settings) == PaceLimits(channel=20, server=50)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("max_commands_per_person", "1 to 30 commands in a minute of one person"),
        ("max_commands_per_channel", "1 to 120 commands in a minute in one channel"),
        ("max_commands_per_server", "1 to 600 commands in a minute on this server"),
    ],
)
def test_a_server_cannot_want_more_than_the_operator(name, words):
    """It reads what it may choose."""
    with pytest.raises(InputError, match=words):
        check_settings(GuildSettings(**{name: 601}), soundfonts={}, limits=LimitSettings())


async def test_looking_something_up_counts_half():
    """Also by a button."""
    at = gate(limits(person=3))
    for doing in ("history", "details", "tree", "help", "star"):
        await at.admit(visitor(), doing)

    await refusal(at, visitor(), "generate")
    await at.admit(visitor(), "look")


def test_what_is_quick_exists():
    """A renamed command would silently become dear."""
    assert set(GROUP_OF) >= QUICK


async def test_refusals_are_counted_by_their_kind():
    """For the dashboard; nobody's number is in it."""
    metrics = PrometheusMetrics()
    at = gate(limits(person=1, channel=2), metrics=metrics, roles={"edit": (7,)})
    await at.admit(visitor(user_id=1), "generate")
    await refusal(at, visitor(user_id=1))
    with pytest.raises(PermissionDeniedError):
        await at.admit(visitor(user_id=2), "remix")
    await refusal(at, visitor(user_id=3))

    for limit in ("person", "permission", "channel"):
        assert metrics.registry.get_sample_value("tutti_refusals_total", {"limit": limit}) == 1


async def test_who_writes_on_is_told_a_few_times_and_then_no_more():
    """Each telling costs a message; the limit of one is no limit of another."""
    at = gate(limits(person=1))

    assert [at.tells_refusal(visitor()) for _ in range(7)] == [True] * 5 + [False] * 2
    assert at.tells_refusal(visitor(user_id=2))
    assert at.offers_words(visitor())


async def test_words_are_offered_as_fast_as_people_type():
    """Ten times as often as commands, and not as fast as a program asks."""
    at = gate(limits(person=2))

    assert sum(at.offers_words(visitor()) for _ in range(100)) == 20
