"""What people can do: every kind of option, menu, component and form, and what Discord's client would not let through."""

import discord
import pytest
from discord import app_commands


class Form(discord.ui.Modal, title="A form"):
    """A modal with every kind of field."""

    name = discord.ui.TextInput(label="Name", custom_id="name", min_length=2, max_length=10)
    style = discord.ui.Label(
        text="Style",
        component=discord.ui.Select(
            custom_id="style",
            options=[discord.SelectOption(label="Rock", value="rock"), discord.SelectOption(label="Folk")],
        ),
    )
    upload = discord.ui.Label(text="File", component=discord.ui.FileUpload(custom_id="upload", required=False))
    hint = discord.ui.TextDisplay("Only a hint")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        files = [await each.read() for each in self.upload.component.values]
        await interaction.response.send_message(f"{self.name.value} {self.style.component.values} {files}")


class Choices(discord.ui.View):
    """A view with each kind of select, a button that opens the form, and one that is off."""

    def __init__(self):
        super().__init__(timeout=None)

    @discord.ui.select(custom_id="pick", options=[discord.SelectOption(label=x, value=x) for x in "abc"], max_values=2)
    async def pick(self, interaction: discord.Interaction, select: discord.ui.Select) -> None:
        await interaction.response.send_message(" ".join(select.values))

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="who")
    async def who(self, interaction: discord.Interaction, select: discord.ui.UserSelect) -> None:
        await interaction.response.send_message(select.values[0].display_name)

    @discord.ui.select(cls=discord.ui.ChannelSelect, custom_id="where")
    async def where(self, interaction: discord.Interaction, select: discord.ui.ChannelSelect) -> None:
        await interaction.response.send_message(select.values[0].name)

    @discord.ui.button(label="Form", custom_id="form")
    async def form(self, interaction: discord.Interaction, _: discord.ui.Button) -> None:
        await interaction.response.send_modal(Form())

    @discord.ui.button(label="Off", custom_id="off", disabled=True)
    async def off(self, interaction: discord.Interaction, _: discord.ui.Button) -> None:
        raise AssertionError

    @discord.ui.button(label="Wait", custom_id="wait")
    async def wait(self, interaction: discord.Interaction, _: discord.ui.Button) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="waited")


def prepare(bot):
    group = app_commands.Group(name="song", description="Songs")

    @group.command(description="Rename a song")
    async def rename(interaction: discord.Interaction, name: str) -> None:
        await interaction.response.send_message(f"renamed {name}")

    bot.tree.add_command(group)

    @bot.tree.command(description="All kinds of options")
    async def kinds(
        interaction: discord.Interaction,
        text: app_commands.Range[str, 2, 5],
        number: app_commands.Range[int, 1, 64] | None = None,
        share: app_commands.Range[float, 0.0, 1.0] | None = None,
        flag: bool | None = None,
        person: discord.Member | None = None,
        place: discord.TextChannel | None = None,
        file: discord.Attachment | None = None,
    ) -> None:
        data = await file.read() if file else None
        name = file.filename if file else None
        text = f"{text} {number} {share} {flag} {person and person.display_name} {place and place.name} {name} {data}"
        await interaction.response.send_message(text, view=Choices())

    @bot.tree.command(description="Completes")
    async def find(interaction: discord.Interaction, genre: str) -> None:
        await interaction.response.send_message(genre)

    @find.autocomplete("genre")
    async def complete(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=each.title(), value=each) for each in ("rock", "folk") if each.startswith(typed)
        ]

    @bot.tree.command(description="Choose")
    @app_commands.choices(style=[app_commands.Choice(name="Rock", value="rock")])
    async def choose(interaction: discord.Interaction, style: str) -> None:
        await interaction.response.send_message(style)

    @bot.tree.context_menu(name="Remix this")
    async def remix_this(interaction: discord.Interaction, message: discord.Message) -> None:
        files = [each.filename for each in message.attachments]
        await interaction.response.send_message(f"{message.author.display_name}: {message.content} {files}")

    @bot.tree.context_menu(name="Greet")
    async def greet(interaction: discord.Interaction, user: discord.Member) -> None:
        await interaction.response.send_message(f"hello {user.display_name}")


