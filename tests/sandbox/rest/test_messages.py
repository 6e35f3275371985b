"""Messages through their channel, by a real client over its real wire."""

import io

import discord
import pytest
from discord.http import Route


def error_of(caught) -> tuple[int, int]:
    return caught.value.status, caught.value.code


async def test_message_is_written_read_edited_and_deleted(sandbox, ada, start_bot, faults):
    """What the bot writes in a channel is what people see, through every change."""
    bot = await start_bot()

    message = await bot.channel.send("hello", embed=discord.Embed(title="a song"))
    shown = await ada.message()
    assert (shown["content"], shown["embeds"][0]["title"]) == ("hello", "a song")
    assert shown["author"]["name"] == "Tutti"

    await message.edit(content="changed", embed=None)
    edited = await ada.update()
    assert (edited["content"], edited["embeds"]) == ("changed", [])
    fetched = await bot.channel.fetch_message(message.id)
    assert fetched.content == "changed"
    assert fetched.edited_at is not None

    await message.delete()
    assert (await ada.hear("message_delete"))["message_id"] == str(message.id)
    with pytest.raises(discord.NotFound) as caught:
        await bot.channel.fetch_message(message.id)
    assert error_of(caught) == (404, 10008)
    assert [fault["code"] for fault in faults()] == [10008]


async def test_history_is_paged_in_both_directions(sandbox, ada, start_bot):
    """before, after and around give the same messages as on Discord."""
    bot = await start_bot()
    for number in range(7):
        await ada.write(sandbox.addresses.channel_id, f"<@{bot.user.id}> {number}")

    def words(messages: list[discord.Message]) -> list[str]:
        return [each.content.split()[-1] for each in messages]

    everything = [each async for each in bot.channel.history(limit=None, oldest_first=True)]
    assert words(everything) == ["0", "1", "2", "3", "4", "5", "6"]
    assert words([each async for each in bot.channel.history(limit=2)]) == ["6", "5"]
    assert words([each async for each in bot.channel.history(limit=2, before=everything[3])]) == ["2", "1"]
    assert words([each async for each in bot.channel.history(limit=2, after=everything[3])]) == ["4", "5"]
    assert words([each async for each in bot.channel.history(limit=3, around=everything[3])]) == ["4", "3", "2"]


async def test_stranger_text_is_hidden_without_the_privilege(sandbox, ada, start_bot):
    """A bot without the privileged intent reads only what mentions it, answers it, or is sent to it directly."""
    heard = []

    class Listener:
        async def on_message(self, message):
            heard.append((message.content, len(message.attachments)))

    bot = await start_bot()
    bot.on_message = Listener().on_message
    channel_id = sandbox.addresses.channel_id
    own = await bot.channel.send("mine")

    await ada.request(
        "POST",
        f"api/channels/{channel_id}/messages",
        files={"a.mid": b"MThd"},
        user_id=ada.user_id,
        content="secret",
    )
    await ada.write(channel_id, f"hey <@{bot.user.id}>")
    await ada.write(channel_id, "a reply", reply_to=str(own.id))
    _, dm = await ada.request("POST", "api/dms", user_id=ada.user_id)
    await ada.write(dm["id"], "just us")
    await bot.channel.send("done")
    await bot.wait_for("message", check=lambda message: message.content == "done", timeout=20)

    assert heard == [("mine", 0), ("", 0), (f"hey <@{bot.user.id}>", 0), ("a reply", 0), ("just us", 0), ("done", 0)]
    texts = [each.content async for each in bot.channel.history(oldest_first=True)]
    assert texts[1] == ""


async def test_message_content_is_shown_with_the_privilege(sandbox, ada, start_bot):
    """A bot that was granted the privileged intent reads everything."""
    await ada.request("POST", "api/settings", privileged_intents=["message_content"])
    intents = discord.Intents.default()
    intents.message_content = True
    bot = await start_bot(intents=intents)

    waiting = bot.wait_for("message", timeout=20)
    await ada.write(sandbox.addresses.channel_id, "not so secret")
    assert (await waiting).content == "not so secret"


async def test_reply_names_its_target(sandbox, ada, start_bot):
    """A reply carries the message it answers, and pings its author only if asked to."""
    bot = await start_bot()
    asked = await ada.write(sandbox.addresses.channel_id, f"<@{bot.user.id}> question")

    target = await bot.channel.fetch_message(int(asked["id"]))
    await target.reply("answer", mention_author=False)

    shown = await ada.message(lambda each: each["content"] == "answer")
    assert shown["type"] == 19
    assert shown["referenced_message"]["content"].endswith("question")
    assert shown["mentions"] == []


