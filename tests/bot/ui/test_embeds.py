"""What messages look like, as Discord would take them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.services.genres import GenreCounts
from bot.services.model import Author, ChordSheet, Fact, File, JobView, Place, ProgressView, Reply, RevisionView
from bot.services.options import GenerateOptions, HarmonizeOptions, RemixOptions, SamplingWishes
from bot.ui import embeds
from bot.ui.wording.registry import describe_options
from music.constraints import Check
from music.vocabulary import GENRES

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


def test_a_reply_says_who_asked_what_and_what_was_checked():
    """Author, wishes, checks, seed and checkpoint are all there."""
    text = everything_in(embeds.reply_embed(REPLY))

    for part in ("Ada", "rock", "8 bars", "piano, drums", "seed 77", "generator-0123456789ab", "#12", "C minor"):
        assert part in text
    assert "✓ bars: 8, kept" in text
    assert "✗ tempo: 120, not kept (90)" in text


def test_a_child_links_to_its_parent():
    """One click leads to what it was made from."""
    child = replace(REVISION, revision_id=13, operation="remix", parent_ids=(12,), options=RemixOptions(bars=(5, 8)))
    text = everything_in(embeds.reply_embed(replace(REPLY, revision=child, parents=(REVISION,))))

    assert "https://discord.com/channels/10/20/30" in text
    assert "bars 5-8" in text


def test_a_reply_without_sound_and_picture_says_why():
    """The text always arrives."""
    embed = embeds.reply_embed(replace(REPLY, audio=None, picture=None, remarks=("The sound could not be made.",)))

    assert "The sound could not be made." in everything_in(embed)


def test_names_that_try_to_ping_or_format_are_harmless():
    """Escaped in replies, parents, history and file names."""
    nasty = Author(user_id=2, name="@everyone <@&5> [x](http://y) **b**")
    upload = replace(REVISION, revision_id=11, operation="upload", author=nasty, title="@here\n# big.mid", options=None)
    reply = replace(REPLY, revision=replace(REVISION, author=nasty, parent_ids=(11,)), parents=(upload,))
    texts = [
        everything_in(embeds.reply_embed(reply)),
        everything_in(embeds.history_embed([reply.revision], title="x", parents={11: upload})),
    ]

    for text in texts:
        assert "@everyone" not in text
        assert "<@&5>" not in text
        assert "@here" not in text
        assert "**b**" not in text
        assert "\n# big" not in text


def test_progress_shows_real_numbers():
    """Bars done of bars asked, and the place in the queue while waiting."""
    writing = embeds.progress_embed(JOB, ProgressView(stage="writing", num_done=4, num_total=16, eta_seconds=12.2))
    waiting = embeds.progress_embed(JOB, ProgressView(stage="waiting", queue_place=3))
    rendering = embeds.progress_embed(JOB, ProgressView(stage="rendering"))

    assert "bar 4 of 16" in writing.description
    assert "25%" in writing.description
    assert "12 s" in writing.description
    assert "place 3" in waiting.description
    assert "sound and picture" in rendering.description


def test_the_fullest_reply_stays_within_discords_limits():
    """Long lists are clipped, never refused."""
    reply = replace(
        REPLY,
        chord_names=("Cmaj7",) * 500,
        chord_sheet=ChordSheet(chart="Cmaj7 | " * 500, numerals="I | " * 500, key="C major"),
        checks=REPLY.checks * 40,
        facts=(Fact(name="n" * 300, value="v" * 2000),) * 2,
        revision=replace(REVISION, options=GenerateOptions(instruments=("piano",) * 400)),
    )
    embed = embeds.reply_embed(reply)

    assert len(embed.fields) <= 25
    assert all(len(field.name) <= 256 and 0 < len(field.value) <= 1024 for field in embed.fields)
    assert len(embed) <= 6000


def test_chords_are_shown_bar_by_bar():
    """By name and as degrees; without bars, one after the other."""
    sheet = ChordSheet(chart="Dm7 | G7 | Cmaj7", numerals="ii7 | V7 | Imaj7", key="C major")
    text = everything_in(embeds.reply_embed(replace(REPLY, chord_sheet=sheet, chord_names=("Dm7", "G7", "Cmaj7"))))

    assert "Chords: Dm7 \\| G7 \\| Cmaj7" in text
    assert "Degrees in C major: ii7 \\| V7 \\| Imaj7" in text
    assert "Chords: C · G" in everything_in(embeds.reply_embed(replace(REPLY, chord_names=("C", "G"))))


def test_history_is_cut_before_discords_limit():
    """Newest first; what does not fit is left out as whole lines."""
    revisions = [replace(REVISION, revision_id=1000 - index) for index in range(200)]
    embed = embeds.history_embed(revisions, title="x", parents={})

    assert len(embed.description) <= 4096
    assert "#1000" in embed.description.splitlines()[0]
    assert embed.description.splitlines()[-1].endswith(":R>")


def test_an_empty_history_says_where_to_begin():
    """Never an empty page."""
    assert "/generate" in embeds.history_embed([], title="x", parents={}).description


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (None, "a file"),
        (GenerateOptions(), "16 bars"),
        (GenerateOptions(genre="jazz", second_genre="funk", tempo_bpm=92.5), "jazz with funk · 92.5 bpm · 16 bars"),
        (HarmonizeOptions(style="chords", preset="wild"), "chords · wild preset"),
        (HarmonizeOptions(style="fill", bars=(5, 6), track=2), "hole filled · bars 5-6 · track 2"),
        (
            HarmonizeOptions(style="track", instruments=("bass",), chords="C |\nG"),
            "one more track · bass · over C \\| G",
        ),
        (RemixOptions(share=0.6), "other notes, same rhythm · 60% of the notes · all bars"),
    ],
)
def test_options_are_put_in_words(options, words):
    """What was asked reads as a person would say it."""
    assert describe_options(options) == words


def test_help_marks_the_genres_that_were_hardly_learned():
    counts = dict.fromkeys(GENRES, 200) | {"funk": 29}
    fields = {
        field.name: field.value for field in embeds.help_embed([], [], genres=GenreCounts(num_pieces=counts)).fields
    }
    assert "funk (weak)" in fields["Genres"]
    assert "rock (weak)" not in fields["Genres"]
    assert "fewer than 30 pieces" in fields["Genres"]


def test_what_was_set_beside_the_preset_is_shown():
    wishes = SamplingWishes(temperature_notes=1.3, top_k=5)
    words = describe_options(GenerateOptions(density="sparse", sampling=wishes))
    assert all(word in words for word in ("sparse", "temperature of notes 1.3", "top-k 5"))
