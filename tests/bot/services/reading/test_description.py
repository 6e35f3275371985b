"""``bot/services/reading/description.py``: what people read of a piece, with a network's guess and without one."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.services.operations.registry import check_options
from bot.services.options import GenerateOptions
from bot.services.reading.description import Portrait, draw_portrait_alone, facts_of, genre_words, ready_prompt
from bot.services.reading.explanation import explain_piece
from core.settings import LimitSettings, Settings
from inference.protocol import GenreChance
from music.analysis import describe
from music.piece import Piece
from tests.factories.pieces import make_band, make_melody

ROOT = Path(__file__).resolve().parents[4]


def chances(**values: float) -> tuple[GenreChance, ...]:
    return tuple(GenreChance(genre=genre, chance=chance) for genre, chance in values.items())


@pytest.mark.parametrize(
    ("genres", "words"),
    [
        ((), ""),
        (chances(rock=0.72, pop=0.2), "rock (72 %)"),
        (chances(rock=0.34, pop=0.3, soul=0.12, jazz=0.1), "unsure: rock (34 %), pop (30 %), soul (12 %)"),
    ],
)
def test_a_guess_is_called_unsure_when_it_is(genres, words):
    """Below one half the three likeliest are named."""
    assert genre_words(genres) == words


async def test_what_people_read_has_the_guess_and_the_rules_findings():
    """Genre first; key, tempo, metre and tracks as analysis has them; a piece without a guess says so."""
    piece = make_band(4)
    harmony = await explain_piece(piece)
    about = describe(piece)
    portrait = Portrait(
        description=about, harmony=harmony, genres=chances(rock=0.9, pop=0.1), checkpoint_id="remixer-1"
    )
    facts = dict(facts_of(portrait))
    assert next(iter(facts.items())) == ("Genre", "rock (90 %)")
    assert facts["Length"].startswith("4 bars")
    assert facts["Tracks"].count(",") == len(piece.tracks) - 1
    assert portrait.as_json()["genres"][1] == {"genre": "pop", "chance": 0.1}
    assert facts["Degrees"].count("|") == facts["Chords"].count("|") == 3
    unknown = Portrait(description=about, harmony=harmony, genres=(), checkpoint_id="")
    assert facts_of(unknown)[0] == ("Genre", "no guess")


async def test_of_an_empty_song_everything_has_a_word():
    """Discord refuses a field without a value; fuzzing found one for a song without layers."""
    piece = Piece(length_ticks=4 * 1920)
    portrait = Portrait(description=describe(piece), harmony=await explain_piece(piece), genres=(), checkpoint_id="")
    assert all(name and value for name, value in facts_of(portrait))
    assert dict(facts_of(portrait))["Tracks"] == "none"


async def test_the_ready_prompt_asks_for_something_like_it():
    """What it names is understood again, and a genre is named only when the guess is sure."""
    piece = make_band(4)
    about, harmony = describe(piece), await explain_piece(piece)
    sure = Portrait(description=about, harmony=harmony, genres=chances(rock=0.9, pop=0.1), checkpoint_id="x")
    unsure = Portrait(description=about, harmony=harmony, genres=chances(rock=0.4, pop=0.3), checkpoint_id="x")
    prompt = ready_prompt(sure)
    assert prompt.startswith("/generate genre:rock key:")
    assert "genre:" not in ready_prompt(unsure)
    words = dict(part.split(":", 1) for part in re.split(r" (?=[a-z]+:)", prompt)[1:])
    options = GenerateOptions(
        genre=words["genre"],
        key=words["key"],
        tempo_bpm=float(words["tempo"]),
        metre=words["metre"],
        num_bars=int(words["bars"]),
        instruments=tuple(words["instruments"].split(", ")),
        density=words["density"],
    )
    check_options(options, has_source=False, limits=LimitSettings())


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """Tiny untrained networks, made by a process of its own: this one never imports torch."""
    folder = tmp_path_factory.mktemp("weights")
    subprocess.run([sys.executable, "-m", "tests.factories.tiny_weights", str(folder)], cwd=ROOT, check=True)
    return folder


async def test_a_worker_guesses_the_genre(weights):
    """A real process with a real network: chances of every genre it knows, the likeliest first; here, whatever cluster is named."""
    settings = Settings(TUTTI_WEIGHTS=weights, TUTTI_WORKERS=1, TUTTI_INFERENCE="ray://127.0.0.1:9").inference
    async with asyncio.timeout(100):
        portrait = await draw_portrait_alone(make_melody(), settings)
    assert sum(each.chance for each in portrait.genres) == pytest.approx(1.0)
    assert portrait.checkpoint_id.startswith("remixer-")
    assert portrait.description.num_notes == make_melody().num_notes


async def test_without_weights_everything_but_the_genre_is_there(tmp_path):
    """Key and tempo need no network."""
    settings = Settings(TUTTI_WEIGHTS=tmp_path, TUTTI_WORKERS=1).inference
    async with asyncio.timeout(100):
        portrait = await draw_portrait_alone(make_melody(), settings)
    assert portrait.genres == ()
    assert portrait.description.key
