"""Measures whether buttons and menus work after a restart, and after a day: by pressing all of them, fresh, then, and then.

A day: the bot is ended, the sandbox's clock moved on by 24 hours, every moment in the bot's database moved back by as much, and the bot
started again. So Discord's tokens are as old as they would be, and what the bot remembers, too.
"""

from __future__ import annotations

import importlib
import random
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from benchmarks.results import ResultTable, Row
from bot.client import EXTENSIONS
from bot.ui.seals import SealedItem
from db.base import Base, UTCDateTime
from db.engine import Database, unbroken
from soak.commands.keeper import BotKeeper
from soak.promises.buttons import Comparison, Press, compare, press_all
from soak.promises.gallery import Exhibit, People, hang, hang_running
from soak.promises.visitor import Visitor

DAY = timedelta(hours=24)
_NAMED = 6


async def measure(arrive: Callable[[str], Awaitable[Visitor]], keeper: BotKeeper, *, folder: Path) -> ResultTable:
    """Return the share of presses that did later what fresh ones do.

    Raises:
        TimeoutError: when a message to press on does not come.
    """
    people = People(ada=await arrive("Ada"), ben=await arrive("Ben"), zoe=await arrive("Zoe"))
    fresh = await press_all([*await hang(people, name="fresh"), await hang_running(people, name="fresh")])

    exhibits = [*await hang(people, name="restart"), await hang_running(people, name="restart")]
    await keeper.kill("bot", random.Random(0))
    restarted = compare(fresh, await press_all(exhibits))

    exhibits = await hang(people, name="day")
    await keeper.end()
    await people.ada.call("POST", "/api/clock", {"advance_seconds": DAY.total_seconds()})
    await age_database(f"sqlite+aiosqlite:///{folder / 'tutti.db'}", by=DAY)
    await keeper.start()
    standing = [press for press in fresh if press.exhibit in {each.name for each in exhibits}]  # no job runs for a day
    aged = compare(standing, await press_all(exhibits))

    unseen = sorted(kind.__name__ for kind in kinds_not_met(press.custom_id for press in fresh))
    return ResultTable(
        name="buttons",
        title="Buttons and menus work for ever",
        conditions=_conditions(exhibits, fresh),
        rows=(
            _row("after a restart", restarted, "the bot killed with SIGKILL between showing and pressing"),
            _row("after 24 hours", aged, "all clocks moved on by a day and the bot started again in between"),
            Row(
                name="kinds of buttons not met", unit="", samples=(float(len(unseen)),),
                note=f"of {len(known_kinds())} kinds that the bot knows{': ' if unseen else ''}{', '.join(unseen)}",
            ),
        ),
    )  # fmt: skip


async def age_database(url: str, *, by: timedelta) -> None:
    """Move every moment that is stored back, as if all of it had happened so much earlier. Nobody else may have it open."""
    database = Database(url)

    @unbroken
    async def move() -> None:
        async with database.writing() as session:
            for table in Base.metadata.sorted_tables:
                moments = [column for column in table.columns if isinstance(column.type, UTCDateTime)]
                keys = list(table.primary_key.columns)
                for row in (await session.execute(select(*keys, *moments))).mappings().all():
                    earlier: dict[Any, Any] = {each: row[each] - by for each in moments if row[each] is not None}
                    if earlier:
                        here = [key == row[key] for key in keys]
                        await session.execute(update(table).where(*here).values(earlier))

    await move()
    await database.close()


def known_kinds() -> set[type[SealedItem[Any]]]:
    """Return every kind of button and menu that the bot has."""
    for name in EXTENSIONS:
        importlib.import_module(name)
    return set(_below(SealedItem))


def kinds_not_met(custom_ids: Iterable[str]) -> set[type[SealedItem[Any]]]:
    """Return the kinds of which none of these identifiers is one."""
    seen = tuple(custom_ids)
    return {kind for kind in known_kinds() if not any(_template(kind).fullmatch(each) for each in seen)}


def _template(kind: type[SealedItem[Any]]) -> re.Pattern[str]:
    return kind.__discord_ui_compiled_template__


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def _row(name: str, found: Comparison, how: str) -> Row:
    names = "; ".join(found.different[:_NAMED])
    more = f" and {len(found.different) - _NAMED} more" if len(found.different) > _NAMED else ""
    note = f"{found.num_same} of {found.num_pressed} presses, {how}{f'; not: {names}{more}' if names else ''}"
    return Row(name=name, unit="%", samples=(found.percent,), note=note)


def _conditions(exhibits: Sequence[Exhibit], fresh: Sequence[Press]) -> str:
    return (
        f"every button and menu entry under {len(exhibits)} kinds of messages ({', '.join(each.name for each in exhibits)}), and Cancel under a "
        f"running job; works: comes to the same form, page, file types and title as a fresh press ({len(fresh)} of them), without an apology"
    )