@pytest.fixture
async def channel_id(sandbox, ada, start_bot) -> str:
    await start_bot(prepare)
    return sandbox.addresses.channel_id


async def test_every_kind_of_option_arrives(sandbox, ada, channel_id, faults):
    """Text, numbers, truth, people, channels and files arrive as the bot declared them."""
    options = {
        "text": "abc",
        "number": "12",
        "share": 0.5,
        "flag": True,
        "person": ada.user_id,
        "place": channel_id,
        "file": {"file": 0},
    }
    await ada.interact(channel_id, "command", files={"my song.mid": b"MThd"}, command="/kinds", options=options)
    assert (await ada.message())["content"] == "abc 12 0.5 True Ada music my_song.mid b'MThd'"
    assert faults() == []


async def test_subcommands_are_reached_by_their_path(ada, channel_id):
    """A command in a group is named by its path."""
    await ada.interact(channel_id, "command", command="song", path=["rename"], options={"name": "new"})
    message = await ada.message()
    assert message["content"] == "renamed new"
    assert message["interaction_metadata"]["name"] == "song rename"


async def test_autocomplete_offers_choices(ada, channel_id):
    """While a person types, the bot's choices come over the socket."""
    interaction_id = await ada.interact(
        channel_id, "autocomplete", command="find", options={"genre": "r"}, focused="genre"
    )
    offered = await ada.hear("autocomplete_choices")
    assert offered["interaction_id"] == interaction_id
    assert offered["choices"] == [{"name": "Rock", "value": "rock"}]


async def test_message_menu_shows_the_message_to_the_bot(ada, channel_id):
    """A person points at a message, so the bot reads it, files and all, without the privilege."""
    _, message = await ada.request(
        "POST", f"api/channels/{channel_id}/messages", files={"a.mid": b"x"}, user_id=ada.user_id, content="mine"
    )
    await ada.interact(channel_id, "message_menu", command="Remix this", target_id=message["id"])
    reply = await ada.message(lambda each: each["author"]["is_bot"])
    assert reply["content"] == "Ada: mine ['a.mid']"
    assert reply["type"] == 23


async def test_user_menu_names_the_user(ada, channel_id):
    """A command in a person's menu gets that person."""
    await ada.interact(channel_id, "user_menu", command="Greet", target_id=ada.user_id)
    assert (await ada.message())["content"] == "hello Ada"


@pytest.fixture
async def choices(ada, channel_id) -> str:
    """The id of a message with all components."""
    await ada.interact(channel_id, "command", command="kinds", options={"text": "menu"})
    return (await ada.message())["id"]


@pytest.mark.parametrize(
    ("custom_id", "values", "expected"),
    [("pick", ["a", "c"], "a c"), ("who", ["ada"], "Ada"), ("where", ["here"], "music")],
)
async def test_selects_carry_what_was_chosen(ada, channel_id, choices, custom_id, values, expected):
    """Each kind of select resolves its values."""
    known = {"ada": ada.user_id, "here": channel_id}
    values = [known.get(value, value) for value in values]
    await ada.interact(channel_id, "component", message_id=choices, custom_id=custom_id, values=values)
    reply = await ada.message(lambda each: each["content"] == expected)
    assert reply["message_reference"]["message_id"] == choices


async def test_deferred_update_edits_the_message_of_the_button(ada, channel_id, choices):
    """After a silent acknowledgement the original response is the message with the button."""
    interaction_id = await ada.interact(channel_id, "component", message_id=choices, custom_id="wait")
    assert (await ada.outcome(interaction_id))["response"] == "deferred_update"
    assert (await ada.update(lambda each: each["content"] == "waited"))["id"] == choices


