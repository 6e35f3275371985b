"""What the card of a song shows: everything that is open, and nothing that is over."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image
from sqlalchemy import event

from bot.services.model import FromRevision, Place
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.founding import FoundOptions
from bot.services.operations.layering import MixOptions
from bot.services.together.card.making import Cards
from bot.services.together.looking import SongViews
from core.errors import InputError, NotFoundError, RenderError
from tests.bot.services.together.cards import CardMedia, counts, decorate
from tests.factories.orders import ADA, make_order
from tests.factories.studio import make_result

THREAD = Place(guild_id=9, channel_id=777)


@pytest.fixture
def media():
    return CardMedia()


@pytest.fixture
def cards(database, media):
    return Cards(database, media=media)


@pytest.fixture
async def song(songs, open_studio):
    """A song of Ada's with one layer, made from a generated piece of two bars."""
    async with open_studio() as studio:
        plain = await make_result(studio)
    return await songs.found(ADA, THREAD, FoundOptions(title="Ours"), from_revision_id=plain.revision_id)


@pytest.fixture
async def full(database, songs, song):
    """The same with all that a card can show."""
    layer = (await songs.state_of(song.branch.head_id)).layers[0]
    await decorate(database, song, layer_id=layer.layer_id)
    return song


def read_chunk(png: bytes) -> dict:
    image = Image.open(io.BytesIO(png))
    image.load()
    return json.loads(image.text["tutti-song"])


async def test_everything_open_is_gathered_and_nothing_that_is_over(cards, full):
    """Turns, claims, votes and comments that ended stay in the history; the bot is called by its name."""
    card = await cards.gather(full.shared_song_id)
    assert (card.title, card.host, card.members) == ("Ours", "Ada", (("Ada", "host"), ("Ben <@1> *x*", "editor")))
    assert (card.turn.who, card.queue) == ("Tutti", ("Ben <@1> *x*",))
    assert [(claim.who, claim.bars) for claim in card.claims] == [
        ("Ben <@1> *x*", (2, 3)),
        ("Tutti", None),
        ("Ben <@1> *x*", None),
    ]
    assert [vote.title for vote in card.votes] == ["Vote 1: 2 takes"]
    assert [(comment.number, comment.bar, comment.text) for comment in card.comments] == [
        (1, 2, "more air"),
        (2, 3, "and here"),
    ]
    assert [(branch.name, branch.head_id) for branch in card.branches] == [("main", full.branch.head_id)]
    assert card.tags == (("demo", full.branch.head_id),)


async def test_the_picture_carries_the_facts_as_json(cards, full):
    """Names as they are, bars from 1, cells as numbers of notes, links to messages."""
    card = await cards.gather(full.shared_song_id)
    files = await cards.draw(card)
    data = read_chunk(files.picture.data)
    (layer,) = card.song.layers
    assert (data["tutti_song"], data["title"], data["host"], data["branch"]) == (1, "Ours", "Ada", "main")
    assert data["bars"] == [{"start_seconds": 0.0, "metre": "4/4"}, {"start_seconds": 2.0, "metre": "4/4"}]
    (shown,) = data["layers"]
    assert (shown["id"], shown["number"], shown["name"], shown["owner"], shown["cells"]) == (
        layer.layer_id, 1, "Melody", "Ada", [4, 4],
    )  # fmt: skip
    assert [(claim["layer"], claim["bars"]) for claim in data["claims"]] == [
        (layer.layer_id, [2, 3]),
        (None, None),
        ("gone", None),
    ]
    assert data["turn"]["who"] == "Tutti"
    assert data["queue"] == ["Ben <@1> *x*"]
    assert data["members"] == [
        {"name": "Ada", "role": "host", "branch": "main"},
        {"name": "Ben <@1> *x*", "role": "editor", "branch": "main"},
    ]
    assert data["votes"][0]["link"] == "https://discord.com/channels/9/777/42"
    assert data["comments"][0] | {"id": 0} == {
        "id": 0,
        "number": 1,
        "bar": 2,
        "layer": layer.layer_id,
        "who": "Ben <@1> *x*",
        "text": "more air",
        "link": "https://discord.com/channels/9/777/43",
    }
    assert data["tags"] == [{"name": "demo", "revision": full.branch.head_id}]
    assert [(each["id"], each["branch"]) for each in data["revisions"]] == [(full.branch.head_id, "main")]
    assert files.alt_text.startswith("Arrangement of “Ours”")


