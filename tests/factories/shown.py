"""Jobs and replies as they are shown, and everything that can be read in an embed."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.services.model import Author, Fact, File, JobView, Place, Reply, RevisionView
from bot.services.options import GenerateOptions
from music.constraints import Check

ADA = Author(user_id=1, name="Ada")
HERE = Place(guild_id=10, channel_id=20)
REVISION = RevisionView(
    revision_id=12,
    song_id=3,
    parent_ids=(),
    operation="generate",
    options=GenerateOptions(genre="rock", num_bars=8, instruments=("piano", "drums")),
    seed=77,
    checkpoint_id="generator-0123456789ab",
    author=ADA,
    created_at=datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
    num_notes=321,
    num_bars=8,
    duration_seconds=16.0,
    place=HERE,
    message_id=30,
)
REPLY = Reply(
    revision=REVISION,
    parents=(),
    checks=(
        Check(name="bars", asked="8", found="8", is_kept=True),
        Check(name="tempo", asked="120", found="90", is_kept=False),
    ),
    chord_names=(),
    midi=File(filename="a.mid", data=b"x"),
    audio=File(filename="a.ogg", data=b"x"),
    picture=File(filename="a.png", data=b"x"),
    alt_text="A piano roll",
    facts=(Fact(name="Key", value="C minor"),),
)
JOB = JobView(
    job_id=5,
    kind="generate",
    author=ADA,
    place=HERE,
    status="running",
    options=GenerateOptions(),
    seed=77,
    operation="generate",
    reply_token="",
    created_at=datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
)


def everything_in(embed) -> str:
    parts = [embed.title or "", embed.description or "", embed.footer.text or ""]
    return "\n".join([*parts, *(f"{field.name}: {field.value}" for field in embed.fields)])
