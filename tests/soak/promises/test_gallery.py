"""The gallery hangs only what was made, and its presses leave a small machine time to answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from soak.promises.buttons import press_all
from soak.promises.gallery import Exhibit, _made, _pressed
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
