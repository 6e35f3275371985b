"""``bot/commands/recipes.py``: a recipe is printed, and followed to the same bytes, or refused with the reason."""

from __future__ import annotations

import pytest

from bot.commands.recipes import follow, require_checkpoint, require_parent
from bot.services.exports.recipes import require_recipe
from bot.services.model import Upload
from bot.services.options import GenerateOptions, RemixOptions
from bot.services.replies.library import ReplyParts
from bot.workshop import answer_order
from core.errors import InputError
from core.settings import LimitSettings
from music.midi import write_midi
from tests.bot.test_cli import run, start
from tests.factories.doors import StandInMedia, StandInWriter
from tests.factories.pieces import make_band, make_melody

SILENT = ReplyParts(audio_format=None, has_picture=False)


async def make(options, *, source=None, writer=None):
    """Make a file as the command line does."""
    answer = await answer_order(
        options,
        source=source,
        parts=SILENT,
        doors=(writer or StandInWriter(), StandInMedia()),
        limits=LimitSettings(),
        listener=lambda _: None,
    )
    return Upload(filename="made.mid", data=answer.reply.midi.data)


async def make_again(upload, *, source=None):
    doors = (StandInWriter(), StandInMedia())
    found = require_recipe(upload.data, name=upload.filename)
    return await follow(upload, found, source, doors=doors, limits=LimitSettings(), listener=lambda _: None)


@pytest.mark.asyncio
async def test_the_same_recipe_gives_the_same_bytes():
    """With a source, and without one."""
    made = await make(GenerateOptions(num_bars=2, seed=7))
    assert await make_again(made) == made.data
    source = Upload(filename="tune.mid", data=write_midi(make_melody()))
    remixed = await make(RemixOptions(seed=8), source=source)
    assert await make_again(remixed, source=source) == remixed.data


@pytest.mark.asyncio
async def test_a_recipe_needs_its_parent_and_no_other():
    """The sentence says what is missing, or that it is the wrong one."""
    source = Upload(filename="tune.mid", data=write_midi(make_melody()))
    remixed = await make(RemixOptions(seed=8), source=source)
    found = require_recipe(remixed.data, name="made.mid")
    with pytest.raises(InputError, match="--parent"):
        await require_parent(found, None, StandInMedia())
    other = Upload(filename="band.mid", data=write_midi(make_band(1)))
    with pytest.raises(InputError, match=r"band\.mid is not the piece"):
        await require_parent(found, other, StandInMedia())
    await require_parent(found, source, StandInMedia())


@pytest.mark.asyncio
async def test_another_checkpoint_is_refused_with_both_names():
    found = require_recipe((await make(GenerateOptions(num_bars=1, seed=1))).data, name="made.mid")
    assert found.checkpoint_id is not None
    require_checkpoint(found, {found.checkpoint_id})
    with pytest.raises(InputError, match=rf"{found.checkpoint_id}.*generator-new"):
        require_checkpoint(found, {"generator-new"})


def test_a_real_file_is_made_again_byte_for_byte(tmp_path):
    """Real processes and the networks that are there: generate, read the recipe, follow it."""
    made = run(tmp_path, "generate", "--bars", "1", "--instruments", "piano", "--seed", "5", "-o", "a.mid")
    recipe = run(tmp_path, "recipe", "a.mid")
    assert (recipe["seed"], recipe["checkpoint"], recipe["is_edited"]) == (5, made["checkpoint"], False)
    assert run(tmp_path, "again", "a.mid", "-o", "b.mid")["is_same"]
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()


def test_a_file_without_a_recipe_is_one_sentence(tmp_path):
    (tmp_path / "tune.mid").write_bytes(write_midi(make_melody()))
    done = start(["-m", "bot", "recipe", str(tmp_path / "tune.mid")])
    assert done.returncode == 2
    assert done.stderr == "tune.mid carries no recipe of Tutti. Give a MIDI file that Tutti made.\n"
