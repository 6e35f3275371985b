"""The command line's options for choosing notes and limiting them: their help, and their numbers as one value. It checks none."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.services.options import DENSITIES, GRIDS, SYNCOPATIONS, SamplingWishes

Density = Annotated[str | None, typer.Option(help=f"How many notes there are: {', '.join(DENSITIES)}.")]
Temperature = Annotated[float | None, typer.Option(help="0 to 3: how bold, in place of the preset's. 0: no chance.")]
Notes = Annotated[float | None, typer.Option("--temperature-notes", help="The same for pitches and chords alone.")]
Rhythm = Annotated[
    float | None, typer.Option("--temperature-rhythm", help="For where notes begin, how long and how loud they are.")
]
Instruments = Annotated[
    float | None, typer.Option("--temperature-instruments", help="For who plays next, and on which instrument.")
]
TopK = Annotated[int | None, typer.Option("--top-k", help="Choose among the likeliest so many; 0: all.")]
TopP = Annotated[float | None, typer.Option("--top-p", help="Choose among the likeliest that hold this share; 1: all.")]
MinP = Annotated[float | None, typer.Option("--min-p", help="At least this likely, against the likeliest; 0: all.")]
Repetition = Annotated[float | None, typer.Option(help="Above 1 repeats earlier bars less, below 1 more.")]
Memory = Annotated[int | None, typer.Option(help="How many events the network looks back; left out, all it can.")]

Exclude = Annotated[str, typer.Option(help="Who must not play, for instance drums,strings.")]
Ranges = Annotated[str, typer.Option("--range", help='Lowest and highest note: C3-C5, or "piano C3-C5, bass E1-G3".')]
Polyphony = Annotated[str, typer.Option(help='How many notes may sound at once: 4, or "piano 3, strings 2".')]
Syncopation = Annotated[str | None, typer.Option(help=f"How much is off the beat: {', '.join(SYNCOPATIONS)}.")]
Grid = Annotated[str | None, typer.Option(help=f"Where notes may begin: {', '.join(GRIDS)}.")]
KeyLock = Annotated[bool, typer.Option("--key-lock/--no-key-lock", help="Whether every tone lies in the key.")]
Advanced = Annotated[str, typer.Option(help='More of it: "top_k 30, min_p 0.05, temperature_notes 1.1".')]
Sections = Annotated[str, typer.Option(help='What differs in some bars: "1-4 sparse, 5-8 busy strong C4-C6".')]


def wishes(
    temperatures: tuple[float | None, float | None, float | None, float | None],
    others: tuple[int | None, float | None, float | None, float | None, int | None],
) -> SamplingWishes:
    """Return all of them as one value: temperatures of all, notes, rhythm, instruments; top-k, top-p, min-p and so on."""
    temperature, notes, rhythm, instruments = temperatures
    top_k, top_p, min_p, repetition, memory_events = others
    return SamplingWishes(
        temperature=temperature,
        temperature_notes=notes,
        temperature_rhythm=rhythm,
        temperature_instruments=instruments,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        repetition=repetition,
        memory_events=memory_events,
    )
