"""Says what became of one request, from what its person saw of it. Pure: it knows no network, no clock and no bot."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "public answer",
    "private answer",
    "shown in place",
    "refused with a sentence",
    "apology",
    "not acknowledged",
    "made impossible",
    "nothing",
    "more than one",
]

BOT_AWAY = "the bot was killed, starting, or cut off from Discord"
OFFENCES: frozenset[Kind] = frozenset({"nothing", "more than one"})
_APOLOGY = re.compile(
    r"I was cut off|\(Reference: `|was lost|went wrong|too long|trouble|did not answer|could not|cannot reach",
    re.IGNORECASE,
)


@dataclass(slots=True, kw_only=True)
class SeenMessage:
    """One message that belongs to a request, as it stands."""

    text: str
    is_private: bool
    is_pending: bool
    is_plain: bool = False  # words alone: a refusal, where a result was wished for
    is_deleted: bool = False


@dataclass(slots=True, kw_only=True)
class Sight:
    """Everything that a person saw of one request; ``response`` is how it was acknowledged, ``failure`` what Discord said instead."""

    response: str = ""
    failure: str = ""
    messages: dict[str, SeenMessage] = field(default_factory=dict[str, SeenMessage])


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a request, and why."""

    kind: Kind
    reason: str = ""


def is_settled(sight: Sight) -> bool:
    """Tell whether the person has something in hand and would go on to the next thing."""
    if sight.failure or sight.response in ("update", "deferred_update", "modal"):
        return True
    return any(not each.is_pending and not each.is_deleted for each in sight.messages.values())


def judge(  # noqa: C901, PLR0911 - one line for each of the ends that a request can have
    sight: Sight, *, answers_publicly: bool, excuses: tuple[str, ...] = (), was_bot_down: bool = False
) -> Verdict:
    """Return what became of a request.

    ``answers_publicly``: what succeeds is seen by all, so a private sentence is a refusal. ``excuses``: what a fault took away so that
    no answer could be seen. ``was_bot_down``: it was killed, starting or cut off within the three seconds that Discord waits.
    """
    standing = [each for each in sight.messages.values() if not each.is_deleted]
    final = [each for each in standing if not each.is_pending]
    if sight.failure:
        if final:
            return Verdict(kind="more than one", reason="an answer after Discord had given up")
        why = BOT_AWAY if was_bot_down or sight.failure == "bot_offline" else ""
        return Verdict(kind="not acknowledged", reason=why or (excuses[0] if excuses else "late by faults on the way"))
    if len(final) > 1:
        return Verdict(kind="more than one", reason=f"{len(final)} final messages")
    if final and len(standing) > len(final):
        return Verdict(kind="more than one", reason="an answer, and “thinking…” beside it")
    if final:
        return Verdict(kind=_kind_of(final[0], answers_publicly=answers_publicly))
    if sight.response in ("update", "deferred_update", "modal"):
        return Verdict(kind="shown in place", reason=sight.response)
    if excuses:
        return Verdict(kind="made impossible", reason=excuses[0])
    answered = [each for each in sight.messages.values() if each.is_deleted and not each.is_pending]
    if answered and not standing:
        return Verdict(kind=_kind_of(answered[-1], answers_publicly=answers_publicly), reason="deleted later by people")
    if not sight.response and not sight.messages and was_bot_down:
        return Verdict(kind="made impossible", reason=BOT_AWAY)
    if standing:
        return Verdict(
            kind="nothing", reason="still at work" if sight.messages and standing[0].text else "“thinking…” for ever"
        )
    return Verdict(kind="nothing", reason="taken back without a word" if sight.messages else "no sign of it")


def _kind_of(message: SeenMessage, *, answers_publicly: bool) -> Kind:
    has_apology = _APOLOGY.search(message.text) is not None
    if message.is_private:
        if has_apology:
            return "apology"
        return "refused with a sentence" if answers_publicly else "private answer"
    if message.is_plain:
        return "apology" if has_apology else "refused with a sentence"
    return "apology" if has_apology and "#" not in message.text else "public answer"
