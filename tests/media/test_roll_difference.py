"""Kept, new and removed notes look different in three ways, and not by colour alone."""

from PIL import Image, ImageDraw

from media.roll_difference import KEPT, NEW, REMOVED, draw_kept, draw_new, draw_removed

BOX = (10, 10, 60, 18)
_NO_MARK = 4


def looks(draw_one):
    image = Image.new("RGB", (80, 30))
    draw_one(ImageDraw.Draw(image))
    return image


def shades(image):
    """The brightness of every pixel inside a note, as somebody sees it who sees no colour."""
    return [image.convert("L").getpixel((x, y)) for y in range(10, 19) for x in range(10, 61)]


def test_each_kind_has_its_colour():
    kept, new, removed = (
        looks(lambda draw: draw_kept(draw, BOX, _NO_MARK)),
        looks(lambda draw: draw_new(draw, BOX, _NO_MARK)),
        looks(lambda draw: draw_removed(draw, BOX)),
    )
    for image, colour in ((kept, KEPT), (new, NEW), (removed, REMOVED)):
        assert colour in {image.getpixel((x, y)) for x in range(80) for y in range(30)}


def test_without_colours_the_three_are_told_by_their_texture():
    """Plain: one shade. New: hatched inside a bright border. Removed: empty inside."""
    kept = shades(looks(lambda draw: draw_kept(draw, BOX, _NO_MARK)))
    new = shades(looks(lambda draw: draw_new(draw, BOX, _NO_MARK)))
    removed = looks(lambda draw: draw_removed(draw, BOX)).convert("L")
    assert len(set(kept)) == 1
    assert len(set(new)) >= 3
    assert {removed.getpixel((x, 14)) for x in range(12, 59)} == {0}
    assert 0 < sum(removed.getpixel((x, 10)) > 0 for x in range(10, 61)) < 51


def test_notes_thin_as_a_hair_are_drawn():
    for draw_one in (
        lambda draw: draw_kept(draw, (10, 10, 12, 12), 0),
        lambda draw: draw_new(draw, (10, 10, 12, 12), 0),
        lambda draw: draw_removed(draw, (10, 10, 12, 12)),
    ):
        assert max(looks(draw_one).convert("L").getextrema()) > 0
