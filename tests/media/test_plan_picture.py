"""The picture of a plan, and its words."""

import io

import pytest
from PIL import Image

from media.plan_picture import describe_plan, draw_plan
from music.forms.planning import FormWishes, plan_form


@pytest.mark.parametrize("form", ["AABA", "intro 4, verse 8, chorus 8, outro 4", "A 1 " * 32])
def test_a_plan_is_drawn(form):
    """As a picture of a phone's width, however many sections it has."""
    picture = draw_plan(plan_form(FormWishes(genre="pop", form=form), seed=1))
    assert Image.open(io.BytesIO(picture.png)).size[0] == 960
    assert len(picture.alt_text) <= 1000


def test_the_words_say_what_the_picture_shows():
    """Sections, bars, how many play."""
    words = describe_plan(plan_form(FormWishes(genre="pop", form="intro 4, verse 8, chorus 8"), seed=1))
    assert (
        "intro, bars 1 to 4, 2 of 6 play; verse A, bars 5 to 12, 4 of 6 play; chorus B, bars 13 to 20, 6 of 6" in words
    )
