"""What a card looks like in Discord: everything escaped, everything short enough, however many people play."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import discord
import pytest

from bot.services.model import File, Place
from bot.services.together.card.model import (
    Card,
    CardBranch,
    CardChanges,
    CardClaim,
    CardComment,
    CardFiles,
    CardTurn,
    CardVote,
)
from bot.ui.courier import ArchivedThreadError, MessageTooLargeError, translate
from bot.ui.together.card import DiscordCards, card_embed
from music.versions.layered import Layer, LayeredPiece
from tests.factories.pieces import make_melody

LATER = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)


def make_card(**fields) -> Card:
    piece = make_melody()
    song = LayeredPiece(
        piece=piece,
        layers=(Layer(layer_id="a", name="Lead *1*", owner_id=1),),
        origins=((0,) * len(piece.tracks[0].notes),),
    )
    usual = {
        "shared_song_id": 1,
        "place": Place(guild_id=9, channel_id=777),
        "title": "Evening",
        "licence": "cc-by",
        "host": "Ada",
        "is_closed": False,
        "members": (("Ada", "host"), ("Ben", "editor"), ("Eve", "listener")),
        "branch": "main",
        "head_id": 7,
        "song": song,
        "owners": {1: "Ada"},
        "turn": None,
        "queue": (),
        "claims": (),
        "votes": (),
        "comments": (),
        "branches": (CardBranch(name="main", head_id=7, message_id=44),),
        "tags": (),
        "revisions": (),
        "changes": CardChanges(revision_id=7),
    }
    return Card(**(usual | fields))


def fields_of(embed: discord.Embed) -> dict[str, str]:
    return {field.name: field.value for field in embed.fields}


def test_a_card_says_who_what_and_under_which_licence():
    """What there is none of is not mentioned."""
    embed = card_embed(make_card())
    assert embed.title == "Evening"
    assert embed.description.splitlines() == [
        "Host: Ada",
        "Creative Commons Attribution 4.0: use it freely, name those who made it.",
    ]
    assert fields_of(embed) == {
        "Members (3)": "Ada (host), Ben, Eve (listener)",
        "Branches": "main: [#7](https://discord.com/channels/9/777/44)",
    }


def test_what_is_open_is_listed_with_links_and_times():
    """Times are Discord's own, which everybody sees in their zone."""
    card = make_card(
        turn=CardTurn(who="Ben", until=LATER),
        queue=("Eve", "Tutti"),
        claims=(CardClaim(who="Ben", layer_id="a", bars=(5, 8), until=LATER), CardClaim(who="Eve", layer_id=None, bars=(2, 2), until=LATER)),
        votes=(CardVote(vote_id=3, title="Which?", message_id=42),),
        comments=(CardComment(comment_id=9, number=1, who="Eve", bar=3, layer_id="gone", text="air", message_id=None),),
        tags=(("demo", 5),),
        changes=CardChanges(revision_id=7, lines=("Bass: muted",)),
    )  # fmt: skip
    found = fields_of(card_embed(card, notes=("I may not pin this card.",)))
    assert found["Turns"] == "Now: **Ben**, ends <t:1795443600:R>\nThen: Eve, Tutti"
    assert found["Claimed (2)"] == (
        "Lead \\*1\\*, bars 5-8: Ben, ends <t:1795443600:R>\nall layers, bar 2: Eve, ends <t:1795443600:R>"
    )
    assert found["Open votes (1)"] == "[Which?](https://discord.com/channels/9/777/42)"
    assert found["Open comments (1)"] == "`1` bar 3, a removed layer: air (Eve)"
    assert found["Tags"] == "demo #5"
    assert found["Last change (#7)"] == "Bass: muted"
    assert found["Note"] == "I may not pin this card."


def test_closed_songs_and_deleted_music_are_said():
    embed = card_embed(make_card(is_closed=True, song=None))
    assert "closed" in embed.description
    assert "deleted" in embed.description