async def test_reply_to_an_unknown_message_is_refused(sandbox, start_bot):
    """A reply fails with its reference unless told not to."""
    bot = await start_bot()
    reference = discord.MessageReference(message_id=1, channel_id=bot.channel.id)
    with pytest.raises(discord.HTTPException) as caught:
        await bot.channel.send("answer", reference=reference)
    assert error_of(caught) == (400, 50035)

    gentle = discord.MessageReference(message_id=1, channel_id=bot.channel.id, fail_if_not_exists=False)
    assert (await bot.channel.send("answer", reference=gentle)).reference is None


@pytest.mark.parametrize(
    ("permission", "expected", "arguments"),
    [
        ("send_messages", 50013, {"content": "x"}),
        ("view_channel", 50001, {"content": "x"}),
        ("embed_links", 50013, {"embed": discord.Embed(title="x")}),
        ("attach_files", 50013, {"file": True}),
    ],
)
async def test_missing_permissions_are_refused(sandbox, ada, start_bot, permission, expected, arguments):
    """Without a permission the bot gets 403 with Discord's code, and people see nothing."""
    bot = await start_bot()
    channel = bot.channel
    await ada.request("POST", "api/permissions", channel_id=str(channel.id), deny=[permission])
    if "file" in arguments:
        arguments = {"file": discord.File(io.BytesIO(b"x"), "x.mid")}

    with pytest.raises(discord.Forbidden) as caught:
        await channel.send(**arguments)

    assert error_of(caught) == (403, expected)
    assert [event for event in ada.events if event["type"] == "message_create"] == []
    await ada.request("POST", "api/permissions", channel_id=str(channel.id))
    assert await channel.send("again")


async def test_permissions_reach_the_client(sandbox, ada, start_bot):
    """A change of permissions arrives as a channel update, so the client can look before it leaps."""
    bot = await start_bot()
    waiting = bot.wait_for("guild_channel_update", timeout=20)
    await ada.request("POST", "api/permissions", channel_id=sandbox.addresses.channel_id, deny=["attach_files"])
    _, after = await waiting
    assert not after.permissions_for(after.guild.me).attach_files
    assert after.permissions_for(after.guild.me).send_messages


async def test_history_is_empty_without_its_permission(sandbox, ada, start_bot):
    """Without read_message_history a list is empty and one message is refused."""
    bot = await start_bot()
    message = await bot.channel.send("x")
    await ada.request("POST", "api/permissions", channel_id=sandbox.addresses.channel_id, deny=["read_message_history"])
    assert [each async for each in bot.channel.history()] == []
    with pytest.raises(discord.Forbidden):
        await bot.channel.fetch_message(message.id)


async def test_messages_of_others_are_protected(sandbox, ada, start_bot):
    """The bot edits nobody else's message (50005) and deletes it only with manage_messages."""
    bot = await start_bot()
    theirs = bot.channel.get_partial_message(int((await ada.write(sandbox.addresses.channel_id, "mine"))["id"]))
    with pytest.raises(discord.Forbidden) as caught:
        await theirs.edit(content="stolen")
    assert error_of(caught) == (403, 50005)
    with pytest.raises(discord.Forbidden) as caught:
        await theirs.delete()
    assert error_of(caught) == (403, 50013)
    await ada.request("POST", "api/permissions", channel_id=sandbox.addresses.channel_id, allow=["manage_messages"])
    await theirs.delete()
    await ada.hear("message_delete")


async def test_file_over_the_limit_is_refused(sandbox, ada, start_bot):
    """One byte too much gives 413 with code 40005; exactly the limit passes."""
    bot = await start_bot()
    await ada.request("POST", "api/settings", attachment_size_limit=1000)
    with pytest.raises(discord.HTTPException) as caught:
        await bot.channel.send(file=discord.File(io.BytesIO(b"x" * 1001), "big.wav"))
    assert error_of(caught) == (413, 40005)
    message = await bot.channel.send(file=discord.File(io.BytesIO(b"x" * 1000), "fits.wav"))
    assert message.attachments[0].size == 1000


