"""Who enters a worker that several bots share: plain Python, no process is started."""

from __future__ import annotations

from inference.cluster.turns import Entry, Turns


def _turns(num_places, *lives):
    turns = Turns(num_places=num_places)
    for life_id in lives:
        turns.join(life_id)
    return turns


def _add(turns, life_id, *names, is_alone=False):
    for name in names:
        turns.add(Entry(key=(life_id, name), content=name, is_alone=is_alone))


def _enter_all(turns):
    """Return the names of those that enter until nobody may."""
    names = []
    while (entry := turns.next()) is not None:
        names.append(entry.content)
    return names


def test_a_bot_that_is_alone_has_every_place():
    """Nothing is kept free for bots that are not there."""
    turns = _turns(3, "a")
    _add(turns, "a", "1", "2", "3", "4")
    assert turns.num_places("a") == 3
    assert _enter_all(turns) == ["1", "2", "3"]


def test_bots_take_turns():
    """However many jobs one has sent first, the other's first is second."""
    turns = _turns(8, "a", "b")
    _add(turns, "a", "a1", "a2", "a3")
    _add(turns, "b", "b1", "b2")
    assert _enter_all(turns) == ["a1", "b1", "a2", "b2", "a3"]


def test_each_bot_is_promised_its_part_and_may_use_what_others_leave():
    """Of four places two bots have two each, an idle one leaves its own, and its jobs that wait count."""
    turns = _turns(4, "a", "b")
    assert turns.num_places("a") == 4
    _add(turns, "b", "1", "2", "3")
    assert turns.num_others("a") == 3
    assert turns.num_places("a") == 2
    assert turns.num_places("b") == 4


def test_a_suspect_waits_until_the_worker_is_empty_and_is_alone_inside():
    """Nobody overtakes it, and nobody joins it."""
    turns = _turns(2, "a", "b")
    _add(turns, "a", "1")
    assert _enter_all(turns) == ["1"]
    _add(turns, "b", "suspect", is_alone=True)
    _add(turns, "a", "2")
    assert _enter_all(turns) == []
    turns.end(("a", "1"))
    assert _enter_all(turns) == ["suspect"]
    turns.end(("b", "suspect"))
    assert _enter_all(turns) == ["2"]


def test_a_job_that_waits_is_withdrawn_and_one_inside_is_not():
    """The answer says which it was."""
    turns = _turns(1, "a")
    _add(turns, "a", "1", "2")
    turns.next()
    assert not turns.withdraw(("a", "1"))
    assert turns.withdraw(("a", "2"))
    turns.end(("a", "1"))
    assert turns.next() is None


def test_a_bot_that_leaves_takes_its_waiting_jobs_along_and_tells_which_run():
    """Those inside keep their places until the worker has ended them."""
    turns = _turns(1, "a", "b")
    _add(turns, "a", "1", "2")
    _add(turns, "b", "3")
    turns.next()
    assert turns.leave("a") == [("a", "1")]
    assert turns.next() is None
    assert turns.end(("a", "1"))
    assert _enter_all(turns) == ["3"]
