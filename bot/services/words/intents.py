"""Plain words in a message to the bot -> what to do: write something new, or do something with the music at hand.

Pure and quick, like ``prompts.py``, whose rules it uses; it orders nothing and knows no Discord.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from bot.services.operations.adding import AddOptions
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.exporting import SCORE_FORMATS, ExportOptions, ScoreOptions
from bot.services.operations.infilling import InfillOptions
from bot.services.options import GenerateOptions, HarmonizeOptions, Options, RemixOptions
from bot.services.words.edits import read_edits
from bot.services.words.moods import steer
from bot.services.words.prompt_options import refuse_contradictions, words_of
from bot.services.words.prompts import read_controls, understand
from bot.services.words.reading import Finding, Reading
from bot.services.words.summary import summarize
from bot.services.words.understanding import Understood
from bot.services.words.vocabulary import ENGLISH, load_vocabulary

Kind = Literal["write", "work", "again", "undo", "redo", "describe", "explain", "thanks", "delete", "help", "nothing"]
"""``write``: a new piece from ``understood``. ``work``: ``options`` on the music at hand. ``nothing``: not understood."""

_OCTAVE = 12
_USUAL_HUMANIZE_PERCENT, _USUAL_SWING_PERCENT = 50, 60
_CHANGE_MOODS: Mapping[str, str] = {"darker": "darker", "happier": "brighter"}
_CHANGE_DYNAMICS: Mapping[str, str] = {"louder": "louder", "quieter": "softer"}
_SLOWER, _FASTER = 90.0, 110.0
_CHANGE_TEMPO_PERCENT: Mapping[str, float] = {"slower": _SLOWER, "faster": _FASTER}
_CHANGE_SEMITONES: Mapping[str, int] = {"higher": _OCTAVE, "lower": -_OCTAVE}
_DYNAMICS: Mapping[str, str] = {
    "quiet": "softer",
    "loud": "louder",
    "crescendo": "crescendo",
    "diminuendo": "diminuendo",
}
_ENDINGS: Mapping[str, str] = {"quiet": "quiet ending", "fade": "quiet ending", "big": "loud ending"}
_ALWAYS_MEANT = ("undo", "redo")
_MEANT_ALONE = ("help", "describe", "explain", "again", "thanks", "delete")
"""Verbs that are a kind of their own where no music is named beside them."""
_ARRANGE_VERBS = ("swap", "transpose", "humanize", "swing", "stretch", "shrink")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What somebody wants. ``options`` only for ``work``; ``understood`` are the controls that were named beside it."""

    kind: Kind
    understood: Understood
    options: Options | None = None


def read_intent(text: str, *, is_reply: bool, language: str = ENGLISH) -> Intent:
    """Return what a message asks for. ``is_reply``: it answers a result, so that is what it is about.

    Raises:
        InputError: for wishes that exclude each other.
    """
    reading = Reading(text, load_vocabulary(language))
    read_edits(reading)
    read_controls(reading, takes_changes=True)
    understood = summarize(reading)
    asked = _Asked(reading, understood, is_reply=is_reply)
    kind = asked.kind()
    if kind == "work":
        refuse_contradictions(understood)
        options = asked.options()
        if options is None:
            return Intent(kind="nothing", understood=understood)
        unheeded = tuple(f"{words} (that is for a new piece)" for words in _unheeded(understood, options))
        understood = replace(understood, not_understood=understood.not_understood + unheeded)
        return Intent(kind=kind, understood=understood, options=replace(options, prompt=words_of(understood)))
    if kind == "write":
        understood = understand(text, language=language)
    return Intent(kind=kind, understood=understood)