async def test_ten_files_are_the_most(sandbox, start_bot):
    """Ten files pass; an eleventh by an edit is refused."""
    bot = await start_bot()
    message = await bot.channel.send(files=[discord.File(io.BytesIO(b"x"), f"{n}.mid") for n in range(10)])
    assert len(message.attachments) == 10
    with pytest.raises(discord.HTTPException) as caught:
        await message.add_files(discord.File(io.BytesIO(b"x"), "more.mid"))
    assert error_of(caught) == (400, 30015)


async def test_edit_keeps_only_listed_files(sandbox, start_bot):
    """An edit keeps the attachments it lists, adds new ones, and forgets the others' bytes."""
    bot = await start_bot()
    files = [discord.File(io.BytesIO(name.encode()), name) for name in ("a.mid", "b.mid")]
    message = await bot.channel.send(files=files)
    dropped = message.attachments[0]

    new = discord.File(io.BytesIO(b"c"), "c.mid", description="third")
    edited = await message.edit(attachments=[message.attachments[1], new])

    assert [(each.filename, each.description) for each in edited.attachments] == [("b.mid", None), ("c.mid", "third")]
    assert await edited.attachments[0].read() == b"b.mid"
    with pytest.raises(discord.NotFound):
        await dropped.read()


async def test_picture_of_an_embed_is_not_listed_again(sandbox, start_bot):
    """A file that an embed shows is hidden from the list; sending back the fetched embed shows it twice, as on Discord."""
    bot = await start_bot()
    embed = discord.Embed(title="first").set_image(url="attachment://roll.png")
    message = await bot.channel.send(embed=embed, file=discord.File(io.BytesIO(b"png"), "roll.png"))
    assert message.attachments == []
    edited = await message.edit(content="the same embed")
    assert edited.attachments == []

    fetched = await bot.channel.fetch_message(message.id)
    again = await fetched.edit(embed=fetched.embeds[0])
    assert [each.filename for each in again.attachments] == ["roll.png"]
    assert again.embeds[0].image.url.startswith("https://cdn.discordapp.com/attachments/")

    bare = await message.edit(embed=None)
    assert [each.filename for each in bare.attachments] == ["roll.png"]


async def test_nonce_makes_sending_again_harmless(sandbox, start_bot):
    """The same nonce within minutes gives the first message again."""
    bot = await start_bot()
    first = await bot.channel.send("once", nonce=77)
    second = await bot.channel.send("once", nonce=77)
    assert first.id == second.id


async def test_mentions_follow_allowed_mentions(sandbox, ada, start_bot):
    """Text may ping only what allowed_mentions lets through."""
    bot = await start_bot()
    text = f"@everyone <@{ada.user_id}>"

    await bot.channel.send(text)
    await bot.channel.send(text + " quiet", allowed_mentions=discord.AllowedMentions.none())

    loud = await ada.message(lambda each: each["content"] == text)
    assert loud["mention_everyone"]
    assert [each["name"] for each in loud["mentions"]] == ["Ada"]
    quiet = await ada.message(lambda each: each["content"].endswith("quiet"))
    assert (quiet["mention_everyone"], quiet["mentions"]) == (False, [])


async def test_empty_message_is_refused(sandbox, start_bot):
    """A message needs text, a file, an embed or components."""
    bot = await start_bot()
    with pytest.raises(discord.HTTPException) as caught:
        await bot.channel.send("   ")
    assert error_of(caught) == (400, 50006)


async def test_reactions_go_both_ways(sandbox, ada, start_bot):
    """The bot reacts, people react, each hears the other, and only managers clear."""
    bot = await start_bot()
    message = await bot.channel.send("vote")
    await message.add_reaction("👍")
    shown = await ada.update(lambda each: each["reactions"])
    assert shown["reactions"] == [{"emoji": "👍", "count": 1, "user_ids": [str(bot.user.id)]}]

    waiting = bot.wait_for("reaction_add", check=lambda _, user: user.id == int(ada.user_id), timeout=20)
    status, _ = await ada.request("PUT", f"api/messages/{message.id}/reactions", user_id=ada.user_id, emoji="👍")
    assert status == 204
    reaction, _ = await waiting
    assert (reaction.emoji, reaction.count) == ("👍", 2)
    reacted = [user.name async for user in (await bot.channel.fetch_message(message.id)).reactions[0].users()]
    assert set(reacted) == {"tutti", "Ada"}

    await message.remove_reaction("👍", bot.user)
    with pytest.raises(discord.Forbidden):
        await message.clear_reactions()
    await ada.request("POST", "api/permissions", channel_id=sandbox.addresses.channel_id, allow=["manage_messages"])
    await message.clear_reactions()
    assert (await bot.channel.fetch_message(message.id)).reactions == []


