"""Words that people type: messages to the bot, corrections, bars, keys, chords, charts, and what they are shown in return.

The first byte of an input says which reader gets the rest.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import discord

from bot.plain_text import make_plain
from bot.services.operations.arranging_words import parse_feel, parse_swaps, parse_tempo, parse_transposition
from bot.services.operations.bars import check_bar_numbers
from bot.services.options import GenerateOptions
from bot.services.songs.searching import read_wanted
from bot.services.words.intents import read_intent
from bot.services.words.prompt_corrections import LINES, correct
from bot.services.words.prompt_options import generate_options
from bot.services.words.prompts import understand
from bot.ui.edit_forms import FORMS, read_takes
from bot.ui.embeds.conversation import heard_embed, puzzled_embed
from bot.ui.embeds.words import add_prompt_fields
from bot.ui.options import parse_bars, split_names
from core.errors import InputError
from fuzzing.target import Mutate, Target
from fuzzing.verdicts import BrokenPromiseError, check_shown, refusal_of
from music.chord_chart import parse_chart
from music.chords import chord_name, parse_chord
from music.names import parse_genre, parse_instruments, parse_key, parse_metre

_MAX_BYTES = 1200
_DISCORD_EMBED_LIMIT = 6000


def run(data: bytes) -> str:
    """Let one reader of words read a text."""
    if not data:
        return "nothing"
    name, read = READERS[data[0] % len(READERS)]
    text = data[1:].decode("utf-8", errors="replace")
    _, refusal = refusal_of(lambda: read(text), allowed=InputError)
    return refusal or name


def _read_message(text: str) -> None:
    for is_reply in (False, True):
        intent = read_intent(text, is_reply=is_reply)
        _check_embed(heard_embed(intent))
        _check_embed(puzzled_embed(intent, text=text))


def _read_prompt(text: str) -> None:
    embed = discord.Embed()
    add_prompt_fields(embed, generate_options(understand(text), last=GenerateOptions(tempo_bpm=100.0, num_bars=8)))
    _check_embed(embed)


def _read_correction(text: str) -> None:
    lines = dict(zip(LINES, text.split("\n"), strict=False))
    correct(GenerateOptions(genre="rock", instruments=("piano",)), lines)


def _read_bars(text: str) -> None:
    check_bar_numbers(parse_bars(text))
    read_takes(text)


def _read_chord(text: str) -> None:
    chord = parse_chord(text)
    name = chord_name(chord)
    again = parse_chord(name)
    if (again.root, again.bass, again.quality) != (chord.root, chord.bass, chord.quality):
        raise BrokenPromiseError(f"{text!r} is the chord {name}, which is another chord")


def _read_names(text: str) -> None:
    for name in split_names(text):
        make_plain(name)
    for parse in (parse_key, parse_genre, parse_metre, parse_instruments):
        refusal_of(lambda parse=parse: parse(text))


def _read_arranging(text: str) -> None:
    for parse in (parse_transposition, parse_tempo, parse_feel, parse_swaps):
        refusal_of(lambda parse=parse: parse(text))


def _read_forms(text: str) -> None:
    values = text.split("\n")
    for form in FORMS.values():
        typed = {line.name: value for line, value in zip(form.lines, values, strict=False)}
        refusal_of(lambda form=form, typed=typed: form.read(typed))


def _read_search(text: str) -> None:
    words, key, genre, operation = (*text.split("\n"), "", "", "", "")[:4]
    read_wanted(words=words, key=key, genre=genre, operation=operation, user_id=None)


def _read_plain(text: str) -> None:
    plain = make_plain(text)
    check_shown((plain,))
    if "\n" in plain:
        raise BrokenPromiseError("plain text has several lines")


READERS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("message", _read_message),
    ("prompt", _read_prompt),
    ("correction", _read_correction),
    ("bars", _read_bars),
    ("chord", _read_chord),
    ("chart", parse_chart),
    ("names", _read_names),
    ("arranging", _read_arranging),
    ("forms", _read_forms),
    ("search", _read_search),
    ("plain", _read_plain),
)


def _check_embed(embed: discord.Embed) -> None:
    texts = [
        embed.title or "",
        embed.description or "",
        *(part for field in embed.fields for part in (field.name or "", field.value or "")),
    ]
    check_shown(texts)
    if len(embed) > _DISCORD_EMBED_LIMIT:
        raise BrokenPromiseError(f"an embed of {len(embed)} characters")
    if any(len(field.value or "") > 1024 or not field.value for field in embed.fields):
        raise BrokenPromiseError("a field of an embed that Discord does not take")


_TEXTS = (
    "a sad jazz waltz in D minor for piano and upright bass, 16 bars at 90 bpm, no drums",
    "make it 10 % faster and darker in bars 5-8, swap the piano for strings",
    "add drums, continue 8 bars, up a third, half tempo, again, undo, what key is this?",
    "harmonize it as a chorale; remix 50 % of the rhythm in bars 1-4; as wav, sheet music",
    "@everyone <@1> <#2> **bold** `code` </generate:3> <t:0:R> ||x|| https://x.y",
    "1-4", "5", "4-1", "0-0", "99999999999999999999", "٣-٤", "-1", "1-", "Cmaj7", "F#m7b5/E", "Bbb/##", "N.C.", "C | Am F | G7 . | %",
    "rock\nC minor\n90 bpm, 3/4\n16 bars\npiano, no drums", "piano to strings, 2 to flute\nup a third\n80%\ndarker\n5-8", "7/8", "3+2/8", "eb minor", "h-moll",
)  # fmt: skip
_WORDS = (
    "bars", "bar", "bpm", "minor", "major", "sharp", "flat", "no", "without", "instead of", "not", "like the last one", "takes", "seconds", "minutes", "percent", "%", "half", "double",
    "third", "octave", "semitones", "piano", "drums", "strings", "violin", "jazz", "waltz", "sad", "dense", "quiet ending", "seed 7", "1-4", "17", "3/4", "①", "½", "’", "\u202e", "\u200b",
    "@everyone", "<@1>", "```", "**", "C#m7", "/", "|", "%", "\n", "...", "999999999999999999999999", "1e309", "-0", "nan",
)  # fmt: skip


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield each text for each reader."""
    for kind, (name, _) in enumerate(READERS):
        for index, text in enumerate(_TEXTS):
            yield f"{name}-{index}", bytes((kind,)) + text.encode()


def mutate_words(data: bytes, max_bytes: int, seed: int, mutate: Mutate) -> bytes:
    """Put in, cut and exchange whole words, or change bytes."""
    dice = random.Random(seed)
    doing = dice.random()
    if doing < 0.35 or len(data) < 2:
        return mutate(data, max_bytes)
    if doing < 0.42:
        return bytes((dice.randrange(len(READERS)),)) + data[1:]
    words = data[1:].decode("utf-8", errors="replace").split(" ")
    at, stop = sorted((dice.randrange(len(words) + 1), dice.randrange(len(words) + 1)))
    if doing < 0.75:
        words[at:at] = [dice.choice(_WORDS) for _ in range(dice.randrange(1, 4))]
    elif doing < 0.85:
        del words[at:stop]
    else:
        words[at:at] = words[at:stop]
    return (data[:1] + " ".join(words).encode(errors="replace"))[:max_bytes]


TARGET = Target(
    name="words",
    run=run,
    seeds=seeds,
    max_bytes=_MAX_BYTES,
    words=tuple(word.encode() for word in _WORDS),
    mutate=mutate_words,
)