async def test_form_is_opened_filled_in_and_sent(ada, channel_id, choices, faults):
    """A button opens a modal; text, choice and file come back."""
    opened_by = await ada.interact(channel_id, "component", message_id=choices, custom_id="form")
    opened = await ada.hear("modal_open")
    assert (opened["interaction_id"], opened["modal"]["title"]) == (opened_by, "A form")
    fields = {"name": "Ada", "style": ["rock"], "upload": [{"file": 0}]}
    await ada.interact(channel_id, "modal", files={"x.mid": b"MThd"}, modal_id=opened_by, fields=fields)
    reply = await ada.message(lambda each: each["content"].startswith("Ada"))
    assert reply["content"] == "Ada ['rock'] [b'MThd']"
    assert faults() == []


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"kind": "command", "command": "nothing"}, 404, "no command"),
        ({"kind": "command", "command": "kinds"}, 400, "“text” is required"),
        ({"kind": "command", "command": "kinds", "options": {"text": "abc", "else": 1}}, 400, "no option “else”"),
        ({"kind": "command", "command": "kinds", "options": {"text": "toolong"}}, 400, "2 to 5 characters"),
        ({"kind": "command", "command": "kinds", "options": {"text": "abc", "number": 65}}, 400, "at most 64"),
        ({"kind": "command", "command": "kinds", "options": {"text": "abc", "number": 0}}, 400, "at least 1"),
        ({"kind": "command", "command": "kinds", "options": {"text": "abc", "number": "x"}}, 400, "whole number"),
        ({"kind": "command", "command": "kinds", "options": {"text": "abc", "share": "x"}}, 400, "a number"),
        ({"kind": "command", "command": "kinds", "options": {"text": "abc", "flag": "x"}}, 400, "true or false"),
        ({"kind": "command", "command": "kinds", "options": {"text": "abc", "person": "1"}}, 400, "no user"),
        ({"kind": "command", "command": "kinds", "options": {"text": "abc", "place": "1"}}, 400, "no channel"),
        ({"kind": "command", "command": "kinds", "options": {"text": "abc", "file": {"file": 0}}}, 400, "files[n]"),
        ({"kind": "command", "command": "choose", "options": {"style": "jazz"}}, 400, "not one of the choices"),
        ({"kind": "command", "command": "kinds", "options": ["abc"]}, 400, "must be an object"),
        ({"kind": "command", "command": "song"}, 400, "one of its parts"),
        ({"kind": "command", "command": "song", "path": ["x"]}, 400, "no part"),
        ({"kind": "autocomplete", "command": "kinds", "focused": "text"}, 400, "no autocomplete"),
        ({"kind": "message_menu", "command": "Remix this", "target_id": "1"}, 404, "no such message"),
        ({"kind": "user_menu", "command": "Greet", "target_id": "1"}, 404, "no such user"),
        ({"kind": "component", "message_id": "1", "custom_id": "pick"}, 404, "no such message"),
        ({"kind": "modal", "modal_id": "1"}, 404, "no such form"),
        ({"kind": "dance"}, 400, "kind must be"),
    ],
)
async def test_impossible_requests_are_refused(ada, channel_id, body, status, says):
    """What Discord's own client would not send gets one sentence, and the bot hears nothing of it."""
    found, answer = await ada.request("POST", "api/interactions", user_id=ada.user_id, channel_id=channel_id, **body)
    assert found == status, answer
    assert says in answer["error"]


@pytest.mark.parametrize(
    ("custom_id", "values", "status", "says"),
    [
        ("off", [], 400, "switched off"),
        ("nothing", [], 404, "no such button"),
        ("pick", ["z"], 400, "not offered"),
        ("pick", [], 400, "between 1 and 2"),
        ("pick", ["a", "b", "c"], 400, "between 1 and 2"),
    ],
)
async def test_impossible_presses_are_refused(ada, channel_id, choices, custom_id, values, status, says):
    """A button that is off or a value that is not offered goes nowhere."""
    body = {"kind": "component", "message_id": choices, "custom_id": custom_id, "values": values}
    found, answer = await ada.request("POST", "api/interactions", user_id=ada.user_id, channel_id=channel_id, **body)
    assert found == status, answer
    assert says in answer["error"]


async def test_form_must_be_filled_in(ada, channel_id, choices):
    """Required fields and lengths are checked before the bot hears of it."""
    opened_by = await ada.interact(channel_id, "component", message_id=choices, custom_id="form")
    await ada.hear("modal_open")
    for fields, says in (({}, "must be filled in"), ({"name": "x", "style": ["rock"]}, "2 to 10 characters")):
        status, answer = await ada.request(
            "POST",
            "api/interactions",
            user_id=ada.user_id,
            channel_id=channel_id,
            kind="modal",
            modal_id=opened_by,
            fields=fields,
        )
        assert status == 400
        assert says in answer["error"]
