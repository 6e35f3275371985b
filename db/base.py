"""The declarative base: naming rules of keys and indexes, and the column types that every database understands.

It knows nothing of any table.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

NAMING_RULES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

BigId = BigInteger().with_variant(Integer, "sqlite")
"""Sixty-four bits everywhere; SQLite only numbers rows by itself when the type is called INTEGER."""


MAX_ID = 2**63 - 1


def storable_text(text: str) -> str:
    """Return text without what no database takes: control characters (NUL among them) and halves of surrogate pairs."""
    return "".join(character for character in text if character.isprintable() or character == " ")


class UTCDateTime(TypeDecorator[datetime]):
    """A moment with its time zone; SQLite forgets zones, so they are checked going in and put back coming out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - same
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """What every mapped class inherits."""

    metadata = MetaData(naming_convention=NAMING_RULES)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this attribute
        datetime: UTCDateTime,
        int: BigId,
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }
