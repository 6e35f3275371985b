"""What is said of turns and claims: everybody's name is harmless, times are shown to each reader in their own, nobody is pinged."""

from datetime import UTC, datetime

from bot.services.model import Author
from bot.services.together.claims.words import ClaimView
from bot.services.together.turns.rules import TurnBoard, TurnView
from bot.ui.together.turn_embeds import board_embed, claimed_embed, claims_field, released_embed
from music.versions.cell_range import CellRange

THEN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MEAN = Author(user_id=1, name="**@everyone** <@5>")


def claim(who=MEAN):
    return ClaimView(
        claim_id=1,
        who=who,
        cells=CellRange(layer_id="a", start_bar=4, stop_bar=8),
        layer="__Bass__",
        created_at=THEN,
        expires_at=THEN,
    )


def said(embed):
    return "\n".join([embed.description or "", *(f"{field.name} {field.value}" for field in embed.fields)])


def test_names_are_shown_as_they_were_typed_and_ping_nobody():
    board = TurnBoard(
        is_on=True, current=TurnView(turn_id=1, who=MEAN, ends_at=THEN), queue=(TurnView(turn_id=2, who=MEAN),)
    )
    for embed in (board_embed(board), claimed_embed(claim()), released_embed(MEAN, num_ended=1)):
        assert "@everyone" not in said(embed)
        assert "<@5>" not in said(embed)
        assert r"\*\*" in said(embed)
    assert r"bars 5-8 of \_\_Bass\_\_" in said(claimed_embed(claim()))


def test_a_board_says_whose_turn_it_is_and_who_waits():
    queue = tuple(TurnView(turn_id=n, who=Author(user_id=n, name=f"P{n}")) for n in range(2, 40))
    board = TurnBoard(is_on=True, current=TurnView(turn_id=1, who=None), queue=queue)
    assert "I play now" in said(board_embed(board))
    assert "1. P2" in said(board_embed(board))
    assert "and 18 more" in said(board_embed(board))
    assert "/turn play" in said(board_embed(TurnBoard(is_on=True)))
    assert "/turn mode" in said(board_embed(TurnBoard(is_on=False)))


def test_claims_stand_beside_the_queue():
    embed = claims_field(board_embed(TurnBoard(is_on=False)), [claim(None), claim()])
    assert f"<t:{int(THEN.timestamp())}:t>" in said(embed)
    assert "Tutti: bars 5-8" in said(embed)


def test_nothing_to_give_back_is_said():
    assert "nothing to give back" in said(released_embed(MEAN, num_ended=0))
    assert "3 parts" in said(released_embed(MEAN, num_ended=3))
