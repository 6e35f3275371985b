"""The arithmetic of communities, the traffic that is drawn from it, crews that are found, and the page that tells it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace

import pytest

from core.errors import InputError
from soak.scaling.assumptions import Assumptions
from soak.scaling.curves import trace_curve
from soak.scaling.decision_cost import measure_decisions
from soak.scaling.page import draw_curves, write_tables
from soak.scaling.rates import Rates, read_rates
from soak.scaling.scenarios import run_communities
from soak.scaling.sizing import fairness_of, share_of, try_crews
from soak.scaling.traffic import Raid, Traffic, together
from soak.scaling.validity import hold_against_theory

KINDS = ("generate", "continue", "remix", "harmonize")
DAY_SECONDS = 86_400.0


@pytest.fixture
def rates() -> Rates:
    """Every piece takes a second of writing, half a second of sound, a tenth of the bot."""
    keys = [(kind, bars) for kind in KINDS for bars in (4, 16, 32)]
    return Rates(
        worker_seconds=dict.fromkeys(keys, (0.5, 1.0, 1.5)),
        media_seconds=dict.fromkeys(keys, 0.5),
        bot_seconds=dict.fromkeys(keys, 0.1),
        order_seconds=0.1,
        lane_exponent=1.0,
        noticed_seconds=0.1,
        load_seconds=5.0,
        worker_mib=500.0,
        bot_mib=150.0,
        bytes_per_piece=20_000.0,
        stored_job_seconds={"sqlite": 0.05},
        jobs_per_second={"sqlite": 10.0},
        transactions_per_job=10.0,
    )


def test_the_arithmetic_is_that_of_the_page(rates):
    """A million users, a twentieth active, six wishes: 300,000 a day, 10.4 a second at three times the mean."""
    assumptions = Assumptions()
    share = share_of(assumptions, rates, num_users=1_000_000)

    assert assumptions.wishes_per_day(1_000_000) == 300_000
    assert assumptions.peak_per_second(1_000_000) == pytest.approx(300_000 / DAY_SECONDS * 3)
    assert assumptions.mean_of(rates.mean_worker_seconds) == pytest.approx(1.0)
    assert share.num_bots == 4  # 10.4 x 0.2 s / 0.6
    assert share.num_bots * share.worker_cores == pytest.approx(10.4, abs=0.1)
    assert share.num_bots * share.media_cores == pytest.approx(5.2, abs=0.1)


def test_what_cannot_be_is_refused():
    """Shares beyond one, rates of nothing."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        Assumptions(active_share=1.5)
    with pytest.raises(ValueError, match="above 0"):
        Assumptions(gpu_factor=0.0)


def test_measured_rates_are_read_with_what_is_missing_told(tmp_path):
    """From docs/results; a folder without them names the command that measures."""
    rates = read_rates()
    assert rates.mean_worker_seconds["generate", 32] > rates.mean_worker_seconds["generate", 4] > 0
    with pytest.raises(InputError, match=r"scaling_rates\.json.*soak\.scaling measure"):
        read_rates(tmp_path)


