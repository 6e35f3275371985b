"""A small bot that keeps one song in a pinned card, as the song view expects it: a PNG with the chunk `tutti-song`.

Its commands have the names that the view looks for; each changes the song and edits the card in place.
"""

import copy
import io
import json
from typing import Any

import discord
from discord import app_commands
from PIL import Image, PngImagePlugin

from tests.sandbox.web.page_bot import file, tone

Song = dict[str, Any]
NUM_BARS = 16
SECONDS_PER_BAR = 2.0


def layer(layer_id: str, number: int, name: str, **facts: Any) -> Song:
    return {
        "id": layer_id,
        "number": number,
        "name": name,
        "instrument": "Electric bass",
        "owner": "Ben",
        "is_locked": False,
        "is_muted": False,
        "is_solo": False,
        "level_db": 0.0,
        "pan": 0,
        "cells": [(bar * 3 + number) % 9 for bar in range(NUM_BARS)],
    } | facts


def make_song(link: str) -> Song:
    """A song of everything the view can show."""
    return {
        "tutti_song": 1,
        "title": "Night Train <b>",
        "licence": "CC BY 4.0",
        "host": "Ana",
        "branch": "main",
        "head": 5,
        "bpm": 120.0,
        "bars": [{"start_seconds": bar * SECONDS_PER_BAR, "metre": "4/4"} for bar in range(NUM_BARS)],
        "layers": [
            layer("a", 1, "Bass"),
            layer("b", 2, "Piano", instrument="Piano", owner="Ana", is_locked=True, level_db=-3.5, pan=-20),
            layer("c", 3, "Drums", instrument="Drum kit", owner="Cleo", is_muted=True),
        ],
        "claims": [{"who": "Ben", "layer": "a", "bars": [5, 8], "until": "2099-01-01T00:00:00+00:00"}],
        "members": [
            {"name": "Ana", "role": "host", "branch": "main"},
            {"name": "Ben", "role": "editor", "branch": "jazzy"},
        ],
        "turn": {"who": "Ana", "until": "2099-01-01T00:00:00+00:00"},
        "queue": ["Ben", "Cleo"],
        "votes": [{"id": 1, "title": "Which ending?", "link": link}],
        "comments": [{"id": 1, "bar": 9, "layer": "b", "who": "Cleo", "text": "more air here", "link": link}],
        "branches": [{"name": "main", "head": 5}, {"name": "jazzy", "head": 4}],
        "tags": [{"name": "demo", "revision": 2}],
        "revisions": [
            revision(6, [5], "remix", "Cleo", None, link),
            revision(5, [3, 4], "merge", "Ana", "main", link),
            revision(4, [2], "harmonize", "Cleo", "jazzy", link),
            revision(3, [2], "add", "Ben", "main", link),
            revision(2, [1], "remix", "Ana", "main", link),
            revision(1, [], "generate", "Ana", "main", None),
        ],
        "changes": {"revision": 5, "lines": ["Bass, bars 5-8: 12 notes new"], "cells": {"a": [5, 6, 7, 8]}},
    }


def revision(number: int, parents: list[int], operation: str, who: str, branch: str | None, link: str | None) -> Song:
    return {"id": number, "parents": parents, "operation": operation, "who": who, "branch": branch, "link": link}


def card_picture(song: object) -> bytes:
    """A picture that carries the song."""
    info = PngImagePlugin.PngInfo()
    info.add_itxt("tutti-song", song if isinstance(song, str) else json.dumps(song), zip=True)
    buffer = io.BytesIO()
    Image.new("RGB", (640, 240), "#1e1f24").save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def card_files(song: object) -> list[discord.File]:
    return [
        file(tone(num_seconds=32), "song.ogg"),
        file(card_picture(song), "card.png", "The arrangement"),
    ]