async def test_the_last_change_is_told_in_words_and_cells(cards, songs, song, open_studio):
    """Against what the newest revision was made from; the mixer, too, which changes no cell."""
    async with open_studio() as studio:
        order = make_order(
            ArrangeOptions(transpose_semitones=2), place=THREAD, source=FromRevision(revision_id=song.branch.head_id)
        )
        made = await make_result(studio, order)
    card = await cards.gather(song.shared_song_id)
    layer_id = card.song.layers[0].layer_id
    assert card.head_id == card.changes.revision_id == made.revision_id
    assert card.changes.cells == ((layer_id, (1, 2)),)
    assert card.changes.lines == ("Melody, bars 1-2: 8 notes moved up 2 semitones",)
    assert card.revisions[0].parent_ids == (song.branch.head_id,)

    await songs.change(ADA, THREAD, MixOptions(layer="1", level_db=-6.0))
    card = await cards.gather(song.shared_song_id)
    assert card.changes.cells == ()
    assert "-6" in card.changes.lines[0].replace("\N{MINUS SIGN}", "-")


async def test_the_sound_is_that_of_the_layers_as_they_are_set(cards, media, songs, song):
    """Silence has none, nor has what cannot be rendered; neither is an error."""
    card = await cards.gather(song.shared_song_id)
    assert (await cards.play(card)).filename == "song.ogg"
    assert media.played[-1] is card.song.piece
    media.error = RenderError("no")
    assert await cards.play(card) is None

    await songs.change(ADA, THREAD, MixOptions(layer="1", mute=True))
    assert await cards.play(await cards.gather(song.shared_song_id)) is None
    assert len(media.played) == 2


async def test_an_empty_song_has_a_card(cards, songs):
    """With its bars and no layers."""
    begun = await songs.found(ADA, THREAD, FoundOptions(num_bars=3))
    card = await cards.gather(begun.shared_song_id)
    data = read_chunk((await cards.draw(card)).picture.data)
    assert len(data["bars"]) == 3
    assert data["layers"] == []
    assert await cards.play(card) is None


async def test_a_song_that_never_was_has_none(cards):
    with pytest.raises(NotFoundError):
        await cards.gather(4711)


async def test_gathering_asks_no_more_questions_for_a_longer_history(cards, database, songs, song):
    """The number of statements is the same for one revision and for eight."""
    asked = []
    engine = database._reader.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
    await songs.change(ADA, THREAD, MixOptions(layer="1", pan=1))
    asked.clear()
    await Cards(database, media=CardMedia()).gather(song.shared_song_id)
    num_asked = len(asked)
    for pan in range(2, 8):
        await songs.change(ADA, THREAD, MixOptions(layer="1", pan=pan))
    asked.clear()
    card = await Cards(database, media=CardMedia()).gather(song.shared_song_id)
    assert len(card.revisions) == 8
    assert len(asked) == num_asked <= 24


async def test_the_graph_shows_heads_tags_and_what_came_of_what(cards, database, songs, full):
    """Asked for in the song's place; its card is looked at again on that occasion, too."""
    made = await songs.change(ADA, THREAD, MixOptions(layer="1", pan=5))
    views = SongViews(database, cards=cards)
    card, files = await views.draw_graph(THREAD)
    assert (card.title, files.picture.filename) == ("Ours", "revisions.png")
    newest, oldest = made.revision.revision_id, full.branch.head_id
    assert f"Heads: main at #{newest}. Tags: demo at #{oldest}." in files.alt_text

    wanted, _, _ = await counts(database, full.shared_song_id)
    assert await views.find_card(THREAD) is None
    assert (await counts(database, full.shared_song_id))[0] == wanted + 1
    with pytest.raises(InputError):
        await views.find_card(Place(guild_id=9, channel_id=1))
