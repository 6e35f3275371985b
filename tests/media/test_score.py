"""``media/score.py``: pages with ink on them, in every form, the same bytes again, and bad wishes in words."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from core.errors import InputError
from media.protocol import EngraveScore
from media.score import engrave
from music.piece import Piece, Track
from tests.factories.pieces import make_band, make_chorale

_A4_POINTS = (595, 842)


def test_a_chorale_is_a_picture_a_pdf_and_musicxml():
    """The picture has ink and is only as tall as needed; the PDF is A4; the words say what is on the page."""
    made = engrave(EngraveScore(piece=make_chorale(), forms=("png", "pdf", "musicxml"), title="Chorale"))
    with Image.open(io.BytesIO(made.png)) as picture:
        width, height = picture.size
        ink = np.asarray(picture.convert("L")) < 128
    assert width > 1500
    assert 500 < height < 3000
    assert 0.01 < ink.mean() < 0.2
    assert not ink[:, 0].any()  # nothing runs out of the page
    (page,) = PdfReader(io.BytesIO(made.pdf)).pages
    assert tuple(round(side) for side in page.mediabox[2:]) == _A4_POINTS
    assert "Chorale" in page.extract_text()
    assert b"<work-title>Chorale</work-title>" in made.musicxml
    assert made.num_pages == 1
    for word in ("Sheet music", "Chorale", "F# minor", "10 bars", "Soprano", "C#5"):
        assert word in made.alt_text


def test_a_long_piece_has_more_pages_and_the_picture_is_the_first():
    made = engrave(EngraveScore(piece=make_band(40), forms=("png", "pdf")))
    assert made.num_pages > 1
    assert len(PdfReader(io.BytesIO(made.pdf)).pages) == made.num_pages
    assert f"page 1 of {made.num_pages}" in made.alt_text
    assert made.musicxml == b""


def test_the_same_piece_gives_the_same_bytes():
    first, second = (engrave(EngraveScore(piece=make_band(2), forms=("png", "musicxml"))) for _ in range(2))
    assert first == second


def test_one_part_is_shorter_than_the_score():
    whole, part = (engrave(EngraveScore(piece=make_band(4), forms=("png",), part=part)).png for part in (None, "bass"))
    heights = [Image.open(io.BytesIO(png)).size[1] for png in (whole, part)]
    assert heights[1] < heights[0]


def test_silence_and_missing_parts_are_refused_in_words():
    with pytest.raises(InputError, match="no notes"):
        engrave(EngraveScore(piece=Piece(tracks=(Track(),)), forms=("png",)))
    with pytest.raises(InputError, match="no part"):
        engrave(EngraveScore(piece=make_band(1), forms=("png",), part="7"))


def test_titles_with_odd_characters_do_no_harm():
    made = engrave(
        EngraveScore(piece=make_band(1), forms=("pdf",), title='<b>&"é漢字</b>\x07', credit_line="Ada & Ben")
    )
    assert made.pdf.startswith(b"%PDF")
