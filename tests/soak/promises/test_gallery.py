"""The gallery hangs only what was made, and its presses leave a small machine time to answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from soak.promises.buttons import press_all
from soak.promises.gallery import RUNNING, SETTINGS, Exhibit, _made, _pressed
from soak.promises.visitor import Outcome, Visitor

PLAN = {
    "id": "1",
    "content": "A plan",
    "components": [{"components": [{"type": 2, "label": "Write", "custom_id": "w"}]}],
}


class Patient(Visitor):
    """Answers its own presses, and notes how many wait at once; ``brings``: buttons that each press adds to its message."""

    def __init__(self, answer: str = "Done", *, brings: int = 0) -> None:
        super().__init__(None, "", "1")  # type: ignore[arg-type] - nothing is sent
        self.answer, self.brings = answer, brings
        self.num_waiting = self.most_waiting = self.num_pressed = 0

    async def press(self, message: Any, custom_id: str, values: tuple[str, ...] = ()) -> Outcome:
        self.num_waiting += 1
        self.most_waiting = max(self.most_waiting, self.num_waiting)
        await asyncio.sleep(0)
        self.num_waiting -= 1
        self.num_pressed += 1
        row = message["components"][0]["components"]
        row += [{"type": 2, "label": f"{self.num_pressed}-{each}", "custom_id": "x"} for each in range(self.brings)]
        return Outcome(interaction_id="7", message={"content": self.answer})

    async def ask(self, *_: Any) -> Outcome:
        return Outcome(interaction_id="7", message={"content": self.answer})


def exhibits_of(visitor: Visitor, number: int, *, num_buttons: int = 3) -> list[Exhibit]:
    for each in range(number):
        row = [{"type": 2, "label": f"{label}", "custom_id": f"{label}"} for label in range(num_buttons)]
        visitor.messages[str(each)] = {"id": str(each), "components": [{"components": row}]}
    return [Exhibit(name=str(each), visitor=visitor, message_id=str(each)) for each in range(number)]


async def test_at_most_two_presses_wait_for_their_answers():
    visitor = Patient()
    presses = await press_all(exhibits_of(visitor, 7))
    assert len(presses) == visitor.num_pressed == 21
    assert visitor.most_waiting == 2


async def test_what_runs_is_cancelled_first_and_settings_come_last():
    """A job that has finished meanwhile has nothing left to cancel."""
    visitor = Patient()
    exhibits = [*exhibits_of(visitor, 3)]
    exhibits[0] = replace(exhibits[0], name=SETTINGS)
    exhibits[2] = replace(exhibits[2], name=RUNNING)
    names = [press.exhibit for press in await press_all(exhibits)]
    assert list(dict.fromkeys(names)) == [RUNNING, "1", SETTINGS]


async def test_a_press_is_answered_in_place_when_the_message_works_no_more():
    """Progress that comes between Cancel and its effect is no answer."""
    visitor = Patient()
    cancel = {"type": 2, "label": "Cancel", "custom_id": "c"}
    at_work = {"id": "1", "is_thinking": False, "embeds": [], "components": [{"components": [cancel]}]}
    visitor._note({"type": "message_create", "message": at_work})
    visitor._note({"type": "interaction_acknowledged", "interaction_id": "7", "response": "deferred_update"})
    waiting = asyncio.create_task(visitor.outcome("7", in_place=("1", 0)))
    for message in (at_work, at_work | {"content": "Cancelled.", "components": []}):
        await asyncio.sleep(0)
        assert not waiting.done()
        async with visitor._changed:
            visitor._note({"type": "message_update", "message": message})
            visitor._changed.notify_all()
    assert (await waiting).text == "Cancelled."


async def test_a_message_that_is_never_done_is_told():
    """Rather than being pressed in part, which would count as all."""
    with pytest.raises(RuntimeError, match="more than 150"):
        await press_all(exhibits_of(Patient(brings=1), 1))


@pytest.mark.parametrize(
    "apology",
    [
        "You already have 8 pieces in the making. Try again in about 1 seconds, or cancel one.",
        "This server lets each person send me 2 commands a minute. Wait 40 seconds.",
        "My memory did not answer just now. Try again in a minute. (Reference: `5fc35399`)",
    ],
)
async def test_nothing_is_hung_on_an_apology(apology):
    with pytest.raises(RuntimeError, match="/compose failed"):
        await _made(Patient(apology), "5", "compose", {})
    with pytest.raises(RuntimeError, match="“Write” failed"):
        await _pressed(Patient(apology), Outcome(interaction_id="7", message=PLAN), "Write")


async def test_what_is_not_there_to_press_is_named():
    with pytest.raises(RuntimeError, match="nothing is called “Stage by stage” in: A plan"):
        await _pressed(Patient(), Outcome(interaction_id="7", message=PLAN), "Stage by stage")
    assert (await _pressed(Patient(), Outcome(interaction_id="7", message=PLAN), "Write")).text == "Done"