def test_nothing_that_people_typed_pings_or_formats():
    """Titles, names, comments, tags, layers, lines of what changed."""
    bad = "<@123> @everyone **x** [a](https://b)\n# y"
    card = make_card(
        title=bad,
        host=bad,
        members=((bad, "host"),),
        turn=CardTurn(who=bad, until=None),
        queue=(bad,),
        claims=(CardClaim(who=bad, layer_id=None, bars=None, until=LATER),),
        votes=(CardVote(vote_id=1, title=bad, message_id=None),),
        comments=(CardComment(comment_id=1, number=1, who=bad, bar=1, layer_id=None, text=bad, message_id=None),),
        branches=(CardBranch(name=bad, head_id=1, message_id=None),),
        tags=((bad, 1),),
        changes=CardChanges(revision_id=1, lines=(bad,)),
    )
    embed = card_embed(card)
    for text in (embed.title, embed.description, *fields_of(embed).values()):
        assert "<@123>" not in text
        assert "@everyone" not in text
        assert "**x**" not in text
        assert "\n#" not in text


@pytest.mark.parametrize("letter", ["x", "*", "\N{MUSICAL KEYBOARD}"])
def test_fifty_members_and_two_hundred_claims_keep_discords_limits(letter):
    """A field has 1,024 characters, an embed 6,000; how many more there are is said."""
    name = letter * 100
    card = make_card(
        title=name,
        host=name,
        members=tuple((name, "editor") for _ in range(50)),
        turn=CardTurn(who=name, until=LATER),
        queue=(name,) * 50,
        claims=tuple(CardClaim(who=name, layer_id="a", bars=(1, 128), until=LATER) for _ in range(200)),
        votes=tuple(CardVote(vote_id=1, title=name, message_id=2**62) for _ in range(40)),
        comments=tuple(
            CardComment(comment_id=1, number=n, who=name, bar=1, layer_id="a", text=name * 20, message_id=2**62)
            for n in range(200)
        ),
        branches=tuple(CardBranch(name=name, head_id=2**31, message_id=2**62) for _ in range(60)),
        tags=((name, 2**31),) * 90,
        changes=CardChanges(revision_id=2**31, lines=(name * 9,) * 8),
    )
    embed = card_embed(card, notes=(name,))
    assert len(embed) <= 6000
    assert len(embed.title) <= 256
    assert all(len(field.value) <= 1024 for field in embed.fields)
    assert "and 1" in fields_of(embed)["Claimed (200)"].splitlines()[-1]


class TooSmallCourier:
    """Takes messages up to a size."""

    def __init__(self, limit_bytes):
        self.limit_bytes = limit_bytes
        self.sent = None

    async def post(self, channel_id, *, nonce, embed, files):
        return self._take(files)

    async def edit_message(self, channel_id, message_id, *, embed, files):
        self._take(files)
        return True

    def _take(self, files):
        if sum(len(file.data) for file in files) > self.limit_bytes:
            raise MessageTooLargeError
        self.sent = [file.filename for file in files]
        return 5


@pytest.mark.parametrize(("limit_bytes", "sent"), [(100, ["song.png", "song.ogg"]), (20, ["song.png"]), (5, [])])
async def test_what_a_server_finds_too_large_is_left_out_the_sound_first(limit_bytes, sent):
    files = CardFiles(
        picture=File(filename="song.png", data=b"p" * 10), sound=File(filename="song.ogg", data=b"s" * 30)
    )
    courier = TooSmallCourier(limit_bytes)
    assert await DiscordCards(courier).post(make_card(), files, nonce="n", notes=()) == 5
    assert courier.sent == sent
    assert await DiscordCards(courier).edit(make_card(), files, message_id=5, notes=())
    assert courier.sent == sent


def test_a_sleeping_thread_is_told_from_other_trouble():
    """Discord's error 50083."""
    response = SimpleNamespace(status=400, reason="Bad Request")
    assert isinstance(translate(discord.HTTPException(response, {"code": 50083, "message": "x"})), ArchivedThreadError)
