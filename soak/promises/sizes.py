"""Long songs and long words at small upload limits: whether each reply fits, and whether its words are whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.results import ResultTable
from soak.promises.measures import SizedReply, size_rows
from soak.promises.visitor import Visitor

LIMITS_BYTES = (10_485_760, 500_000, 60_000, 15_000)
_TOO_MUCH = (40005, 50035)  # "Request entity too large", "Invalid Form Body": Discord's codes for what does not fit
_BAND = "piano, steel guitar, bass, drums"
_WORDS = (
    "A slow, quiet and rather sad song for a rainy evening, with a piano that never hurries and a bass that walks. "
)
_CHORDS = " | ".join(("C", "Am", "F", "G") * 32)


def commands(num_bars: int) -> list[tuple[str, dict[str, Any]]]:
    """Return what is asked for at each limit: the first writes the song that the others are about."""
    return [
        ("generate", {"bars": num_bars, "instruments": _BAND, "seed": 1}),
        ("arrange", {"transpose": "up 2"}),
        ("remix", {"share": 30, "seed": 1}),
        ("explain", {}),
        ("describe", {}),
        ("score", {}),
        ("score", {"format": "pdf"}),
        ("export", {}),
        ("generate", {"bars": 4, "prompt": (_WORDS * 10)[:1000], "seed": 1}),
        ("generate", {"bars": 16, "sections": "1-8 sparse, 9-16 dense", "exclude": ", ".join(["drums"] * 40)[:300]}),
        ("harmonize", {"style": "chords", "chords": _CHORDS[:1900], "seed": 1}),
        ("generate", {"bars": 4, "takes": 4, "instruments": _BAND, "seed": 1}),
        ("history", {}),
        ("help", {}),
        ("compose", {"prompt": (_WORDS * 10)[:1000], "length": "32 bars", "seed": 1}),
    ]


async def measure(visitor: Visitor, *, limits_bytes: Sequence[int] = LIMITS_BYTES, num_bars: int = 32) -> ResultTable:
    """Ask for everything at every limit, and count what Discord refused of it.

    Raises:
        TimeoutError: when somebody is not answered.
    """
    usual = int((await visitor.call("GET", "/api/state"))["limits"]["attachment_size_limit"])
    before = len(await _refusals(visitor))
    replies: list[SizedReply] = []
    for limit in limits_bytes:
        await visitor.call("POST", "/api/settings", {"attachment_size_limit": limit})
        channel = (await visitor.call("POST", "/api/channels", {"name": f"limit-{limit}"}))["id"]
        for command, options in commands(num_bars):
            outcome = await visitor.ask(channel, command, options)
            name = f"/{command} at {limit:,}"
            replies.append(SizedReply(name=name, message=outcome.message, limit_bytes=limit))
    await visitor.call("POST", "/api/settings", {"attachment_size_limit": usual})
    refused = (await _refusals(visitor))[before:]
    return ResultTable(
        name="sizes", title="Replies fit, and their words are whole",
        conditions=f"songs of {num_bars} bars and 4 tracks, prompts of 1,000 letters, 4 takes, chords for 128 bars; "
        f"{len(refused)} messages refused by the sandbox, which holds Discord's limits{_named(refused)}; cut: a line that ends with an ellipsis",
        rows=tuple(size_rows(replies, num_refused=len(refused))),
    )  # fmt: skip


async def _refusals(visitor: Visitor) -> list[str]:
    """Return what the sandbox said of messages that it took for too large, too long or malformed."""
    faults = (await visitor.call("GET", "/api/faults"))["faults"]
    return [str(each["text"]) for each in faults if each["code"] in _TOO_MUCH]


def _named(refused: Sequence[str]) -> str:
    return f" ({'; '.join(dict.fromkeys(refused))})" if refused else ""
