"""One real run of the fuzzer with a fixed seed: it finds a planted bug, goes on, writes it down, and the journal adds up."""

from __future__ import annotations

import pytest

from fuzzing.campaign import Campaign
from fuzzing.journal import Journal, Leg, seconds_of, total
from fuzzing.replaying import replay
from fuzzing.targets.registry import load_target

PLANTED = "tests.fuzzing.planted"
NUM_RUNS = 200_000


def make_leg(**values) -> Leg:
    """A leg, all its figures alike."""
    usual = {
        "target": "midi", "began": "2026-11-23T05:00:00+00:00", "seed": 1, "git_commit": "abc", "seconds": 60.0, "cpu_seconds": 30.0,
        "executions": 100, "new_inputs": 3, "edges": 40, "features": 90, "corpus_files": 5, "findings": 0,
    }  # fmt: skip
    return Leg(**(usual | values))


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """A campaign that had one leg on the planted bug."""
    folder = tmp_path_factory.mktemp("fuzzing")
    campaign = Campaign(folder=folder, leg_seconds=60, seed=7, max_executions=NUM_RUNS)
    campaign.run([PLANTED], minutes=60, num_rounds=1)
    return campaign


def test_a_planted_bug_is_found_and_written_down_once(campaign):
    """The input, and where it broke; without a path of this machine."""
    found = list((campaign.folder / "findings" / "planted").glob("*.bin"))
    assert [path.read_bytes()[:3] for path in found] == [b"Bug"]
    text = found[0].with_suffix(".txt").read_text()
    assert text.startswith("ZeroDivisionError: planted")
    assert "tests/fuzzing/planted.py" in text
    assert str(campaign.folder) not in text


def test_a_bug_does_not_end_the_leg(campaign):
    """Its inputs are counted to the end, and what reached new code is kept."""
    (leg,) = campaign.journal.read()
    assert leg.executions == NUM_RUNS
    assert (leg.target, leg.findings, leg.crashes, leg.timeouts, leg.out_of_memory) == ("planted", 1, 0, 0, 0)
    assert leg.new_inputs == leg.corpus_files > 0 < leg.edges


def test_what_was_found_fails_when_it_is_replayed(campaign):
    """So a kept finding of something that broke again fails the suite."""
    target = load_target(PLANTED)
    (failure,) = [line for line in replay(target, folders=(campaign.folder / "findings",)) if ".bin" in line]
    assert "ZeroDivisionError: planted" in failure
    assert replay(target, folders=(campaign.folder / "seeds",)) == []


def test_legs_add_up_over_breaks(tmp_path):
    """A second journal on the same file goes on; a line that a crash cut is left out."""
    path = tmp_path / "journal.jsonl"
    Journal(path).write(make_leg(edges=40))
    Journal(path).write(make_leg(edges=50, crashes=1, whole_seconds=70.0))
    Journal(path).write(make_leg(target="abc"))
    with path.open("ab") as file:
        file.write(b'{"target": "mi')

    legs = Journal(path).read()
    assert seconds_of(legs) == 180.0
    totals = total(legs, target="midi")
    assert (totals.legs, totals.minutes, totals.executions, totals.edges, totals.crashes) == (2, 2.0, 200, 50, 1)
    assert totals.whole_minutes == 2.2


def test_a_campaign_that_has_its_minutes_does_nothing_more(tmp_path):
    """It goes on where it stopped, and stops where it was to stop."""
    campaign = Campaign(folder=tmp_path, leg_seconds=60, seed=1)
    campaign.journal.write(make_leg())
    campaign.run(["midi"], minutes=1)
    assert len(campaign.journal.read()) == 1