class SongBot:
    """The one song and its card."""

    def __init__(self) -> None:
        self.song: Song = {}
        self.card: discord.Message | None = None
        self.heard: list[dict[str, Any]] = []

    async def begin(self, interaction: discord.Interaction, song: object = None) -> None:
        assert isinstance(interaction.channel, discord.TextChannel)
        await interaction.response.send_message("A song begins")
        answer = await interaction.original_response()
        self.song = make_song(answer.jump_url)
        self.heard.clear()
        embed = discord.Embed(title="Night Train")
        embed.set_image(url="attachment://card.png")
        files = card_files(self.song if song is None else song)
        self.card = await interaction.channel.send(embed=embed, files=files)
        await self.card.pin()

    async def change(self, interaction: discord.Interaction, answer: str, /, **options: Any) -> None:
        self.heard.append({"command": interaction.command.qualified_name, **options})
        assert self.card is not None
        await interaction.response.send_message(answer)
        song = copy.deepcopy(self.song)
        self.card = await self.card.edit(attachments=card_files(song))

    def layer(self, name: str) -> Song:
        return next(each for each in self.song["layers"] if each["name"].lower() == name.lower())


STATE = SongBot()


def add_song_commands(bot: discord.Client) -> None:
    """Give the bot its groups of commands."""
    tree = bot.tree
    song = app_commands.Group(name="song", description="Songs made together")
    layers = app_commands.Group(name="layer", description="Layers of the song")
    turn = app_commands.Group(name="turn", description="Turns and claims")
    comment = app_commands.Group(name="comment", description="Comments")

    @song.command(name="new", description="Begin a song")
    async def new(interaction: discord.Interaction, broken: str | None = None) -> None:
        await STATE.begin(interaction, broken)

    @song.command(name="invite", description="Invite somebody")
    @app_commands.choices(role=[app_commands.Choice(name=name, value=name) for name in ("editor", "listener")])
    async def invite(interaction: discord.Interaction, person: discord.Member, role: str) -> None:
        await interaction.response.send_message(f"{person.display_name} is {role}")

    @song.command(name="compare", description="Compare two revisions")
    async def compare(interaction: discord.Interaction, first: int, second: int) -> None:
        await STATE.change(interaction, f"{first} and {second}", first=first, second=second)

    async def names(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        known = [each["name"] for each in STATE.song.get("layers", [])]
        return [app_commands.Choice(name=name, value=name) for name in known if typed.lower() in name.lower()]

    @layers.command(name="mix", description="Mute, solo, level and pan")
    @app_commands.autocomplete(layer=names)
    async def mix(
        interaction: discord.Interaction,
        layer: str,
        mute: bool | None = None,
        solo: bool | None = None,
        level_db: app_commands.Range[float, -24, 6] | None = None,
        pan: app_commands.Range[int, -100, 100] | None = None,
    ) -> None:
        if layer == "Drums" and level_db is not None:
            await interaction.response.send_message("Cleo keeps the drums.", ephemeral=True)
            return
        given = {"is_muted": mute, "is_solo": solo, "level_db": level_db, "pan": pan}
        STATE.layer(layer).update({key: value for key, value in given.items() if value is not None})
        await STATE.change(interaction, f"Mixed {layer}", layer=layer, **given)

    @layers.command(name="lock", description="Lock or unlock a layer")
    @app_commands.autocomplete(layer=names)
    async def lock(interaction: discord.Interaction, layer: str, locked: bool = True) -> None:
        STATE.layer(layer)["is_locked"] = locked
        await STATE.change(interaction, f"Locked {layer}", layer=layer, locked=locked)

    @turn.command(name="claim", description="Claim bars of a layer")
    async def claim(interaction: discord.Interaction, bars: str, layer: str | None = None) -> None:
        await STATE.change(interaction, "Claimed", bars=bars, layer=layer)

    @turn.command(name="done", description="End your turn")
    async def done(interaction: discord.Interaction) -> None:
        STATE.song["turn"] = {"who": "Ben", "until": "2099-01-01T00:00:00+00:00"}
        await STATE.change(interaction, "Ben's turn")

    @turn.command(name="play", description="Wait for a turn")
    async def play(interaction: discord.Interaction) -> None:
        await STATE.change(interaction, "You wait")

    @comment.command(name="add", description="Say something about a bar")
    async def add(interaction: discord.Interaction, text: str, bar: int = 1, layer: str | None = None) -> None:
        await STATE.change(interaction, "Noted", text=text, bar=bar, layer=layer)

    for group in (song, layers, turn, comment):
        tree.add_command(group)
