"""The command ``understand``: what a wish in plain words asks for, and how well that is understood. It writes no music."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.services.options import GenerateOptions
from bot.services.words.measuring import Score, load_prompts, measure
from bot.services.words.prompt_options import generate_options
from bot.services.words.prompts import understand as read_words
from bot.services.words.understanding import Understood
from core.errors import InputError

_Text = Annotated[str, typer.Argument(metavar="TEXT", help='For instance "sad jazz waltz in D minor, 16 bars".')]
_JSON = Annotated[bool, typer.Option("--json", help="Print the controls as one JSON object.")]
_Details = Annotated[
    bool, typer.Option(help="With --json: the words behind each control and what was not understood, too.")
]
_Files = Annotated[
    list[Path] | None,
    typer.Option("--measure", help="A JSON file of prompts and their controls: print how many are right."),
]


def understand(text: _Text = "", *, measured: _Files = None, details: _Details = False, as_json: _JSON = False) -> None:
    """Say what a wish in plain words asks for, under the names of /generate's options."""
    if measured:
        scores = {path.name: measure(load_prompts(path)) for path in measured}
        typer.echo(_scores_json(scores) if as_json else _table(scores))
        return
    if not text.strip():
        raise InputError('Give a wish in words, for instance "sad jazz waltz in D minor, 16 bars".')
    understood = read_words(text)
    if as_json:
        typer.echo(json.dumps(_full(understood) if details else understood.controls(), ensure_ascii=False))
    else:
        typer.echo("\n".join(_lines(understood)))


def heed_prompt(prompt: str, given: GenerateOptions) -> GenerateOptions:
    """Return options that follow a wish in plain words where ``given`` leaves them free; what stayed dark goes to stderr.

    Raises:
        InputError: for wishes that exclude each other, or that refer to a result, of which there is none here.
    """
    if not prompt.strip():
        return given
    understood = read_words(prompt)
    if understood.like_last:
        raise InputError("There is no last result on the command line. Say what you want without it, or give a file.")
    if understood.not_understood:
        typer.echo(f"Not understood: {', '.join(understood.not_understood)}", err=True)
    return generate_options(understood, given=given)


def _full(understood: Understood) -> dict[str, Any]:
    return {
        "controls": understood.controls(),
        "understood": [{"name": each.name, "value": each.value, "words": each.words} for each in understood.echoes],
        "not_understood": list(understood.not_understood),
        "remarks": list(understood.remarks),
        "contradictions": [each.sentence for each in understood.contradictions],
    }


def _lines(understood: Understood) -> list[str]:
    lines = [each.text for each in understood.echoes] or ["Nothing understood."]
    lines += list(understood.remarks)
    lines += [f"{each.sentence}." for each in understood.contradictions]
    if understood.not_understood:
        lines.append(f"Not understood: {', '.join(understood.not_understood)}")
    return lines


def _scores_json(scores: dict[str, Score]) -> str:
    return json.dumps({name: score.as_json() for name, score in scores.items()}, ensure_ascii=False, indent=2)


def _table(scores: dict[str, Score]) -> str:
    lines: list[str] = []
    for name, score in scores.items():
        lines.append(
            f"{name}: {score.num_prompts} prompts, {score.right.total()} of {score.num_expected} fields right "
            f"({score.share_right:.1%}), {score.invented.total()} invented; "
            f"{score.num_dark_told} of {score.num_dark} unknown words and "
            f"{score.num_contradictions_told} of {score.num_contradictions} contradictions told"
        )
        lines.append(f"  {'field':<20}{'right':>7}{'wrong':>7}{'missed':>8}{'invented':>10}")
        for field, counts in score.as_json()["by_field"].items():
            lines.append(
                f"  {field:<20}{counts['right']:>7}{counts['wrong']:>7}{counts['missed']:>8}{counts['invented']:>10}"
            )
        lines += [f"  ✗ {miss}" for miss in score.misses]
    return "\n".join(lines)