def test_a_day_has_its_peak_at_noon_and_its_mean_as_assumed(rates):
    """Over a day there are as many wishes as the mean says, and in the busiest hour thrice the mean's."""
    assumptions = Assumptions()
    wishes = list(Traffic(assumptions, rates, num_users=30_000, seed=1).ordinary(seconds=DAY_SECONDS, at_peak=False))

    assert len(wishes) == pytest.approx(assumptions.wishes_per_day(30_000), rel=0.05)
    hours = Counter(int(wish.at_seconds // 3600) for wish in wishes)
    assert (hours[11] + hours[12]) / 2 == pytest.approx(3 * len(wishes) / 24, rel=0.12)
    kinds = Counter(wish.work.kind.partition(" ")[0] for wish in wishes)
    assert kinds["generate"] / len(wishes) == pytest.approx(0.4, abs=0.03)


def test_troubles_come_in_the_order_of_their_moments(rates):
    """Ordinary people, a raid on the largest server, and one who never stops, together."""
    traffic = Traffic(Assumptions(), rates, num_users=20_000, seed=1)
    raid = Raid(at_seconds=100.0, num_people=30)
    wishes = list(
        together(
            traffic.ordinary(seconds=300.0, at_peak=True),
            traffic.raid(raid),
            traffic.heavy(seconds=300.0, pause_seconds=2.0),
        )
    )

    assert [wish.at_seconds for wish in wishes] == sorted(wish.at_seconds for wish in wishes)
    groups = Counter(wish.group for wish in wishes)
    assert (groups["raid"], groups["heavy"]) == (60, 150)
    assert {wish.guild_id for wish in wishes if wish.group == "raid"} == {1}


def test_the_crew_found_is_the_first_that_keeps_the_goal(rates):
    """More workers wait less; the last trial is under the goal, the one before was not."""
    assumptions = Assumptions(hours_between_deaths=0.0)
    share = replace(share_of(assumptions, rates, num_users=250_000), window_seconds=400.0)

    trials, num_media = try_crews(assumptions, rates, share, goal_seconds=2.0, seed=1)

    assert trials[-1].wait_p95 <= 2.0
    assert all(trial.wait_p95 > 2.0 or trial.share_served < 0.995 for trial in trials[:-1])
    assert num_media >= int(share.media_cores)


def test_people_who_ask_for_the_same_wait_alike(rates):
    """Row 17 on the simulated clock: a hundred people to a worker, the longest mean wait under 3 times the shortest."""
    ratio, num_people = fairness_of(Assumptions(), rates, num_workers=1, seed=1)

    assert num_people == 100
    assert 1.0 < ratio < 3.0


def test_waits_grow_with_a_community_until_people_are_turned_away(rates, monkeypatch):
    """Half a worker's work makes nobody wait long; half as much again as it can do turns away about a third."""
    monkeypatch.setattr("soak.scaling.sizing._WINDOW_JOBS", 1_500)

    easy, full = trace_curve(Assumptions(), rates, num_workers=2, seed=1, loads=(0.5, 1.5))

    assert [easy.load, full.load] == pytest.approx([0.5, 1.5], rel=0.01)
    assert easy.num_users * 3 == pytest.approx(full.num_users, rel=0.01)
    assert easy.wait_p95 < 2 < full.wait_p50 < full.wait_p95
    assert easy.share_served == 1.0
    assert 0.6 < full.share_served < 0.75


def test_the_page_tells_what_was_computed(rates, tmp_path, monkeypatch):
    """Every table lands between its marks, the words around stay, a second time changes nothing."""
    monkeypatch.setattr("soak.scaling.sizing._WINDOW_JOBS", 300)
    assumptions = Assumptions()
    content = {
        "communities": run_communities(assumptions, rates, (100_000,), seed=1),
        "theory": hold_against_theory(seed=1, num_wishes=300, num_in_theory=1_000),
        "decisions": measure_decisions((500,)),
    }
    page, picture = tmp_path / "scaling.md", tmp_path / "scaling.png"
    names = ("rates", "needs", "waits", "theory", "decisions")
    page.write_text(
        "Before.\n" + "\n".join(f"<!-- {n}: written by make scaling -->\n<!-- end of {n} -->" for n in names)
    )

    write_tables(content, rates, assumptions, page=page)
    first = page.read_text()
    write_tables(content, rates, assumptions, page=page)
    draw_curves(
        [[asdict(point) for point in trace_curve(assumptions, rates, num_workers=1, seed=1, loads=(0.5, 1.5))]], picture
    )

    assert page.read_text() == first
    assert first.startswith("Before.\n")
    assert "| wishes a day | 30,000 |" in first
    assert picture.read_bytes().startswith(b"\x89PNG")
    window = content["communities"][0]["windows"]["calm"]
    assert window["groups"]["ordinary"]["num_refused"] == 0
    assert 0.2 < window["utilisation"] <= 1.0