class _Asked:
    """The findings of a message, looked at as a request."""

    def __init__(self, reading: Reading, understood: Understood, *, is_reply: bool) -> None:
        self._understood = understood
        self._is_reply = is_reply
        self._all = [each for each in reading.findings if not each.is_refused]
        self._verbs = [each.value for each in sorted(self._all, key=lambda each: each.at) if each.field == "intent"]
        self._says_only, self._says_less, self._says_tempo = (
            any(reading.match(f"words.{name}", at) is not None for at in range(len(reading.tokens)))
            for name in ("only", "less", "tempo")
        )

    def kind(self) -> Kind:
        first = self._verbs[0] if self._verbs else ""
        names_music = bool(set(self._understood.controls()) - {"takes"})
        if first in _ALWAYS_MEANT or (first in _MEANT_ALONE and not names_music):
            return cast("Kind", first)
        if self._understood.num_takes is not None and not names_music and not self._verbs:
            return "again"
        if self._works_on_something():
            return "work"
        return "write" if names_music or self._understood.contradictions else "nothing"

    def _works_on_something(self) -> bool:
        """Tell whether the words are about music that is there."""
        if set(self._verbs) & {"continue", "harmonize", "remix", "infill", "add", "score", "export", *_ARRANGE_VERBS}:
            return True
        if self._understood.like_last:
            return False
        if any(
            self._find(name) for name in ("swap", "semitones", "tempo_percent", "bar_range", "file", "field", "percent")
        ):
            return True
        if self._understood.changes:
            return True
        return self._is_reply and not self._names_a_new_piece()

    def _names_a_new_piece(self) -> bool:
        said = self._understood
        return bool(said.genre or said.metre or said.seconds or (said.num_bars and (said.instruments or said.key)))

    def options(self) -> Options | None:
        """Return the options of the first verb; without one, of what the words would change."""
        makers: dict[str, Callable[[], Options | None]] = {
            "continue": self._continue,
            "harmonize": self._harmonize,
            "remix": self._remix,
            "infill": self._infill,
            "add": self._add,
            "score": self._score,
            "export": self._export,
        } | dict.fromkeys(_ARRANGE_VERBS, self._arrange)
        if self._find("field") and not set(self._verbs) - {"swap"}:
            return self._remix()  # "change the rhythm of the drums"
        verb = next((verb for verb in self._verbs if verb in makers), None)
        return makers[verb]() if verb is not None else self._without_a_verb()

    def _without_a_verb(self) -> Options | None:
        """Return what is meant by naming it: "as wav", "less piano", "slower", "with drums", "8 more bars"."""
        said = self._understood
        if self._find("file"):
            return self._export()
        if self._says_less and said.instruments:
            return ArrangeOptions(dynamics="softer", tracks=said.instruments, bars=self._find("bar_range"))
        arranged = self._arrange()
        if arranged is None and said.instruments:
            return self._add()
        return self._continue() if arranged is None and said.num_bars else arranged

    # --- one verb each ---------------------------------------------------------------------------------------------

    def _continue(self) -> Options:
        said = self._understood
        return GenerateOptions(
            genre=said.genre,
            second_genre=said.second_genre,
            key=said.key if said.key and " " in said.key else None,
            tempo_bpm=said.tempo_bpm,
            num_bars=said.num_bars,
            instruments=said.instruments,
            exclude_instruments=said.exclude_instruments,
            density=said.density,
            preset=said.preset or "balanced",
            loudness=said.dynamics,
            ending=said.ending,
            seed=said.seed,
        )

    def _harmonize(self) -> Options:
        said = self._understood
        style = self._find("style")
        if style is None and set(said.instruments) == {"piano"}:
            style = "piano"
        if style is None and len(said.instruments) == 1:
            style = "track"
        return HarmonizeOptions(
            style=style or "chorale",
            instruments=said.instruments if style == "track" else (),
            preset=said.preset or "balanced",
            seed=said.seed,
        )

    def _remix(self) -> Options:
        said = self._understood
        fields = [each.value for each in self._all if each.field == "field"]
        percent = self._find("percent")
        return RemixOptions(
            change=", ".join(dict.fromkeys(fields)) or "pitch",
            share=0.5 if percent is None else min(max(percent / 100, 0.01), 1.0),
            bars=self._find("bar_range"),
            tracks=said.instruments,
            key=said.key if said.key and " " in said.key else None,
            preset=said.preset or "balanced",
            seed=said.seed,
        )

    def _infill(self) -> Options:
        return InfillOptions(
            bars=self._find("bar_range"),
            tracks=self._understood.instruments,
            preset=self._understood.preset or "balanced",
            seed=self._understood.seed,
        )

    def _add(self) -> Options | None:
        said = self._understood
        if not said.instruments:
            style = self._find("style")
            if style is not None:
                return HarmonizeOptions(style=style)
            return self._continue() if said.num_bars else self._arrange()
        return AddOptions(
            instruments=said.instruments,
            bars=self._find("bar_range"),
            density=said.density,
            preset=said.preset or "balanced",
            seed=said.seed,
        )

    def _arrange(self) -> Options | None:
        """Return what changes by rule, None when nothing does."""
        said = self._understood
        swaps, dropped, kept, tracks = self._who()
        wishes: dict[str, Any] = {
            "swaps": swaps,
            "drop_tracks": dropped,
            "keep_tracks": kept,
            "transpose_semitones": self._semitones(),
            "to_key": said.key if said.key and " " in said.key else None,
            "tempo_bpm": None if said.tempo_is_word and self._tempo_percent() else said.tempo_bpm,
            "tempo_percent": None if said.tempo_bpm and not said.tempo_is_word else self._tempo_percent(),
            "stretch": 2.0 if "stretch" in self._verbs else 0.5 if "shrink" in self._verbs else None,
            "humanize_percent": _USUAL_HUMANIZE_PERCENT if "humanize" in self._verbs else 0,
            "swing_percent": _USUAL_SWING_PERCENT if "swing" in self._verbs else 0,
            "dynamics": self._dynamics(),
            "mood": None if said.key and " " in said.key else self._mood(),
        }
        usual = ArrangeOptions()
        if all(getattr(usual, name) == value for name, value in wishes.items()):
            return None
        return ArrangeOptions(**wishes, tracks=tracks, bars=self._find("bar_range"), seed=said.seed)

    def _score(self) -> Options:
        """Return sheet music, of one part when one is named."""
        asked = self._find("file")
        part = next(iter(self._understood.instruments), None)
        return ScoreOptions(format=asked if asked in SCORE_FORMATS else "png", part=part)

    def _export(self) -> Options:
        asked = self._find("file")
        if asked in SCORE_FORMATS:
            return self._score()
        return ExportOptions(contents=asked or "everything")

    # --- parts of arranging ----------------------------------------------------------------------------------------

    def _who(self) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Return (swaps, tracks to drop, tracks to keep, tracks that the change is limited to)."""
        said = self._understood
        swaps = tuple(each.value for each in self._all if each.field == "swap")
        wanted, refused = said.instruments, said.exclude_instruments
        if not swaps and len(wanted) == len(refused) == 1:  # "strings instead of piano"
            return ((refused[0], wanted[0]),), (), (), ()
        if wanted and self._says_only and not self._changes_something():
            return swaps, (), wanted, ()
        if wanted and not self._changes_something():
            return swaps, refused, (), ()
        return swaps, refused, (), wanted

    def _changes_something(self) -> bool:
        names = ("semitones", "change", "dynamics", "mood", "tempo_percent", "key")
        return bool(set(self._verbs) & {"humanize", "swing", "transpose"}) or any(
            each.field in names for each in self._all
        )

    def _semitones(self) -> int:
        found = self._find("semitones")
        if found is not None:
            return int(found)
        return next((_CHANGE_SEMITONES[each] for each in self._understood.changes if each in _CHANGE_SEMITONES), 0)

    def _tempo_percent(self) -> float | None:
        found, percent = self._find("tempo_percent"), self._find("percent")
        if percent is not None and (found is not None or self._says_tempo):  # "10 % faster", "tempo 80 %"
            return 100 + percent if found == _FASTER else 100 - percent if found == _SLOWER else percent
        if found is not None:
            return float(found)
        return next((_CHANGE_TEMPO_PERCENT[each] for each in self._understood.changes if each in _CHANGE_TEMPO_PERCENT), None)  # fmt: skip

    def _dynamics(self) -> str | None:
        said = self._understood
        for change in said.changes:
            if change in _CHANGE_DYNAMICS:
                return _CHANGE_DYNAMICS[change]
        return _ENDINGS.get(said.ending or "") or _DYNAMICS.get(said.dynamics or "")

    def _mood(self) -> str | None:
        """Return darker or brighter, for a comparison or a mood that is minor or major."""
        said = self._understood
        for change in said.changes:
            if change in _CHANGE_MOODS:
                return _CHANGE_MOODS[change]
        mode = said.key or steer(said.moods, genre=None).mode
        return {"minor": "darker", "major": "brighter"}.get(mode or "")

    def _find(self, field: str) -> Any:
        found: list[Finding] = [each for each in self._all if each.field == field]
        return found[0].value if found else None


def _unheeded(understood: Understood, options: Options) -> list[str]:
    """Return the words that were understood and that this kind of work has no use for."""
    if isinstance(options, GenerateOptions):
        return []
    names = {"genre", "metre", "seconds", "bars"}
    if not isinstance(options, ArrangeOptions):
        names |= {"tempo", "ending", "dynamics"}
    return [each.words for each in understood.echoes if each.name in names]
