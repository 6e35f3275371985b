"""How soon a server's votes teach which take it will like: simulated voters with hidden tastes choose among real music.

``python -m training.evaluation.taste [--scores 30] [--json]``. Options are windows of eight bars of scores inside the music21 package. In a *near*
vote all are of one score, as alike as takes of one wish; in a *far* one of any. Three people vote as a hidden taste makes likely: a few
features of ``music/ranking_features.py`` that matter (linear), or that please when they are near a place of their own (curved, which
the model cannot say exactly), or nothing at all (random). Told are: how often the model's first is what the taste likes best in fresh votes, among
servers whose check lets it speak; and how many those are. It knows no bot.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from core.errors import TuttiError
from music.constraints import BarRange
from music.musicxml import read_musicxml
from music.ranking import Observation, Taste, learn, score
from music.ranking_features import NAMES, VERSION, measure_features
from music.time_grid import TimeGrid
from music.transform import slice_bars

Row = tuple[float, ...]
Worth = Callable[[Row], float]

NUM_OPTIONS, NUM_VOTERS = 3, 3
CHECKPOINTS = (8, 15, 30, 60)
_WINDOW_BARS, _MIN_WINDOWS, _MAX_WINDOWS, _MAX_BYTES = 8, 3, 6, 60_000
_NUM_FRESH, _NUM_LIKED = 40, 4


@dataclass(frozen=True, slots=True)
class Finding:
    """What servers of one kind had after ``num_votes``. Shares are 0 to 1; ``hits`` None where nobody's model spoke."""

    taste: str
    options: str
    num_votes: int
    num_servers: int
    share_speaking: float
    hits: float | None
    hits_of_all: float


def read_windows(num_scores: int, *, seed: int = 1) -> list[list[Row]]:
    """Return the features of windows, by score."""
    import music21

    folder = Path(music21.__file__).parent / "corpus"
    files = sorted(path for path in folder.rglob("*.mxl") if path.stat().st_size < _MAX_BYTES)
    random.Random(seed).shuffle(files)
    found: list[list[Row]] = []
    for path in files:
        try:
            piece = read_musicxml(path.read_bytes())
        except TuttiError:
            continue
        starts = range(0, TimeGrid(piece).num_bars - _WINDOW_BARS + 1, _WINDOW_BARS)
        windows = [slice_bars(piece, BarRange(start, start + _WINDOW_BARS)) for start in starts[:_MAX_WINDOWS]]
        rows = [tuple(map(float, measure_features(window))) for window in windows if window.num_notes]
        if len(rows) >= _MIN_WINDOWS:
            found.append(rows)
        if len(found) == num_scores:
            break
    return found


def make_taste(kind: str, dice: random.Random) -> Worth:
    """Return how much a hidden taste likes an option."""
    liked = dice.sample(range(len(NAMES)), _NUM_LIKED)
    weights = {index: dice.choice((-1.0, 1.0)) * dice.uniform(0.5, 1.5) for index in liked}
    if kind == "random":
        return lambda _row: 0.0
    if kind == "linear":
        return lambda row: sum(weight * row[index] for index, weight in weights.items())
    places = {index: dice.gauss(0, 1) for index in liked}
    return lambda row: -sum(abs(weight) * abs(row[index] - places[index]) for index, weight in weights.items())


def simulate(windows: Sequence[Sequence[Row]], *, taste: str, options: str, seed: int) -> dict[int, tuple[bool, float]]:
    """Return, after each number of votes, whether the model of one server speaks and its share of hits in fresh votes."""
    dice = random.Random(f"{taste} {options} {seed}")
    centred = [row for score_rows in windows for row in score_rows]
    middle = np.mean(np.array(centred), axis=0)
    worth = make_taste(taste, dice)

    def draw() -> tuple[Row, ...]:
        rows = dice.choice(windows) if options == "near" else centred
        return tuple(tuple(float(v) for v in np.array(row) - middle) for row in dice.sample(list(rows), NUM_OPTIONS))

    fresh = [draw() for _ in range(_NUM_FRESH)]
    votes, found = list[Observation](), dict[int, tuple[bool, float]]()
    for vote_id in range(max(CHECKPOINTS)):
        rows = draw()
        likely = [math.exp(min(worth(row), 50.0)) for row in rows]
        chosen = dice.choices(range(NUM_OPTIONS), weights=likely, k=NUM_VOTERS)
        counts = tuple(chosen.count(place) for place in range(NUM_OPTIONS))
        votes.append(Observation(vote_id=vote_id, features=rows, counts=counts))
        if len(votes) in CHECKPOINTS:
            learned = learn(Taste(version=VERSION, observations=tuple(votes[:-1])), votes[-1])
            hits = [
                int(score(learned, each).argmax()) == max(range(NUM_OPTIONS), key=lambda place: worth(each[place]))
                for each in fresh
            ]
            found[len(votes)] = (learned.check.is_passed, sum(hits) / len(hits))
    return found


def measure(windows: Sequence[Sequence[Row]], *, num_servers: int) -> list[Finding]:
    """Return what servers of each kind have after each number of votes."""
    found: list[Finding] = []
    for taste, options in (
        ("linear", "near"),
        ("linear", "far"),
        ("curved", "near"),
        ("curved", "far"),
        ("random", "far"),
    ):
        runs = [simulate(windows, taste=taste, options=options, seed=seed) for seed in range(num_servers)]
        for num_votes in CHECKPOINTS:
            states = [run[num_votes] for run in runs]
            speaking = [hits for is_speaking, hits in states if is_speaking]
            found.append(
                Finding(
                    taste=taste,
                    options=options,
                    num_votes=num_votes,
                    num_servers=num_servers,
                    share_speaking=len(speaking) / num_servers,
                    hits=sum(speaking) / len(speaking) if speaking else None,
                    hits_of_all=sum(hits for _, hits in states) / num_servers,
                )
            )
    return found


def main(
    scores: Annotated[int, typer.Option(help="How many scores the options are from.")] = 30,
    servers: Annotated[int, typer.Option(help="How many servers of each kind.")] = 30,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON in place of text.")] = False,  # noqa: FBT002
) -> None:
    """Print what is learned after how many votes."""
    findings = measure(read_windows(scores), num_servers=servers)
    if json_output:
        typer.echo(json.dumps([asdict(each) for each in findings], indent=2))
        return
    typer.echo(
        f"{'taste':<8}{'options':<9}{'votes':>6}{'speaking':>10}{'hits then':>11}{'hits of all':>13}   (chance 33 %)"
    )
    for each in findings:
        then = "-" if each.hits is None else f"{each.hits:.0%}"
        typer.echo(
            f"{each.taste:<8}{each.options:<9}{each.num_votes:>6}{each.share_speaking:>10.0%}{then:>11}{each.hits_of_all:>13.0%}"
        )


if __name__ == "__main__":
    typer.run(main)
