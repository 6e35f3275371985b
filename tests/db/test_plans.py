"""What other people keep does not slow anybody down: no hot path reads a big table from one end to the other."""

from db.plans import HOT_PATHS, plans_of, render

NUM_SONGS = 3000


async def test_no_hot_path_scans_a_big_table(empty_url):
    """In a database of three thousand songs, as the database itself says."""
    plans = await plans_of(empty_url, num_songs=NUM_SONGS)

    scans = [(plan.path, plan.statement, plan.steps) for plan in plans if plan.scanned_tables]
    assert scans == []
    assert {plan.path for plan in plans} == set(HOT_PATHS)
    assert all(plan.statement in render({"x": plans}, num_songs=NUM_SONGS) for plan in plans)
