"""Several servers of PostgreSQL in one address, of which one takes what is written: how they are written down, how that one is found.

After a failover another of them is the one. It knows nothing of what an address says besides, and of nothing that is sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none
from sqlalchemy import URL

HOST_TIMEOUT_SECONDS = 3.0
"""For each server: one whose machine is gone says nothing, and the others wait behind it."""
DEFAULT_PORT = 5432
WRITING = ("read-write", "primary")
"""What ``target_session_attrs`` may say: Tutti writes, and reads what it has just written."""

_ATTRIBUTES = "target_session_attrs"
_LISTED = re.compile(r"^(?P<scheme>postgres[\w+]*://)(?P<who>[^/?]*@)?(?P<hosts>[^@/?]*,[^@/?]*)(?P<rest>/.*)$")
_connect: Any = asyncpg.connect  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - it has no types
_REFUSALS: tuple[type[Exception], ...] = (OSError, asyncpg.PostgresError, asyncpg.InternalClientError)
_STARTING = "57P03"  # cannot connect now: a server that starts, or a standby that lets nobody read


class NobodyTakesWritesError(ConnectionError):
    """Servers answer, and each is a standby: the next primary has not been promoted yet."""


def unfold_hosts(url: str) -> str:
    """Return an address whose servers stand in its parameters: ``//ada@a:1,b:2/songs``, as libpq has it, is otherwise no URL.

    Raises:
        ValueError: with a sentence, when there is nothing between two commas.
    """
    found = _LISTED.match(url)
    if found is None:
        return url
    rest, names = found["rest"], found["hosts"].split(",")
    if not all(names):
        raise ValueError("one of the servers between the commas has no name")
    hosts = "&".join(f"host={name}" for name in names)
    return f"{found['scheme']}{found['who'] or ''}{rest}{'&' if '?' in rest else '?'}{hosts}"


def name_hosts(address: URL) -> URL:
    """Return an address of several servers with a port for each, and with the wish for the one that takes what is written.

    Raises:
        ValueError: with a sentence, when the servers or the wish make no sense.
    """
    query = dict(address.query)
    wish = query.get(_ATTRIBUTES, WRITING[0])
    if wish not in WRITING:
        raise ValueError(f"with {_ATTRIBUTES}={wish} Tutti could not write; leave it out, or write {WRITING[0]}")
    hosts = _split(query.get("host", ()))
    if len(hosts) < 2:
        return address
    if address.host:
        raise ValueError("servers stand both before the last / and as host=; write all of them in one place")
    ports = _split(query.pop("port", ()))
    if len(ports) > 1 and len(ports) != len(hosts):
        raise ValueError(f"there are {len(hosts)} servers and {len(ports)} ports")
    usual = ports or (str(DEFAULT_PORT),)
    query["host"] = tuple(_with_port(host, usual[place % len(usual)]) for place, host in enumerate(hosts))
    return address.set(query=query | {_ATTRIBUTES: wish})


def hosts_of(address: URL) -> tuple[str, ...]:
    """Return the servers of an address that names several, each with its port; nothing for an address of one."""
    hosts = address.query.get("host", ())
    return hosts if isinstance(hosts, tuple) else ()


class PrimarySearch:
    """Connects to the server that takes what is written: first to the one that did last time."""

    def __init__(self) -> None:
        self._first = 0

    async def connect(self, *, host: Sequence[str], port: Sequence[int], **arguments: Any) -> Any:
        """Return a connection to the first server that answers and is no standby.

        Raises:
            NobodyTakesWritesError: when only standbys answer.
            OSError: when nobody answers.
            asyncpg.PostgresError: when a server lets us not in, and no other does.
        """
        arguments |= {"timeout": HOST_TIMEOUT_SECONDS}
        refusals: list[Exception] = []
        for step in range(len(host)):
            place = (self._first + step) % len(host)
            try:
                connection = await _connect(host=host[place], port=port[place], **arguments)
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InternalClientError) as error:
                refusals.append(error)
                continue
            self._first = place
            return connection
        raise _most_telling(refusals, [f"{name}:{number}" for name, number in zip(host, port, strict=True)])


def _most_telling(refusals: Sequence[Exception], servers: Sequence[str]) -> Exception:
    """Return what an operator should hear: a wrong password rather than a server that is down."""
    for error in refusals:
        if getattr(error, "sqlstate", _STARTING) != _STARTING:
            return error
    if any(not isinstance(error, OSError) for error in refusals):
        return NobodyTakesWritesError(f"none of {', '.join(servers)} takes what is written")
    return refusals[-1]


def _split(value: str | Sequence[str]) -> tuple[str, ...]:
    listed = (value,) if isinstance(value, str) else tuple(value)
    return tuple(part for each in listed for part in each.split(","))


def _with_port(host: str, usual: str) -> str:
    name, colon, port = host.partition(":")
    if not name or (colon and not port.isdecimal()) or not usual.isdecimal():
        raise ValueError(f"“{host}” is no server; write its name and, after a colon, its port: host=db1:5432")
    return f"{name}:{port or usual}"
