"""What became of a request, from what its person saw."""

from __future__ import annotations

import pytest

from soak.commands.crowd import excuses_of
from soak.commands.verdicts import SeenMessage, Sight, is_settled, judge

THINKING = SeenMessage(text="", is_private=False, is_pending=True)
RESULT = SeenMessage(text="Done #3", is_private=False, is_pending=False)
SENTENCE = SeenMessage(text="There is no such layer.", is_private=True, is_pending=False)
SORRY = SeenMessage(text="I was cut off before I could answer.", is_private=True, is_pending=False)
TAKEN_BACK = SeenMessage(text="", is_private=False, is_pending=True, is_deleted=True)


def sight(*messages: SeenMessage, response: str = "thinking", failure: str = "") -> Sight:
    return Sight(
        response=response, failure=failure, messages={str(number): each for number, each in enumerate(messages)}
    )


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (sight(RESULT), "public answer"),
        (sight(TAKEN_BACK, SENTENCE), "refused with a sentence"),
        (sight(TAKEN_BACK, SORRY), "apology"),
        (sight(response="update"), "shown in place"),
        (sight(THINKING), "nothing"),
        (sight(TAKEN_BACK), "nothing"),
        (sight(response=""), "nothing"),
        (sight(RESULT, SENTENCE), "more than one"),
        (sight(RESULT, THINKING), "more than one"),
        (sight(response="", failure="no_answer"), "not acknowledged"),
        (sight(RESULT, failure="no_answer"), "more than one"),
    ],
)
def test_every_end_is_told_apart(seen, kind):
    """One answer, a sentence, an apology, nothing, and two of something are five different things."""
    assert judge(seen, answers_publicly=True).kind == kind


def test_a_private_answer_to_a_private_question_is_no_refusal():
    """/history answers one person alone when all is well."""
    assert judge(sight(SENTENCE), answers_publicly=False).kind == "private answer"


def test_an_excuse_counts_only_where_nothing_was_seen():
    """What a fault deleted is counted apart; two answers stay two whatever else happened."""
    assert judge(sight(TAKEN_BACK), answers_publicly=True, excuses=("message_deletion",)).kind == "made impossible"
    assert judge(sight(RESULT, RESULT), answers_publicly=True, excuses=("message_deletion",)).kind == "more than one"
    assert judge(sight(response=""), answers_publicly=True, was_bot_down=True).kind == "made impossible"
    assert judge(sight(THINKING), answers_publicly=True, was_bot_down=True).kind == "nothing", "a kill is no excuse"


def test_an_excuse_belongs_to_the_request_it_struck():
    """By the number of the interaction, of its channel, or of a message that answers it; permissions excuse nothing."""
    seen = Sight(messages={"30": THINKING})
    for kind, number in (
        ("event_loss", "10"),
        ("channel_deletion", "20"),
        ("message_deletion", "30"),
        ("expired_token", "10"),
    ):
        assert excuses_of("10", "20", seen, [{"kind": kind, "id": number}]) == (kind,)
        assert excuses_of("10", "20", seen, [{"kind": kind, "id": "99"}]) == ()
    assert excuses_of("10", "20", seen, [{"kind": "permission", "id": "20"}]) == ()


def test_an_answer_that_people_deleted_was_an_answer():
    """“Delete all” under takes removes what another request had brought; a “thinking…” that goes was none."""
    gone = SeenMessage(text="Remix: 3 takes #4", is_private=False, is_pending=False, is_deleted=True)
    assert judge(sight(gone), answers_publicly=True).kind == "public answer"
    assert judge(sight(gone, SENTENCE), answers_publicly=True).kind == "refused with a sentence"
    assert judge(sight(TAKEN_BACK), answers_publicly=True).kind == "nothing"


def test_people_go_on_when_they_have_something_in_hand():
    """An answer, Discord's failure or a changed message; not “thinking…”."""
    assert is_settled(sight(RESULT))
    assert is_settled(sight(failure="no_answer"))
    assert is_settled(sight(response="update"))
    assert not is_settled(sight(THINKING))
    assert not is_settled(sight(TAKEN_BACK))