async def test_unknown_emoji_is_refused(sandbox, start_bot):
    """Plain letters are no emoji."""
    bot = await start_bot()
    message = await bot.channel.send("vote")
    with pytest.raises(discord.HTTPException) as caught:
        await message.add_reaction("x")
    assert caught.value.code == 10014


async def test_typing_is_shown(sandbox, ada, start_bot):
    """People see that the bot types, and the bot hears people."""
    bot = await start_bot()
    async with bot.channel.typing():
        assert (await ada.hear("typing"))["user"]["name"] == "Tutti"
    waiting = bot.wait_for("raw_typing", check=lambda event: event.user_id == int(ada.user_id), timeout=20)
    await ada.request("POST", "api/typing", user_id=ada.user_id, channel_id=sandbox.addresses.channel_id)
    assert (await waiting).channel_id == bot.channel.id


async def test_pins_need_a_permission(sandbox, ada, start_bot):
    """Pinning is for those who may; pins are listed."""
    bot = await start_bot()
    message = await bot.channel.send("keep me")
    await ada.request("POST", "api/permissions", channel_id=sandbox.addresses.channel_id, deny=["pin_messages"])
    with pytest.raises(discord.Forbidden):
        await message.pin()
    await ada.request("POST", "api/permissions", channel_id=sandbox.addresses.channel_id)
    await message.pin()
    assert [each.content async for each in bot.channel.pins()] == ["keep me"]
    await message.unpin()
    assert [each async for each in bot.channel.pins()] == []


async def test_bulk_delete_needs_a_permission(sandbox, ada, start_bot):
    """Several messages at once go only with manage_messages."""
    bot = await start_bot()
    messages = [await bot.channel.send(str(number)) for number in range(2)]
    with pytest.raises(discord.Forbidden):
        await bot.channel.delete_messages(messages)
    await ada.request("POST", "api/permissions", channel_id=sandbox.addresses.channel_id, allow=["manage_messages"])
    await bot.channel.delete_messages(messages)
    assert [each async for each in bot.channel.history()] == []


async def test_direct_messages_are_between_two(sandbox, ada, add_person, start_bot):
    """A DM reaches its person, and nobody else's socket."""
    bot = await start_bot()
    grace = await add_person("Grace")
    user = await bot.fetch_user(int(ada.user_id))
    await user.send("psst")
    shown = await ada.message()
    assert shown["content"] == "psst"
    await bot.channel.send("all")
    await grace.message(lambda each: each["content"] == "all")
    assert [event["message"]["content"] for event in grace.events if event["type"] == "message_create"] == ["all"]
    status, _ = await grace.request("GET", f"api/channels/{shown['channel_id']}/messages", user_id=grace.user_id)
    assert status == 404


async def test_broken_json_is_refused(sandbox, start_bot):
    """A body that is not JSON gets 50109; an object where a list belongs is named."""
    bot = await start_bot()
    route = Route("POST", "/channels/{channel_id}/messages", channel_id=bot.channel.id)
    with pytest.raises(discord.HTTPException) as caught:
        await bot.http.request(route, json=["not", "an", "object"])
    assert error_of(caught) == (400, 50035)


async def test_messages_older_than_an_hour_are_edited_seldom(sandbox, ada, start_bot, frozen_clock):
    """The fourth edit in twenty seconds gets 30046; younger messages of the same channel are free."""
    bot = await start_bot()
    card = await bot.channel.send("card")
    frozen_clock.advance(3601)
    for number in range(3):
        await card.edit(content=f"state {number}")
    route = Route(
        "PATCH", "/channels/{channel_id}/messages/{message_id}", channel_id=card.channel.id, message_id=card.id
    )
    headers = {"Authorization": f"Bot {sandbox.addresses.token}"}
    async with bot.http._HTTPClient__session.patch(
        route.url, json={"content": "x"}, headers=headers, proxy=sandbox.addresses.proxy_url
    ) as answer:
        assert (answer.status, (await answer.json())["code"]) == (429, 30046)
    await (await bot.channel.send("young")).edit(content="free")
    frozen_clock.advance(20)
    await card.edit(content="state 3")
