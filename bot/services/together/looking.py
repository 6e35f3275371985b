"""What people ask to see of a song: where its card is, and the graph of its revisions. It knows no Discord and changes no music."""

from __future__ import annotations

from bot.services.model import Place
from bot.services.together.card.making import Cards
from bot.services.together.card.model import Card, CardFiles, message_link
from bot.services.together.service import song_here
from db.engine import Database, unbroken
from db.repositories.shared_songs import SharedSongRepository


class SongViews:
    """Shows songs to whoever asks."""

    def __init__(self, database: Database, *, cards: Cards) -> None:
        self._database = database
        self._cards = cards

    @unbroken
    async def find_card(self, place: Place) -> str | None:
        """Return the link to the card of the song that lives in a place, and have it looked at: one that is gone is made anew.

        None: it was never posted yet.

        Raises:
            InputError: when no song lives here.
        """
        async with self._database.writing() as session:
            song = await song_here(session, place)
            await SharedSongRepository(session).touch(song.id)
            return None if song.card_message_id is None else message_link(place, song.card_message_id)

    async def draw_graph(self, place: Place) -> tuple[Card, CardFiles]:
        """Return the song that lives in a place and the picture of its newest revisions.

        Raises:
            InputError: when no song lives here.
            RenderError: when it cannot be drawn.
        """
        async with self._database.reading() as session:
            shared_song_id = (await song_here(session, place)).id
        card = await self._cards.gather(shared_song_id)
        return card, await self._cards.draw_graph(card)
