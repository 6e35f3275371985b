"""The whole way: a person's command through the page API to a real discord.py client and back."""

import io

import discord

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000030000000208020000001216f14d0000000c49444154789c63f80f04000b01030043a30be50000000049454e44ae426082"
)


class Again(discord.ui.View):
    """A view with one button that lives for ever."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Again", custom_id="again")
    async def again(self, interaction: discord.Interaction, button: discord.ui.Button) -> None:
        button.disabled = True
        await interaction.response.edit_message(content="once more", view=self)


def prepare(bot):
    """Add a command that defers and answers with files, as the real bot does."""

    @bot.tree.command(description="Write a song")
    async def generate(interaction: discord.Interaction, genre: str, bars: int = 8) -> None:
        await interaction.response.defer(thinking=True)
        embed = discord.Embed(title=f"{genre}, {bars} bars").set_image(url="attachment://roll.png")
        files = [
            discord.File(io.BytesIO(b"OggS" * 100), "song.ogg"),
            discord.File(io.BytesIO(b"MThd"), "song.mid"),
            discord.File(io.BytesIO(PNG), "roll.png", description="a piano roll"),
        ]
        bot.answer = await interaction.edit_original_response(embed=embed, attachments=files, view=Again())


async def test_command_is_deferred_and_answered_with_files(sandbox, ada, start_bot, faults):
    """A slash command shows "thinking", then the edited reply with its embed, files and picture."""
    await start_bot(prepare)
    channel_id = sandbox.addresses.channel_id

    interaction_id = await ada.interact(
        channel_id, "command", command="generate", options={"genre": "rock", "bars": 16}
    )

    outcome = await ada.outcome(interaction_id)
    assert outcome["response"] == "thinking"
    assert (await ada.message())["is_thinking"]
    message = await ada.update()
    assert message["id"] == outcome["message_id"]
    assert not message["is_thinking"]
    assert message["interaction_metadata"]["name"] == "generate"
    assert message["interaction_metadata"]["user"]["name"] == "Ada"
    assert [each["filename"] for each in message["attachments"]] == ["song.ogg", "song.mid"]
    assert message["embeds"][0]["title"] == "rock, 16 bars"
    image = message["embeds"][0]["image"]
    assert (image["width"], image["height"], image["description"]) == (3, 2, "a piano roll")
    status, data = await ada.request("GET", message["attachments"][0]["url"].lstrip("/"))
    assert (status, data) == (200, b"OggS" * 100)
    assert faults() == []


async def test_button_edits_its_message(sandbox, ada, start_bot, faults):
    """A press reaches the view of the message and its edit comes back."""
    await start_bot(prepare)
    channel_id = sandbox.addresses.channel_id
    await ada.interact(channel_id, "command", command="generate", options={"genre": "rock"})
    message = await ada.update()

    interaction_id = await ada.interact(channel_id, "component", message_id=message["id"], custom_id="again")

    assert (await ada.outcome(interaction_id))["response"] == "update"
    edited = await ada.update(lambda each: each["content"] == "once more")
    assert edited["components"][0]["components"][0]["disabled"]
    assert edited["edited_timestamp"]
    assert faults() == []


async def test_old_reply_is_edited_through_its_channel(sandbox, ada, start_bot, faults):
    """When the token is dead the bot still edits its reply by the channel route, and deletes it."""
    bot = await start_bot(prepare)
    await ada.interact(sandbox.addresses.channel_id, "command", command="generate", options={"genre": "rock"})
    message = await ada.update()
    sandbox.clock.advance(16 * 60)

    partial = bot.channel.get_partial_message(int(message["id"]))
    await partial.edit(content="by channel", attachments=[])

    edited = await ada.update(lambda each: each["content"] == "by channel")
    assert edited["attachments"] == []
    assert edited["embeds"][0]["image"]["url"].endswith("roll.png")
    await partial.delete()
    assert (await ada.hear("message_delete"))["message_id"] == message["id"]
    assert faults() == []
