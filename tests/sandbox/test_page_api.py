"""What people do through the page's API, without a bot."""

import pytest


async def test_people_are_named_once(ada):
    """The same name is the same person; empty and overlong names are refused."""
    status, again = await ada.request("POST", "api/users", name="  Ada ")
    assert (status, again["id"]) == (200, ada.user_id)
    assert again["color"].startswith("#")
    assert len(again["color"]) == 7
    for name in ("", "x" * 33, "a\x07b"):
        status, answer = await ada.request("POST", "api/users", name=name)
        assert status == 400
        assert "32 characters" in answer["error"]


async def test_state_tells_everything(sandbox, ada):
    """The first request of a page has people, channels, commands, bot and limits."""
    _, dm = await ada.request("POST", "api/dms", user_id=ada.user_id)
    _, state = await ada.request("GET", "api/state", user_id=ada.user_id)
    assert state["me"]["name"] == "Ada"
    assert [user["name"] for user in state["users"]] == ["Tutti", "Ada"]
    assert [channel["kind"] for channel in state["channels"]] == ["text", "dm"]
    assert state["channels"][1]["id"] == dm["id"]
    assert state["limits"] == {"attachment_size_limit": 10485760, "max_files": 10, "max_content_length": 2000}
    assert state["bot"]["online"] is False
    _, stranger = await ada.request("GET", "api/state")
    assert (stranger["me"], len(stranger["channels"])) == (None, 1)


async def test_messages_reach_every_tab(sandbox, ada, add_person):
    """A message with files, its edit and its end are seen by others at once."""
    grace = await add_person("Grace")
    channel_id = sandbox.addresses.channel_id
    status, message = await ada.request(
        "POST", f"api/channels/{channel_id}/messages", files={"a b.mid": b"MThd"}, user_id=ada.user_id, content="listen"
    )
    assert status == 201
    shown = await grace.message()
    assert (shown["author"]["name"], shown["content"], shown["attachments"][0]["filename"]) == (
        "Ada",
        "listen",
        "a_b.mid",
    )
    _, data = await grace.request("GET", shown["attachments"][0]["url"].lstrip("/"))
    assert data == b"MThd"

    await ada.request("PATCH", f"api/messages/{message['id']}", user_id=ada.user_id, content="listen!")
    assert (await grace.update())["content"] == "listen!"
    status, _ = await grace.request("PATCH", f"api/messages/{message['id']}", user_id=grace.user_id, content="no")
    assert status == 403
    status, _ = await grace.request("DELETE", f"api/messages/{message['id']}?user_id={grace.user_id}")
    assert status == 403
    status, _ = await ada.request("DELETE", f"api/messages/{message['id']}?user_id={ada.user_id}")
    assert status == 204
    await grace.hear("message_delete")
    status, _ = await ada.request("GET", shown["attachments"][0]["url"].lstrip("/"))
    assert status == 404


async def test_history_is_paged(sandbox, ada):
    """Oldest first, newest page first, older ones before an id."""
    channel_id = sandbox.addresses.channel_id
    for number in range(5):
        await ada.write(channel_id, str(number))
    _, page = await ada.request("GET", f"api/channels/{channel_id}/messages", limit=2)
    assert [each["content"] for each in page["messages"]] == ["3", "4"]
    _, older = await ada.request(
        "GET", f"api/channels/{channel_id}/messages", limit=2, before=page["messages"][0]["id"]
    )
    assert [each["content"] for each in older["messages"]] == ["1", "2"]
    status, _ = await ada.request("GET", f"api/channels/{channel_id}/messages", limit="many")
    assert status == 400


async def test_one_message_is_fetched_by_its_link(sandbox, ada):
    """A message can be read alone."""
    message = await ada.write(sandbox.addresses.channel_id, "linked")
    status, fetched = await ada.request("GET", f"api/messages/{message['id']}")
    assert (status, fetched["content"]) == (200, "linked")


async def test_people_react(sandbox, ada):
    """A reaction counts once for each person and can be taken back; letters are none."""
    message = await ada.write(sandbox.addresses.channel_id, "vote")
    path = f"api/messages/{message['id']}/reactions"
    for _ in range(2):
        assert (await ada.request("PUT", path, user_id=ada.user_id, emoji="🎵"))[0] == 204
    assert (await ada.update())["reactions"] == [{"emoji": "🎵", "count": 1, "user_ids": [ada.user_id]}]
    assert (await ada.request("DELETE", path, user_id=ada.user_id, emoji="🎵"))[0] == 204
    assert (await ada.request("DELETE", path, user_id=ada.user_id, emoji="🎵"))[0] == 404
    assert (await ada.request("PUT", path, user_id=ada.user_id, emoji="x"))[0] == 400


async def test_too_large_files_are_refused(sandbox, ada):
    """A person's file over the limit is refused after it was read."""
    await ada.request("POST", "api/settings", attachment_size_limit=100)
    status, answer = await ada.request(
        "POST",
        f"api/channels/{sandbox.addresses.channel_id}/messages",
        files={"a.mid": b"x" * 101},
        user_id=ada.user_id,
        content="",
    )
    assert (status, answer["code"]) == (413, 40005)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "api/channels/1/messages", {"content": "x"}, 404),
        ("POST", "api/channels", {"name": ""}, 400),
        ("POST", "api/dms", {"user_id": "1"}, 404),
        ("GET", "api/messages/1", {}, 404),
        ("GET", "api/events", {"user_id": "1"}, 404),
        ("GET", "cdn/attachments/1/2/x", {}, 404),
        ("GET", "nothing.js", {}, 404),
        ("GET", "%2e%2e/app.py", {}, 404),
        ("PUT", "api/state", {}, 405),
    ],
)
async def test_unknown_things_get_a_sentence(ada, method, path, body, status):
    """Errors are JSON with one sentence."""
    found, answer = await ada.request(method, path, **({"user_id": ada.user_id} | body))
    assert found == status
    assert answer["error"]


async def test_empty_messages_are_refused(sandbox, ada):
    """A person's message needs text or a file."""
    status, answer = await ada.request(
        "POST", f"api/channels/{sandbox.addresses.channel_id}/messages", user_id=ada.user_id, content=" "
    )
    assert (status, answer["code"]) == (400, 50006)


async def test_page_is_served_with_a_strict_policy(ada):
    """The page and its files come with headers that keep everything else out."""
    async with ada.session.get(ada.base_url) as response:
        assert response.status == 200
        assert response.content_type == "text/html"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
