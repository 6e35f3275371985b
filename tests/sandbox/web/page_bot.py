"""A small real bot for the page's tests: one command of every kind that the page must be able to drive."""

import inspect
import io
import json
import math

import discord
import numpy as np
import soundfile
from discord import app_commands
from PIL import Image, PngImagePlugin

ALT_TEXT = "Piano roll of two bars"
KEYS = ["A minor", "C major", "C minor", "D minor"]


def tone(*, pitch_hz: float = 440, num_seconds: int = 2) -> bytes:
    """A sound as an Ogg file."""
    seconds = np.arange(num_seconds * 22050) / 22050
    buffer = io.BytesIO()
    soundfile.write(buffer, 0.2 * np.sin(2 * math.pi * pitch_hz * seconds), 22050, format="OGG", subtype="VORBIS")
    return buffer.getvalue()


def picture(*, width: int = 640, height: int = 240) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "#335577").save(buffer, "PNG")
    return buffer.getvalue()


def roll() -> bytes:
    """A picture of two bars of a second each, from 64 to 576 pixels, that says so."""
    one = {"top": 40, "bottom": 200, "bars": [[0, 64], [1, 320], [2, 576]]}
    times = {"width": 640, "height": 240, "rolls": [one]}
    info = PngImagePlugin.PngInfo()
    info.add_text("tutti-roll", json.dumps(times))
    buffer = io.BytesIO()
    Image.new("RGB", (640, 240), "#1e1f24").save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def file(data: bytes, name: str, description: str | None = None) -> discord.File:
    return discord.File(io.BytesIO(data), name, description=description)


def take_files() -> list[discord.File]:
    """Four takes, each with its sound and its MIDI file; the first also with a roll."""
    files = [file(roll(), "song-take-1.png", "Roll of take 1")]
    for number in range(1, 5):
        files += [
            file(tone(pitch_hz=220 * number), f"song-take-{number}.ogg"),
            file(b"MThd", f"song-take-{number}.mid"),
        ]
    return files


def pair_files() -> list[discord.File]:
    """What was there and what came of it."""
    return [
        file(tone(), "song-before.ogg"),
        file(tone(pitch_hz=330), "song-after.ogg"),
        file(roll(), "song.png", "What changed"),
    ]


def score_files() -> list[discord.File]:
    """A page of a score, as picture and as files."""
    pages = [file(picture(width=800, height=1100), f"page-{number}.png", f"Page {number}") for number in (1, 2)]
    return [*pages, file(b"%PDF", "song.pdf"), file(b"PK", "song.zip"), file(b"<score/>", "song.musicxml")]


