"""A message to the bot in plain words becomes one thing to do."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.services.operations.adding import AddOptions
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.exporting import ExportOptions, ScoreOptions
from bot.services.operations.infilling import InfillOptions
from bot.services.options import GenerateOptions, HarmonizeOptions, PromptWords, RemixOptions
from bot.services.words.intents import read_intent
from bot.services.words.vocabulary import load_vocabulary
from core.errors import InputError


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("darker in bars 5-8", ArrangeOptions(mood="darker", bars=(5, 8))),
        ("swap the piano for strings", ArrangeOptions(swaps=(("piano", "strings"),))),
        ("strings instead of piano please", ArrangeOptions(swaps=(("piano", "strings"),))),
        ("half tempo", ArrangeOptions(tempo_percent=50)),
        ("slower", ArrangeOptions(tempo_percent=90)),
        ("90 bpm", ArrangeOptions(tempo_bpm=90)),
        ("transpose up a third", ArrangeOptions(transpose_semitones=4)),
        ("the bass an octave lower", ArrangeOptions(transpose_semitones=-12, tracks=("bass",))),
        ("put it in D minor", ArrangeOptions(to_key="D minor")),
        ("make it sadder and louder", ArrangeOptions(mood="darker", dynamics="louder")),
        ("take out the drums", ArrangeOptions(drop_tracks=("drums",))),
        ("only the piano", ArrangeOptions(keep_tracks=("piano",))),
        ("a quiet ending", ArrangeOptions(dynamics="quiet ending")),
        ("humanize the drums", ArrangeOptions(humanize_percent=50, tracks=("drums",))),
        ("10% faster", ArrangeOptions(tempo_percent=110)),
        ("tempo 80%", ArrangeOptions(tempo_percent=80)),
        ("less piano", ArrangeOptions(dynamics="softer", tracks=("piano",))),
        ("a quieter ending", ArrangeOptions(dynamics="quiet ending")),
        ("add a string layer", AddOptions(instruments=("strings",))),
        ("change the rhythm of the drums", RemixOptions(change="rhythm", tracks=("drums",))),
        ("continue 8 bars", GenerateOptions(num_bars=8)),
        ("8 more bars", GenerateOptions(num_bars=8)),
        ("add drums", AddOptions(instruments=("drums",))),
        ("give it a bass line in bars 3-4", AddOptions(instruments=("bass",), bars=(3, 4))),
        ("harmonize it", HarmonizeOptions()),
        ("harmonise with chords", HarmonizeOptions(style="chords")),
        ("remix bars 1-4", RemixOptions(bars=(1, 4))),
        ("remix 30% of the rhythm", RemixOptions(change="rhythm", share=0.3)),
        ("rewrite bars 3 to 4", InfillOptions(bars=(3, 4))),
        ("show me the score of the bass as pdf", ScoreOptions(format="pdf", part="bass")),
        ("export it as wav", ExportOptions(contents="wav")),
        ("stems please", ExportOptions(contents="stems")),
    ],
)
def test_replies_become_work_on_the_piece(text, options):
    """Each sentence orders exactly what it says."""
    intent = read_intent(text, is_reply=True)
    assert intent.kind == "work"
    assert intent.options is not None
    kept = {name: getattr(intent.options, name) for name in type(options).__dataclass_fields__}
    assert type(options)(**{**kept, "prompt": PromptWords()}) == options
    assert intent.options.prompt.text == text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("undo", "undo"),
        ("redo", "redo"),
        ("again", "again"),
        ("give me 3 variations", "again"),
        ("thanks!", "thanks"),
        ("delete it", "delete"),
        ("what key is this?", "describe"),
        ("what are the chords?", "explain"),
        ("what can you do?", "help"),
        ("bossa nova in C", "write"),
        ("hello", "nothing"),
        ("asdf", "nothing"),
    ],
)
def test_what_is_no_work_on_notes(text, kind):
    """Steps, questions, new pieces and nonsense are told apart."""
    assert read_intent(text, is_reply=True).kind == kind


def test_without_a_reply_plain_wishes_are_new_pieces():
    """ "Sad waltz" writes; "darker" is about the music at hand, replied to or not."""
    assert read_intent("sad piano waltz, 16 bars", is_reply=False).kind == "write"
    assert read_intent("piano and drums", is_reply=False).kind == "write"
    assert read_intent("darker in bars 5-8", is_reply=False).kind == "work"


def test_contradictions_are_refused():
    """One sentence asks which of the two is meant."""
    with pytest.raises(InputError, match="which of the two"):
        read_intent("continue for 8 bars, 16 bars", is_reply=True)


def test_what_an_edit_cannot_heed_is_said():
    """ "Jazz but sadder" changes the mood and says that the genre is for new pieces."""
    intent = read_intent("jazz but sadder", is_reply=True)
    assert any("jazz" in words for words in intent.understood.not_understood)


_VERBS = sorted({" ".join(phrase) for phrase in load_vocabulary().groups["intents"]})


@given(
    st.lists(st.sampled_from([*_VERBS, "piano", "drums", "bars 2-1", "0 bars", "up", "%", "999"]), max_size=6),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_no_message_breaks_it(words, is_reply):
    """Whatever is said ends in an intent or in one sentence."""
    with contextlib.suppress(InputError):
        intent = read_intent(" ".join(words), is_reply=is_reply)
        assert (intent.options is not None) == (intent.kind == "work")
