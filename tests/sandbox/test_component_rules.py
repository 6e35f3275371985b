"""The limits of buttons, selects and components V2, on the wire."""

import io

import discord
import pytest
from discord.http import Route


async def send(bot, components, **payload):
    route = Route("POST", "/channels/{channel_id}/messages", channel_id=bot.channel.id)
    return await bot.http.request(route, json={"content": "x", "components": components, **payload})


def row(*components):
    return {"type": 1, "components": list(components)}


def button(custom_id, **changes):
    return {"type": 2, "style": 1, "label": "x", "custom_id": custom_id} | changes


def select(num_options, **changes):
    options = [{"label": str(n), "value": str(n)} for n in range(num_options)]
    return {"type": 3, "custom_id": "s", "options": options} | changes


def text_input(**changes):
    return {"type": 4, "custom_id": "t", "style": 1, "label": "Text"} | changes


@pytest.mark.parametrize(
    "components",
    [
        [row(button(str(n))) for n in range(6)],
        [row(*(button(str(n)) for n in range(6)))],
        [row()],
        [button("bare")],
        [row(button("x" * 101))],
        [row(button(""))],
        [row(button("x", label="x" * 81))],
        [row(button("x", label=None))],
        [row(button("x", emoji={"name": "★"}))],
        [row(button("x", style=None))],
        [row(button("same")), row(button("same"))],
        [row({"type": 2, "style": 5, "label": "x", "url": "not an address"})],
        [row({"type": 2, "style": 5, "label": "x", "url": "https://example.org", "custom_id": "x"})],
        [row(select(26))],
        [row(select(0))],
        [row(select(2), button("x"))],
        [row(select(1, placeholder="x" * 151))],
        [row(select(1, options=[{"label": "a", "value": "1", "emoji": {"name": "note"}}]))],
        [row(select(1, options=[{"label": "a", "value": "1"}, {"label": "b", "value": "1"}]))],
        [row({"type": 4, "custom_id": "x", "label": "text inputs live in modals", "style": 1})],
        [{"type": 10, "content": "needs the flag"}],
        "x",
    ],
    ids=lambda components: str(components)[:60],
)
async def test_broken_components_are_refused(sandbox, start_bot, components):
    """What Discord would not show is refused with 50035."""
    bot = await start_bot()
    with pytest.raises(discord.HTTPException) as caught:
        await send(bot, components)
    assert (caught.value.status, caught.value.code) == (400, 50035)


async def test_five_rows_of_five_buttons_pass(sandbox, start_bot):
    """The most that fits; every component gets a number of its own."""
    bot = await start_bot()
    message = await send(bot, [row(*(button(f"{r}-{n}") for n in range(5))) for r in range(5)])
    numbers = [each["id"] for row in message["components"] for each in (row, *row["components"])]
    assert len(set(numbers)) == 30


class Page(discord.ui.LayoutView):
    """A page of components V2."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        gallery = discord.ui.MediaGallery(discord.MediaGalleryItem("attachment://roll.png"))
        accessory = discord.ui.Button(label="Go", custom_id="go")
        section = discord.ui.Section("Side by side", accessory=accessory)
        file = discord.ui.File("attachment://song.mid")
        self.add_item(discord.ui.Container(discord.ui.TextDisplay("# Help"), section, gallery, file))


def page_files():
    return [discord.File(io.BytesIO(b"x"), name) for name in ("roll.png", "song.mid")]


async def test_components_v2_are_kept_and_resolved(sandbox, ada, start_bot):
    """A layout arrives whole, with addresses in place of attachment names."""
    bot = await start_bot()
    message = await bot.channel.send(view=Page(), files=page_files())
    assert message.flags.components_v2
    shown = await ada.message()
    container = shown["components"][0]
    assert [each["type"] for each in container["components"]] == [10, 9, 12, 13]
    assert container["components"][2]["items"][0]["media"]["url"].startswith("/cdn/attachments/")
    assert container["components"][3]["file"]["url"].endswith("song.mid")
    with pytest.raises(discord.HTTPException):
        await message.edit(content="legacy text")


@pytest.mark.parametrize(
    ("components", "payload"),
    [
        ([{"type": 10, "content": "x"}], {"content": "beside"}),
        ([{"type": 10, "content": "x"}], {"content": "", "embeds": [{"title": "x"}]}),
        ([{"type": 10, "content": "x" * 2001}] * 2, {"content": ""}),
        ([{"type": 10, "content": "x"}] * 41, {"content": ""}),
        ([{"type": 13, "file": {"url": "attachment://nothing.mid"}}], {"content": ""}),
        ([button("bare")], {"content": ""}),
    ],
    ids=["content", "embeds", "long texts", "41 components", "unknown file", "bare button"],
)
async def test_broken_components_v2_are_refused(sandbox, start_bot, components, payload):
    """With the flag there is no content and no embed, at most 40 components and 4000 characters."""
    bot = await start_bot()
    with pytest.raises(discord.HTTPException) as caught:
        await send(bot, components, flags=1 << 15, **payload)
    assert caught.value.code == 50035


@pytest.mark.parametrize(
    "modal",
    [
        {"title": "", "custom_id": "x", "components": []},
        {"title": "x" * 46, "custom_id": "x", "components": []},
        {"title": "x", "custom_id": "x", "components": []},
        {"title": "x", "custom_id": "x" * 101, "components": [row()]},
        {"title": "x", "custom_id": "x", "components": [row(button("b"))]},
        {"title": "x", "custom_id": "x", "components": [{"type": 18, "label": "l", "component": button("b")}]},
        {"title": "x", "custom_id": "x", "components": [row(text_input(label="x" * 46))]},
        {"title": "x", "custom_id": "x", "components": [row(text_input(max_length=2, value="abc"))]},
        {"title": "x", "custom_id": "x", "components": [row(text_input(), text_input(custom_id="u"))]},
    ],
    ids=[
        "no title",
        "long title",
        "nothing in it",
        "long id",
        "button in a row",
        "button in a label",
        "long label",
        "long value",
        "two in a row",
    ],
)
async def test_broken_modals_are_refused(sandbox, ada, start_bot, modal):
    """A form that Discord would not open is refused with 50035."""
    caught = []

    def prepare(bot):
        @bot.tree.command(description="x")
        async def form(interaction: discord.Interaction) -> None:
            route = Route(
                "POST", "/interactions/{webhook_id}/{webhook_token}/callback",
                webhook_id=interaction.id, webhook_token=interaction.token,
            )  # fmt: skip
            with pytest.raises(discord.HTTPException) as error:
                await bot.http.request(route, json={"type": 9, "data": modal})
            caught.append(error.value.code)
            await interaction.response.send_message("tried")

    await start_bot(prepare)
    await ada.interact(sandbox.addresses.channel_id, "command", command="form")
    await ada.message()
    assert caught == [50035]
