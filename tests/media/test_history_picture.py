"""The picture of a song's graph."""

from __future__ import annotations

import io

from PIL import Image

from media.history_picture import describe_history, draw_history, place_cards
from media.protocol import HistoryNode
from music.codec import encode_piece
from tests.factories.pieces import make_band, make_melody


def node(number: int, parent: int | None = None, **fields) -> HistoryNode:
    piece = fields.pop("piece", encode_piece(make_melody()))
    return HistoryNode(number=number, label=fields.pop("label", "Remix"), piece=piece, parent_index=parent, **fields)


def size_of(nodes) -> tuple[int, int]:
    return Image.open(io.BytesIO(draw_history(nodes).png)).size


def test_it_is_a_picture_with_words_for_those_who_cannot_see_it():
    """Numbers, what each is, and what it came from."""
    picture = draw_history([node(1, label="New piece"), node(2, 0, is_starred=True)])

    assert Image.open(io.BytesIO(picture.png)).format == "PNG"
    assert picture.alt_text == (
        "The tree of 2 results with small piano rolls: #1 New piece; #2 Remix from #1, starred."
    )


def test_no_two_cards_share_a_place():
    """Chains, branches and branches of branches."""
    parents = [None, 0, 1, 0, 3, 3, 5, 6, 7, 8, 2]
    places = place_cards([node(index + 1, parent) for index, parent in enumerate(parents)])

    assert len(set(places)) == len(parents)


def test_generations_run_to_the_right_and_go_on_below():
    """A long line does not make the picture wider than a phone can show."""
    chain = [node(index + 1, index - 1 if index else None) for index in range(9)]
    assert place_cards(chain) == [(0, 0), (1, 0), (2, 0), (3, 0), (0, 1), (1, 1), (2, 1), (3, 1), (0, 2)]

    width, height = size_of(chain)
    assert width <= 1000
    assert height < width


def test_each_piece_is_drawn():
    """Another piece gives another picture; a deleted one has none."""
    one = draw_history([node(1)]).png

    assert draw_history([node(1, piece=encode_piece(make_band()))]).png != one
    assert draw_history([node(1, piece=b"")]).png != one
    assert draw_history([node(1)]).png == one


def test_a_long_list_still_fits_discords_alt_text():
    """It ends with an ellipsis."""
    text = describe_history([node(index, label="A rather long name of an operation") for index in range(40)])

    assert len(text) <= 1024
    assert text.endswith("…")


def test_a_source_on_another_page_is_named():
    """The line comes from somewhere that can be found."""
    assert draw_history([node(9, source_number=4)]).png != draw_history([node(9)]).png
