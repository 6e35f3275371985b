"""Seals: short signatures on what buttons, menus and forms carry, so that only what we showed can be pressed.

A seal is ``~`` and ten characters: the first 60 bits of an HMAC-SHA256 (RFC 2104) over the identifier, keyed with a secret of this
installation. The newest key seals; every key that was not retired opens, because buttons live for ever. Keys lie in the database, so
that all bots on it share them; an operator may name others that come before. It knows no Discord and no SQL.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from bot.services.clock import utc_now
from core.errors import ForgedPressError, InputError
from core.metrics import Metrics, NullMetrics, SealLabel
from db.engine import Database, unbroken
from db.repositories.signing_keys import SigningKeyRepository
from db.tables import SigningKey

_log = structlog.stdlib.get_logger(__name__)

SEAL_LENGTH = 11
SEAL_PATTERN = r"~[A-Za-z0-9_-]{10}"
GRACE = timedelta(hours=1)
"""So long after the first key, a bot of an earlier version may still be at work on the same database, and clocks may differ."""

_NEVER = datetime(2015, 1, 1, tzinfo=UTC)
"""Before Discord's first message: from a database in which nobody ever was, nothing was shown."""
_PURPOSE = b"tutti custom_id 1\0"  # the same key signs nothing else by accident
_SEALED = re.compile(rf"(?P<plain>.*)(?P<seal>{SEAL_PATTERN})", re.DOTALL)
_SECONDS_BETWEEN_LOOKS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """The keys at one moment, the one that seals first. ``unsigned_until``: what was shown before may lack a seal."""

    keys: tuple[bytes, ...]
    unsigned_until: datetime

    def seal(self, text: str) -> str:
        """Return a text with its seal."""
        return text + _seal_of(text, self.keys[0])

    def opens(self, text: str) -> bool:
        """Tell whether a text bears a seal of ours."""
        match = _SEALED.fullmatch(text)
        if match is None:
            return False
        found = match["seal"].encode()
        # Every key is tried, so that the time tells nothing.
        matches = [hmac.compare_digest(found, _seal_of(match["plain"], key).encode()) for key in self.keys]
        return any(matches)


def plain_text(text: str) -> str:
    """Return what stands before the seal, whoever made it; all of it where there is none."""
    match = _SEALED.fullmatch(text)
    return text if match is None else match["plain"]


class Seals:
    """Seals identifiers, and refuses those that we did not seal. ``open`` comes before everything else."""

    def __init__(
        self,
        database: Database,
        *,
        configured: Sequence[str] = (),
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``configured``: the operator's own keys, that which seals first. ``clock`` counts seconds."""
        self._database = database
        self._configured = tuple(key.encode() for key in configured)
        self._metrics = metrics or NullMetrics()
        self._clock = clock
        self._looked_at = float("-inf")
        self._ring: KeyRing | None = None

    async def open(self) -> None:
        """Read the keys; the very first of all bots on a database makes one.

        Raises:
            core.errors.StorageError: when the database fails.
        """
        self._ring = await self._read() or await self._make_first()

    def seal(self, text: str) -> str:
        """Return an identifier with its seal, 11 characters longer."""
        assert self._ring is not None, "open comes first"
        return self._ring.seal(text)

    async def check(self, text: str, *, shown_at: datetime | None) -> None:
        """Let an identifier pass that we sealed, or that was shown (``shown_at``) before there were seals.

        Raises:
            core.errors.ForgedPressError: for any other.
        """
        assert self._ring is not None, "open comes first"
        if self._ring.opens(text):
            return
        if shown_at is not None and shown_at < self._ring.unsigned_until:
            return
        if await self._look_again() and self._ring.opens(text):
            return
        self.refuse("unsealed" if _SEALED.fullmatch(text) is None else "wrong_seal")

    def refuse(self, why: SealLabel) -> None:
        """Count a press that we do not believe, and refuse it. What it bore is not logged: strangers wrote it.

        Raises:
            core.errors.ForgedPressError: always.
        """
        self._metrics.count_refused_press(why=why)
        _log.warning("press_refused", why=why)
        raise ForgedPressError

    async def _look_again(self) -> bool:
        """Read the keys again, for another bot may have got a new one; not for every forgery."""
        if self._clock() - self._looked_at < _SECONDS_BETWEEN_LOOKS:
            return False
        self._looked_at = self._clock()
        ring = await self._read()
        is_news = ring is not None and ring != self._ring
        self._ring = ring or self._ring
        return is_news

    @unbroken
    async def _read(self) -> KeyRing | None:
        """Return the keys as they stand; None when nobody made one yet."""
        async with self._database.reading() as session:
            rows = await SigningKeyRepository(session).all()
        return _ring_of(rows, self._configured)

    @unbroken
    async def _make_first(self) -> KeyRing:
        """Make a key unless another bot did so just now: writers come one after the other."""
        now = utc_now()
        async with self._database.writing() as session:
            keys = SigningKeyRepository(session)
            rows = await keys.all()
            if _ring_of(rows, self._configured) is None:
                secret = None if self._configured else secrets.token_hex(32)
                until = now + GRACE if await keys.was_used_before() else _NEVER
                until = rows[0].unsigned_until if rows else until
                await keys.add(_row(_next_id(rows), secret, now=now, unsigned_until=until))
                rows = await keys.all()
        ring = _ring_of(rows, self._configured)
        assert ring is not None, "a key was just made"
        return ring


@unbroken
async def renew_key(database: Database, *, forgets_old: bool) -> int:
    """Make a new key, which every bot on this database seals with from its next start on; return how many open now.

    ``forgets_old``: what older keys sealed is nobody's any more; what was shown before there were seals still needs none.

    Raises:
        core.errors.InputError: when there is no key yet.
    """
    now = utc_now()
    async with database.writing() as session:
        keys = SigningKeyRepository(session)
        rows = await keys.all()
        if not rows:
            raise InputError("There is no key yet: the bot makes the first one when it starts on this database.")
        number = _next_id(rows)
        await keys.add(_row(number, secrets.token_hex(32), now=now, unsigned_until=rows[0].unsigned_until))
        if forgets_old:
            await keys.retire_before(number, now=now)
        return sum(1 for row in await keys.all() if row.retired_at is None and row.secret is not None)


def _next_id(rows: Sequence[SigningKey]) -> int:
    return rows[0].id + 1 if rows else 1


def _row(number: int, secret: str | None, *, now: datetime, unsigned_until: datetime) -> SigningKey:
    return SigningKey(id=number, secret=secret, created_at=now, unsigned_until=unsigned_until, retired_at=None)


def _ring_of(rows: Sequence[SigningKey], configured: tuple[bytes, ...]) -> KeyRing | None:
    """Return the keys of some rows, newest first, after those of the operator; None when nothing could be sealed."""
    stored = tuple(row.secret.encode() for row in rows if row.secret is not None and row.retired_at is None)
    keys = configured + stored
    return KeyRing(keys=keys, unsigned_until=rows[0].unsigned_until) if rows and keys else None


def _seal_of(text: str, key: bytes) -> str:
    digest = hmac.new(key, _PURPOSE + text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return "~" + base64.urlsafe_b64encode(digest)[: SEAL_LENGTH - 1].decode("ascii")
