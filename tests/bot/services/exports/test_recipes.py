"""``bot/services/exports/recipes.py``: what a file says of itself is read back, checked, and names nobody."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.services.exports.recipes import find_recipe, parse_recipe, recipe_from_json, require_recipe
from bot.services.model import FromRevision, Upload
from bot.services.options import RemixOptions
from bot.ui.embeds.style import link_to
from core.errors import InputError
from music.midi import read_midi, read_recipe, write_midi
from tests.factories.orders import make_order
from tests.factories.pieces import make_melody
from tests.factories.studio import make_result

GOOD = {"tutti": 1, "operation": "remix", "settings": {"share": 0.25}, "seed": 3, "checkpoint": "r@1", "piece": "ab"}


def test_a_recipe_is_read_back():
    recipe = parse_recipe(json.dumps(GOOD | {"parents": ["cd"]}), piece_hash="ab")
    assert recipe is not None
    assert recipe.options == RemixOptions(share=0.25)
    assert (recipe.seed, recipe.checkpoint_id, recipe.parent_hashes, recipe.is_edited) == (3, "r@1", ("cd",), False)
    assert recipe_from_json(recipe.as_json()) == recipe


def test_music_that_was_edited_is_known_from_its_hash():
    recipe = parse_recipe(json.dumps(GOOD), piece_hash="other")
    assert recipe is not None
    assert recipe.is_edited
    assert recipe_from_json(recipe.as_json()) == recipe


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        json.dumps(GOOD | {"tutti": 2}),
        json.dumps(GOOD | {"operation": "rm -rf"}),
        json.dumps(GOOD | {"settings": {"share": "much"}}),
        json.dumps(GOOD | {"seed": "x"}),
        json.dumps(GOOD | {"operation": "x" * 30_000}),
    ],
)
def test_what_is_no_recipe_of_ours_is_none(text):
    """Whoever writes nonsense into a file gets an ordinary upload."""
    assert parse_recipe(text) is None


def test_a_file_without_a_recipe_is_refused_in_words():
    with pytest.raises(InputError, match="carries no recipe"):
        require_recipe(write_midi(make_melody()), name="tune.mid")
    assert find_recipe(b"tutti.recipe= but no MIDI file") is None


@pytest.mark.asyncio
async def test_a_file_from_another_server_keeps_its_line_and_names_nobody(open_studio):
    """The upload says what it continues; an edited one says that, too."""
    async with open_studio() as studio:
        await make_result(studio)
        data = studio.presenter.replies[-1][1].midi.data
        piece = read_midi(data)
        elsewhere = write_midi(piece, recipe=read_recipe(data) + " ")  # other bytes, as from another database
        shorter = replace(piece.tracks[0], notes=piece.tracks[0].notes[:-1])
        edited = write_midi(piece.with_tracks((shorter, *piece.tracks[1:])), recipe=read_recipe(data))
        for file, is_edited in ((elsewhere, False), (edited, True)):
            await make_result(studio, make_order(RemixOptions(), source=Upload(filename="found.mid", data=file)))
            (parent,) = studio.presenter.replies[-1][1].parents
            assert parent.operation == "upload"
            assert parent.options is None
            assert parent.recipe is not None
            assert parent.recipe.is_edited is is_edited
            text = link_to(parent)
            assert "which continues a" in text
            assert ("edited since" in text) is is_edited
            assert "Ada" not in text.removeprefix("the file found.mid")


@pytest.mark.asyncio
async def test_a_recipe_names_no_person_and_no_place(open_studio):
    async with open_studio() as studio:
        result = await make_result(studio)
        await make_result(studio, make_order(RemixOptions(), source=FromRevision(revision_id=result.revision_id)))
        recipe = json.loads(read_recipe(studio.presenter.replies[-1][1].midi.data))
        assert set(recipe) == {"tutti", "operation", "settings", "seed", "checkpoint", "piece", "parents"}
        assert recipe["parents"] == [result.piece_hash]
        assert "Ada" not in json.dumps(recipe)
        assert "prompt" not in recipe["settings"]
