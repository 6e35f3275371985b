"""Threads and forum posts that people start, with working commands in them; channels that go away."""

import io

import discord
import pytest


def prepare(bot):
    @bot.tree.command(description="Where am I?")
    async def where(interaction: discord.Interaction) -> None:
        place = interaction.channel
        parent = getattr(place, "parent", None)
        await interaction.response.send_message(f"{type(place).__name__} in {type(parent).__name__}")


async def test_person_starts_a_thread_at_a_message(sandbox, ada, start_bot, faults):
    """The thread hangs at its message; the bot hears of it and answers commands in it."""
    bot = await start_bot(prepare)
    message = await ada.write(sandbox.addresses.channel_id, "a song")
    waiting = bot.wait_for("thread_create", timeout=20)
    body = {"user_id": ada.user_id, "channel_id": sandbox.addresses.channel_id, "name": "about it"}
    status, thread = await ada.request("POST", "api/threads", message_id=message["id"], **body)
    assert (status, thread["id"], thread["owner_id"]) == (201, message["id"], ada.user_id)
    assert (await waiting).name == "about it"
    assert (await ada.update())["thread"]["name"] == "about it"
    await ada.interact(thread["id"], "command", command="where")
    shown = await ada.message(lambda each: each["channel_id"] == thread["id"])
    assert shown["content"] == "Thread in TextChannel"

    status, _ = await ada.request("POST", "api/threads", **body)
    assert status == 201
    notice = await ada.message(lambda each: each["type"] == 18)
    assert notice["author"]["name"] == "Ada"
    assert faults() == []


async def test_forum_holds_posts(sandbox, ada, start_bot, faults):
    """People and the bot make posts; the first message has the post's id; commands work in posts, not in the forum."""
    bot = await start_bot(prepare)
    _, forum = await ada.request("POST", "api/channels", name="songs", kind="forum")
    body = {"user_id": ada.user_id, "channel_id": forum["id"], "name": "My tune"}
    waiting = bot.wait_for("message", timeout=20)
    status, post = await ada.request("POST", "api/threads", files={"a.mid": b"MThd"}, content="listen", **body)
    assert (status, post["parent_id"]) == (201, forum["id"])
    first = await waiting
    assert (str(first.id), first.channel.parent.name) == (post["id"], "songs")
    await ada.interact(post["id"], "command", command="where")
    assert (await ada.message(lambda each: "Thread" in each["content"]))["content"] == "Thread in ForumChannel"

    status, answer = await ada.request("POST", "api/threads", **body)
    assert (status, answer["code"]) == (400, 50006)
    status, answer = await ada.request("POST", f"api/channels/{forum['id']}/messages", user_id=ada.user_id, content="x")
    assert (status, "holds posts" in answer["error"]) == (400, True)
    _, state = await ada.request("GET", "api/state")
    assert [each["kind"] for each in state["channels"]] == ["text", "forum", "thread"]
    assert faults() == []


async def test_bot_makes_a_post(sandbox, ada, start_bot, faults):
    """A client makes a post with files; it cannot write into the forum itself."""
    bot = await start_bot()
    _, made = await ada.request("POST", "api/channels", name="songs", kind="forum")
    forum = await bot.fetch_channel(int(made["id"]))
    assert isinstance(forum, discord.ForumChannel)
    thread, message = await forum.create_thread(
        name="Nocturne", content="hear", file=discord.File(io.BytesIO(b"MThd"), "n.mid")
    )
    assert thread.id == message.id
    assert message.attachments[0].filename == "n.mid"
    shown = await ada.message()
    assert (shown["channel_id"], shown["content"]) == (str(thread.id), "hear")
    assert "thread" not in shown
    assert faults() == []
    with pytest.raises(discord.HTTPException) as caught:
        await bot.http.request(discord.http.Route("POST", f"/channels/{forum.id}/messages"), json={"content": "x"})
    assert caught.value.code == 50008


async def test_channels_are_deleted_by_those_who_may(sandbox, ada, add_person, start_bot):
    """The owner deletes a channel and the bot hears of it; others may not, and the first one stays."""
    grace = await add_person("Grace")
    bot = await start_bot()
    _, made = await ada.request("POST", "api/channels", name="doomed")
    await bot.fetch_channel(int(made["id"]))
    status, _ = await grace.request("DELETE", f"api/channels/{made['id']}?user_id={grace.user_id}")
    assert status == 403
    waiting = bot.wait_for("guild_channel_delete", timeout=20)
    status, _ = await ada.request("DELETE", f"api/channels/{made['id']}?user_id={ada.user_id}")
    assert status == 204
    assert (await waiting).name == "doomed"
    assert (await ada.hear("channel_delete"))["channel_id"] == made["id"]
    status, _ = await ada.request("DELETE", f"api/channels/{sandbox.addresses.channel_id}?user_id={ada.user_id}")
    assert status == 400


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"name": "x", "channel_id": "1"}, 404, "no such channel"),
        ({"name": "x", "message_id": "1"}, 404, "no such message"),
        ({"name": ""}, 400, "Invalid Form Body"),
    ],
)
async def test_impossible_threads_are_refused(sandbox, ada, body, status, says):
    """A wrong request gets a sentence."""
    body = {"user_id": ada.user_id, "channel_id": sandbox.addresses.channel_id} | body
    found, answer = await ada.request("POST", "api/threads", **body)
    assert (found, says in answer["error"]) == (status, True)


async def test_kinds_of_channels_are_known(ada):
    """Only text channels and forums can be made."""
    status, answer = await ada.request("POST", "api/channels", name="x", kind="voice")
    assert (status, "text, forum" in answer["error"]) == (400, True)
