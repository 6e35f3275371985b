"""Chance for bad days: repeatable by its seed, close to its rates, and refused when it makes no sense."""

import pytest

from sandbox.errors import PageRequestError
from sandbox.weather import ALL_RATES, parse_weather


def weather(seed=1, **rates):
    return parse_weather({"seed": seed, "rates": rates})


def test_same_seed_decides_the_same_whatever_else_goes_on():
    """The n-th decision about one route does not depend on how many others were made in between."""
    quiet, busy = weather(status=0.3, delay=0.3), weather(status=0.3, delay=0.3)
    alone = [quiet.first_strike(("status", "delay"), "POST /a") for _ in range(200)]
    mixed = []
    for _ in range(200):
        busy.first_strike(("status", "delay"), "POST /b")
        busy.strikes("heartbeat", "")
        mixed.append(busy.first_strike(("status", "delay"), "POST /a"))
    assert alone == mixed
    assert alone != [weather(seed=2, status=0.3, delay=0.3).first_strike(("status",), "POST /a") for _ in range(200)]


def test_rates_are_kept_and_counted():
    """Of 4,000 requests a tenth is struck, give or take; what happened is counted."""
    day = weather(drop=0.1)
    struck = sum(day.first_strike(("status", "drop"), "x") == "drop" for _ in range(4000))
    assert 330 <= struck <= 470
    assert day.to_json()["done"] == {"drop": struck}


@pytest.mark.parametrize("kind", ALL_RATES)
def test_rate_of_one_always_strikes_and_none_never(kind):
    """Every rate has a name that is known."""
    assert weather(**{kind: 1}).strikes(kind, "x")
    assert not weather(**{kind: 0}).strikes(kind, "x")


@pytest.mark.parametrize(
    "body",
    [
        {"seed": 1},
        {"seed": 1, "rates": {"status": 2}},
        {"seed": 1, "rates": {"status": True}},
        {"seed": 1, "rates": {"rain": 0.5}},
        {"seed": "x", "rates": {}},
        {"seed": 1, "rates": {}, "max_delay_seconds": 1000},
    ],
)
def test_what_makes_no_sense_is_refused(body):
    """With a sentence."""
    with pytest.raises(PageRequestError):
        parse_weather(body)
