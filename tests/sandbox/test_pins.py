"""Pinned messages, by a real client and by people: the line that says so, the list, who may."""

import discord
import pytest


async def test_pin_is_told_by_a_line_that_leads_there(sandbox, ada, start_bot, faults):
    """Pinning writes "pinned a message" with a reference; doing it again changes nothing; unpinning says nothing."""
    bot = await start_bot()
    thread = await bot.channel.create_thread(name="song", type=discord.ChannelType.public_thread)
    card, other = await thread.send("card"), await thread.send("other")
    waiting = bot.wait_for("guild_channel_pins_update", timeout=20)
    await card.pin()
    await card.pin()
    _, last_pin = await waiting
    assert last_pin is not None
    line = await ada.message(lambda each: each["type"] == 6)
    assert line["author"]["name"] == "Tutti"
    assert line["message_reference"]["message_id"] == str(card.id)
    await other.pin()
    assert [each.id async for each in thread.pins()] == [other.id, card.id]
    assert [each.id async for each in thread.pins(limit=1)] == [other.id]
    _, listed = await ada.request("GET", f"api/channels/{thread.id}/pins")
    assert [(each["content"], each["pinned"]) for each in listed["messages"]] == [("other", True), ("card", True)]
    await other.unpin()
    assert [each.id async for each in thread.pins()] == [card.id]
    lines = [event for event in ada.events if event["type"] == "message_create" and event["message"]["type"] == 6]
    assert len(lines) == 2
    assert faults() == []


async def test_pinned_card_is_still_edited_and_gone_when_deleted(sandbox, ada, start_bot):
    """An edit keeps the pin; a deleted message is on no list."""
    bot = await start_bot()
    card = await bot.channel.send("card")
    await card.pin()
    await card.edit(content="newer")
    assert (await ada.update(lambda each: each["content"] == "newer"))["pinned"]
    await card.delete()
    assert [each async for each in bot.channel.pins()] == []


async def test_system_lines_are_not_edited_or_pinned(sandbox, ada, start_bot):
    """What Discord wrote itself gives 50021."""
    bot = await start_bot()
    card = await bot.channel.send("card")
    await card.pin()
    line = await bot.channel.fetch_message(int((await ada.message(lambda each: each["type"] == 6))["id"]))
    for refused in (line.edit(content="x"), line.pin()):
        with pytest.raises(discord.HTTPException) as caught:
            await refused
        assert caught.value.code == 50021


async def test_people_pin_if_they_may(sandbox, ada, add_person, start_bot):
    """The owner pins and unpins, others need a role; nobody pins what only one sees."""
    grace = await add_person("Grace")
    bot = await start_bot()
    message = await bot.channel.send("card")
    path = f"api/messages/{message.id}/pin"
    status, answer = await grace.request("PUT", path, user_id=grace.user_id)
    assert (status, answer["code"]) == (403, 50013)
    _, role = await ada.request("POST", "api/roles", name="Hosts", permissions=["pin_messages"])
    await ada.request("PUT", f"api/roles/{role['id']}/members/{grace.user_id}")
    for method, is_pinned in (("PUT", True), ("DELETE", False)):
        status, _ = await grace.request(method, path, user_id=grace.user_id)
        assert status == 204
        assert (await bot.channel.fetch_message(message.id)).pinned is is_pinned
    status, _ = await grace.request("PUT", "api/messages/1/pin", user_id=grace.user_id)
    assert status == 404
