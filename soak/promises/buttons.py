"""Presses everything there is to press, fresh, after a restart and after a day, and says what no longer does what it did.

A button works when its press ends in the same kind of answer as that of a fresh one: the same form, a result with the same title,
the same page, or the same words. What is compared is the kind, not the notes: each gallery has results of its own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from soak.promises.gallery import RUNNING, SETTINGS, Exhibit, labels_of
from soak.promises.visitor import Outcome, files_of, is_apology

_MOST_PRESSES = 150  # on one message: presses that change it may bring up others
_NUMBERS = re.compile(r"[0-9#:]+")
_SONG = re.compile(r"#[0-9]+")  # which song an entry of a menu is about; each gallery has songs of its own
_NUM_WORDS = 4
_AT_ONCE = 2  # messages, so that two cores have a job each: the next is pressed when the answer is there
_SEAL = "~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What came of one press, as a kind that can be compared."""

    exhibit: str
    label: str
    custom_id: str
    came: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What the same press in another gallery has in common with this one."""
        return self.exhibit, _SONG.sub("#", self.label), ":".join(self.custom_id.partition(_SEAL)[0].split(":")[:2])

    @property
    def has_failed(self) -> bool:
        """Whether nothing came of it, or an apology."""
        return self.came.startswith(("failed", "nothing", "refused by the page", "apology"))


async def press_all(exhibits: Sequence[Exhibit]) -> list[Press]:
    """Press everything on every message: some messages at a time, what is on one after the other.

    What runs is cancelled first, while it runs; settings come last, when nobody works.
    """
    turns = asyncio.Semaphore(_AT_ONCE)

    async def in_turn(exhibit: Exhibit) -> list[Press]:
        async with turns:
            return await _press_one(exhibit)

    own = [each for each in exhibits if each.name not in (RUNNING, SETTINGS)]
    found = [await _press_one(each) for each in exhibits if each.name == RUNNING]
    found += await asyncio.gather(*map(in_turn, own))
    found += [await _press_one(each) for each in exhibits if each.name == SETTINGS]
    return [press for some in found for press in some]


async def _press_one(exhibit: Exhibit) -> list[Press]:
    presses: list[Press] = []
    done: set[tuple[str, str]] = set()
    while len(presses) < _MOST_PRESSES and exhibit.message_id not in exhibit.visitor.deleted:
        left = [each for each in labels_of(exhibit.message) if (each[0], each[1]) not in done]
        if not left:
            break
        label, custom_id, values = left[0]
        done.add((label, custom_id))
        try:
            came = kind_of(await exhibit.visitor.press(exhibit.message, custom_id, values))
        except TimeoutError:
            came = "nothing"
        except RuntimeError as error:  # the page refuses what Discord's client would not have offered
            came = f"refused by the page: {error}"
        presses.append(Press(exhibit=exhibit.name, label=label, custom_id=custom_id, came=came))
    else:
        if exhibit.message_id not in exhibit.visitor.deleted:
            raise RuntimeError(f"more than {_MOST_PRESSES} things to press on the message “{exhibit.name}”")
    return presses


def kind_of(outcome: Outcome) -> str:
    """Return what came of a press, without what differs from song to song."""
    if outcome.failure:
        return f"failed: {outcome.failure}"
    if outcome.form:
        return f"the form “{outcome.form.get('title')}”"
    message = outcome.message
    if is_apology(outcome.text):
        return f"apology: {' '.join(outcome.text.split())[:100]}"
    titles = [str(embed.get("title") or "") for embed in message.get("embeds") or ()]
    words = titles[0] if titles and titles[0] else outcome.text
    said = " ".join(_NUMBERS.sub("", words).split()[:_NUM_WORDS])
    suffixes = sorted({each["filename"].rpartition(".")[2] for each in files_of(message)})
    where = (
        "in place"
        if outcome.response in ("update", "deferred_update")
        else "privately"
        if message.get("is_ephemeral")
        else "for all"
    )
    return f"{where}: {said}" + (f" ({', '.join(suffixes)})" if suffixes else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How many of the fresh presses came out the same later, and what did not."""

    num_pressed: int
    num_same: int
    different: tuple[str, ...]

    @property
    def percent(self) -> float:
        return 100.0 * self.num_same / max(self.num_pressed, 1)


def compare(fresh: Sequence[Press], later: Sequence[Press]) -> Comparison:
    """Hold each fresh press against a later one of its own; a fresh one that failed counts as one that does not work, too."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for press in later:  # one that changes its own message may be there several times
        found.setdefault(press.key, []).append(press.came)
    different: list[str] = []
    for press in fresh:
        now = found.get(press.key, [])
        if press.came in now and not press.has_failed:
            now.remove(press.came)
        else:
            different.append(f"{press.label} ({press.exhibit}): {' / '.join(now) or 'not there'}, fresh: {press.came}")
    return Comparison(num_pressed=len(fresh), num_same=len(fresh) - len(different), different=tuple(different))
