"""What a crowd of simulated users asks for, drawn from one seed. It knows nothing of who serves them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from bot.services.model import Author, Place
from bot.services.options import GenerateOptions, HarmonizeOptions, Options, RemixOptions

_CYCLE = ("generate", "remix", "harmonize", "generate", "describe")
"""Everybody asks for the same kinds in an order of their own: waits can only be compared between equal wishes."""
_GENRES = ("rock", "pop", "jazz", "folk", "classical", "electronic", None)
_HARMONY_STYLES = ("chorale", "chords")
_LONGEST_PAUSE_SECONDS = 3.0
_ARRIVAL_SECONDS = 20.0  # in which everybody comes
_CHANCE_OF_OWN_PIECE = 0.5  # that a wish about a piece is about one's own last result
_LONGEST_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One job of one user. ``options`` None asks for a description.

    ``piece_index`` chooses among the real pieces; ``is_about_own``: about the user's last result instead, if there is one.
    ``cancel_after_seconds``: when the user loses patience; None: never.
    """

    options: Options | None
    pause_seconds: float  # before it is asked
    piece_index: int
    is_about_own: bool
    cancel_after_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with their wishes, in order. Greedy ones send all at once, the others one after another's answer."""

    author: Author
    place: Place
    arrival_seconds: float
    wishes: tuple[Wish, ...]
    is_greedy: bool


def draw_crowd(
    *,
    seed: int,
    num_users: int,
    num_jobs: int,
    num_servers: int,
    share_greedy: float,
    share_cancelled: float,
    haste: float = 1.0,
) -> tuple[User, ...]:
    """Return users, dealt out evenly over servers, with ``num_jobs`` wishes dealt out evenly over them."""
    randomness = random.Random(seed)
    num_greedy = round(num_users * share_greedy)
    greedy = set(randomness.sample(range(num_users), num_greedy))
    users: list[User] = []
    for number in range(num_users):
        num_wishes = num_jobs // num_users + (number < num_jobs % num_users)
        kinds = [_CYCLE[index % len(_CYCLE)] for index in range(num_wishes)]
        randomness.shuffle(kinds)
        server = number % num_servers
        users.append(
            User(
                author=Author(user_id=1_000 + number, name=f"User {number}"),
                place=Place(guild_id=10 + server, channel_id=100 + server),
                arrival_seconds=randomness.uniform(0.0, _ARRIVAL_SECONDS) / haste,
                wishes=tuple(_draw_wishes(randomness, kinds, share_cancelled=share_cancelled, haste=haste)),
                is_greedy=number in greedy,
            )
        )
    return tuple(users)


def _draw_wishes(
    randomness: random.Random, kinds: list[str], *, share_cancelled: float, haste: float
) -> Iterator[Wish]:
    for kind in kinds:
        is_cancelled = kind != "describe" and randomness.random() < share_cancelled
        yield Wish(
            options=_draw_options(randomness, kind),
            pause_seconds=randomness.uniform(0.0, _LONGEST_PAUSE_SECONDS) / haste,
            piece_index=randomness.randrange(1_000),
            is_about_own=kind == "remix" and randomness.random() < _CHANCE_OF_OWN_PIECE,
            cancel_after_seconds=randomness.uniform(0.0, _LONGEST_PATIENCE_SECONDS) / haste if is_cancelled else None,
        )


def _draw_options(randomness: random.Random, kind: str) -> Options | None:
    seed = randomness.randrange(2**31)
    if kind == "generate":
        return GenerateOptions(genre=randomness.choice(_GENRES), num_bars=randomness.randint(1, 4), seed=seed)
    if kind == "harmonize":
        return HarmonizeOptions(style=randomness.choice(_HARMONY_STYLES), seed=seed)
    if kind == "remix":
        return RemixOptions(change=randomness.choice(("pitch", "rhythm")), share=0.5, seed=seed)
    return None