class Louder(discord.ui.View):
    """The row of buttons under a song."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Louder", style=discord.ButtonStyle.primary, custom_id="louder")
    async def louder(self, interaction: discord.Interaction, _: discord.ui.Button) -> None:
        await interaction.response.edit_message(content="Louder now!")

    @discord.ui.button(label="Name it", custom_id="name")
    async def name(self, interaction: discord.Interaction, _: discord.ui.Button) -> None:
        await interaction.response.send_modal(NameForm())

    @discord.ui.button(label="Never", custom_id="never", disabled=True)
    async def never(self, interaction: discord.Interaction, _: discord.ui.Button) -> None:
        await interaction.response.defer()

    @discord.ui.select(
        custom_id="mood",
        placeholder="Mood",
        options=[discord.SelectOption(label="Dark", description="Minor"), discord.SelectOption(label="Bright")],
    )
    async def mood(self, interaction: discord.Interaction, select: discord.ui.Select) -> None:
        await interaction.response.send_message(f"Mood: {select.values[0]}")


class Finish(discord.ui.View):
    """The button that puts the whole piece in the place of its first bars."""

    @discord.ui.button(label="Finish", custom_id="finish")
    async def finish(self, interaction: discord.Interaction, _: discord.ui.Button) -> None:
        files = [file(tone(num_seconds=60), "song.ogg"), file(roll(), "song.png", "The whole of it")]
        await interaction.response.edit_message(content="The whole", attachments=files)


class NameForm(discord.ui.Modal, title="Name the song"):
    name = discord.ui.TextInput(label="Name", max_length=20)
    words = discord.ui.TextInput(label="Words", style=discord.TextStyle.paragraph, required=False, default="do re mi")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Named **{self.name.value}**")


class WideForm(discord.ui.Modal, title="Everything"):
    """A form with every input of 2026."""

    moods = discord.ui.Label(
        text="Moods",
        description="One or two",
        component=discord.ui.Select(
            max_values=2, options=[discord.SelectOption(label=name) for name in ("Dark", "Bright", "Odd")]
        ),
    )
    metre = discord.ui.Label(
        text="Metre",
        component=discord.ui.RadioGroup(
            options=[
                discord.RadioGroupOption(label="Three", value="3"),
                discord.RadioGroupOption(label="Four", value="4"),
            ]
        ),
    )
    file = discord.ui.Label(text="Tune", component=discord.ui.FileUpload(required=False))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        moods, metre, files = (label.component for label in (self.moods, self.metre, self.file))
        names = [f"{file.filename} {file.size}" for file in files.values]
        await interaction.response.send_message(f"{sorted(moods.values)} {metre.value} {names}")


class Layout(discord.ui.LayoutView):
    """A message of components alone."""

    box = discord.ui.Container(
        discord.ui.Section("## Settings\nAll **quiet**", accessory=discord.ui.Button(label="Reset", custom_id="reset")),
        discord.ui.Separator(),
        discord.ui.TextDisplay("-# small print"),
        accent_colour=0x2D9D78,
    )


async def show(interaction: discord.Interaction, what: str) -> None:
    """Show one of the rarer things a message can be."""
    if what == "form":
        await interaction.response.send_modal(WideForm())
    elif what == "thought":
        await interaction.response.defer()
    elif what == "layout":
        await interaction.response.send_message(view=Layout())
    elif what == "thread":
        await interaction.response.send_message("A thread")
        message = await interaction.original_response()
        thread = await message.create_thread(name="rock song")
        await thread.send("Inside")
    elif what == "takes":
        await interaction.response.send_message("Four takes", files=take_files())
    elif what == "beginning":
        beginning = file(tone(num_seconds=30), "first-bars.ogg")
        await interaction.response.send_message("The first bars", file=beginning, view=Finish())
    elif what == "hint":
        await interaction.response.send_message("Try `/sing genre:rock` or `/dance`, not `/ sing`")
    elif what == "pair":
        await interaction.response.send_message("Hear the difference", files=pair_files())
    elif what == "score":
        await interaction.response.send_message("A score", files=score_files())
    elif what == "reaction":
        await interaction.response.send_message("React!")
        await (await interaction.original_response()).add_reaction("👍")


def add_wide_command(tree: app_commands.CommandTree) -> None:
    """Add a command with as many options as Discord allows."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    controls = [inspect.Parameter(f"control_{number}", kind, default=0, annotation=int) for number in range(1, 25)]

    async def wide(interaction: discord.Interaction, **options: str | int) -> None:
        await interaction.response.send_message(f"Wide: {options}")

    wide.__signature__ = inspect.Signature(
        [
            inspect.Parameter("interaction", kind, annotation=discord.Interaction),
            inspect.Parameter("prompt", kind, annotation=str),
            *controls,
        ]
    )
    tree.command(name="wide", description="As many options as there can be")(wide)


def add_commands(bot: discord.Client) -> None:
    """Give the bot its commands, its menu and its lasting view."""
    tree = bot.tree
    add_wide_command(tree)
    bot.add_view(Louder())

    @tree.command(name="show", description="Show something rare")
    async def show_command(interaction: discord.Interaction, what: str) -> None:
        await show(interaction, what)

    @tree.command(description="Sing a song")
    @app_commands.describe(genre="The style", bars="How long", key="For instance C minor", melody="Sing this")
    @app_commands.choices(
        genre=[app_commands.Choice(name=name, value=name.lower()) for name in ("Folk", "Jazz", "Rock")]
    )
    async def sing(
        interaction: discord.Interaction,
        genre: str,
        bars: app_commands.Range[int, 1, 64] = 2,
        key: str | None = None,
        melody: discord.Attachment | None = None,
    ) -> None:
        await interaction.response.defer()
        embed = discord.Embed(title=f"{genre}, {bars} bars", description="**Kept:** everything", colour=0x6F5CFF)
        embed.add_field(name="Key", value=key or "free")
        embed.add_field(name="Melody", value=f"{melody.filename} {melody.size}" if melody else "none")
        embed.set_image(url="attachment://roll.png")
        files = [
            discord.File(io.BytesIO(tone()), "song.ogg"),
            discord.File(io.BytesIO(b"MThd"), "song.mid"),
            discord.File(io.BytesIO(picture()), "roll.png", description=ALT_TEXT),
        ]
        await interaction.edit_original_response(content="Here it is", embed=embed, attachments=files, view=Louder())

    @sing.autocomplete("key")
    async def keys(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{key}!", value=key) for key in KEYS if typed.lower() in key.lower()]

    @tree.command(description="Tell only you")
    async def whisper(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("psst", ephemeral=True)

    @tree.command(description="Never answers")
    async def stuck(_: discord.Interaction) -> None:
        return

    @tree.context_menu(name="Shout this")
    async def shout(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(message.content.upper() or "NO WORDS")
