"""What DATABASE_URL may say, and what is said when it cannot be used."""

import asyncio
import socket

import pytest
from sqlalchemy import make_url, text

from core.errors import ConfigurationError
from db.addresses import describe_address, read_address
from db.engine import Database
from db.migrate import upgrade
from tests.factories.database import execute
from tests.factories.postgresql import PostgreSQLServer

ON_POSTGRESQL = pytest.mark.parametrize("database_kind", ["postgresql"])


@pytest.mark.parametrize(
    ("url", "understood"),
    [
        ("postgres://ada:x@db/tutti", "postgresql+asyncpg://ada:x@db/tutti"),
        ("postgresql://ada:x@db:6432/tutti", "postgresql+asyncpg://ada:x@db:6432/tutti"),
        ("postgresql+asyncpg://ada@db/tutti?sslmode=require", "postgresql+asyncpg://ada@db/tutti?ssl=require"),
        ("sqlite:///runs/tutti.db", "sqlite+aiosqlite:///runs/tutti.db"),
        (
            "postgres://ada:x@a:5433,b/tutti?sslmode=require",
            "postgresql+asyncpg://ada:x@/tutti?host=a%3A5433&host=b%3A5432&ssl=require&target_session_attrs=read-write",
        ),
        (
            "postgresql+asyncpg://ada@/tutti?host=a:5433&host=b:5434&target_session_attrs=primary",
            "postgresql+asyncpg://ada@/tutti?host=a%3A5433&host=b%3A5434&target_session_attrs=primary",
        ),
        (
            "postgresql://ada@/tutti?host=a,b&port=5433,5434",
            "postgresql+asyncpg://ada@/tutti?host=a%3A5433&host=b%3A5434&target_session_attrs=read-write",
        ),
    ],
)
def test_addresses_of_other_tools_are_understood(url, understood):
    assert read_address(url).render_as_string(hide_password=False) == understood


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysteryql://x/y",
        "mysql://x/y",
        "postgresql+psycopg2://x/y",
        "postgresql://host-without-database",
        "postgresql://x/y?nonsense=1",
        "postgresql://x:port/y",
        "sqlite+aiosqlite:////proc/no/such/place.db",
    ],
)
def test_bad_address_names_the_variable_and_an_example(url):
    with pytest.raises(ConfigurationError, match=r"DATABASE_URL.*Examples: sqlite") as caught:
        Database(url)
    assert caught.value.variable == "DATABASE_URL"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://x@a,,b/y", "one of the servers between the commas has no name"),
        ("postgresql://x@a,b:port/y", "“b:port” is no server; write its name"),
        ("postgresql://x@a,b,c/y?port=1,2", "there are 3 servers and 2 ports"),
        ("postgresql://x@a/y?host=b:1&host=c:2", "write all of them in one place"),
        ("postgresql://x@a,b/y?target_session_attrs=any", "with target_session_attrs=any Tutti could not write"),
        ("postgresql://x@a/y?target_session_attrs=standby", "could not write; leave it out"),
    ],
)
def test_a_wrong_list_of_servers_is_explained(url, words):
    with pytest.raises(ConfigurationError, match=words):
        Database(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://ada:secret@a,b:5433/tutti", "PostgreSQL database “tutti” at a:5432 or b:5433"),
        ("postgresql://ada:secret@db/tutti", "PostgreSQL database “tutti” at db:5432"),
        ("postgresql://ada:secret@/tutti?host=/run/postgresql", "PostgreSQL database “tutti” at /run/postgresql"),
        ("sqlite:///runs/tutti.db", "SQLite file runs/tutti.db"),
    ],
)
def test_an_address_is_told_without_its_password(url, words):
    assert describe_address(url) == words


@pytest.fixture
def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


async def test_a_server_that_is_not_there_is_named_with_what_to_do(free_port):
    with pytest.raises(
        ConfigurationError, match=rf"DATABASE_URL.*127.0.0.1:{free_port}.*Start it, or correct"
    ) as caught:
        await upgrade(f"postgresql://tutti@127.0.0.1:{free_port}/tutti")
    assert caught.value.variable == "DATABASE_URL"


@ON_POSTGRESQL
async def test_a_database_that_is_not_there_is_named_with_what_to_do(empty_url):
    with pytest.raises(ConfigurationError, match="createdb --owner=tutti nowhere"):
        await upgrade(make_url(empty_url).set(database="nowhere").render_as_string(hide_password=False))


@ON_POSTGRESQL
async def test_a_person_who_is_not_let_in_is_named_with_what_to_do(empty_url):
    with pytest.raises(ConfigurationError, match=r"does not let “stranger” in.*pg_hba"):
        await upgrade(empty_url.replace("tutti@", "stranger@"))


@ON_POSTGRESQL
async def test_a_person_who_may_make_no_tables_is_told_who_should(empty_url):
    await execute(empty_url, "CREATE ROLE guest LOGIN")
    try:
        with pytest.raises(ConfigurationError, match=r"ALTER DATABASE test_\d+ OWNER TO guest"):
            await upgrade(empty_url.replace("tutti@", "guest@"))
    finally:
        await execute(empty_url, "DROP ROLE guest")


@pytest.fixture
def tcp_url(free_port):
    """A server as operators have it: on a port, with passwords, and a database that belongs to somebody."""
    server = PostgreSQLServer(tcp_port=free_port)
    try:
        server.start()
        admin = f"postgresql://tutti@/postgres?host={server.folder}&port={free_port}"
        asyncio.run(execute(admin, "CREATE ROLE ada LOGIN PASSWORD 'se:c/ret'"))
        asyncio.run(execute(admin, "CREATE DATABASE songs OWNER ada"))
        yield f"postgres://ada:se%3Ac%2Fret@127.0.0.1:{free_port}/songs?sslmode=disable"
    finally:
        server.remove()


async def test_a_server_on_a_port_with_passwords(tcp_url):
    """It works; what is wrong is said, and no password with it."""
    await upgrade(tcp_url)
    database = Database(tcp_url)
    async with database.reading() as session:
        assert await session.scalar(text("SHOW transaction_isolation")) == "repeatable read"
        assert await session.scalar(text("SHOW statement_timeout")) == "30s"
        assert await session.scalar(text("SHOW tcp_keepalives_idle")) == "10"
    async with database.writing() as session:
        assert await session.scalar(text("SHOW transaction_isolation")) == "read committed"
    await database.close()

    for wrong, words in (
        (tcp_url.replace("ret@", "cret@"), "refuses the password of “ada”"),
        (tcp_url.replace("disable", "require"), "speaks no TLS"),
        (tcp_url.replace("/songs", "/nowhere"), "createdb --owner=ada nowhere"),
    ):
        with pytest.raises(ConfigurationError, match=words) as caught:
            await upgrade(wrong)
        assert "cret" not in str(caught.value)
