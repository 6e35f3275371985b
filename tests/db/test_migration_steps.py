"""Every step from the first tables to the newest, with rows in all tables at every step: nothing that was there is lost or changed."""

from db.engine import migration_connection
from db.migrate import downgrade, known_versions, upgrade
from tests.db.filling import NUM_ROWS, contents, fill_empty, reflect

VERSIONS = known_versions()


async def test_every_step_keeps_every_row(empty_url):
    """Tables are filled as soon as a version makes them; each later step leaves their rows and values alone."""
    before = {}
    num_filled = 0
    for version in VERSIONS:
        await upgrade(empty_url, version)
        async with migration_connection(empty_url) as connection:
            tables = await reflect(connection)
            after = await contents(connection, tables)
            for table, old_rows in before.items():
                kept = [
                    {name: row[name] for name in old if name in row}
                    for old, row in zip(old_rows, after[table], strict=True)
                ]
                assert kept == old_rows, f"{version} changed rows of {table}"
            num_filled += len(await fill_empty(connection, tables))
            before = await contents(connection, tables)
    assert num_filled == len(before)
    assert all(len(rows) == NUM_ROWS for rows in before.values())


async def test_every_step_back_keeps_what_it_has_a_place_for(empty_url):
    """Whoever goes back by hand loses columns and tables that came later, and of several takes in a message all but the first."""
    await upgrade(empty_url)
    async with migration_connection(empty_url) as connection:
        tables = await reflect(connection)
        await fill_empty(connection, tables)
        before = await contents(connection, tables)

    for version in reversed(VERSIONS[:-1]):
        await downgrade(empty_url, version)
        async with migration_connection(empty_url) as connection:
            after = await contents(connection, await reflect(connection))
        for table, rows in after.items():
            kept = [{name: row[name] for name in rows[0]} for row in before[table]] if rows else []
            assert all(row in kept for row in rows), f"going back to {version} changed rows of {table}"
            assert len(rows) == NUM_ROWS or table == "messages", f"going back to {version} lost rows of {table}"

    assert {"users", "songs", "pieces", "revisions", "jobs"} <= after.keys()
    await upgrade(empty_url)
