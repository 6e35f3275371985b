"""The tutorial's tunes: there, readable, and harmonizable."""

import pytest

from bot.services.reading.examples import EXAMPLES, load_example
from core.errors import NotFoundError
from media.protocol import UploadLimits
from media.upload import read_upload

LIMITS = UploadLimits(max_bytes=1_000_000, max_notes=10_000, max_minutes=10)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_tune_is_there_and_can_be_read(example):
    upload = load_example(example.name)
    piece = read_upload(upload.filename, upload.data, limits=LIMITS)
    assert piece.num_notes > 30


def test_a_tune_that_does_not_exist_is_not_found():
    """Identifiers of menus may be older than the list."""
    with pytest.raises(NotFoundError):
        load_example("no-such-tune")
