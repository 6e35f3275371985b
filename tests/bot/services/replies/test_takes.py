"""Seeds and names of takes, and their progress as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.model import ProgressView
from bot.services.replies.takes import MAX_TAKES, TakesProgress, check_num_takes, take_name, take_names, take_seed
from core.errors import InputError


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Shown(list):
    async def show(self, view):
        self.append(view)


@given(st.integers(0, 2**53 - 1))
def test_the_first_take_has_the_jobs_own_seed_and_the_others_seeds_that_can_be_typed(seed):
    seeds = [take_seed(seed, take) for take in range(MAX_TAKES)]
    assert seeds[0] == seed
    assert all(0 <= each < 2**31 for each in seeds[1:])
    assert seeds == [take_seed(seed, take) for take in range(MAX_TAKES)]


def test_takes_of_one_seed_differ():
    seeds = {take_seed(seed, take) for seed in range(200) for take in range(1, MAX_TAKES)}
    assert len(seeds) == 600


def test_the_first_take_is_called_like_the_job():
    assert take_name(17, 0) == "17"
    assert take_names(17) == ("17", "17.1", "17.2", "17.3")


@pytest.mark.parametrize("num_takes", [0, 5, -1])
def test_more_takes_than_a_message_holds_are_refused(num_takes):
    with pytest.raises(InputError, match="1 to 4 takes"):
        check_num_takes(num_takes)


async def test_progress_adds_up_over_all_takes():
    """Bars of all takes, of all bars; the rest is foretold by the pace of all together."""
    clock, shown = Clock(), Shown()
    progress = TakesProgress(2, show=shown.show, clock=clock)
    await progress.note(0, ProgressView(stage="writing", num_done=0, num_total=8))
    clock.now = 2.0
    await progress.note(0, ProgressView(stage="writing", num_done=3, num_total=8))
    await progress.note(1, ProgressView(stage="writing", num_done=1, num_total=8))
    last = shown[-1]
    assert (last.num_done, last.num_total, last.unit, last.step) == (4, 16, "bar", "2 takes")
    assert last.eta_seconds == pytest.approx(6.0)


async def test_takes_that_were_stored_before_count_as_done():
    """They do not make the others look faster than they are."""
    clock, shown = Clock(), Shown()
    progress = TakesProgress(2, show=shown.show, clock=clock)
    progress.finish(0)
    await progress.note(1, ProgressView(stage="writing", num_done=0, num_total=8))
    assert (shown[-1].num_done, shown[-1].num_total, shown[-1].eta_seconds) == (8, 16, None)
    clock.now = 1.0
    await progress.note(1, ProgressView(stage="writing", num_done=2, num_total=8))
    assert shown[-1].eta_seconds == pytest.approx(3.0)


async def test_while_none_is_written_the_best_place_in_the_queue_is_shown():
    shown = Shown()
    progress = TakesProgress(2, show=shown.show)
    await progress.note(0, ProgressView(stage="waiting", queue_place=3, eta_seconds=9.0))
    await progress.note(1, ProgressView(stage="waiting", queue_place=4, eta_seconds=12.0))
    assert (shown[-1].stage, shown[-1].queue_place, shown[-1].eta_seconds) == ("waiting", 3, 12.0)
    assert not progress.is_writing


async def test_a_finished_take_is_not_being_written():
    progress = TakesProgress(2, show=Shown().show)
    await progress.note(0, ProgressView(stage="writing", num_done=1, num_total=2))
    assert progress.is_writing
    progress.finish(0)
    assert not progress.is_writing
