"""Claims, turns and comments in the sandbox: what people in a thread are told, kept out of, and hear."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.client import TuttiBot
from bot.services.clock import utc_now
from bot.services.model import Place
from bot.services.together.turns.clockwork import Clockwork
from bot.ui.courier import Courier
from bot.ui.together.turn_herald import DiscordHerald
from tests.end_to_end.sandbox_user import Answer, Json, Page, Person, attachment, buttons, text_of
from tests.end_to_end.test_songs import begin, song_command

pytestmark = pytest.mark.asyncio(loop_scope="session")


def shown_as(who: Person, answer: Answer, words: str) -> Json | None:
    """Return a message as somebody's tab shows it now, if it holds these words."""
    message = who.messages[answer.message["id"]]
    return message if words in text_of(message) else None


async def test_claims_and_turns_keep_people_out_of_each_others_way(ada: Person, ben: Person, channel: str):
    """Others are told who, what and until when; the bot plays when it is asked, and the queue goes on."""
    thread = await begin(ada, channel)
    await ada.command(thread, "generate", bars=4, instruments="piano, bass", seed=3)
    claimed = await song_command(ada, thread, "turn", "claim", bars="1-2", layer="bass")
    assert "bars 1-2 of Bass" in claimed.text
    refused = await ben.command(thread, "arrange", transpose="up 2", tracks="bass")
    assert refused.is_refusal
    for part in ("Ada works on bars 1-2 of Bass", "UTC", "branch", "wait"):
        assert part in refused.text, part
    assert "Ada works on" in (await song_command(ben, thread, "turn", "claim", bars="2-3")).text
    remixed = await ben.command(thread, "remix", seed=4)
    assert "claimed bars untouched" in remixed.text
    assert "back" in (await song_command(ada, thread, "turn", "release")).text

    assert "by turns" in (await song_command(ada, thread, "turn", "mode", on=True)).text
    await song_command(ada, thread, "turn", "play")
    assert "Next" in (await song_command(ben, thread, "turn", "play")).text
    assert "Ada's turn" in (await ben.command(thread, "arrange", transpose="up 2")).text
    asked = await song_command(ada, thread, "turn", "bot")
    assert "I play now" in asked.text
    played = await ada.until(
        lambda: next((m for m in ada.messages.values() if "I have played" in text_of(m)), None),
        what="the bot's turn",
    )
    assert "Ben" in text_of(played)
    assert "Ben" in (await song_command(ada, thread, "turn", "order")).text


async def test_a_comment_is_heard_resolved_and_opened_again(page: Page, ada: Person, ben: Person, channel: str):
    """By command and by the form under a result; its button changes it in place."""
    thread = await begin(ada, channel)
    made = await ada.command(thread, "generate", bars=4, instruments="piano, bass", seed=3)
    said = await song_command(ben, thread, "comment", "add", bar=2, text="too *loud* @everyone", layer="bass")
    assert "Comment" in said.text
    assert "bar 2 of Bass" in said.text
    assert len(await page.download(attachment(said.message, ".ogg"))) > 100
    assert said.message["embeds"][0]["image"]["url"].endswith(".png")
    await ada.start_press(said.message, "Resolve")
    resolved = await ada.until(lambda: shown_as(ada, said, "Resolved by"), what="the comment resolved")
    assert list(buttons(resolved)) == ["Reopen"]
    assert ".png" in resolved["embeds"][0]["image"]["url"]
    assert "Nothing is open" in (await song_command(ben, thread, "comment", "list")).text
    await ben.start_press(resolved, "Reopen")
    await ada.until(lambda: not shown_as(ada, said, "Resolved by"), what="the comment open again")

    pressed = await ada.start_press(made.message, "Comment…")
    await ada.until(lambda: ada.forms.get(pressed), what="the form")
    fields = {"bar": "bar 3", "layer": "", "text": "like this"}
    sent = await ada.interact(thread, {"kind": "modal", "modal_id": pressed, "fields": fields})
    assert "bar 3" in (await ada.answer_to(sent)).text
    listed = await song_command(ben, thread, "comment", "list")
    assert "like this" in listed.text
    assert "bar 2 of Bass" in listed.text
    assert "bars 1-4" in (await song_command(ben, thread, "comment", "add", bar=9, text="nowhere")).text


async def test_time_runs_out_once_and_is_said_in_the_thread(tutti: TuttiBot, ada: Person, ben: Person, channel: str):
    """One reminder that pings nobody, then the next one plays."""
    thread = await begin(ada, channel)
    await song_command(ada, thread, "song", "settings", bot_plays=False)
    for person, name, options in ((ada, "mode", {"on": True}), (ada, "play", {}), (ben, "play", {})):
        await song_command(person, thread, "turn", name, **options)
    together, herald = tutti.services.together, DiscordHerald(tutti, Courier(tutti))
    for minutes, words in ((9, "your turn ends"), (11, "Ada's time is up")):
        late = Clockwork(together.turns.database, now=lambda minutes=minutes: utc_now() + timedelta(minutes=minutes))
        for _ in range(2):
            await late.tick(herald=herald, orders=tutti.services.jobs)
        said = await ada.until(
            lambda words=words: [m for m in ada.messages.values() if words in text_of(m) and m["channel_id"] == thread],
            what=words,
        )
        assert len(said) == 1
        assert f"<@{ada.user_id}>" not in text_of(said[0])
    assert "Ben" in text_of(said[0])


async def test_a_bot_with_nothing_to_play_says_so_where_it_began(ada: Person, channel: str):
    """Everything is locked and no layer may be added: one message, which first says that it plays, and then that it passes."""
    thread = await begin(ada, channel)
    await ada.command(thread, "generate", bars=4, instruments="piano", seed=3)
    await song_command(ada, thread, "song", "settings", layers=1)
    await song_command(ada, thread, "layer", "lock", layer="1")
    await song_command(ada, thread, "turn", "bot")
    passed = await ada.until(
        lambda: [m for m in ada.messages.values() if "I found nothing to play" in text_of(m)], what="the bot passing"
    )
    assert len(passed) == 1
    assert not [m for m in ada.messages.values() if "listen…" in text_of(m) and m["channel_id"] == thread]


@pytest.mark.usefixtures("may_break_rules")
async def test_who_left_the_server_is_known_by_asking(tutti: TuttiBot, ada: Person, channel: str):
    """Discord answers that it knows no such member, which is what we want to hear."""
    place, herald = Place(guild_id=tutti.guilds[0].id, channel_id=int(channel)), DiscordHerald(tutti, Courier(tutti))
    assert await herald.is_here(place, int(ada.user_id))
    assert not await herald.is_here(place, 4711)
