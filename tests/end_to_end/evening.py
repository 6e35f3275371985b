"""Eight people, one song, one bot that is killed now and then: what a scripted evening needs. Knows nothing of the bot's inside."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from music.midi import write_midi
from music.piece import Note, Piece, Track
from tests.end_to_end.conftest import BotProcess
from tests.end_to_end.sandbox_user import (
    Answer,
    Attached,
    Json,
    Page,
    Person,
    buttons,
    is_at_work,
    menu_entries,
    press_of,
    text_of,
)

NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gil", "Hana")
NUM_BARS = 8
_GONE = 404


@dataclass
class Evening:
    """The people by name, their thread, and what was done so far."""

    page: Page
    bot: BotProcess
    people: dict[str, Person]
    thread: str = ""
    num_edits: int = 0
    num_kills: int = 0
    refusals: list[str] = field(default_factory=list[str])

    async def sub(self, name: str, group: str, sub: str, file: Attached | None = None, /, **options: object) -> Answer:
        """Use a command of a group in the thread."""
        person = self.people[name]
        if file is not None:
            options["file"] = {"file": 0}
        body: Json = {"kind": "command", "command": group, "path": [sub], "options": options}
        files = () if file is None else (file,)
        return await person.answer_to(await person.interact(self.thread, body, files))

    async def edit(self, name: str, group: str, sub: str, file: Attached | None = None, /, **options: object) -> Answer:
        """The same for a change of the song, which must succeed."""
        answer = await self.sub(name, group, sub, file, **options)
        assert not answer.is_refusal, f"{name} /{group} {sub} {options}: {answer.text}"
        self.num_edits += 1
        return answer

    async def ask(self, name: str, command: str, /, **options: object) -> Answer:
        """Order music in the thread, which must succeed."""
        answer = await self.people[name].command(self.thread, command, **options)
        assert not answer.is_refusal, f"{name} /{command} {options}: {answer.text}"
        self.num_edits += 1
        return answer

    async def refused(self, name: str, group: str, sub: str, **options: object) -> str:
        """Try a change that must not happen, and return the sentence."""
        answer = await self.sub(name, group, sub, **options)
        assert answer.is_refusal, f"{name} /{group} {sub} {options} went through: {answer.text}"
        self.refusals.append(answer.text)
        return answer.text

    async def press(self, name: str, message: Json, label: str) -> Answer:
        """Press a button or choose an entry of a menu as it stands on the newest state of a message."""
        person = self.people[name]
        return await person.press(person.messages[message["id"]], label)

    async def vote(self, name: str, ballot: Json, letter: str) -> None:
        """Vote, unless the vote is over because nobody could change it any more."""
        person = self.people[name]
        shown = person.messages[ballot["id"]]
        if letter not in buttons(shown):
            return
        body = {"user_id": person.user_id, "channel_id": shown["channel_id"], **press_of(shown, letter)}
        status, answer = await self.page.try_call("POST", "/api/interactions", body=body)
        if status == _GONE:  # it ended while the finger was on its way
            await person.until(lambda: letter not in buttons(person.messages[ballot["id"]]), what="the end of the vote")
            return
        await person.answer_to(answer["interaction_id"])

    async def decide(self, name: str, question: Json, label: str, *, until: str) -> Json:
        """Press a button that changes its own message, and wait until that says what it must."""
        person = self.people[name]
        await person.start_press(person.messages[question["id"]], label)

        def found() -> Json | None:
            shown = person.messages[question["id"]]
            return shown if until in text_of(shown) and not is_at_work(shown) else None

        return await person.until(found, what=f"“{until}” after “{label}”")

    async def until_offered(self, name: str, message: Json, label: str) -> Json:
        """Wait until a message offers a button or an entry, and return it as it then is."""
        person = self.people[name]

        def found() -> Json | None:
            shown = person.messages.get(message["id"])
            if shown is None or (label not in buttons(shown) and label not in menu_entries(shown)):
                return None
            return shown

        return await person.until(found, what=f"“{label}” under a message")

    async def kill_and_restart(self) -> None:
        """End the bot as a power cut would, and start it again."""
        self.bot.kill()
        self.num_kills += 1
        self.bot.start()
        await self.bot.until_ready(self.page)


async def arrive_all(page: Page) -> dict[str, Person]:
    """Let everybody open a tab."""
    return {name: await Person.arrive(page, name) for name in NAMES}


async def all_at_once(*doings: object) -> list[Answer]:
    """Do several things at the same moment."""
    return list(await asyncio.gather(*doings))  # pyright: ignore[reportArgumentType] - coroutines of answers


def tune_of(name: str) -> Attached:
    """Return somebody's own tune as a file: other pitches, another instrument for each."""
    number = NAMES.index(name)
    notes = tuple(Note(beat * 480, 48 + 3 * number + beat % 5, 400, 80) for beat in range(4 * NUM_BARS))
    piece = Piece(tracks=(Track(notes=notes, program=8 * number, name=f"Part {name}"),))
    return Attached(f"{name.lower()}.mid", write_midi(piece))
